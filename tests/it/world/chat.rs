//! A chat that keeps its messages.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use pilothouse::{
    cards::{Card, Renderer},
    chat::{Channel, Listener, Place, ShowError, Showing, Subject},
    names::{PersonId, RoomName},
    outbound::Failure,
};
use serde_json::Value;

use crate::cards::samples;

/// A chat that keeps its messages, drawn as Teams would draw them.
pub struct PretendChat {
    messages: Mutex<Vec<Message>>,
    renderer: Renderer,
    trouble: Mutex<VecDeque<Trouble>>,
}

/// How sending a new message to one person fails.
#[derive(Clone, Copy, PartialEq)]
pub enum Trouble {
    /// It never will arrive.
    Gone,
    /// It was not sent.
    Busy,
    /// It arrived, and the answer was lost.
    Lost,
}

/// One message.
struct Message {
    conversation: String,
    subject: Option<Subject>,
    drawn: Value,
}

impl Default for PretendChat {
    fn default() -> Self {
        Self {
            messages: Mutex::default(),
            renderer: Renderer::new().unwrap(),
            trouble: Mutex::default(),
        }
    }
}

impl PretendChat {
    /// The newest card.
    pub fn newest(&self) -> Value {
        self.messages.lock().unwrap().last().expect("no card yet").drawn.clone()
    }

    /// The newest card about something of that kind.
    pub fn newest_of(&self, kind: &str) -> Option<Value> {
        let messages = self.messages.lock().unwrap();
        let is = |m: &&Message| m.subject.as_ref().is_some_and(|subject| subject.kind == kind);
        messages.iter().rev().find(is).map(|message| message.drawn.clone())
    }

    /// Every card in the conversation with one person, oldest first.
    pub fn alone_with(&self, person: &str) -> Vec<Value> {
        let messages = self.messages.lock().unwrap();
        let theirs = messages.iter().filter(|message| message.conversation == person);
        theirs.map(|message| message.drawn.clone()).collect()
    }

    /// The next new messages to one person fail like this.
    pub fn fails(&self, how: &[Trouble]) {
        self.trouble.lock().unwrap().extend(how);
    }

    /// What the newest card with a subject is about.
    pub fn newest_subject(&self) -> Subject {
        let messages = self.messages.lock().unwrap();
        messages.iter().rev().find_map(|message| message.subject.clone()).expect("no subject yet")
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
        let conversation = super::place().conversation;
        self.messages.lock().unwrap().push(Message { conversation, subject: None, drawn });
    }
}

#[async_trait]
impl Channel for PretendChat {
    fn name(&self) -> &'static str {
        "pretend"
    }

    fn doors(self: Arc<Self>, _: &mut ServiceConfig, _: Arc<dyn Listener>) {}

    async fn room(&self, _: Option<&RoomName>) -> Vec<Place> {
        vec![]
    }

    async fn personal(&self, person: &PersonId) -> Result<Option<Place>, ShowError> {
        let name = person.as_str().strip_prefix("console:");
        let place = |name: &str| Place { channel: "pretend".into(), conversation: name.into() };
        Ok(name.map(place))
    }

    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError> {
        let conversation = what.place.conversation.clone();
        let alone = conversation != super::place().conversation && what.message.is_none();
        let trouble = if alone { self.trouble.lock().unwrap().pop_front() } else { None };
        match trouble {
            Some(Trouble::Gone) => return Err(ShowError::Gone("they threw the bot out".into())),
            Some(Trouble::Busy) => return Err(anyhow::anyhow!("too much at once").into()),
            Some(Trouble::Lost) | None => {}
        }
        let (subject, drawn) = (what.subject.cloned(), self.drawn(what.card));
        let message = Message { conversation, subject, drawn };
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
        if trouble == Some(Trouble::Lost) {
            return Err(anyhow::Error::from(Failure::Unclear("time ran out".into())).into());
        }
        Ok(index.to_string())
    }

    async fn say(&self, _: &Place, _: &str) -> Result<(), ShowError> {
        Ok(())
    }
}
