//! How far a workload is in its newest form. Pure.
//!
//! The rule is that of `kubectl rollout status`. A number that is missing is zero.

use serde::Deserialize;

use super::Workload;
use crate::{
    clock::Timestamp,
    health::common::{VALUE, moment, short},
};

/// A workload, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Rollout {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    generation: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    replicas: Option<i64>,
    #[serde(default)]
    paused: bool,
    update_strategy: Option<Strategy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strategy {
    r#type: Option<String>,
    rolling_update: Option<Rolling>,
}

#[derive(Debug, Deserialize)]
struct Rolling {
    partition: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: i64,
    replicas: i64,
    updated_replicas: i64,
    ready_replicas: i64,
    available_replicas: i64,
    current_revision: String,
    update_revision: String,
    desired_number_scheduled: i64,
    updated_number_scheduled: i64,
    number_available: i64,
    conditions: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    r#type: String,
    reason: Option<String>,
    message: Option<String>,
    last_update_time: Option<String>,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Found {
    /// Everything runs in its newest form.
    Done(String),
    /// Something does not yet.
    Waits(String),
    /// Kubernetes has given up waiting.
    Hopeless(String),
}

impl Rollout {
    /// How far it is. What Kubernetes gave up before `since` is not held against what came after.
    pub(super) fn judge(&self, workload: Workload, since: Option<Timestamp>) -> Found {
        if self.status.observed_generation < self.metadata.generation {
            return Found::Waits("Kubernetes has yet to see the change".to_owned());
        }
        let strategy = self.spec.update_strategy.as_ref();
        let kind = strategy.and_then(|strategy| strategy.r#type.as_deref());
        if workload != Workload::Deployment
            && let Some(kind) = kind.filter(|kind| *kind != "RollingUpdate")
        {
            let kind = short(kind, VALUE);
            return Found::Waits(format!(
                "its update strategy is {kind}: only with RollingUpdate can be said how far it is"
            ));
        }
        match workload {
            Workload::Deployment => self.deployment(since),
            Workload::StatefulSet => self.stateful_set(),
            Workload::DaemonSet => self.daemon_set(),
        }
    }

    fn deployment(&self, since: Option<Timestamp>) -> Found {
        let Status { replicas, updated_replicas: updated, available_replicas: available, .. } =
            self.status;
        if let Some(given_up) = self.given_up() {
            let said = given_up.message.as_deref().map(|said| format!(": {}", short(said, 120)));
            let said = format!("Kubernetes has given up waiting{}", said.unwrap_or_default());
            let at = moment(given_up.last_update_time.as_deref());
            let is_ours = since.is_some_and(|since| at.is_some_and(|at| at >= since));
            return if is_ours { Found::Hopeless(said) } else { Found::Waits(said) };
        }
        let wanted = self.spec.replicas.unwrap_or(1);
        let paused = if self.spec.paused { " (it is paused)" } else { "" };
        if updated < wanted {
            Found::Waits(format!("{updated} of {wanted} replicas are new{paused}"))
        } else if replicas > updated {
            let old = replicas.saturating_sub(updated);
            Found::Waits(format!("{old} old replicas have yet to end{paused}"))
        } else if available < updated {
            Found::Waits(format!("{available} of {updated} new replicas are available"))
        } else {
            done(available)
        }
    }

    fn given_up(&self) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| {
            condition.r#type == "Progressing"
                && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
        })
    }

    fn stateful_set(&self) -> Found {
        let Status { updated_replicas: updated, ready_replicas: ready, .. } = self.status;
        let wanted = self.spec.replicas.unwrap_or(1);
        if ready < wanted {
            return Found::Waits(format!("{ready} of {wanted} replicas are ready"));
        }
        let rolling = self.spec.update_strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
        let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or(0);
        if partition > 0 {
            let wanted = wanted.saturating_sub(partition).max(0);
            if updated < wanted {
                return Found::Waits(format!("{updated} of {wanted} replicas are new"));
            }
            return Found::Done(format!("{updated} replicas are new, as its partition asks for"));
        }
        if self.status.update_revision != self.status.current_revision {
            return Found::Waits(format!("{updated} of {wanted} replicas are new"));
        }
        done(ready)
    }

    fn daemon_set(&self) -> Found {
        let wanted = self.status.desired_number_scheduled;
        let (updated, available) =
            (self.status.updated_number_scheduled, self.status.number_available);
        if updated < wanted {
            Found::Waits(format!("{updated} of {wanted} pods are new"))
        } else if available < wanted {
            Found::Waits(format!("{available} of {wanted} pods are available"))
        } else {
            done(available)
        }
    }
}

fn done(number: i64) -> Found {
    Found::Done(match number {
        0 => "nothing is to run: it is scaled to 0".to_owned(),
        1 => "the one replica is new and available".to_owned(),
        number => format!("all {number} replicas are new and available"),
    })
}
