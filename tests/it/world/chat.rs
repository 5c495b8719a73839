//! A chat that keeps its messages.

use std::sync::{Arc, Mutex};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use pilothouse::{
    cards::{Card, Renderer},
    chat::{Channel, Listener, Place, ShowError, Showing, Subject},
    names::RoomName,
};
use serde_json::Value;

use crate::cards::samples;

/// A chat that keeps its messages, drawn as Teams would draw them.
pub struct PretendChat {
    messages: Mutex<Vec<Message>>,
    renderer: Renderer,
}

struct Message {
    conversation: String,
    subject: Option<Subject>,
    drawn: Value,
}

impl Default for PretendChat {
    fn default() -> Self {
        Self { messages: Mutex::default(), renderer: Renderer::new().unwrap() }
    }
}

impl PretendChat {
    /// The newest card.
    pub fn newest(&self) -> Value {
        self.messages.lock().unwrap().last().expect("no card yet").drawn.clone()
    }

    /// What the newest card with a subject is about.
    pub fn newest_subject(&self) -> Subject {
        let messages = self.messages.lock().unwrap();
        messages.iter().rev().find_map(|message| message.subject.clone()).expect("no subject yet")
    }

    /// The newest card that is about something.
    pub fn newest_with_subject(&self) -> Value {
        let messages = self.messages.lock().unwrap();
        let newest = messages.iter().rev().find(|message| message.subject.is_some());
        newest.expect("no subject yet").drawn.clone()
    }

    /// The newest looks of every card about something of that kind.
    pub fn about(&self, kind: &str) -> Vec<Value> {
        let messages = self.messages.lock().unwrap();
        let is = |message: &&Message| message.subject.as_ref().is_some_and(|s| s.kind == kind);
        messages.iter().filter(is).map(|message| message.drawn.clone()).collect()
    }

    /// Where each message with a subject is, in the order they came.
    pub fn conversations(&self) -> Vec<String> {
        let messages = self.messages.lock().unwrap();
        let about = messages.iter().filter(|message| message.subject.is_some());
        about.map(|message| message.conversation.clone()).collect()
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    /// A card as Teams would draw it.
    pub fn drawn(&self, card: &Card) -> Value {
        samples::show_such_a(card);
        self.renderer.render("teams", card).unwrap().expect("there is a Teams look")
    }

    /// A card that answers somebody.
    pub fn draw(&self, card: &Card) {
        let drawn = self.drawn(card);
        self.messages.lock().unwrap().push(Message {
            conversation: String::new(),
            subject: None,
            drawn,
        });
    }
}

#[async_trait]
impl Channel for PretendChat {
    fn name(&self) -> &'static str {
        "pretend"
    }

    fn doors(self: Arc<Self>, _: &mut ServiceConfig, _: Arc<dyn Listener>) {}

    async fn room(&self, room: Option<&RoomName>) -> Vec<Place> {
        let place = |room: &RoomName| Place {
            channel: "pretend".to_owned(),
            conversation: room.to_string(),
        };
        room.map(place).into_iter().collect()
    }

    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError> {
        let message = Message {
            conversation: what.place.conversation.clone(),
            subject: what.subject.cloned(),
            drawn: self.drawn(what.card),
        };
        let mut messages = self.messages.lock().unwrap();
        let index = match what.message {
            Some(message) => message.parse().expect("a number of ours"),
            None => messages.len(),
        };
        if index == messages.len() {
            messages.push(message);
        } else {
            messages[index] = message;
        }
        Ok(index.to_string())
    }

    async fn say(&self, _: &Place, _: &str) -> Result<(), ShowError> {
        Ok(())
    }
}
