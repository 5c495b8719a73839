//! How everything is doing, as people see it: readable on a telephone, one environment below the
//! other, and every figure with its age. Pure.

use serde::Serialize;

use super::{Cell, Drift, Figure, Health};
use crate::{
    cards::{Button, View},
    clock::{Timestamp, spoken},
    deployments::{buttons::button, deployment::Deployment, wording},
    names::Service,
};

/// How many environments one card shows: more would not fit into a message of Teams.
const MOST: usize = 24;

/// How many buttons one environment has: Teams shows six in a row.
const BUTTONS: usize = 6;

/// What is running or waiting in one environment, at most so many lines.
const OPEN: usize = 4;

/// The state of everything.
#[derive(Debug, Serialize)]
pub struct StatusView {
    title: String,
    note: Option<String>,
    services: Vec<ServiceView>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct ServiceView {
    name: String,
    cells: Vec<CellView>,
}

#[derive(Debug, Serialize)]
struct CellView {
    environment: String,
    version: String,
    health: String,
    /// `good`, `attention`, `warning` or `emphasis`: never the only sign of anything.
    color: &'static str,
    lines: Vec<String>,
    buttons: Vec<Button>,
}

/// What one person may do in one environment.
#[derive(Clone, Debug, Default)]
pub struct CellViewer {
    /// The deployments that wait for them.
    pub waiting: Vec<Deployment>,
    /// Whether they may deploy, and so go back.
    pub may_deploy: bool,
}

impl StatusView {
    /// The card; `one` is the service that was asked for, when one was.
    pub fn of(cells: &[(Cell, CellViewer)], one: Option<&Service>, now: Timestamp) -> Self {
        let mut services: Vec<ServiceView> = vec![];
        for (cell, viewer) in cells.iter().take(MOST) {
            let name = cell.service.as_str();
            let buttons = buttons(cell, viewer, one.is_some());
            let view = CellView { buttons, ..CellView::of(cell, now) };
            match services.last_mut() {
                Some(last) if last.name == name => last.cells.push(view),
                _ => services.push(ServiceView { name: name.to_owned(), cells: vec![view] }),
            }
        }
        let note = match cells.len() {
            0 => Some("There is nothing here that you may look at.".to_owned()),
            many if many > MOST => {
                let more = many - MOST;
                Some(format!("{more} more do not fit here: say `/status <service>`."))
            }
            _ => None,
        };
        let say = one.map_or_else(|| "/status".to_owned(), |one| format!("/status {one}"));
        let buttons = vec![button("Refresh", say, "default")];
        Self { title: "What runs where".to_owned(), note, services, buttons }
    }
}

/// First what waits for this person there, then the way back where something is wrong; everywhere
/// when only one service is looked at.
fn buttons(cell: &Cell, viewer: &CellViewer, one: bool) -> Vec<Button> {
    let Cell { service, environment, standing, .. } = cell;
    let approve = |deployment: &Deployment| {
        let title = format!("Approve {service} {} in {environment}", deployment.plan.version);
        // Without the plan's number this shows the card first: nobody approves what they have
        // not seen.
        button(&title, format!("/approve {}", deployment.id), "positive")
    };
    let mut buttons: Vec<Button> = viewer.waiting.iter().map(approve).collect();
    buttons.truncate(BUTTONS - 1);
    if standing.is_some() && viewer.may_deploy && (one || cell.is_troubled()) {
        let say = format!("/rollback {environment} --service {service} --plan");
        buttons.push(button(&format!("Roll back {service} in {environment}"), say, "default"));
    }
    buttons
}

impl Cell {
    fn is_troubled(&self) -> bool {
        let unwell = self.health.as_ref().is_some_and(|figure| figure.value != Health::Well);
        unwell || self.standing.as_ref().is_some_and(|standing| !standing.certain)
    }
}

impl CellView {
    fn of(cell: &Cell, now: Timestamp) -> Self {
        let version = cell.standing.as_ref().map_or_else(
            || "nothing deployed by me yet".to_owned(),
            |standing| standing.live.version.to_string(),
        );
        let (health, color) = health(cell.health.as_ref(), now);
        Self {
            environment: cell.environment.to_string(),
            version,
            health,
            color,
            lines: lines(cell, now),
            buttons: vec![],
        }
    }
}

fn health(figure: Option<&Figure<Health>>, now: Timestamp) -> (String, &'static str) {
    let Some(Figure { value, at }) = figure else {
        return ("No health checks".to_owned(), "emphasis");
    };
    let age = age(*at, now);
    match value {
        Health::Well => (format!("Healthy ({age})"), "good"),
        Health::Unwell(why) => (format!("Not healthy: {why} ({age})"), "attention"),
        Health::Silent => (format!("No answer in time ({age})"), "warning"),
    }
}

fn lines(cell: &Cell, now: Timestamp) -> Vec<String> {
    let mut lines = vec![];
    if let Some(standing) = &cell.standing {
        let since = standing.since.time_of_day(now);
        lines.push(format!("Since {since}, by {}", standing.by.name));
        if !standing.certain {
            lines.push(format!("Not certain: {}", standing.why));
        }
    }
    if let (Some(standing), Some((lead, other, figure))) = (&cell.standing, &cell.drift) {
        let age = age(figure.at, now);
        let commits =
            |n: usize| if n == 1 { "1 commit".to_owned() } else { format!("{n} commits") };
        lines.push(match figure.value {
            Drift::Same => format!("The same as {other}"),
            Drift::Commits { missing, extra: 0 } => {
                format!("{} behind {other} ({age})", commits(missing))
            }
            Drift::Commits { missing: 0, extra } => {
                format!("{} ahead of {other} ({age})", commits(extra))
            }
            Drift::Commits { missing, extra } => format!(
                "{} behind {other}, and {} that it has not ({age})",
                commits(missing),
                commits(extra)
            ),
            Drift::Other => format!(
                "{} here, {} in {other}: by how many commits is not known ({age})",
                standing.live.version, lead.live.version
            ),
        });
    }
    for deployment in cell.open.iter().take(OPEN) {
        let (going, by) = (wording::going(deployment), &deployment.requested_by.name);
        let what = if deployment.state.holds() { "Running" } else { "Waiting" };
        let status = wording::status(deployment, now);
        lines.push(format!("{what}: {going}, asked by {by}. {status}"));
    }
    if let Some(more) = cell.open.len().checked_sub(OPEN).filter(|more| *more > 0) {
        lines.push(format!("And {more} more waiting"));
    }
    lines.extend(cell.holds.iter().map(|hold| hold.spoken(now)));
    lines.extend(cell.reports.iter().cloned());
    lines
}

/// `asked 12 s ago`
fn age(at: Timestamp, now: Timestamp) -> String {
    match now.since(at) {
        age if age.as_secs() == 0 => "asked just now".to_owned(),
        age => format!("asked {} ago", spoken(age)),
    }
}

impl View for StatusView {
    const NAME: &'static str = "status";

    fn text(&self) -> String {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.note.clone());
        for service in &self.services {
            for cell in &service.cells {
                let CellView { environment, version, health, .. } = cell;
                lines.push(format!("{} · {environment}: {version}. {health}", service.name));
                lines.extend(cell.lines.iter().map(|line| format!("  {line}")));
            }
        }
        lines.join("\n")
    }
}
