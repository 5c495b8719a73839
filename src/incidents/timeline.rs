//! What happened, in words and in order. Pure.

use serde::Serialize;

use super::{counterpart::Closed, incident::Incident, number::Number, state::Event};
use crate::{
    cards::{Button, View},
    clock::Timestamp,
    names::Environment,
};

/// How many moments one page shows: about a screen.
const PAGE: usize = 12;

/// The longest a moment's words get on a card; an export has them in full.
const LONGEST: usize = 400;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What, going on from who: `asked for v2 in production`. Text from outside.
    pub what: String,
    /// What kind of thing.
    pub kind: Kind,
    /// Where, when it happened in one environment: only who may look at that reads it.
    pub environment: Option<Environment>,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To the incident itself.
    Told,
    /// Something went live, or came back.
    Shipped,
    /// Anything else.
    Happened,
}

impl Moment {
    /// What an incident's own history says; nothing of what only its card has to tell.
    pub fn told(at: Timestamp, event: &Event) -> Option<Self> {
        let (_, actor) = event.entry();
        let what = words(event)?;
        Some(Self { at, by: actor.name, what, kind: Kind::Told, environment: None })
    }

    /// `09:15 UTC  alice asked for v2 in production`
    pub fn line(&self, now: Timestamp) -> String {
        format!("{}  {} {}", self.at.time_of_day(now), self.by, self.what)
    }
}

fn words(event: &Event) -> Option<String> {
    let words = match event {
        Event::Declared { title, severity, service, .. } => {
            let of = service.as_ref().map_or(String::new(), |service| format!(" of {service}"));
            format!("declared the incident{of}, {severity}: {title}")
        }
        Event::Updated { text, severity, status, service, .. } => {
            let changes = [
                severity.map(|severity| format!("set the severity to {severity}")),
                status.map(|status| format!("set the status to {status}")),
                service.as_ref().map(|service| format!("named {service} as affected")),
                text.as_ref().map(|text| format!("told: {text}")),
            ];
            changes.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Event::RoleGiven { role, to, by } if to == by => format!("took over as {role}"),
        Event::RoleGiven { role, to, .. } => format!("made {} {role}", to.name),
        Event::Noted { text, .. } => format!("noted: {text}"),
        Event::Resolved { fix: Some(fix), .. } => format!("resolved the incident: {fix}"),
        Event::Resolved { fix: None, .. } => "resolved the incident".to_owned(),
        Event::Reopened { .. } => "reopened the incident".to_owned(),
        Event::RoomOpened { kind, name, .. } => format!("opened a {kind} for it: {name}"),
        Event::RoomMissed { .. } | Event::PagerDutyNoted { .. } | Event::PagerDutyMissed { .. } => {
            return None;
        }
        Event::PagerDutyOpened { label, .. } => format!("opened PagerDuty {label} for it"),
        Event::PagerDutyClosed { how: Closed::Here } => "resolved it at PagerDuty".to_owned(),
        Event::PagerDutyClosed { how: Closed::There { by } } => {
            let by = by.as_ref().map_or(String::new(), |by| format!(", by {by}"));
            format!("found it resolved at PagerDuty already{by}")
        }
        Event::PagerDutyGivenUp => "no longer tries to tell PagerDuty".to_owned(),
        Event::PagerDutyClosed { how: Closed::Gone } => "did not find it at PagerDuty".to_owned(),
        Event::Reminded => "reminded the commander to tell how it goes".to_owned(),
    };
    Some(words)
}

/// One page of an incident's timeline.
#[derive(Debug, Serialize)]
pub struct TimelineView {
    title: String,
    note: String,
    facts: Vec<Fact>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct Fact {
    /// When.
    title: String,
    /// Who did what.
    value: String,
}

impl TimelineView {
    /// That page, counted from 1; the last one when none is named or there are not so many.
    pub fn of(
        incident: &Incident,
        moments: &[Moment],
        page: Option<usize>,
        now: Timestamp,
    ) -> Self {
        let pages = moments.len().div_ceil(PAGE).max(1);
        let page = page.unwrap_or(pages).clamp(1, pages);
        let rows = moments.iter().skip((page - 1) * PAGE).take(PAGE);
        let rows = rows.map(|moment| Fact::of(moment, now)).collect();
        let of = match &incident.service {
            Some(service) => format!("with what else happened to {service}"),
            None => "which names no service, so that nothing else is told here".to_owned(),
        };
        let earlier = (page > 1).then(|| turn("Earlier", incident.number, page - 1));
        let later = (page < pages).then(|| turn("Later", incident.number, page + 1));
        Self {
            title: format!("{} · Timeline", incident.number),
            note: format!("Page {page} of {pages}; {}, {of}.", incident.title),
            facts: rows,
            buttons: earlier.into_iter().chain(later).collect(),
        }
    }
}

impl Fact {
    fn of(moment: &Moment, now: Timestamp) -> Self {
        let what: String = moment.what.chars().take(LONGEST).collect();
        let cut = if what.len() < moment.what.len() { "…" } else { "" };
        let text = format!("{} {what}{cut}", moment.by);
        Self { title: moment.at.time_of_day(now), value: text }
    }
}

fn turn(title: &str, number: Number, page: usize) -> Button {
    Button {
        title: title.to_owned(),
        say: format!("/incident timeline {number} --page {page}"),
        style: "default",
        secondary: false,
    }
}

impl View for TimelineView {
    const NAME: &'static str = "timeline";

    fn text(&self) -> String {
        let head = [self.title.clone(), self.note.clone()].into_iter();
        let rows = self.facts.iter().map(|fact| format!("{}  {}", fact.title, fact.value));
        head.chain(rows).collect::<Vec<_>>().join("\n")
    }
}
