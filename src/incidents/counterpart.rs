//! The incident of PagerDuty that belongs to one of ours, as far as it is known here. Pure.

use serde::{Deserialize, Serialize};

use super::{incident::Incident, state::Event};
use crate::{
    clock::Timestamp,
    vendors::pagerduty::{Id, OURS},
};

/// What is known here of an incident's counterpart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counterpart {
    /// It, once it was made or found.
    pub there: Option<There>,
    /// Why PagerDuty does not know everything yet.
    pub trouble: Option<Trouble>,
}

/// An incident of PagerDuty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct There {
    /// Its name there.
    pub id: Id,
    /// What people call it: `#42`.
    pub label: String,
    /// Its page.
    pub link: Option<String>,
    /// The last of our events that it has a note of.
    pub noted: i64,
    /// Whether it is over there.
    pub closed: bool,
}

/// Something could not be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// Why, for people. Text from outside.
    pub why: String,
    /// Whether nobody tries any more.
    #[serde(default)]
    pub given_up: bool,
}

/// How it came to be over at PagerDuty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// We resolved it.
    Here,
    /// It was resolved there already.
    There {
        /// By whom, when PagerDuty says so. Text from outside.
        by: Option<String>,
    },
    /// PagerDuty does not know it any more.
    Gone,
}

impl Counterpart {
    /// Takes what was found out; whether people are to see it.
    pub(super) fn settle(&mut self, event: &Event, now: Timestamp) -> bool {
        match (event, &mut self.there) {
            (Event::PagerDutyOpened { id, label, link }, None) => {
                self.there = Some(There {
                    id: id.clone(),
                    label: label.clone(),
                    link: link.clone(),
                    noted: 0,
                    closed: false,
                });
                self.trouble = None;
                true
            }
            (Event::PagerDutyNoted { event }, Some(there)) => {
                there.noted = there.noted.max(*event);
                self.trouble.take().is_some()
            }
            (Event::PagerDutyClosed { .. }, Some(there)) => {
                there.closed = true;
                self.trouble = None;
                true
            }
            (Event::PagerDutyMissed { why }, _) => {
                let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since);
                self.trouble = Some(Trouble { since, why: why.clone(), given_up: false });
                true
            }
            (Event::PagerDutyGivenUp, _) => {
                let trouble = self.trouble.as_mut();
                trouble.is_some_and(|trouble| !std::mem::replace(&mut trouble.given_up, true))
            }
            _ => false,
        }
    }

    /// What its card says of it, beside its room.
    pub(super) fn fact(&self) -> Option<String> {
        let There { label, closed, .. } = self.there.as_ref()?;
        Some(if *closed { format!("{label}, resolved") } else { label.clone() })
    }

    /// What people have to know, while it is so.
    pub(super) fn note(&self, open: bool) -> Option<String> {
        match (&self.trouble, &self.there) {
            (Some(Trouble { why, given_up: true, .. }), None) => {
                Some(format!("PagerDuty never heard of it: {why}."))
            }
            (Some(Trouble { why, given_up: true, .. }), Some(there)) => Some(format!(
                "PagerDuty {} was not told, and may still call people: {why}. Resolve it there.",
                there.label
            )),
            (Some(Trouble { why, .. }), None) => {
                Some(format!("No incident at PagerDuty yet: {why}. It is tried again."))
            }
            (Some(Trouble { why, .. }), Some(there)) => {
                Some(format!("PagerDuty {} is behind: {why}. It is tried again.", there.label))
            }
            (None, Some(there)) if open && there.closed => Some(format!(
                "PagerDuty {} stays resolved, so that it calls nobody: `/page` does.",
                there.label
            )),
            _ => None,
        }
    }
}

impl Incident {
    /// What its counterpart is known by: nobody else's, on whatever database.
    pub(super) fn key(&self) -> String {
        format!("{OURS}{}-{}", self.number, self.marker)
    }
}
