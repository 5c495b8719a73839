//! The heart: a plan becomes a deployment, people approve it, a pipeline runs, health decides.
//!
//! `plan`, `state`, `deployment`, `course`, `gates`, `standing`, `history`, `hold`, `freezes` and `wording`
//! are pure: they decide. This file writes down what was decided, and `steps` does what should happen next. In the
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
mod buttons;
mod course;
mod deployment;
mod facts;
mod forecast;
mod freezes;
mod gates;
mod history;
mod hold;
mod list;
mod locks;
mod looking;
mod mine;
mod news;
mod plan;
mod planning;
mod refusal;
mod requesting;
mod settings;
mod standing;
mod state;
mod status;
mod steps;
mod store;
mod view;
mod wording;

use std::sync::Arc;

pub use buttons::Viewer;
pub use deployment::{Approval, Deployment, Way};
pub use forecast::{Forecast, ForecastView};
pub use freezes::{FreezeSettings, Freezes, WeeklySettings};
pub use gates::{Decision, GateEvent, Told};
pub use history::{NoWayBack, road, way_back};
pub use hold::Hold;
pub use list::ListView;
pub use locks::{Ended, Keeper, LOCK, Lock, LockRefusal, LockView, LockWish};
pub use looking::Hint;
pub use mine::MineView;
pub use plan::{Plan, Policy, Release, Verify};
pub use planning::{BadWish, Planner};
pub use refusal::Refusal;
pub use requesting::Request;
pub use settings::{
    EnvironmentSettings, RollbackSettings, ServiceSettings, Settings, VerifySettings,
};
pub use standing::Standing;
pub use state::{Effect, Effects, Event, Facts, Outcome, State, Unclear, Verifying};
pub use status::{Cell, CellViewer, Drift, Figure, Figures, Health, Sentinel, Spot, StatusView};
pub use steps::{Probes, Steps};
pub use view::DeploymentView;

pub use crate::pipelines::Verdict;

use tokio::sync::Notify;

use crate::{
    access::Actor,
    audit::{self, Entry},
    chat::Subject,
    clock::{Clock, Timestamp},
    jobs::{self, Wish},
    names::{DeploymentId, Environment, Service, Version},
    store::{Db, Tx},
    telling::Subscribers,
};

/// Every deployment there is, and the only way to change one.
pub struct Deployments {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
    subscribers: Subscribers,
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
    /// A lock that was not made, or not undone.
    #[error(transparent)]
    Lock(#[from] LockRefusal),
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

/// What a deployment's cards and audit rows are about.
pub const SUBJECT: &str = "deployment";

impl Deployments {
    /// The deployments of this database. Ringing `bell` wakes the worker.
    pub fn new(db: Db, clock: Clock, bell: Arc<Notify>) -> Self {
        Self { db, clock, bell, subscribers: Subscribers::default() }
    }

    /// The same, of which others are told.
    #[must_use]
    pub fn telling(self, subscribers: Subscribers) -> Self {
        Self { subscribers, ..self }
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
        let waits = |deployment: &Deployment| match deployment.state {
            State::AwaitingApproval { .. } | State::Unknown { .. } => true,
            State::Queued { .. } => !deployment.held.is_empty(),
            _ => false,
        };
        Ok(!self.open().await?.iter().all(waits))
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

    /// How every environment was left by the last deployment that touched it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn standings(&self) -> Result<Vec<(Service, Environment, Standing)>, Error> {
        Ok(store::standings(self.db.reader()).await?)
    }

    /// The latest deployments, newest first, of one service or environment or of all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recent(
        &self,
        service: Option<&Service>,
        environment: Option<&Environment>,
    ) -> Result<Vec<Deployment>, Error> {
        Ok(store::recent(self.db.reader(), service, environment).await?)
    }

    /// The version that a deployment has on its way there now.
    async fn on_its_way(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> Result<Option<Version>, Error> {
        let open = self.open().await?.into_iter();
        let mut there = open.filter(|d| d.plan.is_for(service, environment) && d.state.holds());
        Ok(there.next().map(|deployment| wording::going(&deployment).clone()))
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
            let event = as_things_stand(&mut tx, &loaded.deployment, event.clone(), now).await?;
            let (entry, its_turn) = (event.entry(), matches!(event, Event::TurnCame(_)));
            let hint = news::Hint::of(&event);
            let effects = loaded.deployment.apply(event, now)?;
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
            if let Some(news) = hint.news(&deployment, now) {
                self.subscribers.tell(&mut tx, &news, now).await?;
            }
            if let Some((action, by, detail)) = entry {
                self.note(&mut tx, &deployment, action, (&by, detail)).await?;
            }
            if let State::Ended(outcome) = &deployment.state {
                let by = (&Actor::bot(), outcome.to_string());
                self.note(&mut tx, &deployment, "ended", by).await?;
            }
            if let Some(lock) = Lock::after(&deployment, now) {
                self.lock_after(&mut tx, &lock, now).await?;
            }
            // Whoever locks writes to the audit too, which lets in one after the other: a lock that
            // is not seen here is acknowledged only after this has been committed.
            if its_turn && locked(&mut tx, &deployment.plan, now).await?.is_some() {
                continue;
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
            service: Some(deployment.plan.service.clone()),
            environment: Some(deployment.plan.environment.clone()),
            outcome: audit::Outcome::Done,
            detail,
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }
}

/// A turn that came is none when somebody has locked the environment meanwhile.
async fn as_things_stand(
    tx: &mut Tx<'_>,
    deployment: &Deployment,
    event: Event,
    now: Timestamp,
) -> anyhow::Result<Event> {
    if !matches!(event, Event::TurnCame(_)) {
        return Ok(event);
    }
    let lock = locked(tx, &deployment.plan, now).await?;
    Ok(lock.map_or(event, |lock| Event::Held { holds: vec![lock.hold()] }))
}

/// The lock that stands in the way of a plan, as this transaction sees it.
async fn locked(tx: &mut Tx<'_>, plan: &Plan, now: Timestamp) -> anyhow::Result<Option<Lock>> {
    let lock = locks::store::there(&mut **tx, &plan.service, &plan.environment).await?;
    Ok(lock.filter(|lock| lock.holds(now)))
}
