//! Where people and the bot meet. One chat product, one folder.
//!
//! Nothing outside this room knows any chat product. People are [`Actor`]s, conversations are
//! [`Place`]s, what they say is [`Incoming`], and what they are shown is a [`Card`] about a
//! [`Subject`]: one subject is one message per conversation, edited in place.

pub mod console;
mod inbox;
mod messages;
mod rooms;
pub mod teams;

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use inbox::{Answering, Forgetting, Inbox};
pub use messages::Channels;
pub use rooms::{Mention, NoRoom, Opened, RoomKind, RoomWish};

use crate::{
    access::Actor,
    cards::{Card, Renderer},
    clock::Clock,
    greeting::Greeting,
    names::{PersonId, RoomName},
    store::Db,
};

/// What every chat stands on.
#[derive(Clone)]
pub struct Ground {
    /// The database; each chat keeps its conversations in it.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Draws the cards.
    pub renderer: Arc<Renderer>,
    /// Where messages go that may be answered later.
    pub inbox: Inbox,
}

/// A chat product the bot can speak through.
#[async_trait]
pub trait Channel: Send + Sync {
    /// `teams`, `console`: also the folder of its cards.
    fn name(&self) -> &'static str;

    /// The HTTP doors this product knocks on; `listener` answers whoever comes in.
    fn doors(self: Arc<Self>, doors: &mut ServiceConfig, listener: Arc<dyn Listener>);

    /// Where the room of that name is, when it is one of this chat's. `None` asks for the places
    /// that see every deployment, whatever its room.
    async fn room(&self, room: Option<&RoomName>) -> Vec<Place>;

    /// Where the bot and this person talk alone, when they are one of this chat's people; the
    /// conversation is begun when there is none.
    async fn personal(&self, person: &PersonId) -> Result<Option<Place>, ShowError>;

    /// Shows the card as a new message, or in place of `message`; returns the message's id.
    async fn show(&self, what: Showing<'_>) -> Result<String, ShowError>;

    /// Whether the bot is in that room and would be heard there; says nothing in it.
    async fn greet(&self, _room: &RoomName) -> Greeting {
        Greeting::unseen("this chat does not tell")
    }

    /// Says a text, as an answer to what was said in that place.
    async fn say(&self, place: &Place, text: &str) -> Result<(), ShowError>;

    /// Finds the room of the wish by its marker, or makes it. May be asked twice.
    async fn open_room(&self, wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        Err(wish.refused())
    }

    /// Puts a room of `team` away, or takes it out again. May be asked twice.
    async fn put_away(&self, _room: &Place, _team: &str, _away: bool) -> Result<(), NoRoom> {
        Err(NoRoom::NotPossible("this chat puts no rooms away".to_owned()))
    }

    /// Who somebody is that was mentioned in that place by the chat's own `id` of them.
    async fn mentioned(&self, _place: &Place, _id: &str) -> Option<Actor> {
        None
    }
}

/// One card on its way to one conversation.
#[derive(Clone, Copy, Debug)]
pub struct Showing<'a> {
    /// Where.
    pub place: &'a Place,
    /// What it is about; a chat with per-person views asks for it again by this name.
    pub subject: Option<&'a Subject>,
    /// The card as anybody may see it.
    pub card: &'a Card,
    /// The message it replaces.
    pub message: Option<&'a str>,
}

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The conversation or the message is no more, or the bot was thrown out: do not try again.
    #[error("it cannot be shown there any more: {0}")]
    Gone(String),
    /// Try again later.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Whoever answers what people say.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Hears one command, typed or pressed.
    async fn hear(&self, message: Incoming) -> Reply;

    /// The card of `subject` as this person may see it; changes nothing. `None` when there is no
    /// such thing, or it is not for them.
    async fn look(&self, actor: &Actor, subject: &Subject) -> Option<Card>;
}

/// Something a person said. A pressed button says the command written on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Incoming {
    /// Who, as proved by the chat.
    pub actor: Actor,
    /// Where.
    pub place: Place,
    /// The words, without the mention of the bot.
    pub text: String,
    /// The chat's own id of this utterance, unique within the chat; the same one is one utterance.
    pub origin: String,
    /// Their time zone, by its name in the IANA database, when the chat tells it. Text from outside.
    #[serde(default)]
    pub zone: Option<String>,
    /// Who is mentioned in it, beside the bot.
    #[serde(default)]
    pub mentions: Vec<Mention>,
}

/// What the bot answers, to the one who spoke and where they spoke.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A card of its own: a form, a help page.
    Card(Card),
    /// A sentence.
    Text(String),
    /// A sentence that says why nothing was done.
    Refused(String),
    /// The answer comes by itself, as the card of this subject.
    Shown(Subject),
}

/// A conversation in one chat, and the thread in it where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The chat's [`Channel::name`].
    pub channel: String,
    /// The chat's own id of the conversation, thread included.
    pub conversation: String,
}

/// What a card is about: `deployment/8f2c91d4`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject {
    /// `deployment`, `alert`, `incident`.
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl Subject {
    /// The subject of that kind and id.
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// Not of the form `kind/id`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` names nothing that has a card")]
pub struct BadSubject(String);

impl FromStr for Subject {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let plain = |part: &str| {
            (1..=64).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        match text.split_once('/') {
            Some((kind, id)) if plain(kind) && plain(id) => Ok(Self::new(kind, id)),
            _ => Err(BadSubject(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = BadSubject;

    fn try_from(text: String) -> Result<Self, BadSubject> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// `{name}` in a button's command, replaced by what was typed or chosen in the input of that
/// name. A value is always one quoted word, whatever is in it; an empty input leaves nothing, and
/// takes the `--option` before it along.
pub fn fill(say: &str, inputs: &BTreeMap<String, String>) -> String {
    let mut words: Vec<String> = vec![];
    for word in say.split(' ') {
        let input = word.strip_prefix('{').and_then(|w| w.strip_suffix('}'));
        match input.map(|name| inputs.get(name).map_or("", |value| value.trim())) {
            None => words.push(word.to_owned()),
            Some("") => {
                words.pop_if(|before| before.starts_with("--"));
            }
            Some(value) => {
                words.push(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
            }
        }
    }
    words.join(" ")
}
