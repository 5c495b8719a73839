//! Invokes: what Teams waits for an answer to. A pressed button says its command; a card that is
//! refreshed is drawn anew for whoever looks at it.
//!
//! The outcome is always in the body, the status of HTTP always 200 (Universal Action Model).

use std::{sync::Arc, time::Duration};

use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{
    Teams,
    activity::{Activity, pressed},
    receive::origin,
};
use crate::{
    access::Actor,
    cards::Card,
    chat::{Channel, Incoming, Listener, Place, Reply, Showing, Subject},
    secrets::redact,
};

/// Teams gives up after five seconds or more, depending on the client; a command that takes longer
/// than this is answered later, as a message. Looking takes as long again at worst.
const BUDGET: Duration = Duration::from_millis(2500);

const WORKING: &str = "Working on it. The card changes when it is done.";

const BROKEN: &str = "Something broke on my side; it has been logged.";

#[derive(Clone, Deserialize)]
struct Pressed {
    action: Action,
    /// `automatic` when nobody pressed anything: a client draws its card anew.
    #[serde(default)]
    trigger: Value,
}

#[derive(Clone, Deserialize)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    data: Value,
}

/// Answers an invoke. The same one, sent again because the first answer came late, does nothing
/// twice and gets the same answer; whoever only looks again sees what is true by then.
pub(super) async fn answer(
    teams: &Arc<Teams>,
    activity: &Activity,
    tenant: &str,
    listener: &Arc<dyn Listener>,
) -> HttpResponse {
    if !activity.name.eq_ignore_ascii_case("adaptiveCard/action") {
        return HttpResponse::NotImplemented().json(json!({}));
    }
    let (teams, listener) = (teams.clone(), listener.clone());
    let (activity, tenant) = (activity.clone(), tenant.to_owned());
    // A task of its own: whoever hangs up must not have it begin anew for the next one.
    let answered = tokio::spawn(async move {
        let origin = origin(&activity);
        let answering = card_action(&teams, &activity, &tenant, &listener, &origin);
        match activity.value["action"]["verb"].as_str() {
            Some("look") => answering.await,
            _ => teams.answered.get_with_by_ref(&origin, answering).await,
        }
    });
    HttpResponse::Ok().json(answered.await.unwrap_or_else(|error| {
        tracing::error!("an invoke broke: {error}");
        toast(BROKEN)
    }))
}

async fn card_action(
    teams: &Arc<Teams>,
    activity: &Activity,
    tenant: &str,
    listener: &Arc<dyn Listener>,
    origin: &str,
) -> Value {
    let Ok(Pressed { action, trigger }) = Pressed::deserialize(&activity.value) else {
        return bad("this is no action of a card");
    };
    if action.kind != "Action.Execute" {
        return bad("only Action.Execute is understood");
    }
    let Some(actor) = teams.actor(activity, tenant) else {
        return toast("Teams did not say who you are, so nothing was done.");
    };
    match action.verb.as_str() {
        "look" => {
            let subject = action.data.get("subject").and_then(Value::as_str);
            let Some(subject) = subject.and_then(|text| text.parse::<Subject>().ok()) else {
                return bad("there is no such card");
            };
            teams.personal(listener, &actor, &subject).await
        }
        "say" if trigger == "automatic" => bad("a card that is drawn anew says nothing"),
        "say" => {
            let Some(text) = pressed(&action.data) else {
                return bad("this button says nothing");
            };
            if let Err(error) = teams.references.keep(&activity.reference(tenant)).await {
                tracing::error!("a conversation could not be kept: {error:#}");
            }
            let place = activity.place();
            let (origin, zone) = (origin.to_owned(), activity.zone());
            let message = Incoming { actor, place, text, origin, zone, mentions: vec![] };
            teams.say_pressed(listener, message).await
        }
        _ => bad("this button is not one of ours"),
    }
}

impl Teams {
    /// Has the command heard to its end whatever happens, and answers within the budget.
    async fn say_pressed(self: &Arc<Self>, listener: &Arc<dyn Listener>, said: Incoming) -> Value {
        let (actor, place) = (said.actor.clone(), said.place.clone());
        let listening = listener.clone();
        let mut hearing = tokio::spawn(async move { listening.hear(said).await });
        let until = Instant::now() + BUDGET;
        match timeout_at(until, &mut hearing).await {
            Ok(Ok(reply)) => {
                let spoken = timeout_at(until, self.spoken(listener, &actor, reply)).await;
                // What was said has been done; only the card it changes is not here yet.
                spoken.unwrap_or_else(|_| toast(WORKING))
            }
            Ok(Err(error)) => {
                tracing::error!("a pressed button's command broke: {error}");
                toast(BROKEN)
            }
            Err(_) => {
                let teams = self.clone();
                tokio::spawn(async move {
                    if let Ok(reply) = hearing.await {
                        teams.answer_late(&place, reply).await;
                    }
                });
                toast(WORKING)
            }
        }
    }

    /// Brings an answer that Teams has stopped waiting for.
    async fn answer_late(&self, place: &Place, reply: Reply) {
        let said = match reply {
            // The card changes by itself.
            Reply::Shown(_) => return,
            Reply::Text(text) | Reply::Refused(text) => self.say(place, &text).await,
            Reply::Card(card) => {
                let showing = Showing { place, subject: None, card: &card, message: None };
                self.show(showing).await.map(drop)
            }
        };
        if let Err(error) = said {
            tracing::error!("a late answer did not arrive: {error:#}");
        }
    }

    async fn spoken(&self, listener: &Arc<dyn Listener>, actor: &Actor, reply: Reply) -> Value {
        match reply {
            Reply::Text(text) | Reply::Refused(text) => toast(&text),
            Reply::Card(card) => self.drawn(None, &card),
            Reply::Shown(subject) => self.personal(listener, actor, &subject).await,
        }
    }

    /// A card as one person may see it.
    async fn personal(
        &self,
        listener: &Arc<dyn Listener>,
        actor: &Actor,
        subject: &Subject,
    ) -> Value {
        match tokio::time::timeout(BUDGET, listener.look(actor, subject)).await {
            Ok(Some(card)) => self.drawn(Some(subject), &card),
            Ok(None) => toast("There is nothing here for you to see."),
            Err(_) => toast("That takes too long just now. Look at the card again in a minute."),
        }
    }

    fn drawn(&self, subject: Option<&Subject>, card: &Card) -> Value {
        match self.content(subject, card) {
            Ok(Some(content)) => json!({
                "statusCode": 200,
                "type": "application/vnd.microsoft.card.adaptive",
                "value": content,
            }),
            Ok(None) => toast(card.text()),
            Err(error) => {
                tracing::error!("a card cannot be drawn: {error:#}");
                toast(card.text())
            }
        }
    }
}

fn toast(text: &str) -> Value {
    json!({
        "statusCode": 200,
        "type": "application/vnd.microsoft.activity.message",
        "value": redact(text),
    })
}

fn bad(why: &str) -> Value {
    json!({
        "statusCode": 400,
        "type": "application/vnd.microsoft.error",
        "value": { "code": "BadRequest", "message": why },
    })
}
