//! What others are told of a deployment. Pure.

use super::{
    deployment::{Deployment, Way},
    state::{Event, Outcome, State},
};
use crate::{
    clock::Timestamp,
    telling::{News, What},
};

/// What there is to tell about something that will happen.
#[derive(Clone, Copy)]
pub(super) struct Hint {
    run_started: bool,
}

impl Hint {
    /// What can be seen of it before.
    pub(super) fn of(event: &Event) -> Self {
        Self { run_started: matches!(event, Event::RunStarted { .. }) }
    }

    /// What others are told, now that it has happened: when a run begins, and how that ended.
    /// A deployment that never had one is nobody else's business.
    pub(super) fn news(self, deployment: &Deployment, now: Timestamp) -> Option<News> {
        let (what, why) = match &deployment.state {
            State::Running { .. } if self.run_started && deployment.way == Way::Out => {
                (What::Started, None)
            }
            State::Ended(outcome) => ended(outcome)?,
            _ => return None,
        };
        let back_to = match &deployment.state {
            State::Ended(Outcome::RolledBack { to, .. }) => Some(to.version.clone()),
            _ => None,
        };
        let plan = &deployment.plan;
        let approvers = deployment.approvals.iter();
        Some(News {
            deployment: deployment.id.clone(),
            what,
            service: plan.service.clone(),
            environment: plan.environment.clone(),
            version: plan.version.clone(),
            commit: plan.commit.clone(),
            back_to,
            by: deployment.requested_by.name.clone(),
            approved_by: approvers.map(|approval| approval.by.name.clone()).collect(),
            reason: deployment.reason.clone(),
            why,
            link: deployment.run.as_ref().and_then(|run| run.url.clone()),
            began: deployment.began.unwrap_or(now),
            at: now,
        })
    }
}

fn ended(outcome: &Outcome) -> Option<(What, Option<String>)> {
    Some(match outcome {
        Outcome::Succeeded { .. } => (What::Succeeded, None),
        Outcome::RolledBack { why, .. } => (What::RolledBack, Some(why.clone())),
        Outcome::PipelineFailed { .. }
        | Outcome::Unhealthy { .. }
        | Outcome::RollbackFailed { .. }
        | Outcome::Cancelled { begun: true, .. } => (What::Failed, Some(outcome.to_string())),
        Outcome::StartRefused { .. }
        | Outcome::Declined { .. }
        | Outcome::Cancelled { begun: false, .. }
        | Outcome::Expired
        | Outcome::NoLongerAllowed { .. }
        | Outcome::Abandoned { .. }
        | Outcome::Superseded { .. } => return None,
    })
}
