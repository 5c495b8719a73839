//! An incident's number, and the other words people say about one. Pure.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::is_invisible;

/// An incident's number: `INC-7`. Given once, and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(i64);

impl Number {
    /// That one; the first is 1.
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The bare number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

/// A word that is none of those that would be right here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{said}` is no {what}: say {choice}")]
pub struct BadWord {
    said: String,
    what: &'static str,
    choice: &'static str,
}

impl BadWord {
    fn new(said: &str, what: &'static str, choice: &'static str) -> Self {
        let plain: String = said.chars().filter(|c| !is_invisible(*c)).take(40).collect();
        Self { said: plain.replace('`', "'"), what, choice }
    }
}

impl FromStr for Number {
    type Err = BadWord;

    /// `INC-7`, `inc7`, `#7` and `7` are the same.
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let low = text.trim().to_lowercase();
        let digits = low.strip_prefix("inc").unwrap_or(&low).trim_start_matches(['-', '#']);
        let plain = (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain && number > 0 => Ok(Self(number)),
            _ => Err(BadWord::new(text, "incident's number", "`INC-7` or `7`")),
        }
    }
}

/// How bad it is; the first is the worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Everything is down, or data is being lost.
    Sev1,
    /// Something that matters is down for many.
    Sev2,
    /// Something is broken, and people can work around it.
    Sev3,
    /// Hardly anybody notices.
    Sev4,
}

impl Severity {
    /// Each of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Sev1, Self::Sev2, Self::Sev3, Self::Sev4];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sev1 => "sev1",
            Self::Sev2 => "sev2",
            Self::Sev3 => "sev3",
            Self::Sev4 => "sev4",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word().to_uppercase())
    }
}

impl FromStr for Severity {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let said = text.trim().to_lowercase();
        let meant = said.strip_prefix("sev").unwrap_or(&said).trim_start_matches('-');
        let known = Self::ALL.into_iter().find(|severity| severity.word()[3..] == *meant);
        known.ok_or_else(|| BadWord::new(text, "severity", "sev1, sev2, sev3 or sev4"))
    }
}

/// How far people are with an incident that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody knows yet what it is.
    Investigating,
    /// The cause is known, and not yet gone.
    Identified,
    /// It should be gone, and is being watched.
    Monitoring,
}

impl Status {
    /// Each of them, in the order they usually come.
    pub const ALL: [Self; 3] = [Self::Investigating, Self::Identified, Self::Monitoring];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Investigating => "Investigating",
            Self::Identified => "Identified",
            Self::Monitoring => "Monitoring",
        })
    }
}

impl FromStr for Status {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let said = text.trim().to_lowercase();
        let known = Self::ALL.into_iter().find(|status| status.word() == said);
        let choice = "investigating, identified or monitoring (`/incident resolve` ends it)";
        known.ok_or_else(|| BadWord::new(text, "status", choice))
    }
}

/// What somebody does in an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads it, and decides.
    Commander,
    /// Tells everybody else.
    Communications,
    /// Writes down what happens.
    Scribe,
}

impl Role {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Commander, Self::Communications, Self::Scribe];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Communications => "communications",
            Self::Scribe => "scribe",
        }
    }

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Commander => "Commander",
            Self::Communications => "Communications",
            Self::Scribe => "Scribe",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Communications => "communications lead",
            Self::Commander | Self::Scribe => self.word(),
        })
    }
}

impl FromStr for Role {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let said = text.trim().to_lowercase();
        let known = Self::ALL.into_iter().find(|role| role.word() == said);
        known.ok_or_else(|| BadWord::new(text, "role", "commander, communications or scribe"))
    }
}
