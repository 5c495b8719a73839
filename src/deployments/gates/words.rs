//! What people read about gates, here and at the vendor's. Pure.

use super::{Decision, Told};
use crate::{
    access::Access,
    deployments::{
        buttons::who_may_approve,
        deployment::{Deployment, Way},
    },
    pipelines::{Answer, Gate, Verdict},
};

/// Where a deployment stands whose run waits at gates.
pub(in crate::deployments) fn status(deployment: &Deployment, run: &str) -> String {
    let state = &deployment.state;
    let at = state.gates().first().map_or("the pipeline", |gate| &gate.at);
    if !deployment.held.is_empty() && !deployment.unsettled().is_empty() {
        return format!("Build {run} waits at {at}, held back from {}", environment(deployment));
    }
    if let Some(decision) = deployment.untold().next() {
        return format!("{}. {at} is being told…", decided(decision));
    }
    let open: Vec<&Gate> = state.undecided().collect();
    if open.is_empty() {
        return format!("{at} knows the answer. Waiting until build {run} goes on");
    }
    format!("Build {run} waits for {} to be approved at {at}", names(&open))
}

/// What to press, or why nothing can be pressed.
pub(in crate::deployments) fn next(deployment: &Deployment, access: &Access) -> Option<String> {
    let open: Vec<&Gate> = deployment.state.undecided().collect();
    let at = &open.first()?.at;
    if !deployment.held.is_empty() && !deployment.unsettled().is_empty() {
        return Some("It goes on by itself when nothing holds it back any more.".to_owned());
    }
    let failed = deployment.state.decisions().iter().rev().find_map(|decision| {
        let here = open.iter().any(|gate| gate.id == decision.gate.id);
        match &decision.told {
            Told::Failed { why } if here => Some((decision, why)),
            _ => None,
        }
    });
    let failed = failed.map_or(String::new(), |(decision, why)| match decision.reason {
        None if decision.by.id.as_str() == "bot" => format!("Pilothouse does not answer: {why}. "),
        _ => format!("{at} did not take the answer of {}: {why}. ", decision.by.name),
    });
    if open.iter().any(|gate| gate.answerable) {
        let who = who_may_approve((&deployment.plan, &deployment.requested_by), &[], access);
        return Some(format!("{failed}{who} may answer it here."));
    }
    Some(format!(
        "{failed}{at} takes no answer from Pilothouse there: whoever it asks has to answer on its \
         page."
    ))
}

/// Whom it waits for, in a list.
pub(in crate::deployments) fn waits_for(
    deployment: &Deployment,
    access: &Access,
) -> Option<String> {
    deployment.state.waits_at_a_gate().then(|| next(deployment, access))?
}

/// `production`, `production and eu`
fn names(gates: &[&Gate]) -> String {
    gates.iter().map(|gate| gate.name.as_str()).collect::<Vec<_>>().join(" and ")
}

fn environment(deployment: &Deployment) -> &str {
    deployment.plan.environment.as_str()
}

fn decided(decision: &Decision) -> String {
    let verb = match decision.verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "declined",
    };
    format!("{} {verb} {}", decision.by.name, decision.gate.name)
}

/// Why a run ended that was not let through.
pub(super) fn turned_away(decision: &Decision) -> String {
    let why = decision.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("{} at {}{why}", decided(decision), decision.gate.at)
}

/// That the run was made of something else.
pub(super) fn other_commit(commit: &str, approved: Option<&String>) -> String {
    let short = |commit: &str| commit.chars().take(10).collect::<String>();
    let approved = approved.map_or_else(
        || "no commit is known that was approved".to_owned(),
        |approved| format!("{} was approved", short(approved)),
    );
    format!(
        "the run was made of commit {}, and {approved}. Where the workflow checks out what it is \
         told, say `head: any` in the configuration",
        short(commit)
    )
}

impl Deployment {
    /// Who has agreed to it, for those who read it at the vendor's.
    pub(super) fn agreed(&self) -> String {
        let names: Vec<&str> = self.approvals.iter().map(|a| a.by.name.as_str()).collect();
        let agreed = match (names.as_slice(), &self.way) {
            (_, Way::Back { to, .. }) => {
                format!("it goes back to {}, which was good there", to.version)
            }
            ([], _) => "nobody has to approve it there".to_owned(),
            (names, _) => format!("approved by {}", names.join(", ")),
        };
        format!("{agreed}; asked for by {}", self.requested_by.name)
    }
}

/// What the vendor is told.
pub(super) fn answer(deployment: &Deployment, decision: &Decision) -> Answer {
    let verb = match decision.verdict {
        Verdict::Approve => "Approved",
        Verdict::Reject => "Rejected",
    };
    let why = decision.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    let comment = format!(
        "{verb} by {} (deployment {}, {} {} to {}){why}",
        decision.by.name,
        deployment.id,
        deployment.plan.service,
        deployment.plan.version,
        deployment.plan.environment
    );
    Answer::new(decision.verdict, &comment)
}
