//! The terminal chat, in front of a pretend bot.

mod drawing;
mod sample;
mod screen;
mod script;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pilothouse::{
    access::Actor,
    cards::{Card, Renderer, View},
    chat::{
        Channel, Incoming, Listener, Place, Reply, Showing, Subject,
        console::{Console, Seat, Shown},
    },
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

/// A deployment's view, as its template reads it.
#[derive(Serialize)]
#[serde(transparent)]
struct Deployment(Value);

impl View for Deployment {
    const NAME: &'static str = "deployment";

    fn text(&self) -> String {
        "a deployment".to_owned()
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Form(Value);

impl View for Form {
    const NAME: &'static str = "form";

    fn text(&self) -> String {
        "a form".to_owned()
    }
}

fn deployment(status: &str, color: &str, buttons: &[(&str, &str)]) -> Card {
    let buttons: Vec<_> = buttons
        .iter()
        .map(|(title, say)| json!({ "title": title, "say": say, "style": "default", "secondary": false }))
        .collect();
    Deployment(json!({
        "id": "8f2c91d4",
        "title": "checkout · production ← v2.1.0",
        "status": status,
        "color": color,
        "next": null,
        "facts": [{ "title": "Asked by", "value": "alice, 15:40 UTC" }],
        "changes": null, "progress": null, "tail": null, "checks": [], "link": null,
        "holds": [],
        "buttons": buttons,
    }))
    .into()
}

fn waiting() -> Card {
    let buttons = [("Approve", "/approve 8f2c91d4"), ("Decline", "/decline 8f2c91d4")];
    deployment("Waiting for 1 approval", "warning", &buttons)
}

fn form() -> Card {
    let field = |id: &str, choices: &[&str], value: &str, required: bool| {
        json!({ "id": id, "label": id, "choices": choices, "value": value, "placeholder": "",
                "required": required })
    };
    Form(json!({
        "title": "What shall be deployed?",
        "text": null,
        "fields": [
            field("environment", &["staging", "production"], "staging", true),
            field("version", &[], "", true),
            field("reason", &[], "", false),
        ],
        "button": { "title": "Deploy", "style": "positive", "secondary": false,
                    "say": "/deploy {environment} {version} --reason {reason}" },
    }))
    .into()
}

/// A bot that answers from a list.
struct Pretend {
    console: Arc<Console>,
    heard: Mutex<Vec<(String, String)>>,
    shown: Mutex<Option<String>>,
}

impl Pretend {
    async fn show(&self, card: Card) -> Reply {
        let subject = Subject::new("deployment", "8f2c91d4");
        let message = self.shown.lock().unwrap().clone();
        let place = Console::place();
        let what = Showing {
            place: &place,
            subject: Some(&subject),
            card: &card,
            message: message.as_deref(),
        };
        let message = self.console.show(what).await.unwrap();
        *self.shown.lock().unwrap() = Some(message);
        Reply::Shown(subject)
    }
}

#[async_trait]
impl Listener for Pretend {
    async fn hear(&self, message: Incoming) -> Reply {
        assert_eq!(message.place, Console::place());
        let who = message.actor.id.to_string();
        self.heard.lock().unwrap().push((who, message.text.clone()));
        match message.text.split(' ').next().unwrap_or_default() {
            "/deploy" if message.text == "/deploy" => Reply::Card(form()),
            "/deploy" => self.show(waiting()).await,
            "/approve" if message.actor.name == "alice" => {
                Reply::Refused("someone else must approve it".to_owned())
            }
            "/approve" => self.show(deployment("Deploy complete!", "good", &[])).await,
            "/decline" => self.show(deployment("The pipeline failed", "attention", &[])).await,
            other => Reply::Text(format!("you said {other}")),
        }
    }

    async fn look(&self, _: &Actor, _: &Subject) -> Option<Card> {
        None
    }
}

fn sit() -> (Arc<Pretend>, Seat, UnboundedReceiver<Shown>) {
    let (console, shown) = Console::new(Arc::new(Renderer::new().unwrap()));
    let bot =
        Pretend { console: console.clone(), heard: Mutex::default(), shown: Mutex::default() };
    let bot = Arc::new(bot);
    let seat = Seat::new(console, bot.clone(), &["alice", "bob"]).unwrap();
    (bot, seat, shown)
}

#[tokio::test]
async fn a_changed_card_keeps_its_id_also_one_from_before_a_restart() {
    let (console, mut shown) = Console::new(Arc::new(Renderer::new().unwrap()));
    let (place, card) = (Console::place(), waiting());
    let show = |message| Showing { place: &place, subject: None, card: &card, message };
    let first = console.show(show(None)).await.unwrap();
    assert_eq!(console.show(show(Some(&first))).await.unwrap(), first);
    assert_ne!(console.show(show(None)).await.unwrap(), first);
    assert_eq!(console.show(show(Some("from before"))).await.unwrap(), "from before");
    let mut messages = vec![];
    while let Ok(Shown::Card { message, .. }) = shown.try_recv() {
        messages.push(message);
    }
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0], messages[1]);
    assert_eq!(console.room(None).await, std::slice::from_ref(&place));
    assert_eq!(console.room(Some(&"deployments".parse().unwrap())).await, Vec::<Place>::new());
    drop(shown);
    assert!(console.say(&place, "hello").await.is_err(), "nobody is there to read it");
}
