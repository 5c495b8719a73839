//! A storm of alerts as people see it: how many, how bad, and which most of all. Pure.

use serde::Serialize;

use super::buttons::button;
use crate::{
    cards::{Button, View},
    clock::Timestamp,
};

/// How the alerts of a storm are.
#[derive(Clone, Debug)]
pub struct Tally {
    since: Timestamp,
    /// By severity, the worst first: how many fire, and how many do no more.
    severities: Vec<(String, usize, usize)>,
    /// What fires most: of which service, under which name, how often.
    names: Vec<(String, String, usize)>,
}

impl Tally {
    /// Nothing has been counted yet.
    pub fn new(since: Timestamp) -> Self {
        Self { since, severities: vec![], names: vec![] }
    }

    /// Counts some of one severity; the worst come first.
    pub fn add(&mut self, severity: String, resolved: bool, number: usize) {
        if self.severities.last().is_none_or(|(last, ..)| *last != severity) {
            self.severities.push((severity, 0, 0));
        }
        if let Some((_, firing, over)) = self.severities.last_mut() {
            *if resolved { over } else { firing } += number;
        }
    }

    /// Names what fires often; the most come first. Text from outside.
    pub fn name(&mut self, service: String, name: String, number: usize) {
        self.names.push((service, name, number));
    }

    /// How many fire.
    pub fn firing(&self) -> usize {
        self.severities.iter().map(|(_, firing, _)| firing).sum()
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.severities.iter().map(|(_, firing, over)| firing + over).sum()
    }
}

/// A storm's card.
#[derive(Debug, Serialize)]
pub struct StormView {
    title: String,
    status: String,
    /// `attention` or `good`: never the only sign of anything.
    color: &'static str,
    lines: Vec<String>,
    buttons: Vec<Button>,
}

impl StormView {
    /// The card.
    pub fn of(tally: &Tally, now: Timestamp) -> Self {
        let (all, firing) = (tally.all(), tally.firing());
        let since = tally.since.time_of_day(now);
        let status = match all - firing {
            0 => format!("All of them fire, since {since}"),
            over if firing == 0 => format!("All {over} are resolved; they began at {since}"),
            over => format!("{firing} fire, {over} are resolved; they began at {since}"),
        };
        let severity = |(word, firing, over): &(String, usize, usize)| match over {
            0 => format!("{word}: {firing} fire"),
            over => format!("{word}: {firing} fire, {over} resolved"),
        };
        let name = |(service, name, number): &(String, String, usize)| match service.as_str() {
            "" => format!("{number} × {name}"),
            service => format!("{number} × {name} of {service}"),
        };
        let mut lines: Vec<String> = tally.severities.iter().take(5).map(severity).collect();
        lines.extend(tally.names.iter().map(name));
        let mut services = tally.names.iter().map(|(service, ..)| service);
        let first = services.next().filter(|first| !first.is_empty());
        let only = first.filter(|first| services.all(|other| other == *first));
        let say = only.map_or_else(|| "/alerts".to_owned(), |one| format!("/alerts {one}"));
        Self {
            title: format!("A storm of alerts: {all} more"),
            status,
            color: if firing > 0 { "attention" } else { "good" },
            lines,
            buttons: vec![button("Show alerts", say, "default")],
        }
    }
}

impl View for StormView {
    const NAME: &'static str = "storm";

    fn text(&self) -> String {
        format!("{}. {}", self.title, self.status)
    }
}
