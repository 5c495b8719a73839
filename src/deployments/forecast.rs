//! What would happen, and what it would need, before anybody asks for it. Pure.

use serde::Serialize;

use super::{
    buttons::{again, button, who_may_approve},
    deployment::Deployment,
    hold::Hold,
    plan::Plan,
    view::{ChangesView, Fact, changes_of},
    wording,
};
use crate::{
    access::{Access, Actor},
    cards::{Button, View},
    clock::{Timestamp, spoken},
};

/// A plan, and how things stand around it.
#[derive(Debug)]
pub struct Forecast {
    /// What would happen.
    pub plan: Plan,
    /// Who would ask.
    pub by: Actor,
    /// What would hold it back.
    pub holds: Vec<Hold>,
    /// What runs there or waits there already.
    pub ahead: Vec<Deployment>,
}

/// A forecast's card.
#[derive(Debug, Serialize)]
pub struct ForecastView {
    title: String,
    note: &'static str,
    /// What it would need, and what would come of it.
    needs: Vec<String>,
    changes: Option<ChangesView>,
    facts: Vec<Fact>,
    buttons: Vec<Button>,
}

impl ForecastView {
    /// The card.
    pub fn of(forecast: &Forecast, access: &Access, now: Timestamp) -> Self {
        let plan = &forecast.plan;
        let mut facts = vec![];
        if let Some(from) = &plan.from {
            let title = if plan.back { "Live now" } else { "Last good version" };
            facts.push(Fact { title, value: from.version.to_string() });
        }
        if let Some(commit) = &plan.commit {
            facts.push(Fact { title: "Commit", value: commit.chars().take(10).collect() });
        }
        if let Some(exception) = &plan.exception {
            facts.push(Fact { title: "Overrides freezes", value: exception.clone() });
        }
        facts.push(Fact { title: "Plan", value: plan.digest().short().to_owned() });
        let (title, style) =
            if plan.back { ("Roll back", "destructive") } else { ("Ask for it", "positive") };
        let exception = plan.exception.as_ref().map_or(String::new(), |reason| {
            format!(" --override \"{}\"", reason.replace('\\', "\\\\").replace('"', "\\\""))
        });
        let say = format!("{}{exception}", again(plan));
        Self {
            title: format!("Plan: {} · {} ← {}", plan.service, plan.environment, plan.version),
            note: "Nothing has been touched, and nobody has been asked.",
            needs: needs(forecast, access, now),
            changes: changes_of(plan),
            facts,
            buttons: vec![button(title, say, style)],
        }
    }
}

fn needs(forecast: &Forecast, access: &Access, now: Timestamp) -> Vec<String> {
    let Forecast { plan, by, holds, ahead } = forecast;
    let policy = &plan.policy;
    let mut needs = vec![match policy.approvals {
        0 => "Needs nobody's approval.".to_owned(),
        many => {
            let who = who_may_approve((plan, by), &[], access);
            let people =
                if many == 1 { "1 approval".to_owned() } else { format!("{many} approvals") };
            format!("Needs {people} within {}: {who} may approve it.", spoken(policy.expires_after))
        }
    }];
    for hold in holds {
        needs.push(format!("Would wait: {}.", hold.spoken(now)));
    }
    for other in ahead {
        let verb = if other.state.holds() { "runs" } else { "waits" };
        needs.push(format!(
            "{} {verb} there already, asked by {}: {}.",
            wording::going(other),
            other.requested_by.name,
            wording::status(other, now)
        ));
    }
    if holds.is_empty() && ahead.is_empty() {
        needs.push("Nothing stands in its way: no lock, no freeze, nobody before it.".to_owned());
    }
    needs.push(match (&policy.verify, policy.rollback_after, &plan.from) {
        (None, ..) => "Nobody would know whether it is healthy: there are no checks.".to_owned(),
        (Some(_), Some(after), Some(from)) => format!(
            "If it is not healthy, {} comes back after {}, unless somebody stops that.",
            from.version,
            spoken(after)
        ),
        _ => "If it is not healthy, people are told, and decide.".to_owned(),
    });
    if plan.back {
        let environment = &plan.environment;
        needs.push(format!("Afterwards {environment} is locked until somebody unlocks it."));
    }
    needs
}

impl View for ForecastView {
    const NAME: &'static str = "plan";

    fn text(&self) -> String {
        let lines = self.needs.iter().map(String::as_str);
        let changes = self.changes.iter().map(|changes| changes.heading.as_str());
        let head = [self.title.as_str(), self.note].into_iter();
        head.chain(lines).chain(changes).collect::<Vec<_>>().join("\n")
    }
}
