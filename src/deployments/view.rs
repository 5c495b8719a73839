//! A deployment as people see it: everybody the same facts, each the buttons that are theirs.

use serde::Serialize;

use super::{
    buttons::{Viewer, approvers, buttons},
    deployment::Deployment,
    gates::{self, Told},
    plan::Plan,
    state::{Outcome, State},
    wording,
};
use crate::{
    access::Access,
    cards::{Button, View},
    clock::{Timestamp, spoken},
    health::Answer,
    outbound::Base,
    pipelines::{Changes, Commit, Progress, Run},
};

/// How many commits a card lists; the rest are counted, and a link leads to them.
const COMMITS: usize = 5;

/// How many lines of a run's output a card shows.
const TAIL: usize = 6;

/// How many cells the progress bar of text has.
const CELLS: u32 = 10;

/// One deployment's card.
#[derive(Debug, Serialize)]
pub struct DeploymentView {
    id: String,
    title: String,
    status: String,
    /// `good`, `attention`, `warning`, `accent` or `default`: never the only sign of anything.
    color: &'static str,
    /// What it means, and what to press or say next.
    next: Option<String>,
    /// What stands in its way.
    holds: Vec<String>,
    facts: Vec<Fact>,
    changes: Option<ChangesView>,
    progress: Option<ProgressView>,
    tail: Option<String>,
    checks: Vec<String>,
    link: Option<Link>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) title: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangesView {
    pub(super) heading: String,
    commits: Vec<CommitView>,
    more: Option<String>,
}

#[derive(Debug, Serialize)]
struct CommitView {
    /// As short as people say it.
    id: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct ProgressView {
    done: u32,
    total: u32,
    bar: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Link {
    title: String,
    url: String,
}

impl DeploymentView {
    /// The card as `viewer` sees it; `None` is everybody at once, who are shown every button
    /// somebody may press: the decision falls when it is pressed.
    pub fn of(
        deployment: &Deployment,
        access: &Access,
        viewer: Option<Viewer>,
        now: Timestamp,
    ) -> Self {
        let plan = &deployment.plan;
        let everybody = Viewer { may_approve: true, may_cancel: true };
        Self {
            id: deployment.id.to_string(),
            title: format!("{} · {} ← {}", plan.service, plan.environment, plan.version),
            status: wording::status(deployment, now),
            color: color(deployment),
            next: next(deployment, access, now),
            holds: wording::holds(deployment, now),
            facts: facts(deployment, now),
            changes: changes(deployment),
            progress: progress(deployment, now),
            tail: tail(deployment),
            checks: checks(deployment),
            link: link(deployment),
            buttons: buttons(deployment, viewer.unwrap_or(everybody)),
        }
    }
}

impl View for DeploymentView {
    const NAME: &'static str = "deployment";

    fn text(&self) -> String {
        format!("{}: {}", self.title, self.status)
    }
}

fn color(deployment: &Deployment) -> &'static str {
    match &deployment.state {
        State::Queued { .. } if deployment.held.is_empty() => "default",
        State::AwaitingApproval { .. }
        | State::Queued { .. }
        | State::CountingDown { .. }
        | State::Unknown { .. } => "warning",
        State::Running { .. } if deployment.state.undecided().next().is_some() => "warning",
        State::Starting { .. } | State::Running { .. } | State::Verifying(_) => "accent",
        State::Ended(Outcome::Succeeded { .. }) => "good",
        State::Ended(
            Outcome::Declined { .. }
            | Outcome::Cancelled { begun: false, .. }
            | Outcome::Expired
            | Outcome::Superseded { .. },
        ) => "default",
        State::Ended(_) => "attention",
    }
}

fn next(deployment: &Deployment, access: &Access, now: Timestamp) -> Option<String> {
    let plan = &deployment.plan;
    match &deployment.state {
        State::AwaitingApproval { until } => {
            let until = until.time_of_day(now);
            Some(format!("{} may approve it until {until}.", approvers(deployment, access)))
        }
        State::Queued { .. } => {
            let when = if deployment.held.is_empty() {
                "when nothing else runs there"
            } else {
                "when nothing holds it back any more"
            };
            Some(format!("It starts by itself {when}."))
        }
        State::Unknown { .. } => Some(format!(
            "Look at the pipeline itself. If there is no run, {} can have it started again. If \
             there is one, wait: it is found when it shows up.",
            approvers(deployment, access)
        )),
        State::Running { .. } => gates::next(deployment, access),
        State::CountingDown { .. } => {
            Some(format!("Press Stop to keep {} and look for yourself.", plan.version))
        }
        State::Ended(Outcome::Unhealthy { .. } | Outcome::RollbackFailed { .. }) => Some(format!(
            "Look at {} in {} now. `/deploy {} <version>` brings another version.",
            plan.service, plan.environment, plan.environment
        )),
        State::Ended(Outcome::PipelineFailed { .. }) => Some(match &deployment.before {
            Some(good) => format!(
                "How far it got is in the build. The last good version was {}.",
                good.version
            ),
            None => "How far it got is in the build.".to_owned(),
        }),
        _ => None,
    }
}

fn facts(deployment: &Deployment, now: Timestamp) -> Vec<Fact> {
    let plan = &deployment.plan;
    let asked = deployment.asked.time_of_day(now);
    let mut facts = vec![Fact {
        title: "Asked by",
        value: format!("{}, {asked}", deployment.requested_by.name),
    }];
    if let Some(reason) = &deployment.reason {
        facts.push(Fact { title: "Reason", value: reason.clone() });
    }
    if let (true, Some(from)) = (plan.back, &plan.from) {
        facts.push(Fact { title: "Goes back from", value: from.version.to_string() });
    }
    if let Some(exception) = &plan.exception {
        let value = format!("{exception} ({})", deployment.requested_by.name);
        facts.push(Fact { title: "Overrides freezes", value });
    }
    if !deployment.approvals.is_empty() {
        let names: Vec<&str> = deployment.approvals.iter().map(|a| a.by.name.as_str()).collect();
        facts.push(Fact { title: "Approved by", value: names.join(", ") });
    }
    let passed = deployment.state.decisions().iter();
    let passed: Vec<String> = passed
        .filter(|decision| decision.told == Told::Done)
        .map(|decision| format!("{} ({})", decision.gate.name, decision.by.name))
        .collect();
    if !passed.is_empty() {
        facts.push(Fact { title: "Answered there", value: passed.join(", ") });
    }
    if let Some(changed) = &deployment.changed {
        facts.push(Fact { title: "Changed since", value: format!("{changed}: please look again") });
    }
    if let Some(commit) = &plan.commit {
        let short: String = commit.chars().take(10).collect();
        facts.push(Fact { title: "Commit", value: short });
    }
    facts.push(Fact { title: "Plan", value: plan.digest().short().to_owned() });
    facts.push(Fact { title: "Deployment", value: deployment.id.to_string() });
    if let (Some(began), Some(ended)) = (deployment.began, deployment.ended) {
        facts.push(Fact { title: "Took", value: spoken(ended.since(began)) });
    }
    facts
}

fn changes(deployment: &Deployment) -> Option<ChangesView> {
    let undecided = matches!(
        deployment.state,
        State::AwaitingApproval { .. } | State::Queued { .. } | State::Starting { .. }
    );
    changes_of(&deployment.plan).filter(|_| undecided)
}

/// What a plan would ship and take back.
pub(super) fn changes_of(plan: &Plan) -> Option<ChangesView> {
    let Changes { total, behind, commits, .. } = plan.changes.as_ref()?;
    let from = plan.from.as_ref()?;
    let plural = |n: usize| if n == 1 { "1 commit".to_owned() } else { format!("{n} commits") };
    let heading = match (total, behind) {
        (0, 0) => format!("Nothing new: this is what {} is", from.version),
        (0, behind) => format!("Takes back {} of {}", plural(*behind), from.version),
        (total, 0) => format!("Ships {} since {}", plural(*total), from.version),
        (total, behind) => format!(
            "Ships {} and takes back {} compared with {}",
            plural(*total),
            plural(*behind),
            from.version
        ),
    };
    let view = |commit: &Commit| CommitView {
        id: commit.id.chars().take(7).collect(),
        text: format!("{} ({})", commit.title, commit.author),
    };
    let commits: Vec<CommitView> = commits.iter().take(COMMITS).map(view).collect();
    let more = total.saturating_sub(commits.len());
    let more = (more > 0).then(|| format!("and {more} more"));
    Some(ChangesView { heading, commits, more })
}

fn progress(deployment: &Deployment, now: Timestamp) -> Option<ProgressView> {
    let State::Running { since, progress, .. } = &deployment.state else { return None };
    let Progress { done, total, step, .. } = progress;
    let elapsed = spoken(now.since(*since));
    let (done, total) = (*done.min(total), *total);
    let filled = (done * CELLS).checked_div(total).unwrap_or(0);
    let bar = (0..CELLS).map(|cell| if cell < filled { '▓' } else { '░' }).collect();
    let step = step.as_deref().map(|step| format!(": {step}")).unwrap_or_default();
    let text = match total {
        0 => format!("{elapsed}{step}"),
        total => format!("{done} of {total} steps done, {elapsed}{step}"),
    };
    Some(ProgressView { done, total: total.max(1), bar, text })
}

fn tail(deployment: &Deployment) -> Option<String> {
    let State::Running { progress: Progress { tail, .. }, .. } = &deployment.state else {
        return None;
    };
    let lines = &tail[tail.len().saturating_sub(TAIL)..];
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn checks(deployment: &Deployment) -> Vec<String> {
    let State::Verifying(proof) = &deployment.state else { return vec![] };
    let line = |Answer { healthy, detail, .. }: &Answer| {
        format!("{}: {detail}", if *healthy { "Healthy" } else { "Not healthy" })
    };
    proof.answers.iter().map(line).collect()
}

/// The page of the run, or of what would ship. Only an address that is safe to press.
fn link(deployment: &Deployment) -> Option<Link> {
    let elsewhere = deployment.state.undecided().find(|gate| !gate.answerable);
    if let Some((gate, url)) = elsewhere.and_then(|gate| Some((gate, gate.url.as_ref()?))) {
        let safe: Base = url.parse().ok()?;
        return Some(Link { title: format!("Answer at {}", gate.at), url: safe.to_string() });
    }
    let (title, url) = match (&deployment.run, &deployment.plan.changes) {
        (Some(Run { label, url: Some(url), .. }), _) => (format!("Open build {label}"), url),
        (None, Some(Changes { url: Some(url), .. })) => ("Compare".to_owned(), url),
        _ => return None,
    };
    let safe: Base = url.parse().ok()?;
    Some(Link { title, url: safe.to_string() })
}
