//! Deployments one below the other, each with a button that opens its card again. Pure.

use serde::Serialize;

use super::{buttons::button, deployment::Deployment, wording};
use crate::{
    cards::{Button, View},
    clock::{Timestamp, spoken},
};

/// A list of deployments.
#[derive(Debug, Serialize)]
pub struct ListView {
    title: String,
    /// What to know about the list itself.
    note: Option<String>,
    rows: Vec<Row>,
}

/// One deployment in a few words.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    title: String,
    status: String,
    /// Who, when, how long.
    details: String,
    button: Button,
}

impl ListView {
    /// These deployments, in this order; `total` is how many there are to choose from.
    pub fn of(deployments: &[Deployment], total: usize, now: Timestamp) -> Self {
        let note = match (deployments.len(), total) {
            (0, _) => Some("There is none yet that you may look at.".to_owned()),
            (shown, total) if shown < total => {
                Some("There are more: add `--last 20`, or name an environment.".to_owned())
            }
            _ => None,
        };
        let rows = deployments.iter().map(|deployment| Row::of(deployment, now)).collect();
        Self { title: "The latest deployments".to_owned(), note, rows }
    }
}

impl Row {
    pub(super) fn of(deployment: &Deployment, now: Timestamp) -> Self {
        let plan = &deployment.plan;
        let arrow = if plan.back { "↩" } else { "←" };
        let title = format!("{} · {} {arrow} {}", plan.service, plan.environment, plan.version);
        let mut details = vec![format!(
            "Asked by {}, {}",
            deployment.requested_by.name,
            deployment.asked.time_of_day(now)
        )];
        if !deployment.approvals.is_empty() {
            let names: Vec<&str> =
                deployment.approvals.iter().map(|approval| approval.by.name.as_str()).collect();
            details.push(format!("approved by {}", names.join(", ")));
        }
        match (deployment.began, deployment.ended) {
            (Some(began), Some(ended)) => {
                details.push(format!("took {}", spoken(ended.since(began))));
            }
            (Some(began), None) => {
                details.push(format!("running for {}", spoken(now.since(began))));
            }
            _ => {}
        }
        let say = format!("/show {}", deployment.id);
        let button = button(&format!("Open {}", deployment.id), say, "default");
        let status = wording::status(deployment, now);
        Self { title, status, details: details.join(", "), button }
    }

    /// Says more about it.
    pub(super) fn saying(self, more: Option<String>) -> Self {
        match more {
            Some(more) => Self { status: format!("{}. {more}", self.status), ..self },
            None => self,
        }
    }

    pub(super) fn text(&self) -> String {
        format!("{}: {} ({})", self.title, self.status, self.details)
    }
}

impl View for ListView {
    const NAME: &'static str = "list";

    fn text(&self) -> String {
        let head = [self.title.clone()].into_iter().chain(self.note.clone());
        head.chain(self.rows.iter().map(Row::text)).collect::<Vec<_>>().join("\n")
    }
}
