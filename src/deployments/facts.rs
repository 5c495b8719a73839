//! How things are at the moment of starting, asked anew.

use super::{
    BadWish, Deployments, Planner,
    deployment::Deployment,
    plan::{Plan, Release},
    state::Facts,
};
use crate::access::{Denied, Permission, Target};

impl Planner {
    /// How things are now for a deployment whose turn has come: the plan made once more, and the
    /// rights of everybody who took part, decided anew.
    ///
    /// # Errors
    /// When the pipeline or the database cannot be asked; [`Denied`] when nobody can tell who may:
    /// nothing is started then, and nobody loses what they have.
    pub async fn facts(
        &self,
        deployment: &Deployment,
        deployments: &Deployments,
    ) -> anyhow::Result<Facts> {
        let plan = &deployment.plan;
        let target = Target::of(&plan.service, &plan.environment);
        let requester = &deployment.requested_by;
        let denied = self.access().require_now(requester, Permission::Deploy, target).await.err();
        let denied = certain(denied)?;
        let mut lost = vec![];
        for approval in &deployment.approvals {
            let may = self.access().require_now(&approval.by, Permission::Approve, target).await;
            if certain(may.err())?.is_some() {
                lost.push(approval.by.id.clone());
            }
        }
        let standing = deployments.standing(&plan.service, &plan.environment).await?;
        let place = (&plan.service, &plan.environment);
        let standing = standing.as_ref();
        let again = if plan.back {
            let to = Release { version: plan.version.clone(), commit: plan.commit.clone() };
            self.draft_back(place, &to, standing).await
        } else {
            self.draft(place, &plan.version, standing).await
        };
        let again = again.map(|again| Plan { exception: plan.exception.clone(), ..again });
        let (plan, denied) = match again {
            Ok(plan) => (plan, denied.map(|denied| denied.to_string())),
            Err(BadWish::Broken(error) | BadWish::Unanswered { error, .. }) => return Err(error),
            Err(gone) => (plan.clone(), Some(gone.to_string())),
        };
        let good = standing.and_then(|standing| standing.good.clone());
        let live = standing.map(|standing| standing.live.clone());
        Ok(Facts { plan, denied, lost, good, live })
    }
}

/// A refusal that is none for want of knowing.
fn certain(denied: Option<Denied>) -> Result<Option<Denied>, Denied> {
    match denied {
        Some(denied) if denied.is_doubt() => Err(denied),
        denied => Ok(denied),
    }
}
