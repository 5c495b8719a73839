//! Alerts one below the other, by service and severity, each with its buttons. Pure.

use serde::Serialize;

use super::{
    Shipment, Trouble, Viewer,
    alert::{Alert, Phase},
    buttons::{button, numbered},
    view::{Link, links, shipment, status},
};
use crate::{
    cards::{Button, View},
    clock::{Timestamp, spoken},
};

/// One alert of a list, and what is known about it.
#[derive(Debug)]
pub struct Row {
    /// The alert.
    pub alert: Alert,
    /// What was deployed before it began.
    pub before: Option<Shipment>,
    /// What the person who looks may do about it.
    pub viewer: Viewer,
    /// How many of its service are as bad, this one included.
    pub alike: usize,
}

/// Which part of a longer list.
#[derive(Clone, Debug)]
pub struct Page {
    /// How the list was asked for: `/alerts checkout`.
    pub say: String,
    /// What it is a list of: ` of checkout`, or nothing.
    pub of: String,
    /// Whether of what fires no more.
    pub over: bool,
    /// The page, from 1 on.
    pub number: usize,
    /// How many pages there are.
    pub pages: usize,
    /// How many alerts there are.
    pub total: usize,
}

/// A list of alerts.
#[derive(Debug, Serialize)]
pub struct AlertsView {
    title: String,
    notes: Vec<String>,
    groups: Vec<Group>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct Group {
    heading: String,
    rows: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct RowView {
    title: String,
    status: String,
    /// `attention`, `warning`, `good` or `default`: never the only sign of anything.
    color: &'static str,
    details: Vec<String>,
    /// Whether there is anything to press.
    actions: bool,
    link: Option<Link>,
    buttons: Vec<Button>,
}

impl AlertsView {
    /// The list, as one person sees it.
    pub fn of(rows: &[Row], page: &Page, troubles: &[Trouble], now: Timestamp) -> Self {
        let Page { say, of, over, number, pages, total } = page;
        let what = if *over { "resolved alerts" } else { "alerts" };
        let title = match total {
            0 => format!("No {what}{of}"),
            1 => format!("1 {}{of}", what.trim_end_matches('s')),
            many => format!("{many} {what}{of}"),
        };
        let mut notes: Vec<String> = troubles.iter().map(|trouble| silent(trouble, now)).collect();
        if *pages > 1 {
            notes.push(format!("Page {number} of {pages}"));
        }
        let mut groups: Vec<Group> = vec![];
        for row in rows {
            let heading = heading(row, *over);
            let view = RowView::of(row, now);
            match groups.last_mut().filter(|last| last.heading == heading) {
                Some(last) => last.rows.push(view),
                None => groups.push(Group { heading, rows: vec![view] }),
            }
        }
        let mut turns = vec![];
        if *number > 1 {
            let back = format!("{say} --page {}", number - 1);
            turns.push(button("Page before", back, "default"));
        }
        if number < pages {
            let on = format!("{say} --page {}", number + 1);
            turns.push(button("Next page", on, "default"));
        }
        turns.push(button("Refresh", format!("{say} --page {number}"), "default"));
        Self { title, notes, groups, buttons: turns }
    }
}

fn silent(trouble: &Trouble, now: Timestamp) -> String {
    let Trouble { source, since, why } = trouble;
    let since = since.time_of_day(now);
    format!("{source} has not answered since {since}, so this may be old: {why}")
}

fn heading(row: &Row, over: bool) -> String {
    let service = row.alert.service.as_ref().map_or("No service", |service| service.as_str());
    let severity = row.alert.severity.word();
    if over { "Resolved".to_owned() } else { format!("{service} · {severity}: {}", row.alike) }
}

impl RowView {
    fn of(row: &Row, now: Timestamp) -> Self {
        let Row { alert, before, viewer, .. } = row;
        let mut title = alert.name();
        title.extend(alert.environment.as_ref().map(|place| format!(" · {place}")));
        let phase = alert.phase(now);
        let mut status = status(alert, now);
        if matches!(phase, Phase::Firing | Phase::Acknowledged) {
            status = format!("{status}, for {}", spoken(now.since(alert.starts)));
        }
        let mut details = vec![];
        details.extend(alert.words.summary.clone());
        details.extend(before.as_ref().map(|before| shipment(before, alert.starts)));
        details.push(format!("Number {}, from {}", alert.id, alert.source));
        let color = match (phase, alert.severity.rank()) {
            (Phase::Firing, 0 | 1) => "attention",
            (Phase::Firing | Phase::Acknowledged, _) => "warning",
            (Phase::Resolved, _) => "good",
            _ => "default",
        };
        let buttons = numbered(alert, before.as_ref(), viewer, now);
        let link = links(alert, now).into_iter().next().map(|link| link.of(alert));
        let actions = link.is_some() || !buttons.is_empty();
        Self { title, status, color, details, actions, link, buttons }
    }

    fn text(&self) -> String {
        format!("{}: {}. {}", self.title, self.status, self.details.join(". "))
    }
}

impl View for AlertsView {
    const NAME: &'static str = "alerts";

    fn text(&self) -> String {
        let groups = self.groups.iter().flat_map(|group| {
            [group.heading.clone()].into_iter().chain(group.rows.iter().map(RowView::text))
        });
        let head = [self.title.clone()].into_iter().chain(self.notes.iter().cloned());
        head.chain(groups).collect::<Vec<_>>().join("\n")
    }
}
