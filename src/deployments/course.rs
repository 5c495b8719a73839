//! The course of a deployment once people have agreed: its turn, its run, its proof, its way back.
//! Pure.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{
    deployment::{Deployment, NOW, SEARCH_SELDOM, Way},
    plan::Release,
    state::{Effect, Effects, Facts, Outcome, State, Unclear, Verifying},
};
use crate::{
    clock::Timestamp,
    health::Answer,
    names::{Correlation, hex},
    pipelines::{Order, Progress, Run, RunState},
};

/// How often a run is looked at: often while people watch, seldom once it has become a long one.
/// Halving these doubles what is asked of the vendor, whose limit is an hourly one.
const LOOKS: [(Duration, Duration); 3] = [
    (Duration::from_secs(15), Duration::from_secs(1)),
    (Duration::from_mins(1), Duration::from_secs(2)),
    (Duration::from_mins(10), Duration::from_secs(5)),
];
const LOOK_SELDOM: Duration = Duration::from_secs(15);

/// How long a run that was perhaps started is looked for before anything else is done: vendors
/// list a new run within seconds, and two minutes is the longest delay reported.
const SEARCH: Duration = Duration::from_mins(2);

impl Deployment {
    /// Everything is decided once more, from how things are at this moment.
    pub(super) fn take_turn(&mut self, facts: Facts, now: Timestamp) -> Effects {
        if let Some(why) = facts.denied {
            return self.end(Outcome::NoLongerAllowed { why });
        }
        let changed = self.plan.digest() != facts.plan.digest();
        if changed {
            self.changed = Some(self.plan.difference(&facts.plan));
            self.approvals.clear();
        } else {
            self.approvals.retain(|approval| !facts.lost.contains(&approval.by.id));
        }
        (self.before, self.was, self.held) = (facts.good, facts.live, vec![]);
        self.plan = facts.plan;
        if self.missing_approvals() > 0 { self.ask(now) } else { self.start(now) }
    }

    /// From here on a run is wanted; the next step asks the pipeline for it.
    pub(super) fn start(&mut self, now: Timestamp) -> Effects {
        self.starts += 1;
        self.began.get_or_insert(now);
        let (version, commit) = match &self.way {
            Way::Out => (self.plan.version.clone(), self.plan.commit.clone()),
            Way::Back { to, .. } => (to.version.clone(), to.commit.clone()),
        };
        let order = Order {
            correlation: self.correlation(),
            service: self.plan.service.clone(),
            environment: self.plan.environment.clone(),
            version,
            commit,
            parameters: self.plan.parameters.clone(),
            decided: now,
        };
        self.state = State::Starting { order, unclear: None };
        vec![(Effect::StartRun, NOW)]
    }

    /// The name of its next run, which nobody can know before it is there.
    fn correlation(&self) -> Correlation {
        let digest = Sha256::digest(format!("{} {} {}", self.id, self.starts, self.salt));
        let name = format!("ph-{}-{}-{}", self.id, self.starts, hex(&digest[..8]));
        name.parse().expect("letters, digits and dashes")
    }

    pub(super) fn refused(&mut self, why: String) -> Effects {
        match &self.way {
            Way::Out => self.end(Outcome::StartRefused { why }),
            Way::Back { to, .. } => self.end(Outcome::RollbackFailed { to: to.clone(), why }),
        }
    }

    pub(super) fn not_found(&mut self, certain: bool, now: Timestamp) -> Effects {
        let State::Starting { order, unclear } = &mut self.state else { return vec![] };
        if certain {
            // What it did not know before, it knows now: the order may be given once more.
            *unclear = None;
            return vec![(Effect::StartRun, NOW)];
        }
        let unclear = unclear.get_or_insert_with(|| {
            let why = "Pilothouse was interrupted while it asked for the run".to_owned();
            Unclear { since: now, why, looks: 0 }
        });
        if now.since(unclear.since) < SEARCH {
            unclear.looks += 1;
            return vec![(Effect::FindRun, Duration::from_secs(5 << unclear.looks.min(3)))];
        }
        let again = !self.plan.policy.careful && self.starts == 1;
        if again {
            return self.start(now);
        }
        let (order, why) = (order.clone(), unclear.why.clone());
        self.state = State::Unknown { order, why };
        vec![(Effect::FindRun, SEARCH_SELDOM)]
    }

    pub(super) fn watch(&mut self, seen: Progress, now: Timestamp) -> Effects {
        let turned_away = self.turned_away();
        let State::Running { run, since, progress, stopping, .. } = &mut self.state else {
            return vec![];
        };
        let why = || {
            let said = turned_away.clone().or(seen.detail.clone());
            said.unwrap_or_else(|| "it did not say why".to_owned())
        };
        match (seen.state, stopping.take()) {
            (RunState::Succeeded, _) => {
                let run = run.clone();
                self.verify(run, now)
            }
            (RunState::Cancelled, Some(by)) if self.way == Way::Out => {
                self.end(Outcome::Cancelled { by, begun: true })
            }
            (RunState::Failed | RunState::Cancelled, _) => {
                let why = if seen.state == RunState::Failed {
                    why()
                } else {
                    turned_away.unwrap_or_else(|| "it was stopped".to_owned())
                };
                match &self.way {
                    Way::Out => self.end(Outcome::PipelineFailed { why }),
                    Way::Back { to, .. } => {
                        self.end(Outcome::RollbackFailed { to: to.clone(), why })
                    }
                }
            }
            (_, stop) => {
                let age = now.since(*since);
                *stopping = stop;
                // What was waited for before is waited for until the vendor says otherwise.
                let known = std::mem::take(&mut progress.gates);
                let gates = if seen.gates_unknown { known } else { seen.gates };
                *progress = Progress { gates, ..seen };
                let wait = LOOKS.iter().find(|(until, _)| age < *until);
                let look = (Effect::WatchRun, wait.map_or(LOOK_SELDOM, |(_, wait)| *wait));
                [vec![look], self.see_gates()].concat()
            }
        }
    }

    fn verify(&mut self, run: Run, now: Timestamp) -> Effects {
        let Some(verify) = self.plan.policy.verify else { return self.well(0) };
        let until = now.plus(verify.within);
        self.state =
            State::Verifying(Verifying { run, until, good: 0, bad: None, answers: vec![] });
        vec![(Effect::CheckHealth, verify.every)]
    }

    pub(super) fn judge(&mut self, answers: Vec<Answer>, now: Timestamp) -> Effects {
        let State::Verifying(proof) = &mut self.state else { return vec![] };
        let Some(verify) = self.plan.policy.verify else { return self.well(0) };
        let sick = answers.iter().find(|answer| !answer.healthy).map(|sick| sick.detail.clone());
        let hopeless = answers.iter().any(|answer| answer.hopeless);
        let checks = answers.len();
        proof.answers = answers;
        if let Some(detail) = sick {
            proof.good = 0;
            proof.bad = proof.bad.map(|bad| bad + 1);
            let proved = proof.bad.is_some_and(|bad| bad >= verify.in_a_row);
            if hopeless || proved || now >= proof.until {
                return self.unwell(detail, now);
            }
        } else {
            proof.good += 1;
            proof.bad = Some(0);
            if proof.good >= verify.in_a_row {
                return self.well(checks);
            }
        }
        vec![(Effect::CheckHealth, verify.every)]
    }

    fn well(&mut self, checks: usize) -> Effects {
        match &self.way {
            Way::Out => self.end(Outcome::Succeeded { checks }),
            Way::Back { to, why } => {
                let (to, why) = (to.clone(), why.clone());
                self.end(Outcome::RolledBack { to, why })
            }
        }
    }

    fn unwell(&mut self, why: String, now: Timestamp) -> Effects {
        if let Way::Back { to, .. } = &self.way {
            let to = to.clone();
            return self.end(Outcome::RollbackFailed { to, why });
        }
        let same = |to: &Release| to.version == self.plan.version && to.commit == self.plan.commit;
        let to = self.before.clone().filter(|to| !same(to));
        match (to, self.plan.policy.rollback_after) {
            (Some(to), Some(wait)) => {
                self.state = State::CountingDown { why, until: now.plus(wait), to };
                vec![(Effect::EndCountdown, wait.min(Duration::from_secs(1)))]
            }
            (None, Some(_)) => {
                let why = format!("{why}. No earlier good version is known to go back to");
                self.end(Outcome::Unhealthy { why })
            }
            (_, None) => self.end(Outcome::Unhealthy { why }),
        }
    }
}
