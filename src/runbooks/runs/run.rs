//! One run of a step, from the moment somebody confirmed it. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    access::Actor,
    chat::Place,
    clock::Timestamp,
    names::{Environment, PlanDigest, RunbookName, Service, StepName, StepRunId},
    pipelines::{Progress, Run, RunState},
};

/// How long a run that may have been started is looked for before people are to judge.
const SEARCH: Duration = Duration::from_mins(2);

/// One run of a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepRun {
    /// Its number.
    pub id: StepRunId,
    /// The runbook it was asked for in.
    pub runbook: RunbookName,
    /// What people call that one. Text from outside.
    pub title: String,
    /// The step.
    pub step: StepName,
    /// The service it works on.
    pub service: Service,
    /// The environment it works in, when it is a particular one.
    pub environment: Option<Environment>,
    /// The digest of what was confirmed.
    pub digest: PlanDigest,
    /// The command line, as people read it.
    pub command: String,
    /// Who asked.
    pub by: Actor,
    /// When.
    pub asked: Timestamp,
    /// Where.
    pub asked_in: Place,
    /// Where it stands.
    pub state: State,
    /// The run itself, once there is one.
    pub run: Option<Run>,
    /// What it said last, oldest first. Text from outside.
    pub tail: Vec<String>,
    /// The step it is at, as it says. Text from outside.
    pub at: Option<String>,
    /// Who wants it stopped.
    pub stopped_by: Option<Actor>,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has been started, for certain; why, when that was tried.
    Asked {
        /// Why it could not be started yet.
        why: Option<String>,
    },
    /// The program is started now: whoever finds it so later does not know whether it was.
    Starting {
        /// Since when.
        since: Timestamp,
    },
    /// The program runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// Since when nothing can be found out about it.
        lost: Option<Timestamp>,
    },
    /// It is over.
    Ended {
        /// How it ended.
        how: End,
        /// When.
        at: Timestamp,
    },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The program said that it worked.
    Succeeded,
    /// It did not: why.
    Failed(String),
    /// Somebody stopped it.
    Stopped,
    /// It was never started: why.
    Refused(String),
    /// Nobody knows whether it ran, or how: why.
    Unknown(String),
}

impl StepRun {
    /// Whether something may still happen.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    /// The program is about to be started. `false` when it must not be.
    pub fn starting(&mut self, now: Timestamp) -> bool {
        let State::Asked { .. } = self.state else { return false };
        if self.stopped_by.is_some() {
            self.end(End::Stopped, now);
            return false;
        }
        self.state = State::Starting { since: now };
        true
    }

    /// There is a run.
    pub fn started(&mut self, run: Run, now: Timestamp) {
        if let State::Starting { .. } = self.state {
            self.run = Some(run);
            self.state = State::Running { since: now, lost: None };
        }
    }

    /// Nothing was started, for certain: it is tried again.
    pub fn not_started(&mut self, why: Option<String>) {
        if let State::Starting { .. } = self.state {
            self.state = State::Asked { why };
        }
    }

    /// A run that may be there is not seen. It is never started a second time blindly: after a
    /// while people are to judge.
    pub fn not_seen(&mut self, now: Timestamp) {
        if let State::Starting { since } = self.state
            && now.since(since) >= SEARCH
        {
            let why = "it may have been started, and cannot be found".to_owned();
            self.end(End::Unknown(why), now);
        }
    }

    /// How it is getting on. `false` when that is no news.
    pub fn progress(&mut self, progress: Progress, now: Timestamp) -> bool {
        let State::Running { since, lost } = self.state else { return false };
        let Progress { state, step, tail, detail, .. } = progress;
        let before = (self.state.clone(), self.tail.clone(), self.at.clone());
        if !tail.is_empty() {
            self.tail = tail;
        }
        self.at = step;
        let why = |usual: &str| detail.clone().unwrap_or_else(|| usual.to_owned());
        match state {
            RunState::Succeeded => self.end(End::Succeeded, now),
            RunState::Failed => self.end(End::Failed(why("it did not say why")), now),
            RunState::Cancelled => self.end(End::Stopped, now),
            RunState::Unknown if lost.is_some_and(|lost| now.since(lost) >= SEARCH) => {
                self.end(End::Unknown(why("nothing can be found out about it")), now);
            }
            RunState::Unknown => {
                self.state = State::Running { since, lost: lost.or(Some(now)) };
            }
            RunState::Queued | RunState::WaitingApproval | RunState::Running => {
                self.state = State::Running { since, lost: None };
            }
        }
        before != (self.state.clone(), self.tail.clone(), self.at.clone())
    }

    /// Somebody wants it stopped. `false` when it is over, or somebody already does.
    pub fn stop(&mut self, by: Actor) -> bool {
        let first = self.is_open() && self.stopped_by.is_none();
        if first {
            self.stopped_by = Some(by);
        }
        first
    }

    /// It is over.
    pub fn end(&mut self, how: End, at: Timestamp) {
        if self.is_open() {
            self.state = State::Ended { how, at };
        }
    }
}
