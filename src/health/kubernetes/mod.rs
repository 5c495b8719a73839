//! Asks Kubernetes whether everything of a workload runs in its newest form, by the rule of
//! `kubectl rollout status`.
//!
//! It says nothing about which form that is: the pipeline has to have changed the workload when it
//! ends. Needs `get` on the workload in its namespace, and nothing else.

mod rollout;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Ground, Probe,
    common::{Objections, answer, server, short, three_seconds},
};
use crate::{
    clock::{Span, Timestamp},
    names::Service,
    outbound::{Base, Failure},
    secrets::Secret,
    vendors::server::{Error, Key, Server},
};
use rollout::{Found, Rollout};

const NAME: &str = "Kubernetes";

/// Where every pod finds its cluster.
const INSIDE: &str = "https://kubernetes.default.svc";

/// Where every pod finds who it is there. The token is replaced every hour, and read anew each time.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Where every pod finds whom to trust as its cluster.
const AUTHORITIES: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// A workload of Kubernetes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the API server; without it, the cluster the bot runs in is asked, as the
    /// service account of its pod.
    pub url: Option<Base>,
    /// A token for that address.
    pub token: Option<Secret>,
    /// Whom to trust as that server, a file in PEM form; without it, whomever the machine trusts.
    pub authorities: Option<PathBuf>,
    /// The namespace.
    pub namespace: Service,
    /// What it is; `deployment`, when nothing is said.
    #[serde(default)]
    pub workload: Workload,
    /// What it is called.
    pub name: Service,
    /// How long it may take to answer. Three seconds, when nothing is said; 10 at most.
    #[serde(default = "three_seconds")]
    pub timeout: Span,
}

/// What keeps pods running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// A Deployment.
    #[default]
    Deployment,
    /// A `StatefulSet`.
    StatefulSet,
    /// A `DaemonSet`.
    DaemonSet,
}

pub(super) struct Kubernetes {
    server: Server,
    namespace: Service,
    workload: Workload,
    name: Service,
}

impl Settings {
    pub(super) fn objections(&self) -> Objections {
        let mut wrong = server(self.timeout, None);
        if self.url.is_some() && self.token.is_none() {
            wrong.push(("url", "needs a `token` beside it".to_owned()));
        }
        if self.url.is_none() && self.token.is_some() {
            wrong.push(("token", "needs the `url` it is for beside it".to_owned()));
        }
        if self.url.is_none() && self.authorities.is_some() {
            wrong.push(("authorities", "needs the `url` it is for beside it".to_owned()));
        }
        wrong
    }
}

impl Kubernetes {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        let Settings { url, token, authorities, namespace, workload, name, timeout } =
            settings.clone();
        let inside = url.is_none();
        let url = url.map_or_else(|| INSIDE.parse(), Ok)?;
        let token = token.unwrap_or_else(|| Secret::File(TOKEN.into()));
        let authorities = authorities.or_else(|| inside.then(|| AUTHORITIES.into()));
        let outbound = match authorities.as_deref() {
            Some(file) => ground.outbound.trusting(inside_or(file, inside)?)?,
            None => ground.outbound.clone(),
        };
        let ground = (ground.clock.clone(), outbound);
        let server = Server::new(NAME, (url, timeout), Key::Bearer(token), ground)?;
        Ok(Self { server, namespace, workload, name })
    }

    async fn ask(&self) -> Result<Rollout, Error> {
        let (namespace, name) = (self.namespace.as_str(), self.name.as_str());
        let path = ["apis", "apps", "v1", "namespaces", namespace, self.workload.plural(), name];
        let unreached = |error: anyhow::Error| Failure::Unreached(error.to_string());
        let url = self.server.url(&path).map_err(|error| Error::Failed(NAME, unreached(error)))?;
        self.server.decoded(&self.server.look_once(url, &[]).await?)
    }

    fn told(&self, error: &Error) -> String {
        let (namespace, name) = (&self.namespace, &self.name);
        let (what, many) = (self.workload.word(), self.workload.plural());
        match error.status() {
            Some(404) => format!("{NAME} has no {what} {name} in the namespace {namespace}"),
            Some(403) => format!(
                "{NAME} does not let Pilothouse look at it: its account needs `get` on {many} in \
                 the namespace {namespace}"
            ),
            _ => error.to_string(),
        }
    }
}

#[async_trait]
impl Probe for Kubernetes {
    async fn check(&self, since: Option<Timestamp>) -> Answer {
        match self.ask().await {
            Ok(rollout) => match rollout.judge(self.workload, since) {
                Found::Done(said) => answer(Ok(said)),
                Found::Waits(said) => answer(Err(said)),
                Found::Hopeless(said) => Answer { hopeless: true, ..answer(Err(said)) },
            },
            Err(error) => answer(Err(self.told(&error))),
        }
    }
}

impl Workload {
    fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
        }
    }
}

/// The file, where it can be.
fn inside_or(file: &Path, inside: bool) -> anyhow::Result<&Path> {
    anyhow::ensure!(
        !inside || file.exists(),
        "Pilothouse does not run in a cluster of Kubernetes (there is no {}): name the `url` and \
         the `token` of the one that is meant",
        short(&file.display().to_string(), 200)
    );
    Ok(file)
}
