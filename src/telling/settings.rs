//! `tell` of the configuration: who hears of deployments, and of which.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Subscriber,
    github::GithubDeployments,
    grafana::Grafana,
    news::{News, What},
    pagerduty::PagerDuty,
    webhook::Webhook,
};
use crate::{
    clock::{Clock, Span},
    names::{Environment, Service, SubscriberName},
    outbound::{Base, Outbound},
    secrets::Secret,
    vendors::{
        github::{self, Repository},
        pagerduty::EventsSettings,
        server::patience,
    },
};

/// `tell` of the configuration.
pub type AllSettings = BTreeMap<SubscriberName, Settings>;

/// One who hears of deployments.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// A service of PagerDuty, which shows change events beside its incidents.
    Pagerduty(Box<PagerDutySettings>),
    /// Grafana, which shows annotations in its graphs.
    Grafana(Box<GrafanaSettings>),
    /// GitHub, which shows deployments beside the commits of a repository.
    Github(Box<GithubSettings>),
    /// Whoever takes signed messages (Standard Webhooks).
    Webhook(Box<WebhookSettings>),
}

/// Change events of PagerDuty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySettings {
    /// Of which deployments it hears; of all, when nothing is said.
    #[serde(default)]
    pub only: Only,
    /// The integration of the service: Events API v2, or Change Events.
    pub integration: EventsSettings,
}

/// Annotations of Grafana.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrafanaSettings {
    /// Of which deployments it hears; of all, when nothing is said.
    #[serde(default)]
    pub only: Only,
    /// Its address.
    pub url: Base,
    /// The token of a service account that may read and write annotations of the organization.
    pub token: Secret,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// Deployments of a repository of GitHub.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubSettings {
    /// Of which deployments it hears; of all, when nothing is said.
    #[serde(default)]
    pub only: Only,
    /// The repository: `owner/name`.
    pub repository: Repository,
    /// What environments are called at GitHub, where that is something else.
    #[serde(default)]
    pub environments: BTreeMap<Environment, String>,
    /// A page of each environment, for people to look at.
    #[serde(default)]
    pub pages: BTreeMap<Environment, Base>,
    /// How GitHub is reached and who Pilothouse is there; it must be allowed to write Deployments.
    pub github: github::Settings,
}

/// Signed messages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Of which deployments it hears; of all, when nothing is said.
    #[serde(default)]
    pub only: Only,
    /// Where messages go.
    pub url: Base,
    /// What they are signed with.
    pub secret: Secret,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// Of which deployments somebody hears. What is not said is everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Only {
    /// Of these services.
    pub services: Option<Vec<Service>>,
    /// In these environments.
    pub environments: Option<Vec<Environment>>,
    /// That this became of them.
    pub events: Option<Vec<What>>,
}

impl Only {
    /// Whether they want to hear that.
    pub fn fits(&self, news: &News) -> bool {
        among(self.services.as_ref(), &news.service)
            && among(self.environments.as_ref(), &news.environment)
            && among(self.events.as_ref(), &news.what)
    }
}

fn among<T: PartialEq>(wanted: Option<&Vec<T>>, item: &T) -> bool {
    wanted.is_none_or(|wanted| wanted.contains(item))
}

impl Settings {
    /// Of which deployments they hear.
    pub fn only(&self) -> &Only {
        match self {
            Self::Pagerduty(settings) => &settings.only,
            Self::Grafana(settings) => &settings.only,
            Self::Github(settings) => &settings.only,
            Self::Webhook(settings) => &settings.only,
        }
    }

    /// Where the time for an answer is written, and what it is.
    pub fn timeout(&self) -> (&'static [&'static str], Span) {
        match self {
            Self::Pagerduty(settings) => {
                (&["integration", "timeout"], settings.integration.timeout)
            }
            Self::Grafana(settings) => (&["timeout"], settings.timeout),
            Self::Github(settings) => (&["github", "timeout"], settings.github.timeout),
            Self::Webhook(settings) => (&["timeout"], settings.timeout),
        }
    }

    /// Opens them.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn open(&self, ground: (Clock, Outbound)) -> anyhow::Result<Arc<dyn Subscriber>> {
        Ok(match self {
            Self::Pagerduty(settings) => Arc::new(PagerDuty::new(settings, ground)?),
            Self::Grafana(settings) => Arc::new(Grafana::new(settings, ground)?),
            Self::Github(settings) => Arc::new(GithubDeployments::new(settings, ground)?),
            Self::Webhook(settings) => Arc::new(Webhook::new(settings, ground)?),
        })
    }
}
