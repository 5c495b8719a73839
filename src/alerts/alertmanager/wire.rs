//! What Alertmanager says, as it says it: its deliveries (webhook version 4) and the answers of its
//! API (version 2). Servers of different years leave out different fields, so few are asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    alerts::{
        NotOne,
        heard::{Heard, Muting, Said, Words, address, digest_of, moment, sentence},
    },
    clock::Timestamp,
};

/// A longer fingerprint is none of Alertmanager's.
const LONGEST_FINGERPRINT: usize = 64;

/// A delivery.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::alerts) struct Delivery {
    version: String,
    /// How many alerts of the group were left out.
    #[serde(default)]
    truncated_alerts: u64,
    pub(in crate::alerts) alerts: Vec<Delivered>,
}

/// An alert of a delivery.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::alerts) struct Delivered {
    status: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    ends_at: Option<String>,
    #[serde(default)]
    fingerprint: String,
    /// Where people look at it; Grafana alone says so.
    #[serde(default, rename = "panelURL")]
    pub(in crate::alerts) panel: String,
    /// The same, with everything around it.
    #[serde(default, rename = "dashboardURL")]
    pub(in crate::alerts) dashboard: String,
    /// The figures it was decided by; Grafana alone shows them.
    #[serde(default)]
    pub(in crate::alerts) values: serde_json::Value,
}

/// An alert of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::alerts) struct Listed {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: String,
    #[serde(default)]
    fingerprint: String,
    pub(super) status: Status,
}

/// How the API says an alert is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default)]
    state: String,
    #[serde(default)]
    pub(super) silenced_by: Vec<String>,
}

/// A silence of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Silence {
    pub(super) id: String,
    pub(super) status: SilenceStatus,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    pub(super) comment: String,
    ends_at: String,
}

/// How the API says a silence is.
#[derive(Debug, Deserialize)]
pub(super) struct SilenceStatus {
    pub(super) state: String,
}

/// A silence as the API is asked for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSilence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    pub(super) matchers: Vec<Matcher<'a>>,
    pub(super) starts_at: String,
    pub(super) ends_at: String,
    pub(super) created_by: String,
    pub(super) comment: String,
}

/// What a silence is about: one label and its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Matcher<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) is_regex: bool,
    pub(super) is_equal: bool,
}

/// What the API says when it has made a silence.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    #[serde(rename = "silenceID")]
    pub(super) id: String,
}

/// Reads a delivery of that sender, if it is of that version.
pub(in crate::alerts) fn delivery(
    (sender, version): (&'static str, &'static str),
    body: &[u8],
) -> Result<Delivery, NotOne> {
    let not_one = |error| NotOne::Json(sender, error);
    let delivery: Delivery = crate::outside::json(body).map_err(not_one)?;
    if delivery.version == version { Ok(delivery) } else { Err(NotOne::Version(version)) }
}

impl Delivery {
    /// Whether some alerts were left out of it.
    pub(in crate::alerts) fn is_incomplete(&self) -> bool {
        self.truncated_alerts > 0
    }
}

impl Delivered {
    /// In nobody's words; `number` is its place in the delivery, `runbook` the annotation that
    /// holds the address of one.
    pub(in crate::alerts) fn heard(self, number: usize, runbook: &str) -> Result<Heard, NotOne> {
        let said = match self.status.as_str() {
            "firing" => Said::Firing,
            "resolved" => Said::Resolved { at: self.ends_at.as_deref().and_then(moment) },
            _ => return Err(NotOne::Status(number)),
        };
        if self.labels.is_empty() {
            return Err(NotOne::Missing(number, "labels"));
        }
        Ok(Heard {
            fingerprint: fingerprint(self.fingerprint, &self.labels),
            words: words(&self.annotations, runbook),
            labels: self.labels,
            starts: self.starts_at.as_deref().and_then(moment),
            said,
        })
    }
}

impl Listed {
    /// In nobody's words, with what is known of its silences.
    pub(in crate::alerts) fn heard(
        self,
        runbook: &str,
        silences: &BTreeMap<&str, Muting>,
        now: Timestamp,
    ) -> Heard {
        let unknown = |id: &str| Muting {
            id: id.to_owned(),
            by: String::new(),
            // It holds now; the next list knows more.
            until: now.plus(std::time::Duration::from_mins(5)),
            comment: String::new(),
        };
        let by = self.status.silenced_by.iter();
        let mut mutings: Vec<Muting> = by
            .map(|id| silences.get(id.as_str()).cloned().unwrap_or_else(|| unknown(id)))
            .collect();
        mutings.sort_by(|a, b| a.id.cmp(&b.id));
        let said = match self.status.state.as_str() {
            _ if !mutings.is_empty() => Said::Silenced(mutings),
            "suppressed" => Said::Inhibited,
            _ => Said::Firing,
        };
        Heard {
            fingerprint: fingerprint(self.fingerprint, &self.labels),
            words: words(&self.annotations, runbook),
            labels: self.labels,
            starts: moment(&self.starts_at),
            said,
        }
    }
}

impl Silence {
    /// Whether it holds, or will.
    pub(super) fn lives(&self) -> bool {
        matches!(self.status.state.as_str(), "active" | "pending")
    }

    /// In nobody's words.
    pub(super) fn muting(&self, now: Timestamp) -> Muting {
        Muting {
            id: self.id.clone(),
            by: self.created_by.clone(),
            until: moment(&self.ends_at).unwrap_or(now),
            comment: self.comment.clone(),
        }
    }
}

fn words(annotations: &BTreeMap<String, String>, runbook: &str) -> Words {
    let said = |name: &str| annotations.get(name).and_then(|text| sentence(text));
    Words {
        summary: said("summary").or_else(|| said("message")),
        description: said("description"),
        runbook: annotations.get(runbook).and_then(|text| address(text)),
        page: None,
    }
}

/// The sender's own, or one of ours for what has none.
fn fingerprint(own: String, labels: &BTreeMap<String, String>) -> String {
    let plain = own.chars().all(|c| c.is_ascii_alphanumeric());
    if plain && (1..=LONGEST_FINGERPRINT).contains(&own.len()) {
        return own;
    }
    digest_of(labels)
}

/// A moment as the API takes it.
pub(super) fn written(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_string()
}
