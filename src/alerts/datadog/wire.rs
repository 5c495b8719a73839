//! What Datadog says: the deliveries of our own template, and the monitors of its API (version 1).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::{
    alerts::{
        NotOne,
        heard::{Heard, Muting, Said, Words, digest_of, sentence},
    },
    clock::Timestamp,
};

/// Whose deliveries these are.
const SENDER: &str = "Datadog, as the template in pilothouse.example.yaml has it,";

/// How many tags are taken.
const MOST_TAGS: usize = 64;

/// How long a downtime without an end is believed; the next list knows more.
const A_WHILE: std::time::Duration = std::time::Duration::from_hours(1);

/// A delivery: one group of one monitor. Every field is what Datadog puts in the place of a variable.
#[derive(Debug, Deserialize)]
pub(super) struct Delivery {
    /// `$ALERT_ID`
    monitor: String,
    /// `$ALERT_TRANSITION`
    transition: String,
    /// `$ALERT_TITLE`
    title: String,
    /// `$ALERT_SCOPE`
    #[serde(default)]
    scope: String,
    /// `$TAGS`
    #[serde(default)]
    tags: String,
    /// `$ALERT_PRIORITY`
    #[serde(default)]
    priority: String,
    /// `$TEXT_ONLY_MSG`
    #[serde(default)]
    message: String,
    /// `$LINK`
    #[serde(default)]
    pub(super) link: String,
    /// `$DATE`
    #[serde(default)]
    date: String,
}

/// A monitor of the API.
#[derive(Debug, Deserialize)]
pub(super) struct Monitor {
    id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    overall_state: String,
    priority: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    state: State,
    #[serde(default)]
    matching_downtimes: Vec<Downtime>,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    notify_no_data: Option<bool>,
    on_missing_data: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct State {
    #[serde(default)]
    groups: HashMap<String, Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    #[serde(default)]
    status: String,
}

#[derive(Debug, Deserialize)]
struct Downtime {
    id: i64,
    start: Option<i64>,
    end: Option<i64>,
    #[serde(default)]
    scope: Vec<String>,
}

/// Reads a delivery.
pub(super) fn delivery(body: &[u8]) -> Result<Delivery, NotOne> {
    let delivery: Delivery =
        crate::outside::json(body).map_err(|error| NotOne::Json(SENDER, error))?;
    if delivery.monitor.trim().parse::<u64>().is_err() {
        return Err(NotOne::Missing(1, "number where `monitor` is to be `$ALERT_ID`"));
    }
    if delivery.transition.trim().is_empty() || delivery.transition.starts_with('$') {
        return Err(NotOne::Missing(1, "word where `transition` is to be `$ALERT_TRANSITION`"));
    }
    Ok(delivery)
}

impl Delivery {
    /// In nobody's words, but for its page.
    pub(super) fn heard(self) -> Heard {
        let scope = tags(self.scope.split(','));
        let mut labels = as_labels(tags(self.tags.split(',')).iter().chain(&scope));
        labels.insert("alertname".to_owned(), name(&self.title));
        let at = self.date.trim().parse().ok().filter(|at| *at > 0).map(Timestamp);
        // What comes again, or has become better or worse, is of an alert that began before: its
        // date says nothing of that.
        let (said, starts, word) = match self.transition.trim() {
            "Recovered" => (Said::Resolved { at }, None, "error"),
            "Triggered" => (Said::Firing, at, "error"),
            "No Data" | "Re-No Data" => (Said::Firing, None, "no data"),
            "Warn" | "Re-Warn" => (Said::Firing, None, "warning"),
            "Re-Triggered" | "Renotify" => (Said::Firing, None, "error"),
            other => {
                labels.insert("transition".to_owned(), other.to_owned());
                (Said::Firing, None, "error")
            }
        };
        let priority = self.priority.trim().trim_start_matches(['P', 'p']).parse().ok();
        labels.insert("severity".to_owned(), severity(priority, word).to_owned());
        let words = Words { summary: sentence(&self.message), ..Words::default() };
        let fingerprint = fingerprint(self.monitor.trim(), &scope);
        Heard { fingerprint, labels, words, starts, said }
    }
}

impl Monitor {
    /// Every group of it that fires, in nobody's words.
    pub(super) fn heard(&self, now: Timestamp) -> Vec<Heard> {
        let whole = HashMap::from([(String::new(), Group { status: self.overall_state.clone() })]);
        let groups = if self.state.groups.is_empty() { &whole } else { &self.state.groups };
        groups.iter().filter_map(|(group, state)| self.group(group, state, now)).collect()
    }

    fn group(&self, group: &str, state: &Group, now: Timestamp) -> Option<Heard> {
        let word = match state.status.as_str() {
            "Alert" => "error",
            "Warn" => "warning",
            "No Data" if self.tells_of_no_data() => "no data",
            _ => return None,
        };
        let scope = tags(group.split(','));
        let own = tags(self.tags.iter().map(String::as_str));
        let mut labels = as_labels(own.iter().chain(&scope));
        labels.insert("alertname".to_owned(), name(&self.name));
        labels.insert("severity".to_owned(), severity(self.priority, word).to_owned());
        let downtimes = self.matching_downtimes.iter();
        let mut mutings: Vec<Muting> = downtimes.filter_map(|d| d.muting(&scope, now)).collect();
        mutings.sort_by(|a, b| a.id.cmp(&b.id));
        let said = if mutings.is_empty() { Said::Firing } else { Said::Silenced(mutings) };
        let fingerprint = fingerprint(&self.id.to_string(), &scope);
        // Its own clock for that differs from that of deliveries.
        Some(Heard { fingerprint, labels, words: Words::default(), starts: None, said })
    }

    /// Whether people are told when it has no data; most monitors tell nobody.
    fn tells_of_no_data(&self) -> bool {
        let Options { notify_no_data, on_missing_data } = &self.options;
        *notify_no_data == Some(true)
            || on_missing_data.as_deref() == Some("show_and_notify_no_data")
    }
}

impl Downtime {
    /// As a silence, where it covers that group now.
    fn muting(&self, group: &BTreeSet<String>, now: Timestamp) -> Option<Muting> {
        let covers = |tag: &String| tag.trim() == "*" || group.contains(tag.trim());
        let moment = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
        let begun = self.start.is_none_or(|start| moment(start) <= now);
        (begun && self.scope.iter().all(covers)).then(|| Muting {
            id: self.id.to_string(),
            by: "a downtime in Datadog".to_owned(),
            until: self.end.map_or_else(|| now.plus(A_WHILE), moment),
            comment: String::new(),
        })
    }
}

/// The tags of a group or a monitor, each once; `*` is every group, and none of its own.
fn tags<'a>(tags: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let tags = tags.map(str::trim).filter(|tag| !tag.is_empty() && *tag != "*");
    tags.take(MOST_TAGS).map(str::to_owned).collect()
}

/// `service:checkout` is a label; what has no value is none.
fn as_labels<'a>(tags: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let parts = tags.filter_map(|tag| tag.split_once(':'));
    parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The same group of the same monitor, however it was heard of.
fn fingerprint(monitor: &str, scope: &BTreeSet<String>) -> String {
    if scope.is_empty() {
        return monitor.to_owned();
    }
    let scope = scope.iter().map(|tag| (tag.clone(), String::new())).collect();
    format!("{monitor}-{}", digest_of(&scope))
}

/// Without what Datadog writes before it: `[Triggered on {host:web-7}] `.
fn name(title: &str) -> String {
    let mut rest = title.trim();
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        rest = after.trim_start();
    }
    if rest.is_empty() { title.trim().to_owned() } else { rest.to_owned() }
}

fn severity(priority: Option<i64>, otherwise: &'static str) -> &'static str {
    match priority {
        Some(1) => "critical",
        Some(2) => "high",
        Some(3) => "medium",
        Some(4) => "low",
        Some(5) => "info",
        _ => otherwise,
    }
}
