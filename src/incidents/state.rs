//! Everything that can happen to an incident, what follows from it, and why it may not. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    counterpart::Closed,
    number::{Number, Role, Severity, Status},
};
use crate::{
    access::Actor,
    chat::{Place, RoomKind},
    clock::Timestamp,
    names::Service,
    vendors::pagerduty::Id,
};

/// Something that happened. People cause the first six, the worker the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began to be one.
    Declared {
        /// Who said so.
        by: Actor,
        /// What it is.
        title: String,
        /// How bad it was taken to be.
        severity: Severity,
        /// What is affected.
        service: Option<Service>,
    },
    /// Somebody told how it goes.
    Updated {
        /// Who.
        by: Actor,
        /// In their words.
        text: Option<String>,
        /// How bad it is now, when that has changed.
        severity: Option<Severity>,
        /// How far they are, when that has changed.
        status: Option<Status>,
        /// What is affected, when that has changed.
        service: Option<Service>,
    },
    /// Somebody does something from now on.
    RoleGiven {
        /// Who said so.
        by: Actor,
        /// What.
        role: Role,
        /// Who does it.
        to: Actor,
    },
    /// Somebody wrote something down.
    Noted {
        /// Who.
        by: Actor,
        /// In their words.
        text: String,
    },
    /// It is over.
    Resolved {
        /// Who said so.
        by: Actor,
        /// What fixed it.
        fix: Option<String>,
    },
    /// It was not over after all.
    Reopened {
        /// Who said so.
        by: Actor,
    },
    /// It has a room of its own.
    RoomOpened {
        /// Of which kind.
        kind: RoomKind,
        /// Where.
        place: Place,
        /// What it is called.
        name: String,
        /// Its address for people.
        link: Option<String>,
    },
    /// A room of that kind cannot be had.
    RoomMissed {
        /// Which kind.
        kind: RoomKind,
        /// Why, for people.
        why: String,
    },
    /// Nobody has said anything for too long, and the commander was told.
    Reminded,
    /// It has a counterpart at PagerDuty.
    PagerDutyOpened {
        /// Its name there.
        id: Id,
        /// What people call it.
        label: String,
        /// Its page.
        link: Option<String>,
    },
    /// Its counterpart has a note of what happened.
    PagerDutyNoted {
        /// Of which of its events, by their order.
        event: i64,
    },
    /// Its counterpart is over.
    PagerDutyClosed {
        /// How that came.
        how: Closed,
    },
    /// PagerDuty could not be told.
    PagerDutyMissed {
        /// Why, for people.
        why: String,
    },
    /// PagerDuty could not be told for so long that nobody tries any more.
    PagerDutyGivenUp,
}

/// The place an incident has of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// It is to be found or made.
    Wanted {
        /// Which kind is tried now.
        kind: RoomKind,
        /// Since when.
        since: Timestamp,
        /// Why there is none of a better kind.
        why: Vec<String>,
    },
    /// It is there.
    Open {
        /// Of which kind.
        kind: RoomKind,
        /// Where.
        place: Place,
        /// What it is called. Text from outside.
        name: String,
        /// Its address for people.
        link: Option<String>,
        /// Why there is none of a better kind.
        why: Vec<String>,
    },
    /// There is none; it is told where it was declared.
    Nowhere {
        /// Why.
        why: Vec<String>,
    },
}

/// Something to do next, once what happened is safely written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Draw the card again, everywhere.
    ShowCard,
    /// Find or make its room.
    OpenRoom,
    /// See whether the commander is to be reminded.
    Remind,
    /// Draw the reminder again.
    ShowReminder,
    /// See whether its channel is to be put away.
    PutAway,
    /// Have its channel written in again.
    TakeOut,
    /// Have PagerDuty know what happened.
    TellPagerDuty,
}

/// What to do next, and in how long.
pub type Effects = Vec<(Effect, Duration)>;

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is over.
    #[error(
        "{number} was resolved by {by}: say `/incident reopen {number}` first, or write down what \
         you know with `/incident note`"
    )]
    Over {
        /// Which.
        number: Number,
        /// Who said so.
        by: String,
    },
    /// It is not over.
    #[error("{0} is open: there is nothing to reopen")]
    NotOver(Number),
    /// An update that says nothing.
    #[error("Nothing of that is new to {0}: say what has changed")]
    NothingNew(Number),
    /// They do it already.
    #[error("{who} is {role} of {number} already")]
    Already {
        /// Who.
        who: String,
        /// What.
        role: Role,
        /// Of which.
        number: Number,
    },
}

impl Event {
    /// What the audit says of it: the action and who did it.
    pub(super) fn entry(&self) -> (&'static str, Actor) {
        match self {
            Self::Declared { by, .. } => ("incident_declare", by.clone()),
            Self::Updated { by, .. } => ("incident_update", by.clone()),
            Self::RoleGiven { by, .. } => ("incident_role", by.clone()),
            Self::Noted { by, .. } => ("incident_note", by.clone()),
            Self::Resolved { by, .. } => ("incident_resolve", by.clone()),
            Self::Reopened { by } => ("incident_reopen", by.clone()),
            Self::RoomOpened { .. } => ("incident_room", Actor::bot()),
            Self::RoomMissed { .. } => ("incident_no_room", Actor::bot()),
            Self::Reminded => ("incident_remind", Actor::bot()),
            Self::PagerDutyOpened { .. } => ("incident_pagerduty", Actor::bot()),
            Self::PagerDutyNoted { .. } => ("incident_pagerduty_note", Actor::bot()),
            Self::PagerDutyClosed { .. } => ("incident_pagerduty_end", Actor::bot()),
            Self::PagerDutyMissed { .. } => ("incident_pagerduty_missed", Actor::bot()),
            Self::PagerDutyGivenUp => ("incident_pagerduty_given_up", Actor::bot()),
        }
    }
}
