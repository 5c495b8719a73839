//! Argo CD: one application, in its own words. Every word may be missing or new.

use serde::Deserialize;
use url::Url;

use super::server::{Error, Key, Server};
use crate::{
    clock::{Clock, Span},
    names::Service,
    outbound::{Base, Failure, Outbound},
    secrets::Secret,
};

/// What people call it.
pub const NAME: &str = "Argo CD";

/// Which application.
#[derive(Clone, Debug)]
pub struct Which {
    /// Its name.
    pub application: Service,
    /// Its project; then one that is not there is told from one that is hidden.
    pub project: Option<Service>,
    /// The namespace it is kept in, when it is not Argo CD's own.
    pub namespace: Option<Service>,
}

/// Asks about one application.
pub struct Client {
    /// Its API server.
    pub server: Server,
    which: Which,
}

impl Client {
    /// The application at an address, where a token may see it.
    ///
    /// # Errors
    /// When the secret cannot be read, or the time for an answer is none.
    pub fn new(
        which: Which,
        (url, timeout): (Base, Span),
        token: Secret,
        (clock, outbound): (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let key = Key::Bearer(token);
        let server = Server::new(NAME, (url, timeout), key, (clock, outbound))?;
        Ok(Self { server, which })
    }

    /// The address of something about it.
    ///
    /// # Errors
    /// When a segment could not be one.
    pub fn url(&self, more: &[&str]) -> anyhow::Result<Url> {
        let Which { application, project, namespace } = &self.which;
        let to = ["api", "v1", "applications", application.as_str()];
        let mut url = self.server.url(&[&to[..], more].concat())?;
        for (name, value) in [("project", project), ("appNamespace", namespace)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value.as_str());
            }
        }
        Ok(url)
    }

    /// How it is.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub(crate) async fn application(&self) -> Result<Application, Error> {
        self.server.ask(self.own()?).await
    }

    /// How it is, compared with Git as that is now, asked once.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub(crate) async fn refreshed(&self) -> Result<Application, Error> {
        let mut url = self.own()?;
        url.query_pairs_mut().append_pair("refresh", "normal");
        self.server.decoded(&self.server.look_once(url, &[]).await?)
    }

    fn own(&self) -> Result<Url, Error> {
        self.url(&[]).map_err(|error| Error::Failed(NAME, Failure::Unreached(error.to_string())))
    }
}

/// An application, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(crate) struct Application {
    #[expect(dead_code, reason = "without it, it is no application")]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) spec: Spec,
    #[serde(default)]
    pub(crate) status: Status,
    /// Asked for, not begun.
    pub(crate) operation: Option<Operation>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "without a name it is no application")]
pub(crate) struct Metadata {
    pub(crate) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    pub(crate) project: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) sources: Option<Vec<Source>>,
    pub(crate) sync_policy: Option<SyncPolicy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    #[serde(rename = "repoURL", default)]
    pub(crate) repository: String,
    pub(crate) target_revision: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SyncPolicy {
    pub(crate) automated: Option<Automated>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Automated {
    /// Newer servers can have it written down and switched off.
    pub(crate) enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    pub(crate) sync: Option<Sync>,
    pub(crate) health: Option<Health>,
    pub(crate) operation_state: Option<OperationState>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sync {
    pub(crate) status: Option<String>,
    pub(crate) revision: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    pub(crate) status: Option<String>,
    pub(crate) message: Option<String>,
    /// Not said by older servers.
    pub(crate) last_transition_time: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) info: Option<Vec<Info>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Info {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationState {
    pub(crate) phase: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) finished_at: Option<String>,
    pub(crate) operation: Option<Operation>,
    pub(crate) sync_result: Option<SyncResult>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SyncResult {
    pub(crate) resources: Option<Vec<Resource>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) hook_phase: Option<String>,
}
