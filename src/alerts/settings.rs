//! Sources of alerts as the configuration writes them.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span,
    names::{Environment, RoomName, SourceName},
    outbound::Base,
    secrets::Secret,
    vendors::credential::Credential,
};

/// `alerts` of the configuration.
pub type AllSettings = BTreeMap<SourceName, Settings>;

/// One source of alerts of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// Prometheus Alertmanager, or whatever speaks as it does.
    Alertmanager(AlertmanagerSettings),
}

/// Prometheus Alertmanager.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerSettings {
    /// Its address; without one it is only listened to, and silences live in the bot.
    pub url: Option<Base>,
    /// Who Pilothouse is there; without this line, nobody in particular.
    pub credential: Option<Credential>,
    /// How it proves that it is itself when it calls `/hooks/<name of the source>`; without this
    /// line that door is closed, and the source is only asked.
    pub webhook: Option<WebhookSettings>,
    /// Which labels say what an alert is about.
    #[serde(default)]
    pub labels: LabelSettings,
    /// The annotation that holds the address of a runbook; `runbook_url`, when nothing is said.
    #[serde(default = "runbook")]
    pub runbook: String,
    /// Where alerts come from that do not say it.
    pub environment: Option<Environment>,
    /// The room of alerts whose service has none; without it, `/alerts` alone lists them.
    pub room: Option<RoomName>,
    /// How often it is asked what is active; 30 s, when nothing is said.
    #[serde(default = "half_a_minute")]
    pub every: Span,
}

/// How a source proves that it is itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// The bearer token it sends.
    pub token: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_token: Option<Secret>,
}

/// Which labels say what an alert is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelSettings {
    /// The service.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// How bad it is.
    pub severity: String,
}

impl Default for LabelSettings {
    fn default() -> Self {
        let own = str::to_owned;
        Self { service: own("service"), environment: own("environment"), severity: own("severity") }
    }
}

fn runbook() -> String {
    "runbook_url".to_owned()
}

/// A lost delivery costs this much at most; each question costs the source one answer.
fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}

impl Settings {
    /// What every kind of source has.
    pub fn common(&self) -> &AlertmanagerSettings {
        match self {
            Self::Alertmanager(settings) => settings,
        }
    }
}
