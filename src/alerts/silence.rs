//! A silence of one alert: wanted, made, ended. Pure.

use serde::{Deserialize, Serialize};

use super::heard::{Muting, sentence};
use crate::{access::Actor, clock::Timestamp, names::Correlation};

/// Somebody wants to hear nothing of an alert for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Whose it is.
    pub by: Whose,
    /// Until when.
    pub until: Timestamp,
    /// Why. Text from outside.
    pub reason: Option<String>,
    /// How far it has come.
    pub stage: Stage,
}

/// Who made a silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Somebody, by way of the bot.
    Ours {
        /// Who.
        by: Actor,
        /// The name it was given before it was made, by which it is found again.
        correlation: Correlation,
        /// The source's name for the silence it takes the place of.
        replaces: Option<String>,
    },
    /// Somebody at the source itself, in the source's words.
    Theirs(String),
}

/// How far a silence has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The source does not know of it yet.
    Asked {
        /// What the source said when it was told last.
        trouble: Option<String>,
    },
    /// It holds.
    Stands {
        /// The source's name for it.
        id: String,
        /// Since when we know.
        since: Timestamp,
    },
    /// It holds, and the source is being told to end it.
    Ending {
        /// The source's name for it.
        id: String,
        /// Who wants that.
        by: Actor,
        /// What the source said when it was told last.
        trouble: Option<String>,
    },
    /// The source will not have it.
    Failed {
        /// Why.
        why: String,
    },
}

/// What somebody wants who wants to hear nothing of an alert.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub by: Actor,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// A name by which the silence is found again.
    pub correlation: Correlation,
}

impl Silence {
    /// One that somebody wants; `replaces` is the source's name for the one it takes the place of.
    pub fn wanted(wish: Wanted, replaces: Option<String>) -> Self {
        let Wanted { by, until, reason, correlation } = wish;
        let by = Whose::Ours { by, correlation, replaces };
        Self { by, until, reason, stage: Stage::Asked { trouble: None } }
    }

    /// One that was made at the source.
    pub fn theirs(muting: &Muting, since: Timestamp) -> Self {
        Self {
            by: Whose::Theirs(sentence(&muting.by).unwrap_or_else(|| "somebody".to_owned())),
            until: muting.until,
            reason: sentence(&muting.comment),
            stage: Stage::Stands { id: muting.id.clone(), since },
        }
    }

    /// The source's name for it, where it holds.
    pub fn standing(&self) -> Option<&str> {
        match &self.stage {
            Stage::Stands { id, .. } | Stage::Ending { id, .. } => Some(id),
            Stage::Asked { .. } | Stage::Failed { .. } => None,
        }
    }

    /// Whether it holds at that moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.standing().is_some() && now < self.until
    }

    /// Our own name for it, when it is ours.
    pub fn correlation(&self) -> Option<&Correlation> {
        match &self.by {
            Whose::Ours { correlation, .. } => Some(correlation),
            Whose::Theirs(_) => None,
        }
    }

    /// Who made it, by name.
    pub fn name(&self) -> &str {
        match &self.by {
            Whose::Ours { by, .. } => &by.name,
            Whose::Theirs(name) => name,
        }
    }

    /// What becomes of `current` when the source tells of these silences, and of no other.
    pub fn told(current: Option<Self>, mutings: &[Muting], asked: Timestamp) -> Option<Self> {
        let longest = mutings.iter().max_by_key(|muting| muting.until);
        let adopted = |muting: &Muting| Self::theirs(muting, asked);
        let Some(current) = current else { return longest.map(adopted) };
        match &current.stage {
            // What became of it is found out by whoever ends it.
            Stage::Ending { id, .. } if id.is_empty() => Some(current),
            Stage::Asked { .. } => {
                let ours = current.correlation().and_then(|name| {
                    mutings.iter().find(|muting| muting.comment.contains(name.as_str()))
                });
                let stands =
                    |muting: &Muting| Stage::Stands { id: muting.id.clone(), since: asked };
                Some(match ours {
                    Some(muting) => Self { stage: stands(muting), until: muting.until, ..current },
                    None => current,
                })
            }
            Stage::Stands { id, .. } | Stage::Ending { id, .. } => {
                let same = mutings.iter().find(|muting| muting.id == *id).map(|same| same.until);
                // The answer may be older than the silence.
                let newer = matches!(current.stage, Stage::Stands { since, .. } if since >= asked);
                match same {
                    Some(until) => Some(Self { until, ..current }),
                    None if newer => Some(current),
                    None => longest.map(adopted),
                }
            }
            Stage::Failed { .. } => longest.map(adopted).or(Some(current)),
        }
    }
}
