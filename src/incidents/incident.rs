//! An incident from its first word to its last. Pure: what happens goes in, what follows comes out.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    counterpart::Counterpart,
    number::{Number, Role, Severity, Status},
    state::{Effect, Effects, Event, Refusal, Room},
};
use crate::{
    access::Actor,
    chat::{Place, RoomKind},
    clock::Timestamp,
    names::Service,
};

/// One incident.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub number: Number,
    /// What it is. Text from outside.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// How far people are, while it is open.
    pub status: Status,
    /// What is affected.
    pub service: Option<Service>,
    /// Who said that it is one.
    pub declared_by: Actor,
    /// When.
    pub declared: Timestamp,
    /// Where.
    pub asked_in: Place,
    /// Who does what; there is always a commander.
    pub roles: BTreeMap<Role, Actor>,
    /// Stands in nothing else ever made: its room is found again by it.
    pub marker: String,
    /// The place it has of its own.
    pub room: Room,
    /// What was told last.
    pub latest: Option<Told>,
    /// When anything was told last.
    pub updated: Timestamp,
    /// When the commander was reminded last.
    pub reminded: Option<Timestamp>,
    /// How it ended, unless it is open.
    pub resolved: Option<Resolved>,
    /// The incident of PagerDuty that belongs to it.
    #[serde(default)]
    pub pagerduty: Counterpart,
}

/// Something told about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// In their words.
    pub text: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Who said so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What fixed it. Text from outside.
    pub fix: Option<String>,
}

/// Somebody says that something is an incident.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// What it is.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What is affected.
    pub service: Option<Service>,
    /// Who says so.
    pub by: Actor,
    /// Where.
    pub place: Place,
    /// The message it was said with; the same message never makes a second one.
    pub origin: String,
}

impl Incident {
    /// A new one; `best` is the kind of room to try for first.
    pub fn declare(
        (number, marker): (Number, String),
        said: &Declaration,
        best: RoomKind,
        now: Timestamp,
    ) -> (Self, Event, Effects) {
        let Declaration { title, severity, service, by, place, .. } = said.clone();
        let event = Event::Declared {
            by: by.clone(),
            title: title.clone(),
            severity,
            service: service.clone(),
        };
        let incident = Self {
            number,
            title,
            severity,
            status: Status::Investigating,
            service,
            declared_by: by.clone(),
            declared: now,
            asked_in: place,
            roles: BTreeMap::from([(Role::Commander, by)]),
            marker,
            room: Room::Wanted { kind: best, since: now, why: vec![] },
            latest: None,
            updated: now,
            reminded: None,
            resolved: None,
            pagerduty: Counterpart::default(),
        };
        let first = [Effect::ShowCard, Effect::OpenRoom, Effect::Remind, Effect::TellPagerDuty];
        let effects = first.map(at_once).to_vec();
        (incident, event, effects)
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.resolved.is_none()
    }

    /// Who leads it.
    pub fn commander(&self) -> &Actor {
        self.roles.get(&Role::Commander).unwrap_or(&self.declared_by)
    }

    /// Where people are at work on it: in its room, or where it was declared.
    pub fn is_told_in(&self, place: &Place) -> bool {
        match &self.room {
            Room::Open { place: room, .. } => place.is_in(room),
            _ => false,
        }
    }

    /// How long it lasted, or has lasted by now.
    pub fn lasted(&self, now: Timestamp) -> Duration {
        self.resolved.as_ref().map_or(now, |resolved| resolved.at).since(self.declared)
    }

    /// Takes what happened, and says what is to be done.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot happen now; nothing has changed then.
    pub fn apply(&mut self, event: &mut Event, now: Timestamp) -> Result<Effects, Refusal> {
        let over = self.resolved.as_ref().map(|resolved| resolved.by.name.clone());
        let over = over.map(|by| Refusal::Over { number: self.number, by });
        match (over, event) {
            (
                Some(over),
                Event::Updated { .. } | Event::RoleGiven { .. } | Event::Resolved { .. },
            ) => Err(over),
            (None, Event::Reopened { .. }) => Err(Refusal::NotOver(self.number)),
            (_, Event::Declared { .. } | Event::Noted { .. }) => Ok(vec![]),
            (_, event @ Event::Updated { .. }) => self.update(event, now),
            (_, Event::RoleGiven { role, to, .. }) => self.give(*role, to),
            (_, Event::Resolved { by, fix }) => {
                self.resolved = Some(Resolved { by: by.clone(), at: now, fix: fix.clone() });
                let more = [Effect::PutAway, Effect::TellPagerDuty].map(at_once);
                Ok([self.drawn(), more.to_vec()].concat())
            }
            (_, Event::Reopened { .. }) => {
                self.resolved = None;
                self.status = Status::Investigating;
                self.updated = now;
                let more =
                    [Effect::OpenRoom, Effect::Remind, Effect::TakeOut, Effect::TellPagerDuty];
                Ok([self.drawn(), more.map(at_once).to_vec()].concat())
            }
            (_, event) => Ok(self.settle(event, now)),
        }
    }

    fn update(&mut self, event: &mut Event, now: Timestamp) -> Result<Effects, Refusal> {
        let Event::Updated { by, text, severity, status, service } = event else {
            return Ok(vec![]);
        };
        severity.take_if(|severity| *severity == self.severity);
        status.take_if(|status| *status == self.status);
        service.take_if(|service| Some(&*service) == self.service.as_ref());
        if text.is_none() && severity.is_none() && status.is_none() && service.is_none() {
            return Err(Refusal::NothingNew(self.number));
        }
        self.severity = severity.unwrap_or(self.severity);
        self.status = status.unwrap_or(self.status);
        if let Some(service) = service {
            self.service = Some(service.clone());
        }
        if let Some(text) = text {
            self.latest = Some(Told { by: by.clone(), at: now, text: text.clone() });
        }
        self.updated = now;
        let more = [Effect::Remind, Effect::TellPagerDuty].map(at_once);
        Ok([self.drawn(), more.to_vec()].concat())
    }

    fn give(&mut self, role: Role, to: &Actor) -> Result<Effects, Refusal> {
        if self.roles.get(&role) == Some(to) {
            let (who, number) = (to.name.clone(), self.number);
            return Err(Refusal::Already { who, role, number });
        }
        self.roles.insert(role, to.clone());
        Ok(self.drawn())
    }

    /// What the worker found out. What is known already changes nothing.
    fn settle(&mut self, event: &Event, now: Timestamp) -> Effects {
        match (event, &mut self.room) {
            (Event::RoomOpened { kind, place, name, link }, Room::Wanted { why, .. }) => {
                self.room = Room::Open {
                    kind: *kind,
                    place: place.clone(),
                    name: name.clone(),
                    link: link.clone(),
                    why: std::mem::take(why),
                };
                self.drawn()
            }
            (Event::RoomMissed { kind: missed, why: sentence }, Room::Wanted { kind, why, .. })
                if missed == kind =>
            {
                let mut why = std::mem::take(why);
                why.push(format!("No {missed}: {sentence}"));
                if let Some(kind) = missed.next() {
                    self.room = Room::Wanted { kind, since: now, why };
                    return vec![at_once(Effect::OpenRoom)];
                }
                self.room = Room::Nowhere { why };
                self.drawn()
            }
            (Event::Reminded, _) if self.resolved.is_none() => {
                self.reminded = Some(now);
                self.drawn()
            }
            (event, _) if self.pagerduty.settle(event, now) => self.drawn(),
            _ => vec![],
        }
    }

    /// Its card, and the reminder where there is one.
    fn drawn(&self) -> Effects {
        let reminder = self.reminded.map(|_| at_once(Effect::ShowReminder));
        [at_once(Effect::ShowCard)].into_iter().chain(reminder).collect()
    }
}

fn at_once(effect: Effect) -> (Effect, Duration) {
    (effect, Duration::ZERO)
}
