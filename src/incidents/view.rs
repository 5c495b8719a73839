//! An incident as people see it. Pure.

use serde::Serialize;

use super::{
    incident::Incident,
    number::{Role, Severity, Status},
    state::Room,
};
use crate::{
    cards::{Button, View},
    chat::RoomKind,
    clock::{Timestamp, spoken},
};

/// What somebody who looks at an incident may do.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    /// Tell how it goes, and all the rest.
    pub may_lead: bool,
    /// They are its commander.
    pub leads: bool,
}

impl Viewer {
    /// Whoever it may be: the card that everybody sees has every button.
    pub const ANYBODY: Self = Self { may_lead: true, leads: false };
}

/// An incident's card.
#[derive(Debug, Serialize)]
pub struct IncidentView {
    title: String,
    status: String,
    /// `attention`, `warning`, `accent` or `good`: never the only sign of anything.
    color: &'static str,
    latest: Option<String>,
    overdue: Option<String>,
    facts: Vec<Fact>,
    /// Why it has no better room.
    notes: Vec<String>,
    actions: Vec<Act>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct Fact {
    title: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
struct Link {
    title: String,
    url: String,
}

/// A button, or a button that first asks for something.
#[derive(Debug, Serialize)]
pub(super) struct Act {
    ask: Option<Ask>,
    button: Option<Button>,
}

#[derive(Debug, Serialize)]
struct Ask {
    title: &'static str,
    inputs: Vec<Input>,
    button: Button,
}

#[derive(Debug, Serialize)]
struct Input {
    id: &'static str,
    label: &'static str,
    value: &'static str,
    placeholder: &'static str,
    choices: Vec<Choice>,
    required: bool,
}

#[derive(Debug, Serialize)]
struct Choice {
    title: String,
    value: &'static str,
}

impl IncidentView {
    /// The card as that person sees it.
    pub fn of(incident: &Incident, viewer: Viewer, now: Timestamp) -> Self {
        let open = incident.is_open();
        let mut notes = match &incident.room {
            Room::Wanted { why, .. } | Room::Open { why, .. } | Room::Nowhere { why } if open => {
                why.clone()
            }
            _ => vec![],
        };
        notes.extend(incident.pagerduty.note(open));
        Self {
            title: format!("{} · {}", incident.number, incident.title),
            status: status(incident, now),
            color: color(incident),
            latest: incident.latest.as_ref().map(|told| {
                format!("{}, {}: {}", told.by.name, told.at.time_of_day(now), told.text)
            }),
            overdue: overdue(incident).filter(|_| open),
            facts: facts(incident, now),
            notes,
            actions: actions(incident, viewer),
            links: links(incident),
        }
    }
}

/// `SEV2 · Identified · open since 09:15 UTC`
pub(super) fn status(incident: &Incident, now: Timestamp) -> String {
    let Incident { severity, status, declared, .. } = incident;
    match &incident.resolved {
        None => format!("{severity} · {status} · open since {}", declared.time_of_day(now)),
        Some(resolved) => {
            let fix = resolved.fix.as_ref().map_or(String::new(), |fix| format!(": {fix}"));
            format!(
                "{severity} · Resolved by {} at {}, after {}{fix}",
                resolved.by.name,
                resolved.at.time_of_day(now),
                spoken(incident.lasted(now)),
            )
        }
    }
}

fn color(incident: &Incident) -> &'static str {
    match incident.severity {
        _ if !incident.is_open() => "good",
        Severity::Sev1 => "attention",
        Severity::Sev2 => "warning",
        Severity::Sev3 | Severity::Sev4 => "accent",
    }
}

/// Said while a reminder has not been heeded.
pub(super) fn overdue(incident: &Incident) -> Option<String> {
    let reminded = incident.reminded.filter(|reminded| *reminded > incident.updated)?;
    let silence = spoken(reminded.since(incident.updated));
    Some(format!("Nobody has told how it goes for {silence}."))
}

fn facts(incident: &Incident, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![];
    if let Some(service) = &incident.service {
        facts.push(Fact { title: "Service", value: service.to_string() });
    }
    let declared = incident.declared.time_of_day(now);
    let by = format!("by {}, {declared}", incident.declared_by.name);
    facts.push(Fact { title: "Declared", value: by });
    for role in Role::ALL {
        if let Some(holder) = incident.roles.get(&role) {
            facts.push(Fact { title: role.title(), value: holder.name.clone() });
        }
    }
    let room = match &incident.room {
        Room::Open { name, .. } => Some(name.clone()),
        Room::Wanted { kind, .. } if incident.is_open() => Some(format!("a {kind}, being opened")),
        Room::Nowhere { .. } => Some("none of its own: it is told here".to_owned()),
        Room::Wanted { .. } => None,
    };
    facts.extend(room.map(|value| Fact { title: "Room", value }));
    facts.extend(incident.pagerduty.fact().map(|value| Fact { title: "PagerDuty", value }));
    facts
}

fn links(incident: &Incident) -> Vec<Link> {
    let there = incident.pagerduty.there.as_ref();
    let page = there.and_then(|there| there.link.clone());
    let page = page.map(|url| Link { title: "Open at PagerDuty".to_owned(), url });
    room_link(incident).into_iter().chain(page).collect()
}

fn room_link(incident: &Incident) -> Option<Link> {
    let Room::Open { kind, link: Some(url), .. } = &incident.room else { return None };
    let title = match kind {
        RoomKind::Channel => "Open its channel",
        RoomKind::Chat => "Open its chat",
        RoomKind::Thread => "Open its thread",
    };
    Some(Link { title: title.to_owned(), url: url.clone() })
}

fn actions(incident: &Incident, viewer: Viewer) -> Vec<Act> {
    let number = incident.number;
    let timeline = || button("Timeline", format!("/incident timeline {number}"));
    if !incident.is_open() {
        let reopen = || button("Reopen", format!("/incident reopen {number}"));
        let export = || button("Post-mortem", format!("/incident export {number}"));
        let lead = viewer.may_lead.then(reopen);
        return lead.into_iter().chain([timeline(), export()]).collect();
    }
    if !viewer.may_lead {
        return vec![timeline()];
    }
    let mut acts = vec![update(incident), severity(incident)];
    if !viewer.leads {
        let say = format!("/incident role commander me --incident {number}");
        acts.push(button("Take command", say));
    }
    acts.extend([resolve(incident), timeline()]);
    acts
}

/// Asks how it goes.
pub(super) fn update(incident: &Incident) -> Act {
    let statuses = Status::ALL.into_iter();
    let statuses = statuses.map(|s| Choice { title: s.to_string(), value: s.word() }).collect();
    let status = Input {
        id: "status",
        label: "Status",
        value: incident.status.word(),
        placeholder: "",
        choices: statuses,
        required: true,
    };
    let text = Input {
        id: "update",
        label: "How does it go?",
        value: "",
        placeholder: "What is known, what is being done, when you will tell more",
        choices: vec![],
        required: true,
    };
    let say =
        format!("/incident update {{update}} --status {{status}} --incident {}", incident.number);
    ask("Update", vec![text, status], ("Post update", say))
}

fn severity(incident: &Incident) -> Act {
    let all = Severity::ALL.into_iter();
    let severity = Input {
        id: "severity",
        label: "How bad is it?",
        value: incident.severity.word(),
        placeholder: "",
        choices: all.map(|s| Choice { title: s.to_string(), value: s.word() }).collect(),
        required: true,
    };
    let say = format!("/incident update --severity {{severity}} --incident {}", incident.number);
    ask("Severity", vec![severity], ("Set severity", say))
}

fn resolve(incident: &Incident) -> Act {
    let fix = Input {
        id: "fix",
        label: "What fixed it?",
        value: "",
        placeholder: "It may stay empty",
        choices: vec![],
        required: false,
    };
    let say = format!("/incident resolve {{fix}} --incident {}", incident.number);
    ask("Resolve", vec![fix], ("Mark as resolved", say))
}

fn ask(title: &'static str, inputs: Vec<Input>, (done, say): (&str, String)) -> Act {
    let button = Button { title: done.to_owned(), say, style: "positive", secondary: false };
    Act { ask: Some(Ask { title, inputs, button }), button: None }
}

fn button(title: &str, say: String) -> Act {
    let button = Button { title: title.to_owned(), say, style: "default", secondary: false };
    Act { ask: None, button: Some(button) }
}

impl View for IncidentView {
    const NAME: &'static str = "incident";

    fn text(&self) -> String {
        let latest = self.latest.as_ref().map_or(String::new(), |latest| format!(" {latest}"));
        format!("{}: {}.{latest}", self.title, self.status)
    }
}
