//! Gathers what happened around an incident from everybody who knows something.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use super::{
    Incidents, SUBJECT,
    export::export,
    incident::Incident,
    timeline::{Kind, Moment},
};
use crate::{
    audit::{self, Record},
    clock::Timestamp,
    deployments::{self, Deployment, Deployments, State},
    names::{Environment, Service},
    store::Db,
};

/// How long before an incident was declared its timeline begins: what broke it was most likely
/// done by then, and nobody had noticed yet.
const BEFORE: Duration = Duration::from_hours(2);

/// How far back a post-mortem looks for what had shipped.
const SHIPPED: Duration = Duration::from_hours(7 * 24);

/// How many of those it names.
const NAMED: usize = 3;

/// Somebody who knows what happened to services.
#[async_trait]
pub trait Witness: Send + Sync {
    /// What happened to this service from one moment to the other, in any order.
    async fn happened(
        &self,
        service: &Service,
        from: Timestamp,
        to: Timestamp,
    ) -> anyhow::Result<Vec<Moment>>;
}

/// Tells whole stories.
pub struct Chronicle {
    incidents: Arc<Incidents>,
    witnesses: Vec<Arc<dyn Witness>>,
}

impl Chronicle {
    /// One that asks these.
    pub fn new(incidents: Arc<Incidents>, witnesses: Vec<Arc<dyn Witness>>) -> Self {
        Self { incidents, witnesses }
    }

    /// Everything that happened in an incident and shortly before, oldest first; of what happened
    /// in an environment only what happened in one of those `seen`, when that is limited.
    ///
    /// # Errors
    /// When the database does not answer; a witness that does not is left out, and that is logged.
    pub async fn timeline(
        &self,
        incident: &Incident,
        seen: Option<&[Environment]>,
        now: Timestamp,
    ) -> anyhow::Result<Vec<Moment>> {
        let events = self.incidents.events(incident.number).await?;
        let mut moments: Vec<Moment> =
            events.iter().filter_map(|(at, event)| Moment::told(*at, event)).collect();
        let to = incident.resolved.as_ref().map_or(now, |resolved| resolved.at);
        moments.extend(self.ask(incident, earlier(incident.declared, BEFORE), to).await);
        moments.retain(|moment| is_seen(moment, seen));
        moments.sort_by_key(|moment| moment.at);
        Ok(moments)
    }

    /// What had shipped last when an incident was declared, oldest first.
    async fn shipped_before(
        &self,
        incident: &Incident,
        seen: Option<&[Environment]>,
    ) -> Vec<Moment> {
        let from = earlier(incident.declared, SHIPPED);
        let mut shipped = self.ask(incident, from, incident.declared).await;
        shipped.retain(|moment| moment.kind == Kind::Shipped && is_seen(moment, seen));
        shipped.sort_by_key(|moment| moment.at);
        shipped.split_off(shipped.len().saturating_sub(NAMED))
    }

    /// The post-mortem of an incident, as far as it writes itself: Markdown. `seen` as for
    /// [`Chronicle::timeline`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export(
        &self,
        incident: &Incident,
        seen: Option<&[Environment]>,
        now: Timestamp,
    ) -> anyhow::Result<String> {
        let moments = self.timeline(incident, seen, now).await?;
        let shipped = self.shipped_before(incident, seen).await;
        Ok(export(incident, &moments, &shipped, now))
    }

    async fn ask(&self, incident: &Incident, from: Timestamp, to: Timestamp) -> Vec<Moment> {
        let Some(service) = &incident.service else { return vec![] };
        let mut moments = vec![];
        for witness in &self.witnesses {
            match witness.happened(service, from, to).await {
                Ok(told) => moments.extend(told),
                Err(error) => tracing::error!("a witness of an incident says nothing: {error:#}"),
            }
        }
        moments
    }
}

/// The audit as a witness: deployments and locks, and whatever else writes a row whose particulars
/// name a service.
pub struct Books {
    db: Db,
    deployments: Arc<Deployments>,
}

impl Books {
    /// The audit of this database.
    pub fn new(db: Db, deployments: Arc<Deployments>) -> Self {
        Self { db, deployments }
    }
}

#[async_trait]
impl Witness for Books {
    async fn happened(
        &self,
        service: &Service,
        from: Timestamp,
        to: Timestamp,
    ) -> anyhow::Result<Vec<Moment>> {
        let recent = self.deployments.recent(Some(service), None).await?;
        let known: HashMap<String, Deployment> =
            recent.into_iter().map(|deployment| (deployment.id.to_string(), deployment)).collect();
        let entries = audit::between(&self.db, service, (from, to)).await?;
        Ok(entries.iter().filter_map(|entry| moment(entry, &known)).collect())
    }
}

fn is_seen(moment: &Moment, seen: Option<&[Environment]>) -> bool {
    let (Some(seen), Some(environment)) = (seen, &moment.environment) else { return true };
    seen.contains(environment)
}

/// What only tells how far something is that somebody wanted: no story of its own.
const ON_THE_WAY: [&str; 8] = [
    "silence_made",
    "silence_ended",
    "page_called",
    "page_delivered",
    "page_delayed",
    "page_unclear",
    "step_started",
    "step_unclear",
];

/// What a row of the audit says, if anything.
fn moment(entry: &Record, known: &HashMap<String, Deployment>) -> Option<Moment> {
    let (kind, id) = entry.subject.split_once('/')?;
    // What was refused did not happen, what was found was there before, and an incident tells its
    // own story.
    if !entry.is_done() || entry.action == "adopt" || kind == SUBJECT {
        return None;
    }
    let (what, kind, environment) = if kind == deployments::SUBJECT {
        let deployment = known.get(id)?;
        let (what, kind) = deployed(entry, deployment)?;
        (what, kind, Some(deployment.plan.environment.clone()))
    } else {
        if ON_THE_WAY.contains(&entry.action.as_str()) {
            return None;
        }
        (named(entry), Kind::Happened, entry.environment.clone())
    };
    Some(Moment { at: entry.at, by: entry.actor_name.clone(), what, kind, environment })
}

/// What a row says of a deployment; `None` for what only tells how far things are.
fn deployed(entry: &Record, deployment: &Deployment) -> Option<(String, Kind)> {
    let plan = &deployment.plan;
    let it = format!("{} in {} ({})", plan.version, plan.environment, deployment.id);
    let what = match entry.action.as_str() {
        "deploy" => format!("asked to deploy {it}"),
        "rollback" if plan.back => format!("asked to go back to {it}"),
        "rollback" => format!("began to take back {it}"),
        "approve" => format!("approved {it}"),
        "decline" => format!("declined {it}"),
        "cancel" => format!("stopped {it}"),
        "gate_approve" => format!("let {it} pass at its pipeline"),
        "gate_decline" => format!("did not let {it} pass at its pipeline"),
        "run_started" => format!("started {it}"),
        "ended" => {
            let kind = if changed(&deployment.state) { Kind::Shipped } else { Kind::Happened };
            return Some((format!("reports {it}: {}", entry.detail), kind));
        }
        "gate_left" | "gate_told" | "turn_came" | "held" | "released" | "superseded" => {
            return None;
        }
        other => format!("{} {it}", spaced(other)),
    };
    Some((what, Kind::Happened))
}

/// Whether a deployment that has come to rest has changed anything, for good or ill.
fn changed(state: &State) -> bool {
    let State::Ended(outcome) = state else { return false };
    match outcome {
        deployments::Outcome::Succeeded { .. }
        | deployments::Outcome::PipelineFailed { .. }
        | deployments::Outcome::Unhealthy { .. }
        | deployments::Outcome::RolledBack { .. }
        | deployments::Outcome::RollbackFailed { .. } => true,
        deployments::Outcome::Cancelled { begun, .. } => *begun,
        _ => false,
    }
}

/// What a row says of anything else.
fn named(entry: &Record) -> String {
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let place = entry.environment.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let why = ["reason", "title", "text", "summary"];
    let why = why.iter().find_map(|key| detail[*key].as_str());
    let why = why.map_or(String::new(), |why| format!(": {why}"));
    let word = |key: &str| detail[key].as_str().unwrap_or_default();
    let alert = || detail["alert"].as_str().unwrap_or(&entry.subject);
    match entry.action.as_str() {
        "lock" => format!("locked{place}{why}"),
        "unlock" => format!("unlocked{place}"),
        "lock_ran_out" => format!("saw the time of the lock of{place} run out"),
        "ack" => format!("took the alert {}{place}", alert()),
        "silence" => format!("silenced the alert {}{place}{why}", alert()),
        "unsilence" => format!("ended the silence of the alert {}{place}", alert()),
        "page" => format!("paged {}: {}", word("to"), word("message")),
        "page_answered" => format!("answered the page to {}", word("to")),
        "page_failed" => format!("could not reach {}: {}", word("who"), word("why")),
        "page_escalated" => "called the next level, as nobody had answered".to_owned(),
        "page_unanswered" => format!("saw the page to {} stay unanswered", word("to")),
        "step_run" => format!("ran the step {} of {}{place}", word("step"), word("runbook")),
        "step_ended" => {
            format!("saw the step {} of {} end{place}", word("step"), word("runbook"))
        }
        "step_stop" => format!("stopped the step {} of {}", word("step"), word("runbook")),
        other => format!("{} ({}){place}{why}", spaced(other), entry.subject),
    }
}

/// `alert_acknowledged` is `alert acknowledged`.
fn spaced(action: &str) -> String {
    action.replace('_', " ")
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
