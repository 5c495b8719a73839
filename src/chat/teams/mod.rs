//! Microsoft Teams.
//!
//! In: [`doors`](self) takes a request, `inbound` proves its token, `activity` reads it, `receive`
//! and `invokes` do what it asks for. Out: `connector` speaks, at the pace of `pace`, to conversations of `references`, and to addresses of `service_url` alone.

mod activity;
mod connector;
mod doors;
mod greeting;
mod inbound;
mod invokes;
mod pace;
mod personal;
mod receive;
mod references;
mod rooms;
mod service_url;
mod settings;

use std::{sync::Arc, time::Duration};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use moka::future::Cache;
use serde_json::{Value, json};

pub use connector::{
    CONVERSATION_GONE, Connector, MESSAGE_GONE, Member, conversation_is_gone, message_is_gone,
};
pub use greeting::Greeter;
pub use pace::{Pace, Turn};
pub use receive::DEMO_TENANT;
pub use references::{Reference, References};
pub use service_url::{NotAllowed, ServiceUrl};
pub use settings::{Addresses, Cloud, OwnAddresses, RoomSettings, Settings};

use super::{
    Channel, Ground, Listener, NoRoom, Opened, Place, RoomWish, ShowError, Showing, Subject,
};
use crate::{
    access::Actor,
    cards::{Card, inert, inert_start},
    greeting::Greeting,
    names::{PersonId, RoomName},
    outbound::Outbound,
    secrets::redact,
    vendors::{entra::Tokens, graph::Graph},
};
use inbound::Inbound;

/// The channel's name, and the folder of its cards.
const NAME: &str = "teams";

/// How long the answer to an invoke is kept for its repetition; Teams repeats within seconds.
const REPEATED: Duration = Duration::from_mins(2);

/// Answers kept at once, a few KB each.
const ANSWERS: u64 = 1000;

/// The largest message that is sent, as Teams counts: in UTF-16. Teams takes about 100 KB.
const LARGEST: usize = 80 * 1024;

/// The longest text that is sent, in letters. With what makes it inert it stays below [`LARGEST`].
const LONGEST: usize = 10_000;

/// How much of a card's text goes along as its summary, in letters: a notification shows less.
const SUMMARY: usize = 1000;

/// Microsoft Teams, as one bot is present in it.
pub struct Teams {
    ground: Ground,
    admission: Admission,
    allowed: Vec<String>,
    references: References,
    connector: Connector,
    answered: Cache<String, Value>,
}

/// Who is let in.
enum Admission {
    /// Whoever proves to be the connector.
    Proved {
        inbound: Box<Inbound>,
        settings: Box<Settings>,
        first_service_url: Option<ServiceUrl>,
        graph: Box<Graph>,
    },
    /// Anybody on this very machine, and nobody else: for trying out.
    ThisMachine,
}

impl Teams {
    /// The bot of these settings.
    ///
    /// # Errors
    /// When an address is wrong.
    pub fn new(settings: &Settings, ground: Ground, outbound: &Outbound) -> anyhow::Result<Self> {
        let addresses = settings.addresses()?;
        let clock = ground.clock.clone();
        let tokens = settings.tokens(&addresses, outbound.clone(), clock.clone())?;
        let graph = addresses.graph.clone();
        let graph = Graph::new(graph, tokens.clone(), outbound.clone(), clock.clone());
        let inbound = Inbound::new(&settings.app_id, &addresses, outbound.clone(), clock);
        let admission = Admission::Proved {
            inbound: Box::new(inbound),
            settings: Box::new(settings.clone()),
            first_service_url: addresses.first_service_url,
            graph: Box::new(graph),
        };
        Ok(Self::standing_on(ground, admission, Some(tokens), outbound, addresses.service_urls))
    }

    /// A bot for trying out: it hears anybody on this machine without proof, speaks to this
    /// machine only, and has no token it could lose. No configuration leads here.
    pub fn demo(ground: Ground, outbound: &Outbound) -> Self {
        let here = ["http://localhost:*", "http://127.0.0.1:*"].map(str::to_owned).to_vec();
        Self::standing_on(ground, Admission::ThisMachine, None, outbound, here)
    }

    fn standing_on(
        ground: Ground,
        admission: Admission,
        tokens: Option<Tokens>,
        outbound: &Outbound,
        allowed: Vec<String>,
    ) -> Self {
        let (db, clock) = (ground.db.clone(), ground.clock.clone());
        Self {
            references: References::new(db, clock.clone(), allowed.clone()),
            connector: Connector::new(tokens, outbound.clone(), clock, allowed.clone()),
            answered: Cache::builder().max_capacity(ANSWERS).time_to_live(REPEATED).build(),
            ground,
            admission,
            allowed,
        }
    }

    /// How to reach a place: as it last spoke, or where a new conversation of this bot begins.
    async fn reference(&self, place: &Place) -> Result<Reference, ShowError> {
        if let Some(reference) = self.references.find(&place.conversation).await? {
            return Ok(reference);
        }
        match &self.admission {
            Admission::Proved { settings, first_service_url: Some(url), .. } => Ok(Reference {
                conversation: place.conversation.clone(),
                service_url: url.to_string(),
                kind: String::new(),
                tenant: settings.tenant.clone(),
                bot: format!("28:{}", settings.app_id),
                team: None,
            }),
            _ => Err(ShowError::Gone(CONVERSATION_GONE.to_owned())),
        }
    }

    /// The card as Teams draws it. One that has a subject is drawn anew for each person who looks
    /// at it: by itself among up to 60 people, from the card's menu among more.
    ///
    /// `None` when Teams has no look for it.
    fn content(&self, subject: Option<&Subject>, card: &Card) -> anyhow::Result<Option<Value>> {
        let Some(mut content) = self.ground.renderer.render(NAME, card)? else { return Ok(None) };
        if let Some(subject) = subject {
            let data = json!({ "subject": subject });
            let look = json!({ "type": "Action.Execute", "verb": "look", "data": data });
            content["refresh"] = json!({ "action": look });
        }
        Ok(Some(content))
    }

    /// A message that is the card and nothing else: a text beside it would become a message of its
    /// own, and the card could not be edited any more.
    fn activity(&self, what: &Showing<'_>) -> anyhow::Result<Value> {
        let Some(content) = self.content(what.subject, what.card)? else {
            return Ok(message(what.card.text()));
        };
        let summary: String = redact(what.card.text()).chars().take(SUMMARY).collect();
        let activity = json!({
            "type": "message",
            "summary": summary,
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": content,
            }],
        });
        let size = activity.to_string().encode_utf16().count() * 2;
        if size <= LARGEST {
            return Ok(activity);
        }
        tracing::error!(size, "a card is too large for Teams; its text is shown instead");
        let text: String = what.card.text().chars().take(2000).collect();
        Ok(message(&format!("{text} (This card is too large for Teams: this is its text alone.)")))
    }

    async fn forget_if_gone(&self, place: &Place, error: &ShowError) {
        // A thread that is no more says nothing about its channel.
        if !conversation_is_gone(error) || place.conversation.contains(";messageid=") {
            return;
        }
        if let Err(error) = self.references.forget(&place.conversation).await {
            tracing::error!("a lost conversation could not be forgotten: {error:#}");
        }
    }
}

#[async_trait]
impl Channel for Teams {
    fn name(&self) -> &'static str {
        NAME
    }

    fn doors(self: Arc<Self>, doors: &mut ServiceConfig, listener: Arc<dyn Listener>) {
        doors::open(doors, doors::Door { teams: self, listener });
    }

    async fn room(&self, room: Option<&RoomName>) -> Vec<Place> {
        let place = |conversation: &str| Place {
            channel: NAME.to_owned(),
            conversation: conversation.to_owned(),
        };
        match (&self.admission, room) {
            (Admission::Proved { settings, .. }, Some(room)) => {
                settings.rooms.get(room).map(|room| place(&room.conversation)).into_iter().collect()
            }
            (Admission::ThisMachine, None) => {
                let all = self.references.all().await.unwrap_or_else(|error| {
                    tracing::error!("the conversations cannot be read: {error:#}");
                    vec![]
                });
                all.iter().map(|reference| place(&reference.conversation)).collect()
            }
            _ => vec![],
        }
    }

    async fn personal(&self, person: &PersonId) -> Result<Option<Place>, ShowError> {
        self.alone_with(person).await
    }

    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError> {
        let place = what.place;
        let reference = self.reference(place).await?;
        let activity = self.activity(&what)?;
        let conversation = &place.conversation;
        if let Some(message) = what.message {
            let updated = self.connector.update(&reference, conversation, message, &activity).await;
            match updated {
                Ok(()) => return Ok(message.to_owned()),
                Err(error) if message_is_gone(&error) => {}
                Err(error) => {
                    self.forget_if_gone(place, &error).await;
                    return Err(error);
                }
            }
        }
        let sent = self.connector.send(&reference, conversation, &activity).await;
        if let Err(error) = &sent {
            self.forget_if_gone(place, error).await;
        }
        sent
    }

    async fn greet(&self, room: &RoomName) -> Greeting {
        self.greeted(room).await
    }

    async fn say(&self, place: &Place, text: &str) -> Result<(), ShowError> {
        let reference = self.reference(place).await?;
        let sent = self.connector.send(&reference, &place.conversation, &message(text)).await;
        if let Err(error) = &sent {
            self.forget_if_gone(place, error).await;
        }
        sent.map(drop)
    }

    async fn open_room(&self, wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        self.room_for(wish).await
    }

    async fn put_away(&self, room: &Place, team: &str, away: bool) -> Result<(), NoRoom> {
        self.archived(room, team, away).await
    }

    async fn mentioned(&self, place: &Place, id: &str) -> Option<Actor> {
        self.member_called(place, id).await
    }
}

/// A message of plain words.
fn message(text: &str) -> Value {
    let text: String = redact(text).chars().take(LONGEST).collect();
    json!({ "type": "message", "textFormat": "markdown", "text": said(&text) })
}

/// A sentence of ours as Teams shows it: what stands between backticks stays code, the rest is
/// inert.
fn said(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 if index == 0 => inert_start(part),
        0 => inert(part),
        _ => format!("`{part}`"),
    });
    parts.collect()
}
