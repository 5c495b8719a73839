//! How we know that it worked. One way of knowing, one file.

pub mod alerts;
pub mod argo_cd;
mod common;
pub mod http;
pub mod kubernetes;
pub mod own_alerts;
pub mod prometheus;

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alerts::Firing;
pub use own_alerts::{Lookout, Post};

use crate::{
    clock::{Clock, Timestamp},
    names::{Environment, Service},
    outbound::Outbound,
};

/// One probe of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// Asks a page and looks at the answer.
    Http(http::Settings),
    /// Asks Prometheus for a number.
    Prometheus(prometheus::Settings),
    /// Asks whether alerts fire that did not fire before.
    Alerts(alerts::Settings),
    /// Asks the bot itself whether such alerts fire.
    OwnAlerts(own_alerts::Settings),
    /// Asks Argo CD how an application is.
    ArgoCd(argo_cd::Settings),
    /// Asks Kubernetes whether everything runs in its newest form.
    Kubernetes(kubernetes::Settings),
}

impl Settings {
    /// What none of its values shows alone: a key of it, and what is wrong there.
    pub fn objections(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Http(settings) => settings.objections(),
            Self::Prometheus(settings) => settings.objections(),
            Self::Alerts(settings) => settings.objections(),
            Self::OwnAlerts(_) => vec![],
            Self::ArgoCd(settings) => settings.objections(),
            Self::Kubernetes(settings) => settings.objections(),
        }
    }
}

/// What probes stand on.
#[derive(Clone)]
pub struct Ground {
    /// The time.
    pub clock: Clock,
    /// The way to other servers.
    pub outbound: Outbound,
    /// Where whoever knows which alerts fire will stand.
    pub post: Post,
}

/// Opens the probe that is configured so for an environment of a service.
///
/// # Errors
/// When something in its settings cannot be, or a secret or file it needs cannot be read.
pub fn open(
    settings: &Settings,
    place: (&Service, &Environment),
    ground: &Ground,
) -> anyhow::Result<Arc<dyn Probe>> {
    if let Some((key, what)) = settings.objections().first() {
        anyhow::bail!("`{key}` {what}");
    }
    Ok(match settings {
        Settings::Http(settings) => Arc::new(http::Http::new(settings, &ground.outbound)),
        Settings::Prometheus(settings) => Arc::new(prometheus::Query::new(settings, ground)?),
        Settings::Alerts(settings) => Arc::new(alerts::Alerts::new(settings, ground)?),
        Settings::OwnAlerts(settings) => {
            Arc::new(own_alerts::OwnAlerts::new(settings, place, ground.post.clone()))
        }
        Settings::ArgoCd(settings) => Arc::new(argo_cd::ArgoCd::new(settings, ground)?),
        Settings::Kubernetes(settings) => Arc::new(kubernetes::Kubernetes::new(settings, ground)?),
    })
}

/// One way of asking whether a service is well in one environment.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks once. Never fails: a question that got no answer is an answer too.
    ///
    /// With `since`, it is asked about what began at that moment: trouble that was there before is
    /// not held against it. Without, about how things are.
    async fn check(&self, since: Option<Timestamp>) -> Answer;
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether all was well.
    pub healthy: bool,
    /// What was asked and found, in few words: `http 200 in 12 ms`. Text from outside.
    pub detail: String,
    /// Whether waiting is of no use: who knows has given up.
    #[serde(default)]
    pub hopeless: bool,
}

impl Answer {
    /// All was well.
    pub fn well(detail: impl Into<String>) -> Self {
        Self { healthy: true, detail: detail.into(), hopeless: false }
    }

    /// It was not, or nobody can tell.
    pub fn unwell(detail: impl Into<String>) -> Self {
        Self { healthy: false, detail: detail.into(), hopeless: false }
    }
}
