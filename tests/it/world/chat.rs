//! A chat that keeps its messages.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use pilothouse::{
    access::Actor,
    cards::{Card, Renderer},
    chat::{
        Channel, Listener, NoRoom, Opened, Place, RoomKind, RoomWish, ShowError, Showing, Subject,
    },
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
    rooms: Mutex<Rooms>,
}

/// What becomes of whoever wants a room; without a word about it, what becomes in a chat that has
/// none.
#[derive(Default)]
struct Rooms {
    /// The kinds that can be had.
    kinds: Vec<RoomKind>,
    /// What is answered instead, this many times more.
    not_now: usize,
    /// How often a new room does not take a card.
    closed: usize,
    /// Those there are, by their markers.
    made: Vec<String>,
    /// Those that were put away.
    away: Vec<String>,
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
    place: Option<Place>,
    subject: Option<Subject>,
    drawn: Value,
}

impl Default for PretendChat {
    fn default() -> Self {
        Self {
            messages: Mutex::default(),
            renderer: Renderer::new().unwrap(),
            trouble: Mutex::default(),
            rooms: Mutex::default(),
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
        let is = |m: &&Message| m.place.as_ref().is_some_and(|place| place.conversation == person);
        let theirs = messages.iter().filter(is);
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
        let there = about.filter_map(|message| message.place.as_ref());
        there.map(|place| place.conversation.clone()).collect()
    }

    /// From now on these kinds of rooms can be had.
    pub fn has_rooms(&self, kinds: &[RoomKind]) {
        self.rooms.lock().unwrap().kinds = kinds.to_vec();
    }

    /// So many more wishes for a room come too early.
    pub fn has_no_room_yet(&self, times: usize) {
        self.rooms.lock().unwrap().not_now = times;
    }

    /// So many more times, a room that was made takes no card.
    pub fn keeps_rooms_closed(&self, times: usize) {
        self.rooms.lock().unwrap().closed = times;
    }

    /// How many rooms were made, and how many of them are put away.
    pub fn rooms(&self) -> (usize, usize) {
        let rooms = self.rooms.lock().unwrap();
        (rooms.made.len(), rooms.away.len())
    }

    /// What the newest card in that conversation says, and how many cards there are.
    pub fn told_in(&self, conversation: &str) -> (usize, Value) {
        let messages = self.messages.lock().unwrap();
        let there = messages.iter().filter(|message| {
            message.place.as_ref().is_some_and(|place| place.conversation == conversation)
        });
        let there: Vec<_> = there.collect();
        (there.len(), there.last().map(|message| message.drawn.clone()).unwrap_or_default())
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
        self.messages.lock().unwrap().push(Message { place: None, subject: None, drawn });
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

    async fn personal(&self, person: &PersonId) -> Result<Option<Place>, ShowError> {
        let name = person.as_str().strip_prefix("console:");
        let place = |name: &str| Place { channel: "pretend".into(), conversation: name.into() };
        Ok(name.map(place))
    }

    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError> {
        let room = what.place.conversation.starts_with("room");
        if room {
            let mut rooms = self.rooms.lock().unwrap();
            if rooms.closed > 0 {
                rooms.closed -= 1;
                return Err(ShowError::Gone("the bot is not in this conversation".to_owned()));
            }
        }
        let alone = !room && *what.place != super::place() && what.message.is_none();
        let trouble = if alone { self.trouble.lock().unwrap().pop_front() } else { None };
        match trouble {
            Some(Trouble::Gone) => return Err(ShowError::Gone("they threw the bot out".into())),
            Some(Trouble::Busy) => return Err(anyhow::anyhow!("too much at once").into()),
            Some(Trouble::Lost) | None => {}
        }
        let (place, subject) = (Some(what.place.clone()), what.subject.cloned());
        let message = Message { place, subject, drawn: self.drawn(what.card) };
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

    async fn open_room(&self, wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        let mut rooms = self.rooms.lock().unwrap();
        if !rooms.kinds.contains(&wish.kind) {
            return Err(wish.refused());
        }
        if wish.kind == RoomKind::Thread {
            let conversation = format!("{};thread", wish.home.conversation);
            let place = Place { channel: "pretend".to_owned(), conversation };
            return Ok(Opened { place, name: "the thread of this card".to_owned(), link: None });
        }
        if rooms.not_now > 0 {
            rooms.not_now -= 1;
            let why = "the chat gave no clear answer".to_owned();
            return Err(NoRoom::NotNow { why, after: std::time::Duration::from_secs(15) });
        }
        let marker = wish.marker.to_owned();
        let index = rooms.made.iter().position(|made| *made == marker).unwrap_or_else(|| {
            rooms.made.push(marker);
            rooms.made.len() - 1
        });
        let conversation = format!("room-{}", index + 1);
        let place = Place { channel: "pretend".to_owned(), conversation };
        let link = Some(format!("https://teams.microsoft.com/l/channel/{index}"));
        Ok(Opened { place, name: wish.name.to_owned(), link })
    }

    async fn put_away(&self, room: &Place, _: &str, away: bool) -> Result<(), NoRoom> {
        let mut rooms = self.rooms.lock().unwrap();
        rooms.away.retain(|known| *known != room.conversation);
        if away {
            rooms.away.push(room.conversation.clone());
        }
        Ok(())
    }

    async fn mentioned(&self, _: &Place, id: &str) -> Option<Actor> {
        let name = id.strip_prefix("29:")?;
        Some(Actor { id: PersonId::console(name), name: name.to_owned() })
    }
}
