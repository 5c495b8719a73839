//! What is live where, and why it stands where it stands. Pure.

use serde::{Deserialize, Serialize};

use super::{
    deployment::Deployment,
    plan::Release,
    state::{Outcome, State},
};
use crate::{access::Actor, clock::Timestamp, names::DeploymentId};

/// One environment of one service, as the last deployment that touched it left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// What should be live there now.
    pub live: Release,
    /// Whether that is certain and was well.
    pub certain: bool,
    /// The last version that was live and well.
    pub good: Option<Release>,
    /// The deployment that left it so; none for what was live before the bot came.
    pub deployment: Option<DeploymentId>,
    /// Who asked for that.
    pub by: Actor,
    /// Since when.
    pub since: Timestamp,
    /// Why it stands there: the outcome of that deployment.
    pub why: String,
}

impl Standing {
    /// What was live and well before the bot came.
    pub fn adopted(live: Release, by: Actor, since: Timestamp) -> Self {
        let good = Some(live.clone());
        let why = "it was live before Pilothouse came".to_owned();
        Self { live, certain: true, good, deployment: None, by, since, why }
    }

    /// How `deployment` leaves its environment; `None` when it never touched it.
    pub fn after(deployment: &Deployment, now: Timestamp) -> Option<Self> {
        let State::Ended(outcome) = &deployment.state else { return None };
        let plan = &deployment.plan;
        let shipped = Release { version: plan.version.clone(), commit: plan.commit.clone() };
        let before = deployment.before.clone();
        let (live, certain, good) = match outcome {
            Outcome::Succeeded { .. } => (shipped.clone(), true, Some(shipped)),
            Outcome::RolledBack { to, .. } => (to.clone(), true, Some(to.clone())),
            Outcome::RollbackFailed { to, .. } => (to.clone(), false, before),
            Outcome::Unhealthy { .. } | Outcome::Abandoned { .. } => (shipped, false, before),
            Outcome::PipelineFailed { .. } | Outcome::Cancelled { begun: true, .. } => {
                let was = deployment.was.clone().or(before.clone());
                (was.unwrap_or(shipped), false, before)
            }
            Outcome::StartRefused { .. }
            | Outcome::Declined { .. }
            | Outcome::Cancelled { begun: false, .. }
            | Outcome::Expired
            | Outcome::NoLongerAllowed { .. }
            | Outcome::Superseded { .. } => return None,
        };
        Some(Self {
            live,
            certain,
            good,
            deployment: Some(deployment.id.clone()),
            by: deployment.requested_by.clone(),
            since: now,
            why: outcome.to_string(),
        })
    }
}
