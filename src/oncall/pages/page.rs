//! One page: who is to answer, who was reached and how, and who has answered. Pure.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    access::Actor,
    chat::Place,
    clock::Timestamp,
    names::{PageId, PersonName, ScheduleName, Service},
    oncall::Who,
};

/// How long after a try that certainly failed the next one comes.
const AGAIN: Duration = Duration::from_secs(20);

/// How often a message is sent that may have arrived each time: the second time is said so, and
/// there is no third.
const SENT_AT_MOST: u32 = 2;

/// Whoever is to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Whoever is on call there.
    Schedule(ScheduleName),
    /// One person.
    Person(PersonName),
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule(name) => name.fmt(f),
            Self::Person(name) => name.fmt(f),
        }
    }
}

/// One page, from the moment somebody asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Its number.
    pub id: PageId,
    /// Who is to answer.
    pub to: Reached,
    /// What it is about. Text from outside.
    pub message: String,
    /// Who asks.
    pub by: Actor,
    /// When they asked.
    pub asked: Timestamp,
    /// Where they asked.
    pub asked_in: Place,
    /// The message they asked with.
    pub origin: String,
    /// The services it is about, for whoever may look at it.
    pub services: Vec<Service>,
    /// How many levels there are.
    pub levels: usize,
    /// How long each has to answer, in milliseconds.
    pub patience: u64,
    /// Everybody who was called so far, in order.
    pub calls: Vec<Call>,
    /// The levels that were begun, and when.
    pub begun: Vec<Timestamp>,
    /// The levels of which nobody knew who is on call when they were begun.
    #[serde(default)]
    pub unknown: Vec<usize>,
    /// Who has answered.
    pub answered: Option<Answered>,
    /// Whether nobody is left to be called.
    pub exhausted: bool,
}

/// One person called at one level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The level, counted from 0.
    pub level: usize,
    /// Who.
    pub who: Who,
    /// How often a message was sent that may have arrived.
    pub sent: u32,
    /// Whether it arrived.
    pub delivery: Delivery,
    /// Where its card is, when the bot has written to them.
    pub place: Option<Place>,
}

/// Whether a message arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It has not been sent, for certain; why, when that was tried.
    NotYet {
        /// When it is tried next.
        at: Timestamp,
        /// Why it could not be sent.
        why: Option<String>,
    },
    /// It is being sent: whoever finds it so later does not know whether it was.
    Sending,
    /// It has arrived.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It never will.
    Failed {
        /// Why.
        why: String,
    },
    /// It may have arrived, and is not sent again.
    Unclear {
        /// Why nobody knows.
        why: String,
    },
}

/// Who has answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// How sending went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It arrived; where its card is, when it has one.
    Delivered(Option<Place>),
    /// It had arrived before, as is found out now; where its card is.
    Before(Place),
    /// It was not sent, for certain, but may be later: why.
    NotNow(String),
    /// It never will arrive: why.
    Never(String),
    /// It may or may not have arrived: why nobody knows.
    Unclear(String),
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call whoever is on call at that level.
    Begin(usize),
    /// Send the message of that call.
    Send(usize),
    /// Nothing before that moment.
    Wait(Timestamp),
    /// There is nobody left to be called.
    Exhaust,
    /// Nothing any more.
    Rest,
}

impl Page {
    /// Whether somebody may still be called, or answer in time.
    pub fn is_open(&self) -> bool {
        self.answered.is_none() && !self.exhausted
    }

    /// Whether this person was called.
    pub fn calls_for(&self, is: impl Fn(&PersonName) -> bool) -> bool {
        self.calls.iter().any(|call| matches!(&call.who, Who::Person(name) if is(name)))
    }

    /// What is to be done now.
    pub fn next(&self, now: Timestamp) -> Next {
        if !self.is_open() {
            return Next::Rest;
        }
        let Some((level, began)) = self.begun.iter().copied().enumerate().next_back() else {
            return Next::Begin(0);
        };
        let over = began.plus(Duration::from_millis(self.patience));
        let mut soonest = over;
        let (mut lost, mut there) = (true, false);
        for (index, call) in self.calls.iter().enumerate().filter(|(_, c)| c.level == level) {
            there = true;
            match &call.delivery {
                Delivery::Sending => return Next::Send(index),
                Delivery::NotYet { at, .. } if *at <= now && now < over => {
                    return Next::Send(index);
                }
                Delivery::NotYet { at, .. } => soonest = soonest.min(*at),
                Delivery::Delivered { .. } | Delivery::Unclear { .. } => {}
                Delivery::Failed { .. } => continue,
            }
            lost = false;
        }
        match (now >= over || lost || !there, level + 1 < self.levels) {
            (false, _) => Next::Wait(soonest),
            (true, true) => Next::Begin(level + 1),
            // Somebody may have been reached: they keep their time.
            (true, false) => Next::Exhaust,
        }
    }

    /// These people are called at that level from now on; nobody, where they are not known.
    pub fn begin(&mut self, level: usize, people: Option<Vec<Who>>, now: Timestamp) {
        self.give_up();
        self.begun.push(now);
        if people.is_none() {
            self.unknown.push(level);
        }
        let people = people.unwrap_or_default();
        let delivery = Delivery::NotYet { at: now, why: None };
        self.calls.extend(people.into_iter().map(|who| Call {
            level,
            who,
            sent: 0,
            delivery: delivery.clone(),
            place: None,
        }));
    }

    /// Nobody is left to be called.
    pub fn exhaust(&mut self) {
        self.give_up();
        self.exhausted = true;
    }

    /// The message of that call is about to be sent. `false` when it must not be any more.
    pub fn sending(&mut self, index: usize) -> bool {
        let open = self.is_open();
        let Some(call) = self.calls.get_mut(index).filter(|_| open) else { return false };
        if call.delivery == Delivery::Sending && call.sent >= SENT_AT_MOST {
            let why = "the bot was stopped each time while it was sent".to_owned();
            call.delivery = Delivery::Unclear { why };
            return false;
        }
        if !matches!(call.delivery, Delivery::Sending | Delivery::NotYet { .. }) {
            return false;
        }
        call.sent += 1;
        call.delivery = Delivery::Sending;
        true
    }

    /// The message of that call was sent, or was not.
    pub fn sent(&mut self, index: usize, how: Sent, now: Timestamp) {
        let Some(call) = self.calls.get_mut(index) else { return };
        if call.delivery != Delivery::Sending {
            return;
        }
        call.delivery = match how {
            Sent::Delivered(place) => {
                call.place = place;
                Delivery::Delivered { at: now }
            }
            Sent::Before(place) => {
                (call.place, call.sent) = (Some(place), call.sent - 1);
                Delivery::Delivered { at: now }
            }
            Sent::Never(why) => Delivery::Failed { why },
            Sent::NotNow(why) => {
                // That one certainly did not arrive.
                call.sent -= 1;
                Delivery::NotYet { at: now.plus(AGAIN), why: Some(why) }
            }
            Sent::Unclear(why) if call.sent >= SENT_AT_MOST => Delivery::Unclear { why },
            Sent::Unclear(why) => Delivery::NotYet { at: now.plus(AGAIN), why: Some(why) },
        };
    }

    /// Somebody answers. `false` when somebody has already.
    pub fn answer(&mut self, by: Actor, at: Timestamp) -> bool {
        let first = self.answered.is_none();
        if first {
            self.answered = Some(Answered { by, at });
            self.give_up();
        }
        first
    }

    /// What was not sent by now never will be.
    fn give_up(&mut self) {
        for call in &mut self.calls {
            if let Delivery::NotYet { why, .. } = &call.delivery {
                let why = why.clone().unwrap_or_else(|| "it was not needed any more".to_owned());
                call.delivery = if call.sent > 0 {
                    Delivery::Unclear { why }
                } else {
                    Delivery::Failed { why }
                };
            }
        }
    }
}
