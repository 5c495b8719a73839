//! Which deployment somebody means who names none, or names it first.

use super::{Error, Said};
use crate::{
    access::{Permission, Target},
    deployments::{Deployment, State},
    names::DeploymentId,
};

impl Said<'_> {
    /// The deployment they name, which they must have this permission for; or the only one that
    /// waits for `what` from them.
    pub(super) async fn meant(
        &self,
        named: Option<&DeploymentId>,
        permission: Permission,
        waits: fn(&State) -> bool,
    ) -> Result<Deployment, Error> {
        if let Some(id) = named {
            let deployment = self.bot.deployments.find(id).await?;
            self.is_about(&deployment);
            if !self.is_own_to(permission, &deployment) {
                self.require(permission, target(&deployment)).await?;
            }
            return Ok(deployment);
        }
        let mut meant = vec![];
        for deployment in self.bot.deployments.open().await? {
            let theirs = self.is_own_to(permission, &deployment)
                || self.expects(permission, target(&deployment)).await;
            if waits(&deployment.state) && theirs {
                meant.push(deployment);
            }
        }
        match meant.len() {
            1 => {
                let only = meant.remove(0);
                self.is_about(&only);
                if !self.is_own_to(permission, &only) {
                    self.require(permission, target(&only)).await?;
                }
                Ok(only)
            }
            0 => Err(Error::NothingMeant("Nothing is waiting for that from you now.".to_owned())),
            _ => Err(Error::NothingMeant(format!(
                "Several deployments could be meant: {}. Say which.",
                meant.iter().map(named_so).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Whether it waits for a decision that this person may take and has not taken yet.
    pub(super) async fn waits_for_them(&self, deployment: &Deployment) -> bool {
        let own = deployment.requested_by == self.actor;
        let counts = !own || deployment.plan.policy.requester_may_approve;
        let agreed = deployment.approvals.iter().any(|approval| approval.by == self.actor)
            && !deployment.state.waits_at_a_gate();
        deployment.state.wants_approval()
            && counts
            && !agreed
            && self.expects(Permission::Approve, target(deployment)).await
    }

    /// Whoever asked for a deployment may cancel it, whatever else they may do.
    fn is_own_to(&self, permission: Permission, deployment: &Deployment) -> bool {
        permission == Permission::Cancel && deployment.requested_by == self.actor
    }
}

fn target(deployment: &Deployment) -> Target<'_> {
    Target::of(&deployment.plan.service, &deployment.plan.environment)
}

fn named_so(deployment: &Deployment) -> String {
    let plan = &deployment.plan;
    format!("{} ({} {} in {})", deployment.id, plan.service, plan.version, plan.environment)
}
