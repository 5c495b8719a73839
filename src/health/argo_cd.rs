//! Asks Argo CD how an application is: synced, healthy, the last sync a success, and all that for a
//! while. It is called healthy a moment too early sometimes, before the new pods have begun.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Ground, Probe,
    common::{Objections, VALUE, answer, moment, server, short, three_seconds},
};
use crate::{
    clock::{Clock, Span, Timestamp, spoken},
    names::Service,
    outbound::Base,
    secrets::Secret,
    vendors::argo_cd::{Application, Client, Which},
};

/// An application of Argo CD.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the API server.
    pub url: Base,
    /// The application.
    pub application: Service,
    /// Its project; then an application that is not there is told from one that is hidden.
    pub project: Option<Service>,
    /// The namespace the application is kept in, when it is not Argo CD's own.
    pub namespace: Option<Service>,
    /// A token of an account or project role: applications get.
    pub token: Secret,
    /// For how long it has to be synced and healthy; 30 s, when nothing is said.
    #[serde(default = "half_a_minute")]
    pub steady: Span,
    /// How long it may take to answer. Three seconds, when nothing is said; 10 at most.
    #[serde(default = "three_seconds")]
    pub timeout: Span,
}

fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}

pub(super) struct ArgoCd {
    client: Client,
    steady: Duration,
    clock: Clock,
}

impl Settings {
    pub(super) fn objections(&self) -> Objections {
        server(self.timeout, None)
    }
}

impl ArgoCd {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        let Settings { url, application, project, namespace, token, steady, timeout } =
            settings.clone();
        let Ground { clock, outbound, .. } = ground.clone();
        let which = Which { application, project, namespace };
        let client = Client::new(which, (url, timeout), token, (clock.clone(), outbound))?;
        Ok(Self { client, steady: steady.0, clock })
    }

    async fn ask(&self) -> Result<String, String> {
        let application = self.client.refreshed().await.map_err(|error| error.to_string())?;
        self.judge(&application, self.clock.now())
    }

    fn judge(&self, application: &Application, now: Timestamp) -> Result<String, String> {
        let status = &application.status;
        let word = |word: Option<&String>| {
            word.filter(|word| !word.is_empty()).map_or("not said".to_owned(), |w| short(w, VALUE))
        };
        let operation = status.operation_state.as_ref();
        let phase = word(operation.and_then(|operation| operation.phase.as_ref()));
        if application.operation.is_some() || phase == "Running" || phase == "Terminating" {
            return Err("Argo CD is at work on it".to_owned());
        }
        if operation.is_some() && phase != "Succeeded" {
            let said = operation.and_then(|operation| operation.message.as_deref());
            let said = said.map(|said| format!(": {}", short(said, VALUE))).unwrap_or_default();
            return Err(format!("the last operation is {phase} instead of Succeeded{said}"));
        }
        let sync = word(status.sync.as_ref().and_then(|sync| sync.status.as_ref()));
        if sync != "Synced" {
            return Err(format!("the sync status is {sync} instead of Synced"));
        }
        let health = status.health.as_ref();
        let state = word(health.and_then(|health| health.status.as_ref()));
        if state != "Healthy" {
            let said = health.and_then(|health| health.message.as_deref());
            let said = said.map(|said| format!(": {}", short(said, VALUE))).unwrap_or_default();
            return Err(format!("the health is {state} instead of Healthy{said}"));
        }
        let changed = health.and_then(|health| health.last_transition_time.as_deref());
        let finished = operation.and_then(|operation| operation.finished_at.as_deref());
        let since = moment(changed).max(moment(finished));
        let age = since.map_or(self.steady, |since| now.since(since));
        if age < self.steady {
            let (age, steady) = (spoken(age), spoken(self.steady));
            return Err(format!("synced and healthy for {age} only, {steady} are asked for"));
        }
        let revision = status.sync.as_ref().and_then(|sync| sync.revision.as_deref());
        let revision = revision.filter(|revision| !revision.is_empty());
        let at = revision.map(|at| format!(" at {}", short(at, 10))).unwrap_or_default();
        Ok(format!("synced{at} and healthy"))
    }
}

#[async_trait]
impl Probe for ArgoCd {
    async fn check(&self, _: Option<Timestamp>) -> Answer {
        answer(self.ask().await)
    }
}
