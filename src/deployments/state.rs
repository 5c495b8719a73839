//! Every state a deployment can be in, everything that can happen to it, and every way it can end.
//! Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    gates::{Decision, GateEvent},
    hold::Hold,
    plan::{Plan, Release},
};
use crate::{
    access::Actor,
    clock::Timestamp,
    health::Answer,
    names::{DeploymentId, PersonId, PlanDigest},
    pipelines::{Order, Progress, Run},
};

/// Where a deployment stands. Each says what is true now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has been touched; people are deciding.
    AwaitingApproval {
        /// When it is too late.
        until: Timestamp,
    },
    /// Nothing has been touched; enough people have agreed, and it waits for its turn.
    Queued {
        /// When it joined the queue.
        since: Timestamp,
    },
    /// It is written down that a run is wanted; the pipeline may or may not have been asked.
    Starting {
        /// What the pipeline is told, the same each time.
        order: Order,
        /// Since when, and why, nobody knows whether it was asked.
        unclear: Option<Unclear>,
    },
    /// The pipeline has a run of this order.
    Running {
        /// The run.
        run: Run,
        /// Since when.
        since: Timestamp,
        /// How far it is, when last asked.
        progress: Progress,
        /// Who asked it to stop.
        stopping: Option<Actor>,
        /// What was decided about gates that it waits at, or waited at.
        #[serde(default)]
        decisions: Vec<Decision>,
    },
    /// The run has succeeded; the service has yet to prove itself healthy.
    Verifying(Verifying),
    /// The service is not well, and the last good version comes back unless somebody stops that.
    CountingDown {
        /// What is wrong.
        why: String,
        /// When it begins.
        until: Timestamp,
        /// What comes back.
        to: Release,
    },
    /// A run may exist that nobody can see. Nothing more is started until a person has judged.
    Unknown {
        /// What was asked for.
        order: Order,
        /// Why nobody knows.
        why: String,
    },
    /// It has come to rest.
    Ended(Outcome),
}

/// A run was asked for, and the answer does not tell whether there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclear {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// How often it was looked for.
    pub looks: u32,
}

/// The service is proving itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verifying {
    /// The run that has succeeded.
    pub run: Run,
    /// When it is too late to be well.
    pub until: Timestamp,
    /// Good answers in a row.
    pub good: u32,
    /// Bad answers in a row since it was first good; none before.
    pub bad: Option<u32>,
    /// What each probe said last.
    pub answers: Vec<Answer>,
}

/// How a deployment ended: a closed list, and what people read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The version is live, and well as far as anybody can ask.
    Succeeded {
        /// How many health checks said so; none, when none is configured.
        checks: usize,
    },
    /// The pipeline said no; nothing was started.
    StartRefused {
        /// In its words.
        why: String,
    },
    /// The run ended badly. What it did until then stands.
    PipelineFailed {
        /// In its words.
        why: String,
    },
    /// The version is out, the service is not well, and nothing was done about it.
    Unhealthy {
        /// What is wrong, and why nothing was done.
        why: String,
    },
    /// The service was not well, and the last good version is back and well.
    RolledBack {
        /// What is live now.
        to: Release,
        /// What was wrong.
        why: String,
    },
    /// The service was not well, and bringing the last good version back failed.
    RollbackFailed {
        /// What should be live.
        to: Release,
        /// What is wrong now.
        why: String,
    },
    /// An approver said no. Nothing was touched.
    Declined {
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody stopped it.
    Cancelled {
        /// Who.
        by: Actor,
        /// Whether a run had begun; what it did until then stands.
        begun: bool,
    },
    /// Nobody approved in time. Nothing was touched.
    Expired,
    /// Whoever asked may not deploy there any more. Nothing was touched.
    NoLongerAllowed {
        /// In the words of the decision.
        why: String,
    },
    /// A person judged that no run exists, and gave up.
    Abandoned {
        /// Who.
        by: Actor,
    },
    /// The same person asked for something else there.
    Superseded {
        /// The later request.
        by: DeploymentId,
    },
}

/// Something that happened. People cause the first four, the worker the rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody who may has approved this very plan.
    Approved {
        /// Who.
        by: Actor,
        /// The plan they saw.
        plan: PlanDigest,
    },
    /// Somebody who may has said no.
    Declined {
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody who may wants it stopped, or the roll-back after it.
    Cancelled {
        /// Who.
        by: Actor,
    },
    /// The requester asked for something else there.
    Superseded {
        /// The later request.
        by: DeploymentId,
    },
    /// Time for approvals is up.
    RequestExpired,
    /// A lock or a freeze stands in its way, or none does any more.
    Held {
        /// Everything that stands there now.
        holds: Vec<Hold>,
    },
    /// Its turn has come: this is how things are now.
    TurnCame(Box<Facts>),
    /// The pipeline has a run.
    RunStarted {
        /// The run.
        run: Run,
    },
    /// Nothing was started, and never will be.
    StartRefused {
        /// In the pipeline's words.
        why: String,
    },
    /// Nothing was started, but it may be later.
    StartPostponed {
        /// In the pipeline's words.
        why: String,
    },
    /// It may or may not have been started.
    StartUnclear {
        /// Why nobody knows.
        why: String,
    },
    /// Looked for the run; it is not there, for certain or as far as can be seen.
    RunNotFound {
        /// Whether that is certain.
        certain: bool,
    },
    /// How the run is getting on.
    RunProgressed {
        /// What the pipeline says.
        progress: Progress,
    },
    /// Something happened to a gate that the run waits at.
    Gate(GateEvent),
    /// Every probe was asked once.
    HealthChecked {
        /// What each said.
        answers: Vec<Answer>,
    },
    /// Nobody stopped the roll-back in time.
    CountdownEnded,
}

/// How things are at the moment of starting, asked anew and never from a cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The plan, made once more.
    pub plan: Plan,
    /// Why the requester may not deploy there any more.
    pub denied: Option<String>,
    /// Whose approval does not count any more.
    pub lost: Vec<PersonId>,
    /// The last version that was live and well there.
    pub good: Option<Release>,
    /// What is live there, well or not.
    pub live: Option<Release>,
}

/// Something to do next, once what happened is safely written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Draw the card again, everywhere.
    ShowCard,
    /// See whether the time for approvals is up.
    ExpireRequest,
    /// See whether it is this deployment's turn.
    TakeTurn,
    /// See what stands in the way of a deployment that people still decide about.
    SeeHolds,
    /// Ask the pipeline for a run, once.
    StartRun,
    /// Look for the run that may have been started.
    FindRun,
    /// Ask how the run is getting on.
    WatchRun,
    /// Decide about the gates that are the bot's to decide about.
    SettleGates,
    /// Tell the pipeline what was decided about gates.
    AnswerGates,
    /// Ask the run to stop.
    CancelRun,
    /// Ask every probe.
    CheckHealth,
    /// See whether the roll-back may begin.
    EndCountdown,
    /// Let the next in line take its turn.
    WakeNext,
}

/// What to do next, and in how long.
pub type Effects = Vec<(Effect, Duration)>;

impl Event {
    /// What the audit says of it: the action, who did it, the particulars. `None` for what only
    /// tells how far things are.
    pub(super) fn entry(&self) -> Option<(&'static str, Actor, String)> {
        let detail = serde_json::to_string(self).unwrap_or_default();
        let (action, by) = match self {
            Self::Approved { by, .. } => ("approve", by.clone()),
            Self::Declined { by, .. } => ("decline", by.clone()),
            Self::Cancelled { by } => ("cancel", by.clone()),
            Self::Superseded { .. } => ("superseded", Actor::bot()),
            Self::RequestExpired => ("expired", Actor::bot()),
            Self::Held { holds } if holds.is_empty() => ("released", Actor::bot()),
            Self::Held { .. } => ("held", Actor::bot()),
            Self::TurnCame(_) => ("turn_came", Actor::bot()),
            Self::RunStarted { .. } => ("run_started", Actor::bot()),
            Self::StartRefused { .. } => ("start_refused", Actor::bot()),
            Self::StartUnclear { .. } => ("start_unclear", Actor::bot()),
            Self::CountdownEnded => ("rollback", Actor::bot()),
            Self::Gate(event) => event.entry()?,
            Self::StartPostponed { .. }
            | Self::RunNotFound { .. }
            | Self::RunProgressed { .. }
            | Self::HealthChecked { .. } => return None,
        };
        Some((action, by, detail))
    }
}
