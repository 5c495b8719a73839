//! Who has an alert, and whether its source knows. Pure.

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
