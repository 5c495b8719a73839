//! Where a deployment stands, in the words people read. Pure.

use std::fmt;

use super::{
    deployment::{Deployment, Way},
    gates,
    state::{Outcome, State},
};
use crate::{
    clock::{Timestamp, spoken},
    names::Version,
    pipelines::{Progress, Run, RunState},
};

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AwaitingApproval { .. } => f.write_str("it waits for approval"),
            Self::Queued { .. } => f.write_str("it is approved and waits for its turn"),
            Self::Starting { .. } => f.write_str("it is being started"),
            Self::Running { stopping: Some(by), .. } => {
                write!(f, "{} has asked it to stop", by.name)
            }
            Self::Running { run, .. } if self.waits_at_a_gate() => {
                write!(f, "build {} waits at the pipeline itself", run.label)
            }
            Self::Running { run, .. } => write!(f, "build {} is running", run.label),
            Self::Verifying(_) => f.write_str("the version is out and its health is being checked"),
            Self::CountingDown { to, .. } => write!(f, "it is about to go back to {}", to.version),
            Self::Unknown { .. } => f.write_str("nobody knows whether its run was started"),
            Self::Ended(outcome) => outcome.fmt(f),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded { checks: 0 } => {
                f.write_str("Deploy complete! No health checks are configured.")
            }
            Self::Succeeded { .. } => f.write_str("Deploy complete! All health checks passing."),
            Self::StartRefused { why } => {
                write!(f, "Not deployed: the pipeline refused to start it. {why}")
            }
            Self::PipelineFailed { why } => write!(f, "The pipeline failed: {why}"),
            Self::Unhealthy { why } => write!(f, "Deployed, but not healthy: {why}"),
            Self::RolledBack { to, why } => {
                write!(f, "Rolled back to {}, which is healthy. What was wrong: {why}", to.version)
            }
            Self::RollbackFailed { to, why } => {
                write!(f, "Not healthy, and going back to {} failed: {why}", to.version)
            }
            Self::Declined { by, reason: None } => {
                write!(f, "Declined by {}. Nothing was changed.", by.name)
            }
            Self::Declined { by, reason: Some(reason) } => {
                write!(f, "Declined by {}: {reason}. Nothing was changed.", by.name)
            }
            Self::Cancelled { by, begun: false } => {
                write!(f, "Cancelled by {}. Nothing was changed.", by.name)
            }
            Self::Cancelled { by, begun: true } => {
                write!(f, "Cancelled by {} while it ran. What it did until then stands.", by.name)
            }
            Self::Expired => f.write_str("Nobody approved it in time. Nothing was changed."),
            Self::NoLongerAllowed { why } => write!(f, "Not started: {why} Nothing was changed."),
            Self::Abandoned { by } => {
                write!(
                    f,
                    "Abandoned by {}: nobody could tell whether its run was started.",
                    by.name
                )
            }
            Self::Superseded { by } => {
                write!(f, "Superseded by the later request {by}. Nothing was changed.")
            }
        }
    }
}

/// One line that says where it stands.
pub(super) fn status(deployment: &Deployment, now: Timestamp) -> String {
    let (environment, version) = (&deployment.plan.environment, going(deployment));
    match &deployment.state {
        State::AwaitingApproval { .. } => match deployment.missing_approvals() {
            1 => "Waiting for 1 approval".to_owned(),
            missing => format!("Waiting for {missing} approvals"),
        },
        State::Queued { .. } if !deployment.held.is_empty() => {
            let approved = if deployment.approvals.is_empty() { "" } else { "Approved. " };
            format!("{approved}Held back from {environment}")
        }
        State::Queued { .. } if deployment.approvals.is_empty() => {
            format!("Waiting for its turn in {environment}")
        }
        State::Queued { .. } => {
            format!("Approved. Waiting for its turn in {environment}")
        }
        State::Starting { unclear: Some(_), .. } => {
            format!("Looking for the run of {version}: the pipeline gave no clear answer")
        }
        State::Starting { .. } => match deployment.way {
            Way::Out => format!("Deploying {version} to {environment}…"),
            Way::Back { .. } => format!("Rolling {environment} back to {version}…"),
        },
        State::Running { run, stopping: Some(by), .. } => {
            format!("{} asked build {} to stop. Waiting until it has.", by.name, run.label)
        }
        State::Running { run, progress, .. } => running(deployment, run, progress),
        State::Verifying(proof) => {
            let wanted = deployment.plan.policy.verify.map_or(0, |verify| verify.in_a_row);
            format!(
                "Build {} done. Checking health: {} of {wanted} good answers in a row",
                proof.run.label, proof.good
            )
        }
        State::CountingDown { why, until, to } => {
            let left = spoken(until.since(now));
            format!(
                "Not healthy: {why}. Going back to {} in {left}, unless somebody stops it",
                to.version
            )
        }
        State::Unknown { why, .. } => {
            format!("Nobody knows whether a run of {version} was started: {why}")
        }
        State::Ended(Outcome::Succeeded { checks }) if deployment.plan.back => {
            came_back(deployment, *checks)
        }
        State::Ended(outcome) => outcome.to_string(),
    }
}

fn running(deployment: &Deployment, run: &Run, progress: &Progress) -> String {
    match progress.state {
        _ if !progress.gates.is_empty() => gates::status(deployment, &run.label),
        RunState::WaitingApproval => {
            format!("Build {} waits for an approval at the pipeline itself", run.label)
        }
        _ => match &deployment.way {
            Way::Out => format!("Build {} started. Monitoring…", run.label),
            Way::Back { to, .. } => {
                format!("Going back to {}: build {} started. Monitoring…", to.version, run.label)
            }
        },
    }
}

fn came_back(deployment: &Deployment, checks: usize) -> String {
    let (environment, version) = (&deployment.plan.environment, &deployment.plan.version);
    let proof = if checks == 0 { "No health checks are configured" } else { "It is healthy" };
    format!(
        "Rolled back to {version}. {proof}. {environment} stays locked until somebody unlocks it"
    )
}

/// What stands in its way while nothing has been touched, one sentence each.
pub(super) fn holds(deployment: &Deployment, now: Timestamp) -> Vec<String> {
    let waits = matches!(deployment.state, State::AwaitingApproval { .. } | State::Queued { .. })
        || !deployment.unsettled().is_empty();
    let holds = deployment.held.iter().filter(|hold| waits && !hold.is_over(now));
    holds.map(|hold| hold.spoken(now)).collect()
}

/// The version that is on its way now.
pub(super) fn going(deployment: &Deployment) -> &Version {
    match &deployment.way {
        Way::Out => &deployment.plan.version,
        Way::Back { to, .. } => &to.version,
    }
}
