//! What PagerDuty delivers: webhooks, version 3.

use serde::Deserialize;
use serde_json::Value;

use super::{acknowledged, moment};
use crate::{
    alerts::{NotOne, Said, heard::sentence},
    vendors::pagerduty::{IncidentSeen, Reference, Status},
};

/// Something that happened to an incident.
#[derive(Debug)]
pub(super) struct Event {
    /// What, in PagerDuty's word.
    pub kind: String,
    /// When.
    pub occurred_at: jiff::Timestamp,
    /// Who did it, when somebody did.
    pub by: Option<Reference>,
    /// The incident as it was then.
    pub incident: IncidentSeen,
}

#[derive(Deserialize)]
struct Delivery {
    event: Delivered,
}

#[derive(Deserialize)]
struct Delivered {
    event_type: String,
    occurred_at: jiff::Timestamp,
    #[serde(default)]
    agent: Option<Value>,
    data: Value,
}

impl Event {
    /// How the incident is. Whoever does something else to one that somebody has does not have it,
    /// and that it was triggered may be heard of late: who has one is asked for then.
    pub(super) fn said(&self) -> Said {
        match (self.kind.as_str(), &self.incident.status) {
            (_, Status::Resolved) => Said::Resolved { at: Some(moment(self.occurred_at)) },
            ("incident.acknowledged", Status::Acknowledged) => acknowledged(self.by.as_ref()),
            ("incident.unacknowledged", Status::Triggered) => Said::Released,
            _ => Said::Firing,
        }
    }

    /// Who has resolved it just now, when somebody did.
    pub(super) fn resolved_by(&self) -> Option<String> {
        let resolved = self.kind == "incident.resolved";
        let by = self.by.as_ref().filter(|by| resolved && by.is_a_person())?;
        by.summary.as_deref().and_then(sentence)
    }

    /// Since when the incident is open, as far as this event tells: one that was opened again is
    /// open since then, and any other may be about one that was.
    pub(super) fn starts(&self) -> Option<jiff::Timestamp> {
        match self.kind.as_str() {
            "incident.triggered" => self.incident.created_at.or(Some(self.occurred_at)),
            "incident.reopened" => Some(self.occurred_at),
            _ => None,
        }
    }
}

/// Reads a delivery; `None` when it is about something else than an incident.
pub(super) fn event(body: &[u8]) -> Result<Option<Event>, NotOne> {
    let json = |error| NotOne::Json("PagerDuty", error);
    let Delivery { event } = crate::outside::json(body).map_err(json)?;
    if event.data["type"] != "incident" {
        return Ok(None);
    }
    // Whoever did it is told where that can be read, and is no reason not to hear of it.
    let by = event.agent.and_then(|agent| serde_json::from_value(agent).ok());
    Ok(Some(Event {
        kind: event.event_type,
        occurred_at: event.occurred_at,
        by,
        incident: serde_json::from_value(event.data).map_err(json)?,
    }))
}
