//! Who has an alert, and whether its source knows. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{access::Actor, clock::Timestamp};

/// Somebody has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
    /// Whether its source knows, where that wants to.
    #[serde(default)]
    pub telling: Option<Telling>,
}

/// How far a source has been told that somebody has an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// It is to be told.
    Wanted {
        /// What it said when it was told last.
        trouble: Option<String>,
    },
    /// It knows.
    Done,
    /// It will not have it.
    Failed {
        /// Why.
        why: String,
    },
}

impl Acknowledged {
    /// Whether its source does not know yet, and wants to.
    pub(super) fn is_to_be_told(&self) -> bool {
        matches!(self.telling, Some(Telling::Wanted { .. }))
    }
}

/// What a source is told that somebody has done.
#[derive(Clone, Debug)]
pub struct Word {
    /// The alert, as the source calls it.
    pub fingerprint: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What they have done.
    pub deed: Doing,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What people do that a source may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// They have it.
    Acknowledge,
}

/// What became of the alert a source was told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The source knows now, or knew already.
    Done,
    /// It fires no more there, and was left as it is.
    Over {
        /// Since when, if the source says so.
        at: Option<Timestamp>,
    },
}
