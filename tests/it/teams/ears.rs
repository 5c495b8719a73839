//! A listener that keeps what it hears, and answers what a test wants.

use std::sync::Mutex;

use async_trait::async_trait;
use pilothouse::{
    access::Actor,
    cards::{Card, View},
    chat::{Incoming, Listener, Reply, Subject},
};
use serde::Serialize;
use tokio::sync::watch;

/// Keeps what it hears.
pub struct Ears {
    heard: Mutex<Vec<Incoming>>,
    looked: Mutex<Vec<(Actor, Subject)>>,
    reply: Mutex<Option<Reply>>,
    /// Whether it answers; until then it thinks.
    ready: watch::Sender<bool>,
}

impl Default for Ears {
    fn default() -> Self {
        Self {
            heard: Mutex::default(),
            looked: Mutex::default(),
            reply: Mutex::default(),
            ready: watch::Sender::new(true),
        }
    }
}

impl Ears {
    pub fn heard(&self) -> Vec<Incoming> {
        self.heard.lock().unwrap().clone()
    }

    pub fn looked(&self) -> Vec<(Actor, Subject)> {
        self.looked.lock().unwrap().clone()
    }

    /// What it hears from now on it answers so.
    pub fn answers(&self, reply: Reply) {
        *self.reply.lock().unwrap() = Some(reply);
    }

    /// From now on it thinks, and does not answer.
    pub fn thinks(&self) {
        self.ready.send_replace(false);
    }

    /// It answers everything it has thought about.
    pub fn is_done_thinking(&self) {
        self.ready.send_replace(true);
    }

    async fn thought(&self) {
        self.ready.subscribe().wait_for(|ready| *ready).await.unwrap();
    }
}

#[async_trait]
impl Listener for Ears {
    async fn hear(&self, message: Incoming) -> Reply {
        let reply = self.reply.lock().unwrap().clone();
        self.heard.lock().unwrap().push(message);
        self.thought().await;
        reply.unwrap_or(Reply::Shown(Subject::new("alert", "none")))
    }

    async fn look(&self, actor: &Actor, subject: &Subject) -> Option<Card> {
        self.looked.lock().unwrap().push((actor.clone(), subject.clone()));
        self.thought().await;
        assert_ne!(subject.kind, "broken", "this is how something breaks");
        (subject.kind == "deployment").then(|| note(&format!("{} sees {subject}", actor.name)))
    }
}

/// A card with this title.
pub fn note(title: &str) -> Card {
    Note { title: title.to_owned(), text: String::new(), entries: vec![] }.into()
}

#[derive(Serialize)]
struct Note {
    title: String,
    text: String,
    entries: Vec<String>,
}

impl View for Note {
    const NAME: &'static str = "help";

    fn text(&self) -> String {
        self.title.clone()
    }
}
