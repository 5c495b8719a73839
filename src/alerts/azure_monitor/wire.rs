//! What Azure Monitor says, as it says it: the common alert schema of its action groups, and the
//! alerts of its API (2019-03-01).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    alerts::{
        NotOne,
        heard::{Heard, Said, Words, moment, sentence},
    },
    clock::Timestamp,
    outbound::Base,
};

const SCHEMA: &str = "azureMonitorCommonAlertSchema";

/// Whose deliveries these are.
const SENDER: &str = "Azure Monitor";

/// How many of an alert rule's own properties are taken.
const MOST_PROPERTIES: usize = 32;

/// A delivery: one alert.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    schema_id: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    essentials: Essentials,
    /// What the alert rule adds of its own.
    #[serde(default)]
    custom_properties: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Essentials {
    alert_id: String,
    alert_rule: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    signal_type: String,
    monitor_condition: String,
    #[serde(default, rename = "alertTargetIDs")]
    targets: Vec<String>,
    fired_date_time: Option<String>,
    resolved_date_time: Option<String>,
    description: Option<String>,
    /// Its page in the portal.
    investigation_link: Option<String>,
}

/// A page of the API's list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) value: Vec<Listed>,
    pub(super) next_link: Option<String>,
}

/// An alert of the API.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    id: String,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
struct Properties {
    essentials: ListedEssentials,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedEssentials {
    #[serde(default)]
    severity: String,
    #[serde(default)]
    signal_type: String,
    #[serde(default)]
    alert_state: String,
    #[serde(default)]
    monitor_condition: String,
    target_resource: Option<String>,
    alert_rule: Option<String>,
    start_date_time: Option<String>,
    monitor_condition_resolved_date_time: Option<String>,
    last_modified_user_name: Option<String>,
    description: Option<String>,
}

/// Reads a delivery, and which subscription it is from; a link to `portal` is kept, any other is not.
pub(super) fn delivery(
    body: &[u8],
    (runbook, portal): (&str, &Base),
) -> Result<(Heard, String), NotOne> {
    let delivery: Delivery =
        crate::outside::json(body).map_err(|error| NotOne::Json(SENDER, error))?;
    if delivery.schema_id != SCHEMA {
        let what = "only the common alert schema is understood: enable it in the action group";
        return Err(NotOne::Other(what.to_owned()));
    }
    let Data { essentials, custom_properties } = delivery.data;
    let fingerprint = number(&essentials.alert_id).ok_or(NotOne::Missing(1, "id"))?;
    let target = essentials.targets.first().map(String::as_str);
    let rule = essentials.alert_rule.as_str();
    let mut labels = labels(rule, (&essentials.severity, &essentials.signal_type), target);
    let mut own = properties(&custom_properties);
    let runbook = own.remove(runbook);
    for (name, value) in own {
        labels.entry(name).or_insert(value);
    }
    let said = match essentials.monitor_condition.as_str() {
        "Resolved" => {
            Said::Resolved { at: essentials.resolved_date_time.as_deref().and_then(moment) }
        }
        "Fired" => Said::Firing,
        // Better one too many than one too few.
        other => {
            labels.insert("condition".to_owned(), other.to_owned());
            Said::Firing
        }
    };
    let words = Words {
        summary: essentials.description.as_deref().and_then(sentence),
        description: None,
        runbook,
        page: essentials.investigation_link.and_then(|link| portal.page(&link)),
    };
    let starts = essentials.fired_date_time.as_deref().and_then(moment);
    let from = part_after(&essentials.alert_id.to_lowercase(), "subscriptions").to_owned();
    Ok((Heard { fingerprint, labels, words, starts, said }, from))
}

impl Listed {
    /// In nobody's words; `None` when nobody is to deal with it any more.
    pub(super) fn heard(self) -> Option<Heard> {
        if self.is_over() {
            return None;
        }
        let fingerprint = number(&self.id)?;
        let essentials = self.properties.essentials;
        let rule = essentials.alert_rule.as_deref().map_or("", last);
        let kind = (essentials.severity.as_str(), essentials.signal_type.as_str());
        let labels = labels(rule, kind, essentials.target_resource.as_deref());
        let said = match essentials.alert_state.as_str() {
            "Acknowledged" => {
                Said::Acknowledged { by: essentials.last_modified_user_name.unwrap_or_default() }
            }
            _ => Said::Firing,
        };
        let summary = essentials.description.as_deref().and_then(sentence);
        let words = Words { summary, ..Words::default() };
        let starts = essentials.start_date_time.as_deref().and_then(moment);
        Some(Heard { fingerprint, labels, words, starts, said })
    }

    /// Whether it fires no more, or somebody has closed it.
    pub(super) fn is_over(&self) -> bool {
        let essentials = &self.properties.essentials;
        essentials.monitor_condition == "Resolved" || essentials.alert_state == "Closed"
    }

    /// Since when it fires no more, where that is said.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        let at = self.properties.essentials.monitor_condition_resolved_date_time.as_deref();
        at.and_then(moment)
    }

    /// Whether somebody has it there.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.properties.essentials.alert_state == "Acknowledged"
    }
}

fn labels(
    rule: &str,
    (severity, signal): (&str, &str),
    target: Option<&str>,
) -> BTreeMap<String, String> {
    let severity = match severity {
        "Sev0" => "critical",
        "Sev1" => "error",
        "Sev2" => "warning",
        "Sev3" => "info",
        "Sev4" => "debug",
        other => other,
    };
    let target = target.unwrap_or_default().to_lowercase();
    let labels = [
        ("alertname", rule),
        ("severity", severity),
        ("signal", signal),
        ("resource", last(&target)),
        ("resource_group", part_after(&target, "resourcegroups")),
    ];
    let said = labels.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn properties(custom: &Value) -> BTreeMap<String, String> {
    let entries = custom.as_object().into_iter().flatten().take(MOST_PROPERTIES);
    let text = |value: &Value| value.as_str().map(str::trim).map(str::to_owned);
    let texts = entries.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    texts.filter(|(_, value)| !value.is_empty()).collect()
}

/// The alert's own number: the last part of its id.
fn number(id: &str) -> Option<String> {
    uuid::Uuid::try_parse(last(id)).ok().map(|number| number.to_string())
}

/// What follows a word in a path, or nothing.
fn part_after<'a>(path: &'a str, word: &str) -> &'a str {
    path.split('/').skip_while(|part| *part != word).nth(1).unwrap_or_default()
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
