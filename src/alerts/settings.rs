//! Sources of alerts as the configuration writes them.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{alertmanager, azure_monitor, datadog, grafana, pagerduty, webhook};
use crate::{
    clock::Span,
    hooks::Proof,
    names::{Environment, RoomName, SourceName},
};

/// `alerts` of the configuration.
pub type AllSettings = BTreeMap<SourceName, Settings>;

/// One source of alerts of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// Prometheus Alertmanager, or whatever speaks as it does.
    Alertmanager(Box<alertmanager::Settings>),
    /// Grafana Alerting.
    Grafana(Box<grafana::Settings>),
    /// Azure Monitor.
    AzureMonitor(Box<azure_monitor::Settings>),
    /// Datadog.
    Datadog(Box<datadog::Settings>),
    /// PagerDuty.
    Pagerduty(Box<pagerduty::Settings>),
    /// Whatever can post JSON when something begins and ends.
    Webhook(Box<webhook::Settings>),
}

/// What every kind of source has.
#[derive(Clone, Debug)]
pub struct Common {
    /// How it proves that it is itself; without it, its door is closed.
    pub proof: Option<Proof>,
    /// Which labels say what an alert is about.
    pub labels: LabelSettings,
    /// The annotation that holds the address of a runbook.
    pub runbook: String,
    /// Where alerts come from that do not say it.
    pub environment: Option<Environment>,
    /// The room of alerts whose service has none.
    pub room: Option<RoomName>,
}

/// Writes down the settings of one kind of source: its own first, then what every kind has, once
/// for all of them.
macro_rules! settings_of_a_source {
    ($(#[$about:meta])* proved by $proof:ty { $($(#[$of:meta])* $key:ident: $is:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[$of])* pub $key: $is,)*
            /// How it proves that it is itself when it calls `/hooks/<name of the source>`;
            /// without this line that door is closed.
            pub webhook: Option<$proof>,
            /// Which labels say what an alert is about.
            #[serde(default)]
            pub labels: crate::alerts::LabelSettings,
            /// The annotation that holds the address of a runbook; `runbook_url`, when nothing is
            /// said.
            #[serde(default = "crate::alerts::settings::runbook")]
            pub runbook: String,
            /// Where alerts come from that do not say it.
            pub environment: Option<crate::names::Environment>,
            /// The room of alerts whose service has none; without it, `/alerts` alone lists them.
            pub room: Option<crate::names::RoomName>,
        }

        impl Settings {
            /// What every kind of source has.
            pub fn common(&self) -> crate::alerts::Common {
                crate::alerts::Common {
                    proof: self.webhook.clone().map(Into::into),
                    labels: self.labels.clone(),
                    runbook: self.runbook.clone(),
                    environment: self.environment.clone(),
                    room: self.room.clone(),
                }
            }
        }
    };
}
pub(super) use settings_of_a_source;

/// Something in the settings of one source that the schema cannot find.
#[derive(Debug)]
pub struct Flaw {
    /// The keys that lead to it from the source's own; none, for the source itself.
    pub at: &'static [&'static str],
    /// What is wrong with it and what to do, to go on after its path.
    pub what: String,
    /// It is one only where one of these keys of the source's own does not stand there: a key whose
    /// value is wrong is missing in the settings, and told of by itself.
    pub without: &'static [&'static str],
}

impl Flaw {
    /// One at these keys.
    pub(super) fn at(at: &'static [&'static str], what: impl Into<String>) -> Self {
        Self { at, what: what.into(), without: &[] }
    }

    /// One at these keys, unless those are written beside them.
    pub(super) fn without(
        without: &'static [&'static str],
        at: &'static [&'static str],
        what: impl Into<String>,
    ) -> Self {
        Self { without, ..Self::at(at, what) }
    }
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

pub(super) fn runbook() -> String {
    "runbook_url".to_owned()
}

/// A lost delivery costs this much at most; each question costs the source one answer.
pub(super) fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}

impl Settings {
    /// What every kind of source has.
    pub fn common(&self) -> Common {
        match self {
            Self::Alertmanager(settings) => settings.common(),
            Self::Grafana(settings) => settings.common(),
            Self::AzureMonitor(settings) => settings.common(),
            Self::Datadog(settings) => settings.common(),
            Self::Pagerduty(settings) => settings.common(),
            Self::Webhook(settings) => settings.common(),
        }
    }

    /// How often it is asked what fires; `None` when nobody says where.
    pub fn every(&self) -> Option<Duration> {
        match self {
            Self::Alertmanager(settings) => settings.url.as_ref().map(|_| settings.every.0),
            Self::Grafana(settings) => settings.url.as_ref().map(|_| settings.every.0),
            Self::AzureMonitor(settings) => {
                settings.subscription.as_ref().map(|_| settings.every.0)
            }
            Self::Datadog(settings) => settings.url.as_ref().map(|_| settings.every.0),
            Self::Pagerduty(settings) => Some(settings.every.0),
            Self::Webhook(_) => None,
        }
    }

    /// The key that says where it is, and keys that mean nothing without it; none where it can only
    /// be listened to.
    pub fn place(&self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Alertmanager(_) => Some(("url", &["credential", "every"])),
            Self::Grafana(_) => Some(("url", &["token", "every"])),
            Self::AzureMonitor(_) => {
                Some(("subscription", &["credential", "every", "resource_group"]))
            }
            Self::Datadog(_) => Some(("url", &["api_key", "application_key", "tags", "every"])),
            Self::Pagerduty(_) => Some(("account", &["every"])),
            Self::Webhook(_) => None,
        }
    }

    /// What the schema cannot find wrong with what only this kind has.
    pub fn flaws(&self) -> Vec<Flaw> {
        match self {
            Self::Alertmanager(settings) => settings.flaws(),
            Self::Grafana(settings) => settings.flaws(),
            Self::AzureMonitor(settings) => settings.flaws(),
            Self::Datadog(settings) => settings.flaws(),
            Self::Pagerduty(settings) => settings.flaws(),
            Self::Webhook(settings) => settings.flaws(),
        }
    }
}
