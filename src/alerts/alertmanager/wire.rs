//! What Alertmanager says, as it says it: its deliveries (webhook version 4) and the answers of its
//! API (version 2). Servers of different years leave out different fields, so few are asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    alerts::{
        AlertmanagerSettings,
        heard::{Heard, Muting, Said, Words, sentence},
    },
    clock::Timestamp,
};

/// The only version of a delivery there is.
const VERSION: &str = "4";

/// A longer fingerprint is none of Alertmanager's.
const LONGEST_FINGERPRINT: usize = 64;

/// A longer address is not kept: nothing opens it.
const LONGEST_ADDRESS: usize = 1000;

/// A delivery.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::alerts) struct Delivery {
    version: String,
    /// How many alerts of the group were left out.
    #[serde(default)]
    truncated_alerts: u64,
    alerts: Vec<Delivered>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivered {
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
}

/// An alert of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
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

/// Why a delivery is not taken, in words for whoever looks after its sender.
#[derive(Debug, thiserror::Error)]
pub(in crate::alerts) enum NotOne {
    /// It is something else.
    #[error("this is no delivery of Alertmanager: {0}")]
    Json(serde_json::Error),
    /// It is of another age.
    #[error("deliveries of version {VERSION} are understood, and not this one's")]
    Version,
    /// Nothing tells this alert from another.
    #[error("alert {0} of this delivery has no labels")]
    NoLabels(usize),
    /// Neither of the two words.
    #[error("alert {0} of this delivery is neither `firing` nor `resolved`")]
    Status(usize),
}

/// Reads a delivery: its alerts, and whether some were left out of it.
pub(in crate::alerts) fn delivery(
    body: &[u8],
    settings: &AlertmanagerSettings,
    now: Timestamp,
) -> Result<(Vec<Heard>, bool), NotOne> {
    let delivery: Delivery = crate::outside::json(body).map_err(NotOne::Json)?;
    if delivery.version != VERSION {
        return Err(NotOne::Version);
    }
    let mut heard = Vec::with_capacity(delivery.alerts.len());
    for (index, alert) in delivery.alerts.into_iter().enumerate() {
        let said = match alert.status.as_str() {
            "firing" => Said::Firing,
            "resolved" => Said::Resolved { at: alert.ends_at.as_deref().and_then(moment) },
            _ => return Err(NotOne::Status(index + 1)),
        };
        if alert.labels.is_empty() {
            return Err(NotOne::NoLabels(index + 1));
        }
        heard.push(Heard {
            fingerprint: fingerprint(alert.fingerprint, &alert.labels),
            words: words(&alert.annotations, settings),
            labels: alert.labels,
            starts: alert.starts_at.as_deref().and_then(moment).unwrap_or(now),
            said,
        });
    }
    Ok((heard, delivery.truncated_alerts > 0))
}

impl Listed {
    /// In nobody's words, with what is known of its silences.
    pub(super) fn heard(
        self,
        settings: &AlertmanagerSettings,
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
            words: words(&self.annotations, settings),
            labels: self.labels,
            starts: moment(&self.starts_at).unwrap_or(now),
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

fn words(annotations: &BTreeMap<String, String>, settings: &AlertmanagerSettings) -> Words {
    let said = |name: &str| annotations.get(name).and_then(|text| sentence(text));
    let runbook = annotations.get(&settings.runbook).map(|text| text.trim().to_owned());
    Words {
        summary: said("summary").or_else(|| said("message")),
        description: said("description"),
        runbook: runbook.filter(|text| !text.is_empty() && text.len() <= LONGEST_ADDRESS),
    }
}

/// The sender's own, or one of ours for what has none.
fn fingerprint(own: String, labels: &BTreeMap<String, String>) -> String {
    let plain = own.chars().all(|c| c.is_ascii_alphanumeric());
    if plain && (1..=LONGEST_FINGERPRINT).contains(&own.len()) {
        return own;
    }
    let mut digest = Sha256::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize()[..8].iter().fold("labels".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A moment; none for the year 1, which stands for "not yet".
fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(moment.as_millisecond())).filter(|moment| moment.0 > 0)
}

/// A moment as the API takes it.
pub(super) fn written(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_string()
}
