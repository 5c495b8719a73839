//! What pipelines push, as the configuration writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    hooks::{AzureDevopsProof, BasicProof, BearerProof, HeaderProof, Proof, SecretProof, Vendor},
    names::{PipelineName, SourceName},
    pipelines,
    secrets::Secret,
};

/// `hooks` of the configuration.
pub type AllSettings = BTreeMap<SourceName, Settings>;

/// One sender; `/hooks/<its name>` is its door.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// A webhook of GitHub: of a repository, an organization or an app.
    Github(GithubSettings),
    /// A webhook of GitLab: of a project or a group.
    Gitlab(GitlabSettings),
    /// Service hooks of Azure DevOps.
    AzureDevops(AzureDevopsSettings),
    /// Whoever signs as Standard Webhooks do.
    Webhook(WebhookSettings),
    /// Whatever can hold a token: a Jenkinsfile, the notifications of Argo CD.
    Bearer(BearerSettings),
}

/// A webhook of GitHub.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubSettings {
    /// What GitHub signs with.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
    /// The pipelines it is about; usually all of GitHub Actions.
    #[serde(default)]
    pub pipelines: Vec<PipelineName>,
}

/// A webhook of GitLab.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitlabSettings {
    /// The "signing token", which begins with `whsec_`, or the older "secret token".
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
    /// The pipelines it is about; usually all of GitLab.
    #[serde(default)]
    pub pipelines: Vec<PipelineName>,
}

/// Service hooks of Azure DevOps: one of the two proofs, or both.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzureDevopsSettings {
    /// "Basic authentication username" and "password" of the service hook.
    pub basic: Option<BasicProof>,
    /// One of the service hook's "HTTP headers".
    pub header: Option<HeaderProof>,
    /// The pipelines it is about; usually all of Azure DevOps.
    #[serde(default)]
    pub pipelines: Vec<PipelineName>,
}

/// Whoever signs as Standard Webhooks do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// What both sides sign with: `whsec_` and base64, or any other text.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
    /// The pipelines it is about; usually all there are.
    #[serde(default)]
    pub pipelines: Vec<PipelineName>,
}

/// Whatever can hold a token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BearerSettings {
    /// The bearer token it sends.
    pub token: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_token: Option<Secret>,
    /// The pipelines it is about; usually all there are.
    #[serde(default)]
    pub pipelines: Vec<PipelineName>,
}

impl Settings {
    /// How the sender proves itself.
    pub fn proof(&self) -> Proof {
        let both = |secret: &Secret, next: &Option<Secret>| SecretProof {
            secret: secret.clone(),
            next_secret: next.clone(),
        };
        match self {
            Self::Github(own) => Proof::Github(both(&own.secret, &own.next_secret)),
            Self::Gitlab(own) => Proof::Gitlab(both(&own.secret, &own.next_secret)),
            Self::Webhook(own) => Proof::Standard(both(&own.secret, &own.next_secret)),
            Self::Bearer(own) => Proof::Bearer(BearerProof {
                token: own.token.clone(),
                next_token: own.next_token.clone(),
            }),
            Self::AzureDevops(own) => Proof::AzureDevops(AzureDevopsProof {
                basic: own.basic.clone(),
                header: own.header.clone(),
            }),
        }
    }

    /// What the sender is made by.
    pub fn vendor(&self) -> Vendor {
        match self {
            Self::Github(_) => Vendor::Github,
            Self::Gitlab(_) => Vendor::Gitlab,
            Self::AzureDevops(_) => Vendor::AzureDevops,
            Self::Webhook(_) => Vendor::Standard,
            Self::Bearer(_) => Vendor::Other,
        }
    }

    /// The pipelines it is about, as far as they are named.
    pub fn pipelines(&self) -> &[PipelineName] {
        match self {
            Self::Github(own) => &own.pipelines,
            Self::Gitlab(own) => &own.pipelines,
            Self::AzureDevops(own) => &own.pipelines,
            Self::Webhook(own) => &own.pipelines,
            Self::Bearer(own) => &own.pipelines,
        }
    }

    /// Whether it can be about a pipeline of that kind.
    pub fn fits(&self, pipeline: &pipelines::Settings) -> bool {
        match self {
            Self::Github(_) => matches!(pipeline, pipelines::Settings::GithubActions(_)),
            Self::Gitlab(_) => matches!(pipeline, pipelines::Settings::Gitlab(_)),
            Self::AzureDevops(_) => matches!(pipeline, pipelines::Settings::AzureDevops(_)),
            Self::Webhook(_) | Self::Bearer(_) => true,
        }
    }
}

/// The same hooks, each with the pipelines it is about where it names none.
pub fn resolved(
    hooks: &AllSettings,
    pipelines: &BTreeMap<PipelineName, pipelines::Settings>,
) -> AllSettings {
    let mut hooks = hooks.clone();
    for settings in hooks.values_mut().filter(|settings| settings.pipelines().is_empty()) {
        let fitting = pipelines.iter().filter(|(_, pipeline)| settings.fits(pipeline));
        let fitting: Vec<_> = fitting.map(|(name, _)| name.clone()).collect();
        match settings {
            Settings::Github(own) => own.pipelines = fitting,
            Settings::Gitlab(own) => own.pipelines = fitting,
            Settings::AzureDevops(own) => own.pipelines = fitting,
            Settings::Webhook(own) => own.pipelines = fitting,
            Settings::Bearer(own) => own.pipelines = fitting,
        }
    }
    hooks
}
