//! `incidents` of the configuration: where they are told, and what they get of their own.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Severity;
use crate::{
    chat::RoomKind,
    clock::Span,
    names::{PersonName, RoomName},
    vendors::pagerduty,
};

/// `incidents` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The room every incident is shown in; without one, where it is declared.
    pub room: Option<RoomName>,
    /// What each gets of its own, where that is possible: a channel, a group chat, or the thread
    /// below its card.
    pub place: RoomKind,
    /// The team its channel is made in: the group's id in Entra.
    pub team: Option<String>,
    /// Who sees its channel.
    pub membership: Membership,
    /// Who is in it from the start, beside the commander.
    pub members: Vec<PersonName>,
    /// How long after it was resolved its channel is archived; never, when nothing is said.
    pub archive: Option<Span>,
    /// After how much silence the commander is reminded to tell how it goes.
    pub remind: RemindSettings,
    /// The service of PagerDuty that each is opened at too; without it, PagerDuty hears nothing.
    pub pagerduty: Option<Box<PagerDutySettings>>,
}

/// A service of PagerDuty at which incidents are opened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySettings {
    /// The account it belongs to, and in whose name incidents are opened there.
    pub account: pagerduty::Settings,
    /// The service: the id at the end of its address.
    pub service: pagerduty::Id,
    /// How loudly it calls.
    #[serde(default)]
    pub urgency: UrgencySettings,
}

/// How loudly PagerDuty calls, by how bad an incident is when it is declared.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UrgencySettings {
    /// Of a SEV1.
    pub sev1: Urgency,
    /// Of a SEV2.
    pub sev2: Urgency,
    /// Of a SEV3.
    pub sev3: Urgency,
    /// Of a SEV4.
    pub sev4: Urgency,
}

/// How loudly PagerDuty calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Whoever is on call is woken, again and again.
    High,
    /// They are told by what wakes nobody.
    Low,
}

impl Default for UrgencySettings {
    fn default() -> Self {
        Self { sev1: Urgency::High, sev2: Urgency::High, sev3: Urgency::Low, sev4: Urgency::Low }
    }
}

impl UrgencySettings {
    /// How loudly it calls for one that bad.
    pub fn of(&self, severity: Severity) -> Urgency {
        match severity {
            Severity::Sev1 => self.sev1,
            Severity::Sev2 => self.sev2,
            Severity::Sev3 => self.sev3,
            Severity::Sev4 => self.sev4,
        }
    }
}

/// Who sees a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Everybody in the team.
    #[default]
    Standard,
    /// Its members alone.
    Private,
}

/// After how much silence the commander is reminded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RemindSettings {
    /// Of a SEV1.
    pub sev1: Span,
    /// Of a SEV2.
    pub sev2: Span,
}

impl Default for Settings {
    /// A thread needs no permission that the bot does not have already.
    fn default() -> Self {
        Self {
            room: None,
            place: RoomKind::Thread,
            team: None,
            membership: Membership::Standard,
            members: vec![],
            archive: None,
            remind: RemindSettings::default(),
            pagerduty: None,
        }
    }
}

impl Default for RemindSettings {
    /// What people outside the incident put up with before they ask.
    fn default() -> Self {
        Self { sev1: Span(Duration::from_mins(30)), sev2: Span(Duration::from_hours(1)) }
    }
}

impl RemindSettings {
    /// How much silence is too much; no silence is, when the incident is not that bad.
    pub fn after(&self, severity: Severity) -> Option<Duration> {
        match severity {
            Severity::Sev1 => Some(self.sev1.0),
            Severity::Sev2 => Some(self.sev2.0),
            Severity::Sev3 | Severity::Sev4 => None,
        }
    }
}
