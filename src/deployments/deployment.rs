//! One deployment, and what each thing that happens makes of it. Pure: no clock, no database, no
//! network.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    hold::Hold,
    plan::{Plan, Release},
    refusal::Refusal,
    state::{Effect, Effects, Event, Outcome, State, Unclear},
};
use crate::{
    access::Actor,
    chat::Place,
    clock::Timestamp,
    names::{DeploymentId, PlanDigest},
    pipelines::{Progress, Run, RunState},
};

/// A request to ship something, and all that became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Its number.
    pub id: DeploymentId,
    /// What it does.
    pub plan: Plan,
    /// Who asked.
    pub requested_by: Actor,
    /// Why they asked.
    pub reason: Option<String>,
    /// When they asked.
    pub asked: Timestamp,
    /// Where they asked.
    pub asked_in: Place,
    /// Who has agreed to the plan as it is now.
    pub approvals: Vec<Approval>,
    /// What changed in the plan after people had agreed to it, when something did.
    pub changed: Option<String>,
    /// What was good before this one; known once it starts.
    pub before: Option<Release>,
    /// What was live before this one, well or not; known once it starts.
    #[serde(default)]
    pub was: Option<Release>,
    /// What stood in its way when somebody looked last: locks, freezes.
    #[serde(default)]
    pub held: Vec<Hold>,
    /// Out, or back again.
    pub way: Way,
    /// How many runs have been asked for so far; numbers the next order.
    pub starts: u32,
    /// What the names of its runs are made of, shown nowhere: whoever could guess one could have a
    /// run of that name before us, and it would be taken for ours.
    #[serde(default)]
    pub salt: String,
    /// When its first run was asked for.
    pub began: Option<Timestamp>,
    /// When it came to rest.
    pub ended: Option<Timestamp>,
    /// The last run there was.
    pub run: Option<Run>,
    /// Where it stands.
    pub state: State,
}

/// Which way the versions go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The plan's version is on its way out.
    Out,
    /// The last good version is on its way back.
    Back {
        /// That version.
        to: Release,
        /// What was wrong with the plan's.
        why: String,
    },
}

/// One person's agreement to one plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

pub(super) const NOW: Duration = Duration::ZERO;

/// In the dark, looking goes on this often, for a run that shows up late.
pub(super) const SEARCH_SELDOM: Duration = Duration::from_mins(1);

/// A pipeline that was busy is asked again after this.
const POSTPONE: Duration = Duration::from_secs(20);

impl Deployment {
    /// A new request. Needs nobody's approval where the plan's policy asks for none.
    pub fn requested(mut self, now: Timestamp) -> (Self, Effects) {
        let next = self.ask(now);
        (self, [vec![(Effect::ShowCard, NOW)], next].concat())
    }

    /// What `event` makes of it, or why it cannot happen now. Nothing has changed then.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Result<Effects, Refusal> {
        let next = match event {
            Event::Approved { by, plan } => self.approve(by, &plan, now)?,
            Event::Declined { by, reason } => self.decline(by, reason)?,
            Event::Cancelled { by } => self.cancel(by)?,
            Event::Gate(event) => self.at_gate(event)?,
            happened => self.proceed(happened, now)?,
        };
        if matches!(self.state, State::Ended(_)) {
            self.ended = Some(now);
            return Ok(vec![(Effect::ShowCard, NOW), (Effect::WakeNext, NOW)]);
        }
        Ok([vec![(Effect::ShowCard, NOW)], next].concat())
    }

    fn proceed(&mut self, event: Event, now: Timestamp) -> Result<Effects, Refusal> {
        match (&mut self.state, event) {
            (State::AwaitingApproval { .. }, Event::Superseded { by }) => {
                Ok(self.end(Outcome::Superseded { by }))
            }
            (State::AwaitingApproval { until }, Event::RequestExpired) if *until <= now => {
                Ok(self.end(Outcome::Expired))
            }
            (
                State::AwaitingApproval { .. } | State::Queued { .. } | State::Running { .. },
                Event::Held { holds },
            ) => {
                self.held = holds;
                Ok(vec![])
            }
            (State::Queued { .. }, Event::TurnCame(facts)) => Ok(self.take_turn(*facts, now)),
            (State::Starting { .. } | State::Unknown { .. }, Event::RunStarted { run }) => {
                self.run = Some(run.clone());
                let progress = Progress::bare(RunState::Queued);
                let (stopping, decisions) = (None, vec![]);
                self.state = State::Running { run, since: now, progress, stopping, decisions };
                Ok(vec![(Effect::WatchRun, Duration::from_secs(1))])
            }
            (State::Starting { .. }, Event::StartRefused { why }) => Ok(self.refused(why)),
            (State::Starting { .. }, Event::StartPostponed { .. }) => {
                Ok(vec![(Effect::StartRun, POSTPONE)])
            }
            (State::Starting { unclear, .. }, Event::StartUnclear { why }) => {
                *unclear = Some(Unclear { since: now, why, looks: 0 });
                Ok(vec![(Effect::FindRun, Duration::from_secs(5))])
            }
            (State::Starting { .. }, Event::RunNotFound { certain }) => {
                Ok(self.not_found(certain, now))
            }
            (State::Unknown { .. }, Event::RunNotFound { .. }) => {
                Ok(vec![(Effect::FindRun, SEARCH_SELDOM)])
            }
            (State::Running { .. }, Event::RunProgressed { progress }) => {
                Ok(self.watch(progress, now))
            }
            (State::Verifying(_), Event::HealthChecked { answers }) => Ok(self.judge(answers, now)),
            (State::CountingDown { until, why, to }, Event::CountdownEnded) if *until <= now => {
                self.way = Way::Back { to: to.clone(), why: why.clone() };
                Ok(self.start(now))
            }
            _ => Err(Refusal::MovedOn),
        }
    }

    /// Waits for people, or for its turn where nobody needs to be asked.
    pub(super) fn ask(&mut self, now: Timestamp) -> Effects {
        if self.missing_approvals() > 0 {
            let wait = self.plan.policy.expires_after;
            self.state = State::AwaitingApproval { until: now.plus(wait) };
            return vec![(Effect::ExpireRequest, wait)];
        }
        self.state = State::Queued { since: now };
        vec![(Effect::TakeTurn, NOW)]
    }

    /// How many more people must agree.
    pub fn missing_approvals(&self) -> usize {
        self.plan.policy.approvals.saturating_sub(self.approvals.len())
    }

    fn approve(&mut self, by: Actor, plan: &PlanDigest, at: Timestamp) -> Result<Effects, Refusal> {
        let expired = matches!(self.state, State::AwaitingApproval { until } if until <= at);
        let waiting = matches!(self.state, State::AwaitingApproval { .. } | State::Unknown { .. });
        if expired || !waiting {
            let now = if expired { "its time is up".to_owned() } else { self.state.to_string() };
            return Err(Refusal::NotWaiting { id: self.id.clone(), now });
        }
        let current = self.plan.digest();
        if !current.is(plan) {
            let plan = current.short().to_owned();
            return Err(Refusal::OtherPlan { id: self.id.clone(), plan });
        }
        if by == self.requested_by && !self.plan.policy.requester_may_approve {
            return Err(Refusal::OwnRequest);
        }
        if let State::Unknown { .. } = self.state {
            // A person has looked, and says that there is no run.
            return Ok(self.start(at));
        }
        if self.approvals.iter().any(|approval| approval.by == by) {
            return Err(Refusal::AlreadyApproved);
        }
        self.approvals.push(Approval { by, at });
        if self.missing_approvals() > 0 { Ok(vec![]) } else { Ok(self.ask(at)) }
    }

    fn decline(&mut self, by: Actor, reason: Option<String>) -> Result<Effects, Refusal> {
        match self.state {
            State::AwaitingApproval { .. } | State::Queued { .. } => {
                Ok(self.end(Outcome::Declined { by, reason }))
            }
            State::Unknown { .. } => Ok(self.end(Outcome::Abandoned { by })),
            _ => Err(Refusal::NotWaiting { id: self.id.clone(), now: self.state.to_string() }),
        }
    }

    fn cancel(&mut self, by: Actor) -> Result<Effects, Refusal> {
        match &mut self.state {
            State::AwaitingApproval { .. } | State::Queued { .. } => {
                Ok(self.end(Outcome::Cancelled { by, begun: false }))
            }
            State::Running { stopping: Some(_), .. } => Err(Refusal::AlreadyStopping),
            State::Running { stopping, .. } => {
                *stopping = Some(by);
                Ok(vec![(Effect::CancelRun, NOW), (Effect::WatchRun, Duration::from_secs(1))])
            }
            State::CountingDown { why, .. } => {
                let why = format!("{why}. {} stopped the roll-back", by.name);
                Ok(self.end(Outcome::Unhealthy { why }))
            }
            state => Err(Refusal::NothingToCancel { id: self.id.clone(), now: state.to_string() }),
        }
    }

    /// Whether the last good version is on its way back by itself. What brought it there is not
    /// held back by anything: the version that is not well would stay.
    pub fn comes_back(&self) -> bool {
        matches!(self.way, Way::Back { .. })
    }

    pub(super) fn end(&mut self, outcome: Outcome) -> Effects {
        self.state = State::Ended(outcome);
        vec![]
    }
}

impl State {
    /// Whether an approver is being asked something.
    pub fn wants_approval(&self) -> bool {
        matches!(self, Self::AwaitingApproval { .. } | Self::Unknown { .. })
            || self.waits_at_a_gate()
    }

    /// Whether it has the environment to itself.
    pub fn holds(&self) -> bool {
        match self {
            Self::AwaitingApproval { .. } | Self::Queued { .. } | Self::Ended(_) => false,
            Self::Starting { .. }
            | Self::Running { .. }
            | Self::Verifying(_)
            | Self::CountingDown { .. }
            | Self::Unknown { .. } => true,
        }
    }

    /// Whether a person can still stop something.
    pub fn can_be_stopped(&self) -> bool {
        match self {
            Self::AwaitingApproval { .. } | Self::Queued { .. } | Self::CountingDown { .. } => true,
            Self::Running { stopping, .. } => stopping.is_none(),
            Self::Starting { .. } | Self::Verifying(_) | Self::Unknown { .. } | Self::Ended(_) => {
                false
            }
        }
    }
}
