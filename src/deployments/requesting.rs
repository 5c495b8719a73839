//! Somebody asks for a deployment, and it is written down.

use super::{
    Deployments, Error,
    deployment::{Deployment, Way},
    hold::Hold,
    plan::Plan,
    state::{Event, State},
    store,
};
use crate::{access::Actor, chat::Place, clock::Timestamp, names::DeploymentId, store::Tx};

/// Somebody asks for a deployment.
#[derive(Clone, Debug)]
pub struct Request {
    /// What would happen.
    pub plan: Plan,
    /// Why they want it.
    pub reason: Option<String>,
    /// Who asks.
    pub by: Actor,
    /// Where they ask.
    pub place: Place,
    /// What stands in its way already.
    pub held: Vec<Hold>,
    /// The message they ask with: the same one makes one deployment, however often it is heard.
    pub origin: String,
}

impl Deployments {
    /// Writes a request down. An earlier one of the same person for the same environment that
    /// still waits for approval is superseded by it.
    ///
    /// # Errors
    /// [`Error::AlreadyAsked`] when the same thing already waits.
    pub async fn request(&self, request: Request) -> Result<Deployment, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(earlier) = store::by_origin(&mut tx, &request.origin).await? {
            return Ok(earlier);
        }
        let superseded = waiting_like(&mut tx, &request).await?;
        let origin = request.origin.clone();
        let mut deployment = Deployment::of(request, now);
        let (mut inserted, mut effects);
        loop {
            (inserted, effects) = deployment.clone().requested(now);
            if store::insert(&mut tx, &inserted, &origin).await? {
                break;
            }
            deployment.id = DeploymentId::random();
        }
        let detail = serde_json::json!({
            "plan": inserted.plan.digest(),
            "service": inserted.plan.service,
            "environment": inserted.plan.environment,
            "version": inserted.plan.version,
            "commit": inserted.plan.commit,
            "reason": inserted.reason,
            "back": inserted.plan.back,
            "override": inserted.plan.exception,
        });
        self.schedule(&mut tx, &inserted, std::mem::take(&mut effects), now).await?;
        let action = if inserted.plan.back { "rollback" } else { "deploy" };
        self.note(&mut tx, &inserted, action, (&inserted.requested_by, detail.to_string())).await?;
        tx.commit().await?;
        self.bell.notify_one();
        for earlier in superseded {
            let event = Event::Superseded { by: inserted.id.clone() };
            // It may have been decided a moment ago: then there is nothing left to supersede.
            match self.record(&earlier, event).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(inserted)
    }
}

/// What the requester already has waiting in that environment.
async fn waiting_like(tx: &mut Tx<'_>, request: &Request) -> Result<Vec<DeploymentId>, Error> {
    let Plan { service, environment, .. } = &request.plan;
    let mut superseded = vec![];
    for other in store::waiting(tx, service, environment).await? {
        if !matches!(other.state, State::AwaitingApproval { .. }) {
            continue;
        }
        if other.plan.digest() == request.plan.digest() {
            let version = other.plan.version.to_string();
            let environment = other.plan.environment;
            return Err(Error::AlreadyAsked { version, environment, id: other.id });
        }
        if other.requested_by == request.by {
            superseded.push(other.id);
        }
    }
    Ok(superseded)
}

impl Deployment {
    fn of(request: Request, now: Timestamp) -> Self {
        let Request { plan, reason, by, place, held, .. } = request;
        Self {
            id: DeploymentId::random(),
            plan,
            requested_by: by,
            reason,
            asked: now,
            asked_in: place,
            approvals: vec![],
            changed: None,
            before: None,
            was: None,
            held,
            way: Way::Out,
            starts: 0,
            salt: uuid::Uuid::now_v7().simple().to_string(),
            began: None,
            ended: None,
            run: None,
            state: State::Queued { since: now },
        }
    }
}
