//! What a source says of one alert, in no vendor's words. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{clock::Timestamp, names::is_invisible};

/// The longest sentence that is kept of an alert, in letters; a card shows it in full.
const LONGEST: usize = 300;

/// A longer address is not kept: nothing opens it.
const LONGEST_ADDRESS: usize = 1000;

/// One alert, as its source tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What makes it the same alert again: the source's digest of its labels.
    pub fingerprint: String,
    /// Everything it is called by. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// What it says about itself.
    pub words: Words,
    /// Since when; `None` where the source does not say.
    pub starts: Option<Timestamp>,
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
    /// The address of its page at the source's own server; the source has made sure that it is one
    /// there.
    #[serde(default)]
    pub page: Option<String>,
}

/// How an alert is.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It fires.
    Firing,
    /// It fires, and somebody at the source itself has it.
    Acknowledged {
        /// Who, in the source's words.
        by: String,
    },
    /// It fires, and whoever had it has it no more.
    Released,
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
            Self::Acknowledged { .. } => "acknowledged".to_owned(),
            Self::Released => "released".to_owned(),
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

/// An address from outside as it is kept.
pub(super) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= LONGEST_ADDRESS).then(|| text.to_owned())
}

/// A moment from outside; none for the year 1, which stands for "not yet".
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(moment.as_millisecond())).filter(|moment| moment.0 > 0)
}

/// A fingerprint for what has none of its own: the same for the same labels.
pub(super) fn digest_of(labels: &BTreeMap<String, String>) -> String {
    let mut digest = Sha256::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize()[..8].iter().fold("labels".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Why a delivery is not taken, in words for whoever looks after its sender.
#[derive(Debug, thiserror::Error)]
pub enum NotOne {
    /// It is something else.
    #[error("this is no delivery of {0}: {1}")]
    Json(&'static str, serde_json::Error),
    /// It is of another age.
    #[error("deliveries of version {0} are understood, and not this one's")]
    Version(&'static str),
    /// Something without which one of its alerts is none; counted from 1.
    #[error("alert {0} of this delivery has no {1}")]
    Missing(usize, &'static str),
    /// Neither of the two words.
    #[error("alert {0} of this delivery is neither `firing` nor `resolved`")]
    Status(usize),
    /// Whatever else is wrong with it.
    #[error("{0}")]
    Other(String),
}
