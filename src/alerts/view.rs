//! An alert as people see it: everybody the same facts, each the buttons that are theirs. Pure.

use std::time::Duration;

use serde::Serialize;

use super::{
    Acknowledged, Shipment, Telling, Viewer,
    alert::{Alert, Phase},
    buttons::{buttons, runbook},
    heard::sentence,
    silence::{Silence, Stage},
};
use crate::{
    cards::{Button, View},
    clock::{Timestamp, spoken},
    names::{Environment, Service},
};

/// How many of the other labels are looked at; a line of a card has room for about ten.
const MOST_LABELS: usize = 20;

/// One alert's card.
#[derive(Debug, Serialize)]
pub struct AlertView {
    title: String,
    status: String,
    /// `good`, `attention`, `warning`, `accent` or `default`: never the only sign of anything.
    color: &'static str,
    lines: Vec<String>,
    facts: Vec<Fact>,
    links: Vec<Link>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct Fact {
    title: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    title: String,
    url: String,
    /// Whether it is behind `…`, where room is short.
    secondary: bool,
}

impl Link {
    /// With the alert's number on it: in a list, no two links are called the same.
    pub(super) fn of(self, alert: &Alert) -> Self {
        Self { title: format!("{} ({})", self.title, alert.id), ..self }
    }
}

impl AlertView {
    /// The card as `viewer` sees it; `before` is what was deployed before it began.
    pub fn of(alert: &Alert, before: Option<&Shipment>, viewer: &Viewer, now: Timestamp) -> Self {
        Self {
            title: title(alert),
            status: status(alert, now),
            color: color(alert, now),
            lines: lines(alert, before, now),
            facts: facts(alert),
            links: links(alert, now),
            buttons: buttons(alert, before, viewer, now),
        }
    }
}

impl View for AlertView {
    const NAME: &'static str = "alert";

    fn text(&self) -> String {
        format!("{}: {}", self.title, self.status)
    }
}

/// `HighErrorRate · checkout · production`
pub(super) fn title(alert: &Alert) -> String {
    let mut title = alert.name();
    for part in [
        alert.service.as_ref().map(Service::as_str),
        alert.environment.as_ref().map(Environment::as_str),
    ] {
        title.extend(part.map(|part| format!(" · {part}")));
    }
    title
}

/// Where it stands, in one sentence.
pub(super) fn status(alert: &Alert, now: Timestamp) -> String {
    let began = alert.starts.time_of_day(now);
    match (alert.phase(now), &alert.ended, &alert.silence, &alert.acknowledged) {
        (_, Some(over), ..) => {
            let lasted = spoken(over.at.since(alert.starts));
            format!("Resolved at {}, after {lasted}", over.at.time_of_day(now))
        }
        (Phase::Silenced, _, Some(silence), _) => silenced(silence, now),
        (Phase::Inhibited, ..) => format!("Fires since {began}; another alert says as much"),
        (_, _, _, Some(acknowledged)) => {
            let at = acknowledged.at.time_of_day(now);
            format!("Acknowledged by {} at {at}; fires since {began}", acknowledged.by.name)
        }
        _ => format!("Fires since {began}"),
    }
}

fn silenced(silence: &Silence, now: Timestamp) -> String {
    let until = silence.until.time_of_day(now);
    let why = silence.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("Silenced until {until} by {}{why}", silence.name())
}

fn color(alert: &Alert, now: Timestamp) -> &'static str {
    match (alert.phase(now), alert.severity.rank()) {
        (Phase::Resolved, _) => "good",
        (Phase::Silenced | Phase::Inhibited, _) => "default",
        (Phase::Acknowledged, _) => "accent",
        (Phase::Firing, 0 | 1) => "attention",
        (Phase::Firing, _) => "warning",
    }
}

fn lines(alert: &Alert, before: Option<&Shipment>, now: Timestamp) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    lines.extend(alert.words.summary.clone());
    lines.extend(alert.words.description.clone());
    lines.extend(alert.silence.as_ref().and_then(|silence| about_silence(alert, silence, now)));
    lines.extend(alert.acknowledged.as_ref().and_then(|one| about_telling(alert, one)));
    if let (Phase::Silenced, Some(acknowledged)) = (alert.phase(now), &alert.acknowledged) {
        let at = acknowledged.at.time_of_day(now);
        lines.push(format!("Acknowledged by {} at {at}", acknowledged.by.name));
    }
    lines.extend(before.map(|before| shipment(before, alert.starts)));
    if alert.times > 1 {
        lines.push(format!("It has begun {} times", alert.times));
    }
    if let Some(since) = alert.missing {
        let since = since.time_of_day(now);
        lines.push(format!("{} does not list it any more since {since}", alert.source));
    }
    lines
}

/// `v2.1.0 went out 12 min earlier, by alice`
pub(super) fn shipment(before: &Shipment, starts: Timestamp) -> String {
    let Shipment { what, by, at } = before;
    match at {
        Some(at) => {
            // Nobody counts the seconds of what was minutes ago.
            let earlier = match starts.since(*at).as_secs() {
                short @ 0..300 => short,
                long => long / 60 * 60,
            };
            let earlier = spoken(Duration::from_secs(earlier));
            format!("{what} went out {earlier} earlier, by {by}")
        }
        None => format!("{what} was on its way out when it began, by {by}"),
    }
}

/// What people have to know of a silence that the status does not say.
fn about_silence(alert: &Alert, silence: &Silence, now: Timestamp) -> Option<String> {
    let (name, until) = (silence.name(), silence.until.time_of_day(now));
    let source = &alert.source;
    match &silence.stage {
        Stage::Asked { trouble: None } => Some(format!("{name} wants it silenced until {until}")),
        Stage::Asked { trouble: Some(why) } => Some(format!(
            "{name} wants it silenced until {until}, but {source} has not taken that yet: {why}"
        )),
        Stage::Failed { why } => Some(format!(
            "It is not silenced, although {name} wants that: {source} did not take it: {why}"
        )),
        Stage::Ending { by, trouble: None, .. } => Some(format!("{} ends the silence", by.name)),
        Stage::Ending { by, trouble: Some(why), .. } => Some(format!(
            "{} wants the silence ended, but {source} has not done so: {why}",
            by.name
        )),
        Stage::Stands { .. } => None,
    }
}

/// What people have to know when the source does not know who has it.
fn about_telling(alert: &Alert, acknowledged: &Acknowledged) -> Option<String> {
    let (source, name) = (&alert.source, &acknowledged.by.name);
    match acknowledged.telling.as_ref().filter(|_| alert.ended.is_none())? {
        Telling::Wanted { trouble: Some(why) } => {
            Some(format!("{source} has not taken yet that {name} has it: {why}"))
        }
        Telling::Failed { why } => Some(format!(
            "{source} does not know that {name} has it, and may go on calling people: {why}"
        )),
        Telling::Wanted { trouble: None } | Telling::Done => None,
    }
}

fn facts(alert: &Alert) -> Vec<Fact> {
    let fact = |title, value: &str| Fact { title, value: value.to_owned() };
    let mut facts = vec![
        fact("Severity", alert.severity.word()),
        fact("Number", alert.id.as_str()),
        fact("Source", alert.source.as_str()),
    ];
    let shown = [
        alert.service.as_ref().map(Service::as_str),
        alert.environment.as_ref().map(Environment::as_str),
        Some(alert.severity.word()),
    ];
    let others = alert
        .labels
        .iter()
        .filter(|(name, value)| *name != "alertname" && !shown.contains(&Some(value.as_str())));
    let others = others.take(MOST_LABELS).map(|(name, value)| format!("{name} {value}"));
    let labels = others.collect::<Vec<_>>().join(", ");
    facts.extend(sentence(&labels).map(|labels| fact("Labels", &labels)));
    facts
}

/// What can be opened about it, the most useful first.
pub(super) fn links(alert: &Alert, now: Timestamp) -> Vec<Link> {
    if alert.phase(now) == Phase::Resolved {
        return vec![];
    }
    let runbook = runbook(alert).map(|url| ("Runbook".to_owned(), url.to_owned()));
    let page = alert.words.page.clone().map(|url| (format!("Open in {}", alert.source), url));
    let links = [runbook, page].into_iter().flatten().enumerate();
    links.map(|(index, (title, url))| Link { title, url, secondary: index > 0 }).collect()
}
