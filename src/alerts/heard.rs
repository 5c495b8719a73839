//! What a source says of one alert, in no vendor's words. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, names::is_invisible};

/// The longest sentence that is kept of an alert, in letters; a card shows it in full.
const LONGEST: usize = 300;

/// One alert, as its source tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What makes it the same alert again: the source's digest of its labels.
    pub fingerprint: String,
    /// Everything it is called by. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// What it says about itself.
    pub words: Words,
    /// Since when.
    pub starts: Timestamp,
    /// How it is.
    pub said: Said,
}

/// What an alert says about itself. Text from outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// One sentence.
    pub summary: Option<String>,
    /// More.
    pub description: Option<String>,
    /// The address of what to do.
    pub runbook: Option<String>,
}

/// How an alert is.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It fires.
    Firing,
    /// It fires, and somebody wants to hear nothing of it.
    Silenced(Vec<Muting>),
    /// It fires, and another alert says as much.
    Inhibited,
    /// It fires no more.
    Resolved {
        /// Since when, if the source knows.
        at: Option<Timestamp>,
    },
}

/// A silence, as a source has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Muting {
    /// The source's name for it.
    pub id: String,
    /// Who made it, in the source's words.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub comment: String,
}

impl Said {
    /// The same in a word short enough to be compared a thousand times.
    pub fn mark(&self) -> String {
        match self {
            Self::Firing => "firing".to_owned(),
            Self::Inhibited => "inhibited".to_owned(),
            Self::Resolved { .. } => "resolved".to_owned(),
            Self::Silenced(mutings) => {
                let each = mutings.iter().map(|m| format!("{}@{}", m.id, m.until.0));
                format!("silenced {}", each.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// A sentence from outside as it is kept: one line, not too long; none when nothing is left of it.
pub(super) fn sentence(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = words.chars().filter(|c| !is_invisible(*c)).collect();
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}
