//! A sender of one's own: whatever can post JSON. The configuration says where everything stands.

mod pointer;
mod settings;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;

pub use pointer::{BadPointer, Pointer};
pub use settings::{Fields, Settings, StatusField};

use super::{
    Heard, NotOne, Source,
    heard::{Said, Words, address, digest_of, moment, sentence},
};
use crate::clock::Timestamp;

/// Whose deliveries these are, in what is said of one that is none.
const SENDER: &str = "alerts as JSON";

/// A longer fingerprint is replaced by its digest.
const LONGEST_FINGERPRINT: usize = 200;

/// How many labels an alert may bring.
const MOST_LABELS: usize = 64;

/// A number above this one is milliseconds since 1970, and not seconds: it would be the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// A sender of one's own.
pub struct Webhook {
    settings: Settings,
}

impl Webhook {
    /// The one of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }

    fn heard(&self, number: usize, alert: &Value) -> Result<Heard, NotOne> {
        let (fields, names) = (&self.settings.fields, &self.settings.labels);
        let text = |at: &Option<Pointer>| at.as_ref().and_then(|at| at.text(alert));
        let missing = |what| NotOne::Missing(number, what);
        let mut labels = labels(fields, alert);
        let name = fields.name.text(alert).ok_or_else(|| missing("name where `name` says"))?;
        labels.insert("alertname".to_owned(), name);
        for (label, at) in [
            (&names.service, &fields.service),
            (&names.environment, &fields.environment),
            (&names.severity, &fields.severity),
        ] {
            labels.extend(text(at).map(|value| (label.clone(), value)));
        }
        let fingerprint = match &fields.fingerprint {
            Some(at) => at.text(alert).ok_or_else(|| missing("text where `fingerprint` says"))?,
            None => digest_of(&labels),
        };
        let word = fields.status.at.text(alert);
        let word = word.ok_or_else(|| missing("word where `status` says"))?;
        let said = said(&word, fields, alert);
        if said == Said::Firing && !is_one_of(&word, &fields.status.firing) {
            labels.insert("status".to_owned(), word);
        }
        Ok(Heard {
            fingerprint: short(fingerprint),
            labels,
            words: Words {
                summary: text(&fields.summary).and_then(|text| sentence(&text)),
                description: text(&fields.description).and_then(|text| sentence(&text)),
                runbook: text(&fields.runbook).and_then(|text| address(&text)),
                page: None,
            },
            starts: fields.starts.as_ref().and_then(|at| when(at.find(alert)?)),
            said,
        })
    }
}

#[async_trait]
impl Source for Webhook {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let body: Value =
            crate::outside::json(body).map_err(|error| NotOne::Json(SENDER, error))?;
        let alerts = match &self.settings.fields.alerts {
            None => std::slice::from_ref(&body),
            Some(at) => match at.find(&body) {
                Some(Value::Array(alerts)) => alerts,
                _ => return Err(NotOne::Other(format!("there is no list of alerts at `{at}`"))),
            },
        };
        let heard = alerts.iter().enumerate().map(|(index, alert)| self.heard(index + 1, alert));
        Ok((heard.collect::<Result<_, _>>()?, false))
    }
}

fn said(word: &str, fields: &Fields, alert: &Value) -> Said {
    if is_one_of(word, &fields.status.resolved) {
        return Said::Resolved { at: fields.ends.as_ref().and_then(|at| when(at.find(alert)?)) };
    }
    Said::Firing
}

fn is_one_of(word: &str, words: &[String]) -> bool {
    words.iter().any(|other| other.trim().eq_ignore_ascii_case(word.trim()))
}

/// The labels it brings: texts and what can be written as one.
fn labels(fields: &Fields, alert: &Value) -> BTreeMap<String, String> {
    let found = fields.labels.as_ref().and_then(|at| at.find(alert)).and_then(Value::as_object);
    let labels = found.into_iter().flatten().take(MOST_LABELS);
    labels.filter_map(|(name, value)| Some((name.clone(), pointer::words(value)?))).collect()
}

fn when(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => {
            moment(text.trim()).or_else(|| since_1970(text.trim().parse().ok()?))
        }
        Value::Number(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "a date has few digits")]
            let whole = number.as_i64().or_else(|| number.as_f64().map(|float| float as i64))?;
            since_1970(whole)
        }
        _ => None,
    }
}

fn since_1970(number: i64) -> Option<Timestamp> {
    let number = if number > MILLISECONDS { number } else { number.checked_mul(1000)? };
    // Whatever is no moment of the calendar could not be shown.
    let moment = jiff::Timestamp::from_millisecond(number).ok()?;
    Some(Timestamp(moment.as_millisecond())).filter(|moment| moment.0 > 0)
}

/// A text of any length as a fingerprint.
fn short(text: String) -> String {
    if text.len() <= LONGEST_FINGERPRINT {
        return text;
    }
    digest_of(&BTreeMap::from([("fingerprint".to_owned(), text)]))
}
