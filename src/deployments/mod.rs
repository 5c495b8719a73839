//! The heart: a plan becomes a deployment, people approve it, a pipeline runs, health decides.
//!
//! `plan`, `state`, `deployment`, `course`, `standing` and `wording` are pure: they decide.
//! This file writes down what was decided, and `steps` does what should happen next. In the
//! order things happen:
//!
//! ```text
//! request ─ approvals needed ─▶ AwaitingApproval ─ enough ─▶ Queued ─ its turn ─▶ Starting
//!    └───────── none needed ───────────────────────────────────▲                     │ run id
//!                                                                                    ▼
//! Ended ◀─ healthy ─ Verifying ◀──────────────── succeeded ─────────────────────── Running
//!   ▲                    │ unwell
//!   └─ stopped ─ CountingDown ─ time is up ─▶ Starting, the other way
//! ```

mod adopting;
mod course;
mod deployment;
mod plan;
mod planning;
mod settings;
mod standing;
mod state;
mod steps;
mod store;
mod view;
mod wording;

use std::sync::Arc;

pub use deployment::{Approval, Deployment, Way};
pub use plan::{Plan, Policy, Release, Verify};
pub use planning::{BadWish, Planner, nearest};
pub use settings::{
    EnvironmentSettings, RollbackSettings, ServiceSettings, Settings, VerifySettings,
};
pub use standing::Standing;
pub use state::{Effect, Effects, Event, Facts, Outcome, Refusal, State, Unclear, Verifying};
pub use steps::{Probes, Steps};
pub use view::{DeploymentView, Viewer};

use tokio::sync::Notify;

use crate::{
    access::Actor,
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::{Clock, Timestamp},
    jobs::{self, Wish},
    names::{DeploymentId, Environment, Service},
    store::{Db, Tx},
};

/// Every deployment there is, and the only way to change one.
pub struct Deployments {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
}

/// Why a deployment was not found or not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody ever asked for it.
    #[error("There is no deployment {0}")]
    Unknown(DeploymentId),
    /// It cannot happen now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The same thing is already waiting.
    #[error(
        "{version} already waits for approval in {environment}: deployment {id}. Approve that one"
    )]
    AlreadyAsked {
        /// What was asked for.
        version: String,
        /// Where.
        environment: Environment,
        /// The deployment that waits.
        id: DeploymentId,
    },
    /// Our fault, not theirs.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}

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
    /// The message they ask with: the same one makes one deployment, however often it is heard.
    pub origin: String,
}

/// What a deployment's cards and audit rows are about.
pub const SUBJECT: &str = "deployment";

impl Deployments {
    /// The deployments of this database. Ringing `bell` wakes the worker.
    pub fn new(db: Db, clock: Clock, bell: Arc<Notify>) -> Self {
        Self { db, clock, bell }
    }

    /// The deployment of that number.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: &DeploymentId) -> Result<Deployment, Error> {
        let found = store::read(self.db.reader(), id).await?;
        found.ok_or_else(|| Error::Unknown(id.clone()))
    }

    /// Everything that has not come to rest, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(&self) -> Result<Vec<Deployment>, Error> {
        Ok(store::open(self.db.reader()).await?)
    }

    /// Whether anything will still change without a person doing something.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn moving(&self) -> Result<bool, Error> {
        let waits =
            |state: &State| matches!(state, State::AwaitingApproval { .. } | State::Unknown { .. });
        Ok(self.open().await?.iter().any(|deployment| !waits(&deployment.state)))
    }

    /// How the last deployment that touched an environment left it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn standing(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> Result<Option<Standing>, Error> {
        Ok(store::standing(self.db.reader(), service, environment).await?)
    }

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
        let superseded = self.waiting_like(&request).await?;
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
        });
        self.schedule(&mut tx, &inserted, std::mem::take(&mut effects), now).await?;
        self.note(&mut tx, &inserted, "deploy", (&inserted.requested_by, detail.to_string()))
            .await?;
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

    /// What the requester already has waiting in that environment.
    async fn waiting_like(&self, request: &Request) -> Result<Vec<DeploymentId>, Error> {
        let mut superseded = vec![];
        for other in self.open().await? {
            let there = other.plan.service == request.plan.service
                && other.plan.environment == request.plan.environment;
            if !there || !matches!(other.state, State::AwaitingApproval { .. }) {
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

    /// Applies what happened, writes it down with its audit, and schedules what follows: all of it
    /// or nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] when it cannot happen now; nothing has changed then.
    pub async fn record(&self, id: &DeploymentId, event: Event) -> Result<Deployment, Error> {
        loop {
            let mut tx = self.db.begin().await?;
            let Some(mut loaded) = store::load(&mut tx, id).await? else {
                return Err(Error::Unknown(id.clone()));
            };
            let now = self.clock.now();
            let entry = event.entry();
            let effects = loaded.deployment.apply(event.clone(), now)?;
            match store::save(&mut tx, &loaded).await? {
                store::Saved::Yes => {}
                store::Saved::Stale => continue,
                store::Saved::Taken => return Err(Refusal::MovedOn.into()),
            }
            let deployment = loaded.deployment;
            if let Some(standing) = Standing::after(&deployment, now) {
                let place = (&deployment.plan.service, &deployment.plan.environment);
                store::stand(&mut tx, place, &standing).await?;
            }
            self.schedule(&mut tx, &deployment, effects, now).await?;
            if let Some((action, by, detail)) = entry {
                self.note(&mut tx, &deployment, action, (&by, detail)).await?;
            }
            if let State::Ended(outcome) = &deployment.state {
                let by = (&Actor::bot(), outcome.to_string());
                self.note(&mut tx, &deployment, "ended", by).await?;
            }
            tx.commit().await?;
            self.bell.notify_one();
            return Ok(deployment);
        }
    }

    pub(crate) async fn next_in_line(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> Result<Option<DeploymentId>, Error> {
        Ok(store::next_in_line(self.db.reader(), service, environment).await?)
    }

    /// Has another deployment's step done now.
    pub(crate) async fn nudge(&self, id: &DeploymentId, effect: Effect) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        jobs::enqueue(&mut tx, &steps::wish(id, effect, 0, self.clock.now())?).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(())
    }

    async fn schedule(
        &self,
        tx: &mut Tx<'_>,
        deployment: &Deployment,
        effects: Effects,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        for (effect, wait) in effects {
            let wish: Wish =
                steps::wish(&deployment.id, effect, deployment.starts, now.plus(wait))?;
            jobs::enqueue(tx, &wish).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut Tx<'_>,
        deployment: &Deployment,
        action: &str,
        (by, detail): (&Actor, String),
    ) -> anyhow::Result<()> {
        let entry = Entry {
            at: self.clock.now(),
            actor: by.clone(),
            action: action.to_owned(),
            subject: Subject::new(SUBJECT, &deployment.id).to_string(),
            outcome: audit::Outcome::Done,
            detail,
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }
}

impl Deployment {
    fn of(request: Request, now: Timestamp) -> Self {
        let Request { plan, reason, by, place, .. } = request;
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
            way: Way::Out,
            starts: 0,
            began: None,
            ended: None,
            run: None,
            state: State::Queued { since: now },
        }
    }
}
