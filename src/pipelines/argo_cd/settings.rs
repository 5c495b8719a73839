//! Which application of Argo CD is synced, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span, names::Service, outbound::Base, secrets::Secret, vendors::server::patience,
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
    #[serde(default)]
    pub project: Option<Service>,
    /// The namespace the application is kept in, when it is not Argo CD's own.
    #[serde(default)]
    pub namespace: Option<Service>,
    /// Whether what is no longer in Git is deleted from the cluster.
    #[serde(default)]
    pub prune: bool,
    /// A token of an account or project role: applications get and sync, repositories get.
    pub token: Secret,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}
