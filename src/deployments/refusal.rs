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
