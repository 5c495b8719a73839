//! The terminal as a chat: one place that sees every deployment, and whoever sits in front of it.
//!
//! [`Console`] is the chat as the bot sees it. What it shows comes out as [`Shown`], which either
//! [`screen`] draws for a person or [`script`] prints for whoever reads along.

mod ask;
mod cards;
pub mod draw;
pub mod drawing;
mod layout;
mod line;
mod paint;
pub mod screen;
pub mod script;
mod seat;
mod tell;
mod text;
mod tone;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uuid::Uuid;

use self::drawing::Drawing;
pub use self::{
    seat::{Heard, Seat},
    tone::Tone,
};
use super::{Channel, Listener, Place, ShowError, Showing, Subject};
use crate::{
    cards::Renderer,
    names::{PersonId, RoomName},
    secrets::redact,
};

/// The chat's name, and that of its one conversation.
const NAME: &str = "console";

/// The looks the terminal draws: it shows the cards Teams gets.
const LOOKS: &str = "teams";

/// The terminal as the bot sees it.
pub struct Console {
    renderer: Arc<Renderer>,
    shown: UnboundedSender<Shown>,
}

/// Something people at the terminal are to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A card: a new message, or a new look of the one with that id.
    Card {
        /// The message's id.
        message: String,
        /// What the card is about.
        subject: Option<Subject>,
        /// How it looks now.
        drawing: Drawing,
    },
    /// A sentence.
    Said(String),
}

impl Console {
    /// A terminal, and the other end of it: what is to be seen there, in order.
    pub fn new(renderer: Arc<Renderer>) -> (Arc<Self>, UnboundedReceiver<Shown>) {
        let (shown, seen) = unbounded_channel();
        (Arc::new(Self { renderer, shown }), seen)
    }

    /// The one conversation there is.
    pub fn place() -> Place {
        Place { channel: NAME.to_owned(), conversation: NAME.to_owned() }
    }

    fn hand_over(&self, shown: Shown) -> Result<(), ShowError> {
        let gone = |_| ShowError::Gone("nobody sits at the terminal any more".to_owned());
        self.shown.send(shown).map_err(gone)
    }
}

#[async_trait]
impl Channel for Console {
    fn name(&self) -> &'static str {
        NAME
    }

    fn doors(self: Arc<Self>, _: &mut ServiceConfig, _: Arc<dyn Listener>) {}

    async fn room(&self, room: Option<&RoomName>) -> Vec<Place> {
        if room.is_none() { vec![Self::place()] } else { vec![] }
    }

    async fn personal(&self, person: &PersonId) -> Result<Option<Place>, ShowError> {
        Ok(person.as_str().starts_with("console:").then(Self::place))
    }

    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError> {
        let drawing = match self.renderer.render(LOOKS, what.card)? {
            Some(card) => Drawing::read(&card),
            None => Drawing::of_text(&redact(what.card.text())),
        };
        let message = what.message.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        let subject = what.subject.cloned();
        self.hand_over(Shown::Card { message: message.clone(), subject, drawing })?;
        Ok(message)
    }

    async fn say(&self, _: &Place, text: &str) -> Result<(), ShowError> {
        self.hand_over(Shown::Said(redact(text).into_owned()))
    }
}
