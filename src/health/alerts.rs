//! Asks whether alerts fire that did not fire before.
//!
//! An alert that fired already when the deployment began is not its doing and does not count. One
//! that ended and began again since then does: each time it fires anew, it has a new beginning.

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Answer, Ground, Probe,
    common::{Objections, VALUE, answer, moment, server, short, three_seconds},
};
use crate::{
    clock::{Span, Timestamp},
    outbound::Base,
    vendors::{credential::Credential, prometheus::Prometheus, server::Server},
};

/// No alert of these labels may fire.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who is asked; `alertmanager`, when nothing is said.
    #[serde(default)]
    pub from: Keeper,
    /// Where that is.
    pub url: Base,
    /// Who Pilothouse is there; without this line, nobody in particular.
    pub credential: Option<Credential>,
    /// The labels of the alerts that are meant, all of them.
    pub labels: BTreeMap<String, String>,
    /// How long it may take to answer. Three seconds, when nothing is said; 10 at most.
    #[serde(default = "three_seconds")]
    pub timeout: Span,
}

/// Who keeps alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keeper {
    /// Alertmanager, which knows of silences: a silenced alert does not count.
    #[default]
    Alertmanager,
    /// Prometheus, by the rules it evaluates itself.
    Prometheus,
}

/// An alert that fires.
#[derive(Clone, Debug)]
pub struct Firing {
    /// Everything it is called by. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// Since when; `None` when that is not said.
    pub since: Option<Timestamp>,
}

/// An alert as Alertmanager lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    starts_at: String,
}

enum Where {
    Alertmanager(Server),
    Prometheus(Prometheus),
}

pub(super) struct Alerts {
    there: Where,
    labels: BTreeMap<String, String>,
}

impl Firing {
    /// Whether it has all these labels.
    pub(super) fn has(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.iter().all(|(name, value)| self.labels.get(name) == Some(value))
    }
}

impl Settings {
    pub(super) fn objections(&self) -> Objections {
        let mut wrong = server(self.timeout, self.credential.as_ref());
        if self.labels.is_empty() {
            let what = "must name one label at least: without any, every alert would count";
            wrong.push(("labels", what.to_owned()));
        }
        let is_name = |name: &str| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if let Some(name) = self.labels.keys().find(|name| !is_name(name)) {
            let what = format!("holds `{}`, which is no name of a label", short(name, VALUE));
            wrong.push(("labels", what));
        }
        wrong
    }
}

impl Alerts {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        let Settings { from, url, credential, labels, timeout } = settings.clone();
        let ground = (ground.clock.clone(), ground.outbound.clone());
        let credential = credential.as_ref();
        let there = match from {
            Keeper::Prometheus => {
                Where::Prometheus(Prometheus::new((url, timeout), credential, ground)?)
            }
            Keeper::Alertmanager => {
                let key = Credential::key(credential);
                Where::Alertmanager(Server::new("Alertmanager", (url, timeout), key, ground)?)
            }
        };
        Ok(Self { there, labels })
    }

    async fn firing(&self) -> Result<Vec<Firing>, String> {
        let mut firing = match &self.there {
            Where::Alertmanager(server) => {
                let url = self.question(server).map_err(|error| error.to_string())?;
                let listed = server.look_once(url, &[]).await;
                let listed = listed.and_then(|listed| server.decoded::<Vec<Listed>>(&listed));
                let listed = listed.map_err(|error| error.to_string())?;
                let firing = |alert: Listed| Firing {
                    labels: alert.labels,
                    since: moment(Some(&alert.starts_at)),
                };
                listed.into_iter().map(firing).collect::<Vec<_>>()
            }
            Where::Prometheus(prometheus) => {
                let told = prometheus.alerts().await.map_err(|error| error.to_string())?;
                let firing = told.answer.into_iter().filter(|alert| alert.state == "firing");
                let firing = firing.map(|alert| Firing {
                    since: moment(alert.active_at.as_deref()),
                    labels: alert.labels,
                });
                firing.collect()
            }
        };
        // Whoever is asked may not know how to choose.
        firing.retain(|alert| alert.has(&self.labels));
        Ok(firing)
    }

    /// What fires and is not silenced; what another alert stands for fires all the same.
    fn question(&self, server: &Server) -> anyhow::Result<Url> {
        let mut url = server.url(&["api", "v2", "alerts"])?;
        let mut query = url.query_pairs_mut();
        query.extend_pairs([("active", "true"), ("silenced", "false"), ("inhibited", "true")]);
        for (name, value) in &self.labels {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            query.append_pair("filter", &format!("{name}=\"{value}\""));
        }
        drop(query);
        Ok(url)
    }
}

#[async_trait]
impl Probe for Alerts {
    async fn check(&self, since: Option<Timestamp>) -> Answer {
        answer(self.firing().await.and_then(|firing| judge(&firing, since)))
    }
}

/// Whether nothing fires that began at `since` or later. What does not say when it began counts.
pub(super) fn judge(firing: &[Firing], since: Option<Timestamp>) -> Result<String, String> {
    let is_older =
        |alert: &&Firing| since.is_some_and(|since| alert.since.is_some_and(|began| began < since));
    let (older, newer): (Vec<&Firing>, Vec<&Firing>) = firing.iter().partition(is_older);
    match (newer.as_slice(), older.len()) {
        ([], 0) => Ok("no alert fires".to_owned()),
        ([], number) => Ok(format!(
            "no new alert fires ({number} fired before the deployment began and {} not count)",
            if number == 1 { "does" } else { "do" }
        )),
        ([first, others @ ..], _) => {
            let name = first.labels.get("alertname").map_or("an alert", String::as_str);
            let since = first.since.map_or(String::new(), |at| format!(" since {}", at.exact()));
            let others = match others.len() {
                0 => String::new(),
                number => format!(", and {number} more"),
            };
            Err(format!("{} fires{since}{others}", short(name, VALUE)))
        }
    }
}
