//! A card as one person may see it, with the buttons that are theirs.

use super::Commands;
use crate::{
    access::{Actor, Permission, Target},
    alerts::{ALERT, STORM},
    cards::Card,
    chat::Subject,
    deployments::{self, Deployment, DeploymentView, LOCK, LockView, Viewer},
    incidents::{self, REMINDER},
    names::DeploymentId,
    oncall::{CALL, PAGE},
    runbooks::RUN,
};

impl Commands {
    /// What `actor` sees of it; `None` when they may not see it at all.
    pub(super) async fn card_for(&self, actor: &Actor, subject: &Subject) -> Option<Card> {
        match subject.kind.as_str() {
            LOCK => return self.lock_card(actor, &subject.id).await,
            ALERT => return self.alert_card(actor, &subject.id).await,
            STORM => return self.storm_card(actor, &subject.id).await,
            PAGE | CALL => return self.page_card(actor, subject).await,
            RUN => return self.step_card(actor, &subject.id).await,
            kind @ (incidents::SUBJECT | REMINDER) => {
                return self.look_at_incident(actor, kind, &subject.id).await;
            }
            deployments::SUBJECT => {}
            _ => return None,
        }
        let id: DeploymentId = subject.id.parse().ok()?;
        let deployment = self.deployments.find(&id).await.ok()?;
        self.card(actor, &deployment).await
    }

    /// The deployment as this person may see it; `None` when they may not see it at all.
    pub(super) async fn card(&self, actor: &Actor, deployment: &Deployment) -> Option<Card> {
        let plan = &deployment.plan;
        let target = Target::of(&plan.service, &plan.environment);
        let may =
            |permission| async move { self.access.expect(actor, permission, target).await.is_ok() };
        let own = deployment.requested_by == *actor;
        let counts = !own || plan.policy.requester_may_approve;
        let viewer = Viewer {
            may_approve: counts && may(Permission::Approve).await,
            may_cancel: own || may(Permission::Cancel).await,
        };
        if !viewer.may_approve && !viewer.may_cancel && !may(Permission::Look).await {
            return None;
        }
        let now = self.clock.now();
        Some(DeploymentView::of(deployment, &self.access, Some(viewer), now).into())
    }

    /// The lock as this person may see it; `None` when they may not see it at all.
    pub(super) async fn lock_card(&self, actor: &Actor, id: &str) -> Option<Card> {
        let lock = self.deployments.find_lock(id).await.ok()??;
        let target = Target::of(&lock.service, &lock.environment);
        let may_unlock = self.access.expect(actor, Permission::Lock, target).await.is_ok();
        let may_look = self.access.expect(actor, Permission::Look, target).await.is_ok();
        let view = || LockView::of(&lock, may_unlock, self.clock.now());
        (may_unlock || may_look || lock.by == *actor).then(|| view().into())
    }
}
