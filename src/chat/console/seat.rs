//! Who sits at the terminal, and how they are heard.

use std::sync::Arc;

use uuid::Uuid;

use super::{Console, text::clean_line};
use crate::{
    access::Actor,
    chat::{Channel as _, Incoming, Listener, Reply, Showing, Subject},
    names::PersonId,
    secrets::redact,
};

/// The chair in front of the terminal; several people share it and say who they are.
#[derive(Clone)]
pub struct Seat {
    console: Arc<Console>,
    listener: Arc<dyn Listener>,
    people: Vec<String>,
    who: String,
}

/// What became of something said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Answered in words.
    Answered(String),
    /// Nothing was done, for this reason.
    Refused(String),
    /// Answered with a card of its own, which has been shown.
    Card,
    /// The answer is the card of this subject; it comes by itself.
    Shown(Subject),
}

impl Seat {
    /// A seat these people may take; the first of them sits there now.
    ///
    /// # Errors
    /// When nobody may.
    pub fn new(
        console: Arc<Console>,
        listener: Arc<dyn Listener>,
        people: &[&str],
    ) -> anyhow::Result<Self> {
        let people: Vec<String> = people.iter().map(|name| clean_line(name)).collect();
        let Some(who) = people.first().cloned() else {
            anyhow::bail!("a terminal needs at least one person who may speak there");
        };
        Ok(Self { console, listener, people, who })
    }

    /// Who sits there now.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Lets somebody else sit down.
    ///
    /// # Errors
    /// A sentence that names the people there are.
    pub fn sit(&mut self, name: &str) -> Result<(), String> {
        if let Some(name) = self.people.iter().find(|known| *known == name) {
            self.who = name.clone();
            return Ok(());
        }
        let people = match self.people.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} or {last}", others.join(", "))
            }
            _ => self.who.clone(),
        };
        Err(format!("There is no {} here: speak as {people}.", clean_line(name)))
    }

    /// Says something as whoever sits there, and waits for what becomes of it.
    ///
    /// # Errors
    /// When an answering card cannot be shown.
    pub async fn say(&self, text: &str) -> anyhow::Result<Heard> {
        let actor = Actor { id: PersonId::console(&self.who), name: self.who.clone() };
        let (place, text) = (Console::place(), text.to_owned());
        let (origin, mentions) = (Uuid::now_v7().to_string(), vec![]);
        let said = Incoming { actor, place: place.clone(), text, origin, mentions, zone: None };
        let reply = self.listener.hear(said).await;
        Ok(match reply {
            Reply::Text(text) => Heard::Answered(redact(&text).into_owned()),
            Reply::Refused(text) => Heard::Refused(redact(&text).into_owned()),
            Reply::Shown(subject) => Heard::Shown(subject),
            Reply::Card(card) => {
                let card = Showing { place: &place, subject: None, card: &card, message: None };
                self.console.show(card).await?;
                Heard::Card
            }
        })
    }
}
