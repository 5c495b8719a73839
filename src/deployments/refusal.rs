//! Why something cannot happen to a deployment now, in the words people read. Pure.

use crate::names::DeploymentId;

/// Why an event cannot happen now, in words for the person who tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Approved or declined too late.
    #[error("Deployment {id} is no longer waiting for approval: {now}")]
    NotWaiting {
        /// Which.
        id: DeploymentId,
        /// Where it stands instead.
        now: String,
    },
    /// The two-person rule.
    #[error("You asked for this deployment, so someone else must approve it")]
    OwnRequest,
    /// One person, one approval.
    #[error("You have already approved this deployment")]
    AlreadyApproved,
    /// What they saw is not what would happen.
    #[error(
        "The plan has changed since that card was shown: look at the new one, then approve it with \
         `/approve {id} --plan {plan}`"
    )]
    OtherPlan {
        /// Which deployment.
        id: DeploymentId,
        /// The plan that holds now.
        plan: String,
    },
    /// Two people, one answer.
    #[error("{by} has already answered {gate}")]
    GateDecided {
        /// Who.
        by: String,
        /// What the gate is called.
        gate: String,
    },
    /// The vendor asks others.
    #[error("{at} takes no answer to {gate} from Pilothouse: answer it on its own page")]
    NotFromHere {
        /// Whose gate it is.
        at: String,
        /// What it is called.
        gate: String,
    },
    /// It was put there to keep out just this.
    #[error("{gate} stays closed to this run: {why}")]
    GateClosed {
        /// What the gate is called.
        gate: String,
        /// Why.
        why: String,
    },
    /// No such gate.
    #[error("It waits at no gate that is called so. There is: {names}")]
    NoSuchGate {
        /// Those it waits at.
        names: String,
    },
    /// What has not begun there would not begin now.
    #[error("{0}: it goes on when nothing holds it back any more")]
    HeldBack(String),
    /// Nothing left to stop.
    #[error("Deployment {id} cannot be cancelled any more: {now}")]
    NothingToCancel {
        /// Which.
        id: DeploymentId,
        /// Where it stands instead.
        now: String,
    },
    /// One stop is enough.
    #[error("It has already been asked to stop")]
    AlreadyStopping,
    /// The worker was late; nobody reads this.
    #[error("The deployment has moved on")]
    MovedOn,
}
