//! What is decided about the gates that a run waits at at the vendor's. Pure.
//!
//! People decide by the rules of the plan's own approval. Pilothouse decides by itself about its
//! own gates, and about those whose names the configuration lists, in the name of the people who
//! have approved the very deployment that waits. A decision is written down before the vendor is
//! told; telling it may happen twice.

mod rules;
mod telling;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use words::{next, status, waits_for};

use super::{
    deployment::{Deployment, NOW},
    refusal::Refusal,
    state::{Effect, Effects, State},
};
use crate::{
    access::Actor,
    names::GateId,
    pipelines::{Answered, Gate, Verdict},
};

/// How often an unclear answer is followed by another try before people are asked: over a minute
/// and a half of trying.
const TRIES: u32 = 4;

/// What was decided about a gate, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The gate, as it was then.
    pub gate: Gate,
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Whether the vendor knows.
    pub told: Told,
    /// Whether the run has left that gate behind.
    pub passed: bool,
}

/// Whether the vendor knows of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It is being told.
    NotYet {
        /// How often it gave no clear answer so far.
        tries: u32,
    },
    /// It has taken the decision.
    Done,
    /// The gate had been answered there already.
    Gone,
    /// It did not take the decision, and somebody has to decide anew.
    Failed {
        /// In its words.
        why: String,
    },
}

/// Something that happened to a gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateEvent {
    /// Somebody who may has decided.
    Decided {
        /// Who.
        by: Actor,
        /// Which gate, by its id or name; every one that waits, when none is named.
        gate: Option<String>,
        /// What.
        verdict: Verdict,
        /// Why.
        reason: Option<String>,
    },
    /// Pilothouse has decided by its rules, or left it to people.
    Settled {
        /// Which gate.
        gate: GateId,
        /// What; `None` leaves it to people.
        verdict: Option<Verdict>,
        /// Why.
        why: String,
    },
    /// The vendor was told.
    Answered {
        /// Which gate.
        gate: GateId,
        /// How that went.
        answered: Answered,
    },
}

impl GateEvent {
    /// What the audit calls it, and who did it; `None` for what only tells how far things are.
    pub(super) fn entry(&self) -> Option<(&'static str, Actor)> {
        Some(match self {
            Self::Decided { by, verdict: Verdict::Approve, .. } => ("gate_approve", by.clone()),
            Self::Decided { by, verdict: Verdict::Reject, .. } => ("gate_decline", by.clone()),
            Self::Settled { verdict: Some(Verdict::Approve), .. } => ("gate_approve", Actor::bot()),
            Self::Settled { verdict: Some(Verdict::Reject), .. } => ("gate_decline", Actor::bot()),
            Self::Settled { verdict: None, .. } => ("gate_left", Actor::bot()),
            Self::Answered { answered: Answered::NotNow(_) | Answered::Unclear(_), .. } => {
                return None;
            }
            Self::Answered { .. } => ("gate_told", Actor::bot()),
        })
    }
}

impl Decision {
    /// Whether it still stands for its gate: nobody needs to decide anew.
    fn stands(&self) -> bool {
        !self.passed && !matches!(self.told, Told::Failed { .. })
    }

    fn is_due(&self) -> bool {
        !self.passed && matches!(self.told, Told::NotYet { .. })
    }
}

impl State {
    /// The gates that keep the run waiting now.
    pub(super) fn gates(&self) -> &[Gate] {
        match self {
            Self::Running { progress, stopping: None, .. } => &progress.gates,
            _ => &[],
        }
    }

    pub(super) fn decisions(&self) -> &[Decision] {
        if let Self::Running { decisions, .. } = self { decisions } else { &[] }
    }

    /// The gates about which nothing has been decided that still stands.
    pub(super) fn undecided(&self) -> impl Iterator<Item = &Gate> {
        let stands =
            |gate: &Gate| self.decisions().iter().any(|d| d.gate.id == gate.id && d.stands());
        self.gates().iter().filter(move |gate| !stands(gate))
    }

    /// The gates of that id or name that the run waits at.
    pub fn gates_called(&self, said: &str) -> impl Iterator<Item = &Gate> {
        self.gates().iter().filter(move |gate| is(gate, said))
    }

    /// Whether somebody can decide here about a gate that the run waits at.
    pub fn waits_at_a_gate(&self) -> bool {
        self.undecided().any(|gate| gate.answerable)
    }
}

fn is(gate: &Gate, said: &str) -> bool {
    gate.id.as_str() == said || gate.name.eq_ignore_ascii_case(said)
}

impl Deployment {
    /// What a gate's event makes of it, or why it cannot happen now.
    pub(super) fn at_gate(&mut self, event: GateEvent) -> Result<Effects, Refusal> {
        match event {
            GateEvent::Decided { by, gate, verdict, reason } => {
                self.decide((by, reason), gate.as_deref(), verdict)
            }
            GateEvent::Settled { gate, verdict, why } => self.settle(&gate, verdict, why),
            GateEvent::Answered { gate, answered } => self.answered(&gate, answered),
        }
    }

    fn decide(
        &mut self,
        (by, reason): (Actor, Option<String>),
        said: Option<&str>,
        verdict: Verdict,
    ) -> Result<Effects, Refusal> {
        if self.state.gates().is_empty() {
            let (id, now) = (self.id.clone(), self.state.to_string());
            return Err(Refusal::NotWaiting { id, now });
        }
        let own = by == self.requested_by && !self.plan.policy.requester_may_approve;
        if own && verdict == Verdict::Approve {
            return Err(Refusal::OwnRequest);
        }
        let meant = |gate: &&Gate| said.is_none_or(|said| is(gate, said));
        let open: Vec<Gate> = self.state.undecided().filter(meant).cloned().collect();
        let answerable: Vec<Gate> = open.iter().filter(|gate| gate.answerable).cloned().collect();
        if answerable.is_empty() {
            return Err(match open.first() {
                Some(gate) => Refusal::NotFromHere { at: gate.at.clone(), gate: gate.name.clone() },
                None => self.no_gate(said),
            });
        }
        for gate in &answerable {
            if let (Verdict::Approve, Some((Verdict::Reject, why))) =
                (verdict, self.own_verdict(gate))
            {
                return Err(Refusal::GateClosed { gate: gate.name.clone(), why });
            }
        }
        for gate in answerable {
            self.write_down(Decision {
                gate,
                verdict,
                by: by.clone(),
                reason: reason.clone(),
                told: Told::NotYet { tries: 0 },
                passed: false,
            });
        }
        Ok(vec![(Effect::AnswerGates, NOW)])
    }

    /// Why none of the gates can be meant: somebody was quicker, or there is none of that name.
    fn no_gate(&self, said: Option<&str>) -> Refusal {
        let meant = |gate: &Gate| said.is_none_or(|said| is(gate, said));
        let decided = self.state.decisions().iter().rev();
        if let Some(decision) = decided.into_iter().find(|d| d.stands() && meant(&d.gate)) {
            let (by, gate) = (decision.by.name.clone(), decision.gate.name.clone());
            return Refusal::GateDecided { by, gate };
        }
        let names: Vec<&str> = self.state.gates().iter().map(|g| g.name.as_str()).collect();
        Refusal::NoSuchGate { names: names.join(", ") }
    }

    fn write_down(&mut self, decision: Decision) {
        let State::Running { decisions, .. } = &mut self.state else { return };
        decisions.retain(|earlier| earlier.passed || earlier.gate.id != decision.gate.id);
        decisions.push(decision);
    }

    /// The decisions that the vendor has yet to be told. A run that somebody has stopped is let
    /// through nowhere any more.
    pub(super) fn untold(&self) -> impl Iterator<Item = &Decision> {
        let stopping = matches!(self.state, State::Running { stopping: Some(_), .. });
        let counts = move |decision: &&Decision| {
            decision.is_due() && (!stopping || decision.verdict == Verdict::Reject)
        };
        self.state.decisions().iter().filter(counts)
    }

    fn answered(&mut self, id: &GateId, answered: Answered) -> Result<Effects, Refusal> {
        let State::Running { decisions, .. } = &mut self.state else {
            return Err(Refusal::MovedOn);
        };
        let due = decisions.iter_mut().find(|d| d.gate.id == *id && d.is_due());
        let Some(decision) = due else { return Err(Refusal::MovedOn) };
        let tries = if let Told::NotYet { tries } = decision.told { tries } else { 0 };
        let soon = vec![(Effect::WatchRun, Duration::from_secs(1))];
        decision.told = match answered {
            Answered::Done => Told::Done,
            // What was asked for before and is answered now was answered by that.
            Answered::Gone if tries > 0 => Told::Done,
            Answered::Gone => Told::Gone,
            Answered::Unclear(_) | Answered::NotNow(_) if tries < TRIES => {
                decision.told = Told::NotYet { tries: tries + 1 };
                return Ok(vec![(Effect::AnswerGates, Duration::from_secs(5 << tries))]);
            }
            Answered::Refused(why) | Answered::Unclear(why) | Answered::NotNow(why) => {
                Told::Failed { why }
            }
        };
        Ok(soon)
    }

    /// Takes note of the gates that the run has left behind, and says what is to be done about
    /// those it waits at.
    pub(super) fn see_gates(&mut self) -> Effects {
        if let State::Running { progress, decisions, .. } = &mut self.state {
            let there = |id: &GateId| progress.gates.iter().any(|gate| gate.id == *id);
            for decision in decisions.iter_mut().filter(|decision| !there(&decision.gate.id)) {
                decision.passed = true;
            }
        }
        if self.unsettled().is_empty() { vec![] } else { vec![(Effect::SettleGates, NOW)] }
    }

    /// Why the run of this deployment ended badly, when it did because somebody said no.
    pub(super) fn turned_away(&self) -> Option<String> {
        let no = |decision: &&Decision| {
            decision.verdict == Verdict::Reject && matches!(decision.told, Told::Done)
        };
        self.state.decisions().iter().rev().find(no).map(words::turned_away)
    }
}
