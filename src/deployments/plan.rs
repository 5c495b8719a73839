//! What a deployment would do, decided before anything is touched: the thing people approve. Pure.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::settings::{EnvironmentSettings, RollbackSettings, VerifySettings};
use crate::{
    names::{Environment, PipelineName, PlanDigest, RoomName, Service, Version},
    pipelines::{Changes, Resolved},
};

/// Everything that decides what happens. Two plans with the same digest do the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is deployed.
    pub service: Service,
    /// Where to.
    pub environment: Environment,
    /// What people call the version.
    pub version: Version,
    /// The commit it stood for when the plan was made, when that can be known.
    pub commit: Option<String>,
    /// The digest of the artifact, when that can be known.
    pub artifact: Option<String>,
    /// Who does it.
    pub pipeline: PipelineName,
    /// What else the pipeline is told.
    pub parameters: BTreeMap<String, String>,
    /// The environment's rules when the plan was made.
    pub policy: Policy,
    /// What is live there and good (or just live, when going back), for people to compare; not
    /// part of the digest, so that a request in the queue need not be approved again when the one
    /// before it has gone out.
    pub from: Option<Release>,
    /// What would ship compared with that; not part of the digest either.
    pub changes: Option<Changes>,
    /// Whether it goes back to a version that was good there, by the rules for going back.
    #[serde(default)]
    pub back: bool,
    /// Why it may go through freezes, in the words of whoever asks.
    #[serde(default)]
    pub exception: Option<String>,
}

/// A version that was live, and the commit it stood for then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Release {
    /// What people call it.
    pub version: Version,
    /// The commit it stood for.
    pub commit: Option<String>,
}

impl Release {
    /// Whether the two are the same thing. Commits decide where both are known: a branch is
    /// another thing every day.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.commit, &other.commit) {
            (Some(one), Some(other)) => one == other,
            _ => self.version == other.version,
        }
    }
}

/// What one environment asks of a deployment to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How many people must approve.
    pub approvals: usize,
    /// Whether the requester counts as one of them.
    pub requester_may_approve: bool,
    /// How long a request waits for them.
    pub expires_after: Duration,
    /// How often health is asked for; `None` when there is nothing to ask.
    pub verify: Option<Verify>,
    /// How long people have to stop a roll-back; `None` when none happens by itself.
    pub rollback_after: Option<Duration>,
    /// Whether a run that may have been started is left to people to judge.
    pub careful: bool,
    /// The gates at the pipeline itself that the bot answers in the name of those who approve.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub answer_gates: Vec<String>,
    /// The room its card is shown in. Where people read does not change what they approve, so this
    /// is not part of the digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub room: Option<RoomName>,
}

/// How well a service has to be, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// How often it is asked.
    pub every: Duration,
    /// How many good answers in a row.
    pub in_a_row: u32,
    /// How long it may take.
    pub within: Duration,
}

impl Policy {
    /// The rules of an environment as the configuration has them now.
    pub fn of(settings: &EnvironmentSettings) -> Self {
        let VerifySettings { every, in_a_row, within } = settings.verify;
        let verify = Verify { every: every.0, in_a_row: in_a_row.max(1), within: within.0 };
        let RollbackSettings { automatic, after, .. } = settings.rollback;
        Self {
            approvals: settings.approvals,
            requester_may_approve: settings.requester_may_approve,
            expires_after: settings.request_expires.0,
            verify: (!settings.health.is_empty()).then_some(verify),
            rollback_after: automatic.then_some(after.0),
            careful: settings.careful,
            answer_gates: settings.answer_gates.clone(),
            room: settings.room.clone(),
        }
    }

    /// The rules for going back there. Nothing goes back from a way back by itself.
    pub fn back_of(settings: &EnvironmentSettings) -> Self {
        let approvals = settings.rollback.approvals.unwrap_or(settings.approvals);
        Self { approvals, rollback_after: None, ..Self::of(settings) }
    }
}

impl Plan {
    /// Whether that is where it goes.
    pub fn is_for(&self, service: &Service, environment: &Environment) -> bool {
        self.service == *service && self.environment == *environment
    }

    /// What it would do, in one number.
    pub fn digest(&self) -> PlanDigest {
        let policy = Policy { room: None, ..self.policy.clone() };
        let mut decisive = serde_json::json!([
            self.service,
            self.environment,
            self.version,
            self.commit,
            self.artifact,
            self.pipeline,
            self.parameters,
            policy,
        ]);
        if let (true, Some(parts)) =
            (self.back || self.exception.is_some(), decisive.as_array_mut())
        {
            parts.push(serde_json::json!([self.back, self.exception]));
        }
        let sum = Sha256::digest(decisive.to_string());
        PlanDigest::of(&sum)
    }

    /// The plan with what its version has turned out to be.
    #[must_use]
    pub fn resolved(self, resolved: Resolved) -> Self {
        let Resolved { commit, artifact, changes } = resolved;
        Self { commit, artifact, changes, ..self }
    }

    /// What is different in `newer`, in words for those who approved this one.
    pub fn difference(&self, newer: &Self) -> String {
        let short = |commit: &Option<String>| {
            let commit = commit.as_deref().unwrap_or("unknown");
            commit.chars().take(10).collect::<String>()
        };
        let mut changed = vec![];
        if self.commit != newer.commit {
            let (old, new) = (short(&self.commit), short(&newer.commit));
            changed.push(format!("{} now stands for commit {new} instead of {old}", self.version));
        }
        if self.artifact != newer.artifact {
            changed.push("the artifact is another one".to_owned());
        }
        if self.pipeline != newer.pipeline || self.parameters != newer.parameters {
            changed.push("the pipeline is told something else".to_owned());
        }
        if self.policy != newer.policy {
            changed.push("the rules of the environment were changed".to_owned());
        }
        changed.join(", and ")
    }
}
