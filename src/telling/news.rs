//! What became of a deployment, as others are told. Pure.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    names::{DeploymentId, Environment, Service, Version},
};

/// Something that became of a deployment. Whoever hears it needs to know nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Of which.
    pub deployment: DeploymentId,
    /// What became of it.
    pub what: What,
    /// What is deployed.
    pub service: Service,
    /// Where.
    pub environment: Environment,
    /// The version that was asked for.
    pub version: Version,
    /// The commit it stands for, when that is known.
    pub commit: Option<String>,
    /// The version that is there now instead, when it was rolled back.
    pub back_to: Option<Version>,
    /// Who asked for it.
    pub by: String,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// Why they asked for it. Text from outside.
    pub reason: Option<String>,
    /// What went wrong. Text from outside.
    pub why: Option<String>,
    /// The page of its run.
    pub link: Option<String>,
    /// When its first run was asked for.
    pub began: Timestamp,
    /// When this happened.
    pub at: Timestamp,
}

/// What became of a deployment.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Its run has begun.
    Started,
    /// The version is live, and well as far as anybody can ask.
    Succeeded,
    /// It ended in any other way after it had begun.
    Failed,
    /// The version before it is live again, and well.
    RolledBack,
}

impl What {
    /// As a message names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl News {
    /// The same for the same news, and for no other.
    pub fn id(&self) -> String {
        format!("ph-{}-{}", self.deployment, self.what.word())
    }

    /// On one line, for people: `Deployed checkout v2.1.0 to production (alice)`.
    pub fn summary(&self) -> String {
        let Self { service, environment, version, by, .. } = self;
        let to = format!("{service} {version} to {environment}");
        let why = self.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
        match self.what {
            What::Started => format!("Deploying {to} ({by})"),
            What::Succeeded => format!("Deployed {to} ({by})"),
            What::Failed => format!("Deploying {to} failed ({by}){why}"),
            What::RolledBack => {
                let back = self.back_to.as_ref().map_or(String::new(), |v| format!(" to {v}"));
                format!("Rolled back {service} {version} in {environment}{back} ({by}){why}")
            }
        }
    }
}
