//! Who is on call when, as the configuration writes it.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registers::{GrafanaIrmSettings, IcalSettings, JiraSettings, PagerDutySettings};
use crate::{
    calendar::{Day, Moment, TimeOfDay, ZoneName},
    clock::Span,
    names::{PersonName, ScheduleName, Service},
    outbound::Base,
    secrets::Secret,
};

/// `oncall` of the configuration.
pub type Settings = BTreeMap<ScheduleName, ScheduleSettings>;

/// One schedule of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Which services it is for; without this line, for none in particular.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Where its days and hours are those of the clock on the wall.
    pub time_zone: ZoneName,
    /// Who is reached first, who next when nobody answers, and so on.
    pub levels: Vec<LevelSettings>,
    /// How its people are reached; in the chat, when nothing is said.
    #[serde(default)]
    pub page: PageSettings,
    /// How long a page waits for an answer before the next level is reached. Five minutes, when
    /// nothing is said.
    #[serde(default = "five_minutes")]
    pub escalate_after: Span,
}

/// Where it is known who is on call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LevelSettings {
    /// People who take turns.
    Rota(RotaSettings),
    /// A calendar in the iCalendar format.
    Ical(IcalSettings),
    /// A schedule of PagerDuty, or a level of one of its escalation policies.
    #[serde(rename = "pagerduty")]
    PagerDuty(PagerDutySettings),
    /// A schedule of Jira Service Management.
    Jira(JiraSettings),
    /// A schedule of Grafana IRM.
    GrafanaIrm(GrafanaIrmSettings),
}

/// People who take turns.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaSettings {
    /// Who, in the order of their turns.
    pub people: Vec<PersonName>,
    /// The day of the first turn, or with `on` the first such weekday from then on.
    pub start: Moment,
    /// How long a turn is, in whole days: `7d`, when nothing is said.
    #[serde(default = "a_week")]
    pub every: Span,
    /// The weekday of the hand-over, where turns are whole weeks; that of `start`, when nothing is
    /// said.
    pub on: Option<Day>,
    /// When the hand-over is on its day; at midnight, when nothing is said.
    #[serde(default = "midnight")]
    pub at: TimeOfDay,
    /// Who stands in for whom. The later line counts where two overlap.
    #[serde(default)]
    pub overrides: Vec<OverrideSettings>,
}

/// Somebody who stands in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideSettings {
    /// Who.
    pub person: PersonName,
    /// From when on.
    pub from: Moment,
    /// Until when. A day alone is meant to its end.
    pub until: Moment,
}

/// How people are reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PageSettings {
    /// The bot writes to them.
    #[default]
    Chat,
    /// Another program reaches them.
    Webhook(WebhookSettings),
}

/// A program that reaches people.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where pages are sent to, as JSON.
    pub url: Base,
    /// What they are signed with.
    pub secret: Secret,
}

fn five_minutes() -> Span {
    Span(Duration::from_mins(5))
}

fn a_week() -> Span {
    Span(Duration::from_hours(7 * 24))
}

fn midnight() -> TimeOfDay {
    TimeOfDay::MIDNIGHT
}
