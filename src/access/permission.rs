//! What somebody may be allowed, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::{Environment, Service};

/// Something a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See what runs where, and who did what.
    Look,
    /// Ask for a deployment, and cancel one's own.
    Deploy,
    /// Approve or decline somebody else's deployment.
    Approve,
    /// Stop anybody's deployment, or the roll-back after it.
    Cancel,
    /// Lock an environment, and unlock it, whoever locked it.
    Lock,
    /// Deploy in spite of a freeze, with a reason that everybody reads.
    Override,
    /// Acknowledge and silence alerts.
    Alerts,
    /// Reach whoever is on call.
    Page,
    /// Run the steps of runbooks that can be run.
    Run,
    /// Declare incidents, tell how they go, and end them.
    Incidents,
    /// Read who did what, refusals included.
    Audit,
}

impl Permission {
    /// Whether what it allows is decided by who somebody is at that very moment, and not by who
    /// they were a few minutes ago.
    pub(super) fn is_decisive(self) -> bool {
        matches!(self, Self::Approve | Self::Cancel | Self::Override | Self::Run)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "look at",
            Self::Deploy => "deploy",
            Self::Approve => "approve deployments of",
            Self::Cancel => "cancel deployments of",
            Self::Lock => "lock or unlock",
            Self::Override => "override a freeze of",
            Self::Alerts => "handle alerts of",
            Self::Page => "page people about",
            Self::Run => "run steps of runbooks for",
            Self::Incidents => "lead incidents of",
            Self::Audit => "read the audit of",
        })
    }
}

/// What a permission is asked for. `None` means anything at all: "may they do this somewhere?"
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// The service, when one is meant.
    pub service: Option<&'a Service>,
    /// The environment, when one is meant.
    pub environment: Option<&'a Environment>,
}

impl<'a> Target<'a> {
    /// One service in one environment.
    pub fn of(service: &'a Service, environment: &'a Environment) -> Self {
        Self { service: Some(service), environment: Some(environment) }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.service, self.environment) {
            (Some(service), Some(environment)) => write!(f, "{service} in {environment}"),
            (Some(name), None) => write!(f, "{name}"),
            (None, Some(name)) => write!(f, "{name}"),
            (None, None) => f.write_str("anything here"),
        }
    }
}
