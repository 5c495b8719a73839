//! One alert, and what each thing that is heard of it makes of it. Pure: no clock, no database, no
//! network.
//!
//! ```text
//! Firing ─ somebody has it ─▶ Acknowledged ─ fires no more ─▶ Resolved
//!   │ ▲                            │ ▲                            │
//!   ▼ │ its time is up             ▼ │                            │ fires again within an hour
//! Silenced ◀── for a while ────────┘─┘        Firing ◀────────────┘
//! ```

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Acknowledged, Telling,
    heard::{Heard, Said, Words, sentence},
    severity::Severity,
    silence::{Silence, Stage},
};
use crate::{
    access::{Actor, Target},
    chat::Place,
    clock::Timestamp,
    names::{AlertId, Environment, PersonId, RoomName, Service, SourceName},
};

/// An alert that fires again within this time is the same one, on the same message. Later it is a
/// new one: an edited message of long ago would not be seen.
const REUNION: Duration = Duration::from_hours(1);

/// The longest name that is shown, in letters; nobody reads more.
const LONGEST_NAME: usize = 120;

/// A delivery that says "fires" about what has just been resolved may have been on its way for so
/// long. Only where the source can be asked, that is not guessed.
const LATE: Duration = Duration::from_mins(5);

/// What a source lists no more is resolved after this time, and not at once: an Alertmanager that
/// was started anew knows nothing until it has been told again.
pub(super) const GONE: Duration = Duration::from_secs(90);

/// So long after somebody has said that they have an alert, a list may still be from before its
/// source knew.
const SETTLES: Duration = Duration::from_mins(1);

/// An alert, from the moment it was first heard of, and all that became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// Where it comes from.
    pub source: SourceName,
    /// The source's digest of its labels.
    pub fingerprint: String,
    /// Everything it is called by. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// What it says about itself. Text from outside.
    pub words: Words,
    /// What it is about, when its label is a service's name.
    pub service: Option<Service>,
    /// Where, when that is an environment's name.
    pub environment: Option<Environment>,
    /// How bad it is.
    pub severity: Severity,
    /// Where its card belongs.
    pub room: Option<RoomName>,
    /// Where somebody dealt with it that has no other place.
    pub seen_in: Option<Place>,
    /// Since when it fires, or fired last.
    pub starts: Timestamp,
    /// How many times it has begun to fire.
    pub times: u32,
    /// Who has it.
    pub acknowledged: Option<Acknowledged>,
    /// Who wants to hear nothing of it.
    pub silence: Option<Silence>,
    /// Whether another alert says as much.
    pub inhibited: bool,
    /// Since when its source lists it no more.
    pub missing: Option<Timestamp>,
    /// When it fired no more.
    pub ended: Option<Over>,
}

/// It fires no more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Over {
    /// Since when, by its source's clock.
    pub at: Timestamp,
    /// When we heard of it.
    pub told: Timestamp,
}

/// Where an alert stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It fires, and nobody has it.
    Firing,
    /// It fires, and somebody has it.
    Acknowledged,
    /// It fires, and for a while nobody wants to hear of it.
    Silenced,
    /// It fires, and another alert says as much.
    Inhibited,
    /// It fires no more.
    Resolved,
}

/// How something was heard.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// The source came and said it.
    Delivered {
        /// Whether the source could be asked as well.
        askable: bool,
    },
    /// The source listed it when it was asked.
    Listed {
        /// When that was.
        asked: Timestamp,
        /// Whether it tells of silences too.
        silences: bool,
    },
}

impl Way {
    /// Whether what was heard so tells which silences hold.
    pub(super) fn tells_silences(self) -> bool {
        matches!(self, Self::Listed { silences: true, .. })
    }
}

/// What follows from something that happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its card is drawn anew.
    Show,
    /// The silence that is wanted is made.
    MakeSilence,
    /// The silence that holds is ended.
    EndSilence,
    /// The source is told who has it.
    Tell,
    /// Looks at it again at that moment.
    Wake(Timestamp),
}

/// What something that was heard makes of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: it is known, or too old.
    Nothing,
    /// It cannot be told: the source has to be asked.
    Ask,
    /// This follows.
    Changed(Vec<Effect>),
    /// It is another alert of the same name.
    Another,
}

impl Alert {
    /// What it is called. Text from outside.
    pub fn name(&self) -> String {
        let name = self.labels.get("alertname").and_then(|name| sentence(name));
        let name = name.unwrap_or_else(|| "An alert without a name".to_owned());
        name.chars().take(LONGEST_NAME).collect()
    }

    /// Where it stands.
    pub fn phase(&self, now: Timestamp) -> Phase {
        match self {
            Self { ended: Some(_), .. } => Phase::Resolved,
            Self { silence: Some(silence), .. } if silence.holds(now) => Phase::Silenced,
            Self { inhibited: true, .. } => Phase::Inhibited,
            Self { acknowledged: Some(_), .. } => Phase::Acknowledged,
            _ => Phase::Firing,
        }
    }

    /// What a permission for it has to cover. What has no name is covered by permissions for
    /// everything alone.
    pub fn spot(&self) -> (Service, Environment) {
        let service = self.service.clone().unwrap_or_else(Service::unnamed);
        (service, self.environment.clone().unwrap_or_else(Environment::unnamed))
    }

    /// What its source says of it now.
    pub fn hear(&mut self, heard: Heard, way: Way, now: Timestamp) -> Turn {
        let newer = heard.starts.is_some_and(|starts| starts.0 >= self.starts.0 + 1000);
        let older = heard.starts.is_some_and(|starts| self.starts.0 >= starts.0 + 1000);
        let listed = matches!(way, Way::Listed { .. });
        // Whoever names no beginning is given one that is yet to come: it tells nothing.
        let known = self.starts <= now;
        match (self.ended, &heard.said) {
            (None, Said::Resolved { .. }) if older && known => Turn::Nothing,
            (None, Said::Resolved { at }) => {
                self.end(*at, now);
                Turn::Changed(vec![Effect::Show])
            }
            (None, _) if older && !listed => Turn::Nothing,
            (None, _) => self.go_on(heard, newer, (way, now)),
            (Some(_), Said::Resolved { .. }) if !newer => Turn::Nothing,
            (Some(ended), said) => {
                let believed = newer
                    || match way {
                        Way::Listed { asked, .. } => asked > ended.told,
                        // Whoever says no beginning and cannot be asked is believed: better one
                        // alert too many than one too few.
                        Way::Delivered { askable: false } => {
                            heard.starts.is_none() || now.since(ended.told) > LATE
                        }
                        Way::Delivered { askable: true } => false,
                    };
                match said {
                    _ if !believed && listed => Turn::Nothing,
                    _ if !believed => Turn::Ask,
                    _ if now.since(ended.at) > REUNION => Turn::Another,
                    Said::Resolved { at } => {
                        let at = *at;
                        self.begin_again(heard, way, now);
                        self.end(at, now);
                        Turn::Changed(vec![Effect::Show])
                    }
                    _ => {
                        self.begin_again(heard, way, now);
                        Turn::Changed(vec![Effect::Show])
                    }
                }
            }
        }
    }

    /// Its source lists it no more.
    pub fn miss(&mut self, asked: Timestamp, now: Timestamp) -> Turn {
        match (self.ended, self.missing) {
            (Some(_), _) => Turn::Nothing,
            (None, None) => {
                self.missing = Some(asked);
                Turn::Changed(vec![])
            }
            (None, Some(since)) if asked.since(since) < GONE => Turn::Nothing,
            (None, Some(since)) => {
                self.end(Some(since), now);
                Turn::Changed(vec![Effect::Show])
            }
        }
    }

    pub(super) fn end(&mut self, at: Option<Timestamp>, now: Timestamp) {
        let at = at.unwrap_or(now).clamp(self.starts.min(now), now);
        self.ended = Some(Over { at, told: now });
        self.inhibited = false;
        self.missing = None;
    }

    fn begin_again(&mut self, heard: Heard, way: Way, now: Timestamp) {
        self.ended = None;
        self.acknowledged = None;
        self.times += 1;
        self.starts = heard.starts.unwrap_or(now);
        self.silence.take_if(|silence| matches!(silence.stage, Stage::Failed { .. }));
        self.go_on(heard, false, (way, now));
    }

    /// What people at the source itself have done about it.
    fn take_over(&mut self, heard: &Heard, way: Way, now: Timestamp) {
        if let Way::Listed { asked, silences } = way {
            let mutings = match &heard.said {
                Said::Silenced(mutings) => mutings.as_slice(),
                _ => &[],
            };
            let ours = self.silence.as_ref().is_some_and(|one| one.correlation().is_some());
            if silences || !ours {
                self.silence = Silence::told(self.silence.take(), mutings, asked);
            }
            self.inhibited = heard.said == Said::Inhibited;
        }
        match &heard.said {
            Said::Acknowledged { by } if self.acknowledged.is_none() => {
                let name = sentence(by).unwrap_or_else(|| "somebody".to_owned());
                let by = Actor { id: PersonId::elsewhere(&self.source, &name), name };
                self.acknowledged =
                    Some(Acknowledged { by, at: now, telling: Some(Telling::Done) });
            }
            // Who has just said that they have it may not have been heard there yet.
            Said::Released => {
                let unheard = |one: &Acknowledged| match way {
                    Way::Listed { asked, .. } if !one.by.id.is_elsewhere() => {
                        asked <= one.at.plus(SETTLES)
                    }
                    _ => false,
                };
                let knew = |one: &Acknowledged| one.telling == Some(Telling::Done);
                self.acknowledged.take_if(|one| knew(one) && !unheard(one));
            }
            _ => {}
        }
    }

    /// It fires, as it did before; or again, and we missed that it was resolved.
    fn go_on(&mut self, heard: Heard, anew: bool, (way, now): (Way, Timestamp)) -> Turn {
        let facts = |alert: &Self| {
            let (silence, acknowledged) = (alert.silence.clone(), alert.acknowledged.clone());
            (alert.starts, silence, alert.inhibited, acknowledged)
        };
        let before = facts(self);
        let was_missing = self.missing.take().is_some();
        if anew {
            self.starts = heard.starts.unwrap_or(now);
            self.times += 1;
            self.acknowledged = None;
        }
        self.take_over(&heard, way, now);
        let changed = before != facts(self);
        // A list repeats each alert's words with the latest figure in them: not worth an edit.
        let delivered = matches!(way, Way::Delivered { .. });
        let new_words = (changed || delivered) && self.words != heard.words;
        if new_words {
            self.words = heard.words;
        }
        match (changed || new_words, was_missing, &heard.said) {
            (true, ..) => {
                let wake = self.silence.as_ref().map(|silence| Effect::Wake(silence.until));
                Turn::Changed([Some(Effect::Show), wake].into_iter().flatten().collect())
            }
            // Worth to be remembered, and not to be shown.
            (false, true, _) => Turn::Changed(vec![]),
            (false, false, _) if !delivered => Turn::Changed(vec![]),
            _ => Turn::Nothing,
        }
    }
}

/// As what a permission is asked for.
pub fn target(spot: &(Service, Environment)) -> Target<'_> {
    Target::of(&spot.0, &spot.1)
}
