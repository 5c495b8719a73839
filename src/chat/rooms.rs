//! Rooms that are made for one thing: an incident, say. Who wants one says what kind would do.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channels, Place, Subject};
use crate::{access::Actor, names::PersonId};

/// The kinds of rooms there are, best first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A channel of a team.
    Channel,
    /// A group chat of some people.
    Chat,
    /// The thread below a message that is there already.
    Thread,
}

impl RoomKind {
    /// What is tried when this kind cannot be had.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Channel => Some(Self::Chat),
            Self::Chat => Some(Self::Thread),
            Self::Thread => None,
        }
    }
}

impl fmt::Display for RoomKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channel => "channel",
            Self::Chat => "group chat",
            Self::Thread => "thread",
        })
    }
}

/// A room somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct RoomWish<'a> {
    /// Which kind.
    pub kind: RoomKind,
    /// What it is to be called; a chat may have to change it.
    pub name: &'a str,
    /// Stands in nothing else ever made: the room is found again by it.
    pub marker: &'a str,
    /// The team in which a channel is made, by the chat's own id of it.
    pub team: Option<&'a str>,
    /// Whether only the members of a channel see it.
    pub private: bool,
    /// Who is in it from the start, the owner first.
    pub people: &'a [PersonId],
    /// Where it is told of.
    pub home: &'a Place,
    /// The message there that tells of it.
    pub message: Option<&'a str>,
}

/// A room that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where it is.
    pub place: Place,
    /// What it is called, as it may be shown.
    pub name: String,
    /// Its address for people.
    pub link: Option<String>,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub enum NoRoom {
    /// There will be none of this kind; the sentence says why, and what could be done about it.
    #[error("{0}")]
    NotPossible(String),
    /// Not now, or nobody knows: the same wish may be made again after this long.
    #[error("{why}")]
    NotNow {
        /// Why.
        why: String,
        /// How long to wait.
        after: Duration,
    },
    /// Our fault.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Somebody who was mentioned in what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// The words that stand for them in the text.
    pub said: String,
    /// The chat's own id of them; says nothing about who they are before the chat is asked.
    pub id: String,
}

impl Channels {
    /// Has the chat of the wish's home find or make the room.
    ///
    /// # Errors
    /// [`NoRoom`] says whether to ask again.
    pub async fn open_room(&self, wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        self.channel(wish.home)?.open_room(wish).await
    }

    /// Puts a room away that is not needed any more, or takes it out again.
    ///
    /// # Errors
    /// As [`Channels::open_room`].
    pub async fn put_away(&self, room: &Place, team: &str, away: bool) -> Result<(), NoRoom> {
        self.channel(room)?.put_away(room, team, away).await
    }

    /// Who somebody is that was mentioned in that place, as far as the chat can prove it.
    pub async fn mentioned(&self, place: &Place, mention: &Mention) -> Option<Actor> {
        self.channel(place).ok()?.mentioned(place, &mention.id).await
    }

    /// The message that shows the subject in that place, when there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn message(
        &self,
        subject: &Subject,
        place: &Place,
    ) -> anyhow::Result<Option<String>> {
        Ok(self.shown(subject, place).await?.map(|shown| shown.message))
    }
}

impl Place {
    /// Whether this is the other place, or a thread in it: a thread's id begins with that of its
    /// conversation and a `;`.
    pub fn is_in(&self, other: &Self) -> bool {
        let rest = self.conversation.strip_prefix(other.conversation.as_str());
        self.channel == other.channel
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
    }
}

impl<'a> RoomWish<'a> {
    /// Says what a chat without such rooms says.
    pub fn refused(&self) -> NoRoom {
        NoRoom::NotPossible("this chat has none for one thing alone".to_owned())
    }

    /// The ids in Entra of the people in it, the owner's first.
    pub fn entra_ids(&'a self) -> Vec<&'a str> {
        let mut ids: Vec<&str> = vec![];
        for id in self.people.iter().filter_map(PersonId::entra_object) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}
