//! What people do about an alert, and what becomes of the silences they want. Pure.

use super::{
    Acknowledged, Carried, Telling,
    alert::{Alert, Effect, Phase},
    silence::{Silence, Stage, Wanted, Whose},
};
use crate::{access::Actor, clock::Timestamp, names::AlertId};

/// Something a person does, or that was done for them.
#[derive(Clone, Debug)]
pub enum Act {
    /// They have it.
    Acknowledge {
        /// Who.
        by: Actor,
    },
    /// They want to hear nothing of it for a while.
    Silence(Wanted),
    /// They want to hear of it again.
    Unsilence {
        /// Who.
        by: Actor,
    },
    /// The source has made the silence that was wanted.
    SilenceMade {
        /// The source's name for it.
        id: String,
    },
    /// The source has not made it, or not ended it.
    SilenceTrouble {
        /// What it said.
        why: String,
        /// Whether it will be told once more.
        again: bool,
    },
    /// The source has ended it.
    SilenceEnded,
    /// The source was told who has it.
    Told(Carried),
    /// The source was not told who has it.
    TellingTrouble {
        /// What it said.
        why: String,
        /// Whether it will be told once more.
        again: bool,
    },
    /// It is time to look whether the silence's time is up.
    Wake,
}

/// Why something cannot be done about an alert now, in words for the person who tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing left to deal with.
    #[error("Alert {id} ({name}) fires no more: it was resolved at {at}")]
    Over {
        /// Which.
        id: AlertId,
        /// What it is called.
        name: String,
        /// When.
        at: String,
    },
    /// Somebody has it.
    #[error("{by} has acknowledged alert {id} already, at {at}")]
    AlreadyAcknowledged {
        /// Which.
        id: AlertId,
        /// Who.
        by: String,
        /// When.
        at: String,
    },
    /// Nothing to end.
    #[error("Alert {id} is not silenced")]
    NotSilenced {
        /// Which.
        id: AlertId,
    },
    /// Not ours to end: it may cover more than this alert.
    #[error(
        "That silence was made at {place} itself, by {by}, and may cover other alerts too: end it \
         there"
    )]
    NotOurs {
        /// The source.
        place: String,
        /// Who made it.
        by: String,
    },
    /// One wish is enough.
    #[error("Its silence is being ended already")]
    EndingAlready,
    /// The worker was late; nobody reads this.
    #[error("The alert has moved on")]
    MovedOn,
}

impl Alert {
    /// What an act makes of it, or why it cannot be done now. Nothing has changed then.
    pub fn act(&mut self, act: Act, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        match act {
            Act::Acknowledge { by } => self.acknowledge(by, now),
            Act::Silence(wanted) => self.want_silence(wanted, now),
            Act::Unsilence { by } => self.want_no_silence(by, now),
            Act::SilenceMade { id } => self.silence_made(id, now),
            Act::SilenceTrouble { why, again } => self.silence_trouble(why, again),
            Act::Told(carried) => self.told(carried, now),
            Act::TellingTrouble { why, again } => self.telling_trouble(why, again),
            Act::SilenceEnded => {
                let ending = self.silence.as_ref().map(|silence| &silence.stage);
                if !matches!(ending, Some(Stage::Ending { .. })) {
                    return Err(Refusal::MovedOn);
                }
                self.silence = None;
                Ok(vec![Effect::Show])
            }
            Act::Wake => match &self.silence {
                Some(silence) if now < silence.until => Ok(vec![Effect::Wake(silence.until)]),
                Some(Silence { stage: Stage::Stands { .. } | Stage::Ending { .. }, .. }) => {
                    self.silence = None;
                    Ok(vec![Effect::Show])
                }
                _ => Err(Refusal::MovedOn),
            },
        }
    }

    fn firing(&self, now: Timestamp) -> Result<(), Refusal> {
        let Some(over) = self.ended else { return Ok(()) };
        let (id, name, at) = (self.id.clone(), self.name(), over.at.time_of_day(now));
        Err(Refusal::Over { id, name, at })
    }

    fn acknowledge(&mut self, by: Actor, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        self.firing(now)?;
        if let Some(Acknowledged { by, at, .. }) = &self.acknowledged {
            let (id, by, at) = (self.id.clone(), by.name.clone(), at.time_of_day(now));
            return Err(Refusal::AlreadyAcknowledged { id, by, at });
        }
        self.acknowledged = Some(Acknowledged { by, at: now, telling: None });
        Ok(vec![Effect::Show])
    }

    /// Its source wants to know that somebody has it.
    pub(super) fn want_told(&mut self) -> Option<Effect> {
        let acknowledged = self.acknowledged.as_mut()?;
        acknowledged.telling = Some(Telling::Wanted { trouble: None });
        Some(Effect::Tell)
    }

    fn told(&mut self, carried: Carried, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let open = self.ended.is_none();
        let to_be_told = |one: &&mut Acknowledged| open && one.is_to_be_told();
        let acknowledged = self.acknowledged.as_mut().filter(to_be_told);
        acknowledged.ok_or(Refusal::MovedOn)?.telling = Some(Telling::Done);
        match carried {
            Carried::Done => {}
            Carried::Over { at } => self.end(at, now),
        }
        Ok(vec![Effect::Show])
    }

    fn telling_trouble(&mut self, why: String, again: bool) -> Result<Vec<Effect>, Refusal> {
        let to_be_told = |one: &&mut Acknowledged| one.is_to_be_told();
        let acknowledged = self.acknowledged.as_mut().filter(to_be_told);
        let acknowledged = acknowledged.ok_or(Refusal::MovedOn)?;
        acknowledged.telling = Some(if again {
            Telling::Wanted { trouble: Some(why) }
        } else {
            Telling::Failed { why }
        });
        Ok(vec![Effect::Show])
    }

    /// A new silence takes the place of an old one of ours; the source changes one for the other.
    fn want_silence(&mut self, wanted: Wanted, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        self.firing(now)?;
        let old = self.silence.as_ref();
        let ours = old.filter(|old| old.correlation().is_some() && old.holds(now));
        let replaces = ours.and_then(Silence::standing).filter(|id| !id.is_empty());
        let replaces = replaces.map(str::to_owned);
        self.silence = Some(Silence::wanted(wanted, replaces));
        Ok(vec![Effect::Show, Effect::MakeSilence])
    }

    fn want_no_silence(&mut self, by: Actor, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let none = || Refusal::NotSilenced { id: self.id.clone() };
        let silence = self.silence.as_mut().filter(|silence| now < silence.until);
        let silence = silence.ok_or_else(none)?;
        let id = match &silence.stage {
            Stage::Failed { .. } => return Err(Refusal::NotSilenced { id: self.id.clone() }),
            Stage::Ending { trouble: None, .. } => return Err(Refusal::EndingAlready),
            _ if matches!(silence.by, Whose::Theirs(_)) => {
                let (place, by) = (self.source.to_string(), silence.name().to_owned());
                return Err(Refusal::NotOurs { place, by });
            }
            Stage::Stands { id, .. } | Stage::Ending { id, .. } => id.clone(),
            // Perhaps the source has made it all the same: it is looked for by our own name for it.
            Stage::Asked { .. } => String::new(),
        };
        silence.stage = Stage::Ending { id, by, trouble: None };
        Ok(vec![Effect::Show, Effect::EndSilence])
    }

    fn silence_made(&mut self, id: String, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let silence = self.silence.as_mut().ok_or(Refusal::MovedOn)?;
        if !matches!(silence.stage, Stage::Asked { .. }) {
            return Err(Refusal::MovedOn);
        }
        silence.stage = Stage::Stands { id, since: now };
        Ok(vec![Effect::Show, Effect::Wake(silence.until)])
    }

    fn silence_trouble(&mut self, why: String, again: bool) -> Result<Vec<Effect>, Refusal> {
        let silence = self.silence.as_mut().ok_or(Refusal::MovedOn)?;
        match &mut silence.stage {
            Stage::Asked { trouble } | Stage::Ending { trouble, .. } if again => {
                *trouble = Some(why);
            }
            Stage::Asked { .. } => silence.stage = Stage::Failed { why },
            Stage::Ending { trouble, .. } => *trouble = Some(why),
            _ => return Err(Refusal::MovedOn),
        }
        Ok(vec![Effect::Show])
    }

    /// Whether its card is worth a message of its own: that somebody is told something new.
    pub fn is_news(&self, now: Timestamp) -> Option<bool> {
        match self.phase(now) {
            Phase::Firing | Phase::Acknowledged => Some(true),
            Phase::Silenced | Phase::Inhibited => Some(false),
            Phase::Resolved => None,
        }
    }
}
