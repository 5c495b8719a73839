//! A lock: one person keeps one environment of one service as it is. Pure.

use serde::{Deserialize, Serialize};

use crate::{
    access::Actor,
    chat::Place,
    clock::Timestamp,
    deployments::{
        deployment::Deployment,
        hold::Hold,
        state::{Outcome, State},
    },
    names::{DeploymentId, Environment, Service, Version},
};

/// One lock, from the moment it was made, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lock {
    /// Its number.
    pub id: DeploymentId,
    /// What is locked.
    pub service: Service,
    /// Where.
    pub environment: Environment,
    /// Who holds it.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself; never, when there is no such moment.
    pub until: Option<Timestamp>,
    /// Where they asked.
    pub asked_in: Place,
    /// What was on its way there when it was locked: a lock does not stop what runs.
    pub running: Option<Version>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How a lock ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A person has unlocked it.
    Unlocked {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// Its time was up.
    RanOut,
}

/// Why a lock was not made, or not undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockRefusal {
    /// One lock at a time.
    #[error(
        "{service} in {environment} is already locked, by {by}{why}. Say `/unlock {environment}` \
         first, if you must"
    )]
    Taken {
        /// What.
        service: Service,
        /// Where.
        environment: Environment,
        /// Who holds it.
        by: String,
        /// Why, after a colon.
        why: String,
    },
    /// Nothing to undo.
    #[error("{service} in {environment} is not locked")]
    NotLocked {
        /// What.
        service: Service,
        /// Where.
        environment: Environment,
    },
}

impl Lock {
    /// Whether it holds at that moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// As what stands in a deployment's way.
    pub fn hold(&self) -> Hold {
        let (by, reason) = (self.by.clone(), self.reason.clone());
        Hold::Locked { by, reason, since: self.since, until: self.until }
    }

    pub(super) fn refusal(&self) -> LockRefusal {
        LockRefusal::Taken {
            service: self.service.clone(),
            environment: self.environment.clone(),
            by: self.by.name.clone(),
            why: self.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}")),
        }
    }

    /// The lock that a way back leaves behind when it ended well: what was just taken back shall
    /// not come again by itself.
    pub(in crate::deployments) fn after(deployment: &Deployment, now: Timestamp) -> Option<Self> {
        let well = matches!(deployment.state, State::Ended(Outcome::Succeeded { .. }));
        let plan = &deployment.plan;
        if !well || !plan.back {
            return None;
        }
        let from =
            plan.from.as_ref().map_or(String::new(), |from| format!(" from {}", from.version));
        let why = deployment.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
        Some(Self {
            id: DeploymentId::random(),
            service: plan.service.clone(),
            environment: plan.environment.clone(),
            by: deployment.requested_by.clone(),
            reason: Some(format!("rolled back{from} to {}{why}", plan.version)),
            since: now,
            until: None,
            asked_in: deployment.asked_in.clone(),
            running: None,
            ended: None,
        })
    }
}
