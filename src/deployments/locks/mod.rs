//! Locks: whoever is at work in an environment keeps everybody's deployments out, until they are
//! done. What was asked for meanwhile waits.

mod keeper;
mod lock;
pub(super) mod store;
mod view;

use std::time::Duration;

pub use keeper::Keeper;
pub use lock::{Ended, Lock, LockRefusal};
pub use view::LockView;

use super::{
    Deployments, Error,
    state::{Effect, State},
    steps,
};
use crate::{
    access::Actor,
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::Timestamp,
    jobs,
    names::{DeploymentId, Environment, Service},
    store::Tx,
};

/// What a lock's card and audit rows are about.
pub const LOCK: &str = "lock";

/// Somebody wants an environment to themselves.
#[derive(Clone, Debug)]
pub struct LockWish {
    /// What.
    pub service: Service,
    /// Where.
    pub environment: Environment,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// For how long; until somebody unlocks it, when nothing is said.
    pub lasts: Option<Duration>,
    /// Where they ask.
    pub place: Place,
}

impl Deployments {
    /// Locks an environment. Whoever holds its lock already changes the reason and the time.
    ///
    /// # Errors
    /// [`LockRefusal::Taken`] when somebody else holds it.
    pub async fn lock(&self, wish: LockWish) -> Result<Lock, Error> {
        let now = self.clock.now();
        let running = self.on_its_way(&wish.service, &wish.environment).await?;
        let mut tx = self.db.begin().await?;
        let lock = Lock {
            id: DeploymentId::random(),
            service: wish.service,
            environment: wish.environment,
            by: wish.by,
            reason: wish.reason,
            since: now,
            until: wish.lasts.map(|lasts| now.plus(lasts)),
            asked_in: wish.place,
            running,
            ended: None,
        };
        let lock = match store::there(&mut *tx, &lock.service, &lock.environment).await? {
            Some(old) if old.holds(now) && old.by != lock.by => return Err(old.refusal().into()),
            Some(old) if old.holds(now) => {
                let Lock { reason, until, .. } = lock;
                let changed = Lock { reason: reason.or_else(|| old.reason.clone()), until, ..old };
                if !store::update(&mut tx, &changed).await? {
                    return Err(anyhow::anyhow!("the lock was undone in the same moment").into());
                }
                changed
            }
            old => {
                self.run_out(&mut tx, old, now).await?;
                if !store::insert(&mut tx, &lock).await? {
                    return Err(anyhow::anyhow!("somebody locked it in the same moment").into());
                }
                lock
            }
        };
        self.put(&mut tx, &lock, (&lock.by, "lock"), now).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(lock)
    }

    /// Ends the lock of an environment, whoever holds it.
    ///
    /// # Errors
    /// [`LockRefusal::NotLocked`] when there is none.
    pub async fn unlock(
        &self,
        service: &Service,
        environment: &Environment,
        by: Actor,
    ) -> Result<Lock, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let none = || LockRefusal::NotLocked {
            service: service.clone(),
            environment: environment.clone(),
        };
        let lock = store::there(&mut *tx, service, environment).await?;
        let lock = lock.filter(|lock| lock.holds(now)).ok_or_else(none)?;
        let lock = Lock { ended: Some(Ended::Unlocked { by: by.clone(), at: now }), ..lock };
        if !store::update(&mut tx, &lock).await? {
            return Err(none().into());
        }
        self.put(&mut tx, &lock, (&by, "unlock"), now).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(lock)
    }

    /// The lock that holds there now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_of(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> Result<Option<Lock>, Error> {
        let lock = store::there(self.db.reader(), service, environment).await?;
        Ok(lock.filter(|lock| lock.holds(self.clock.now())))
    }

    /// Every lock that holds now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn locks(&self) -> Result<Vec<Lock>, Error> {
        let mut locks = store::all(self.db.reader()).await?;
        locks.retain(|lock| lock.holds(self.clock.now()));
        Ok(locks)
    }

    /// The lock of that number, ended or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_lock(&self, id: &str) -> Result<Option<Lock>, Error> {
        Ok(store::find(self.db.reader(), id).await?)
    }

    /// Ends a lock whose time is up.
    pub(super) async fn end_lock(&self, id: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let lock = store::find(self.db.reader(), id).await?;
        self.run_out(&mut tx, lock.filter(|lock| !lock.holds(now)), now).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(())
    }

    async fn run_out(
        &self,
        tx: &mut Tx<'_>,
        lock: Option<Lock>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some(lock) = lock.filter(|lock| lock.ended.is_none()) else { return Ok(()) };
        let lock = Lock { ended: Some(Ended::RanOut), ..lock };
        if store::update(tx, &lock).await? {
            self.put(tx, &lock, (&Actor::bot(), "lock_ran_out"), now).await?;
        }
        Ok(())
    }

    /// The lock that a way back leaves behind, unless there is one already.
    pub(super) async fn lock_after(
        &self,
        tx: &mut Tx<'_>,
        lock: &Lock,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let old = store::there(&mut **tx, &lock.service, &lock.environment).await?;
        self.run_out(tx, old.filter(|old| !old.holds(now)), now).await?;
        if store::insert(tx, lock).await? {
            self.put(tx, lock, (&lock.by, "lock"), now).await?;
        }
        Ok(())
    }

    /// What follows from a change of a lock: its card, its audit row, and every deployment that
    /// waits there looks again.
    async fn put(
        &self,
        tx: &mut Tx<'_>,
        lock: &Lock,
        (by, action): (&Actor, &str),
        now: Timestamp,
    ) -> anyhow::Result<()> {
        jobs::enqueue(tx, &keeper::wish(lock, now)?).await?;
        for waiting in super::store::waiting(tx, &lock.service, &lock.environment).await? {
            let effect = match waiting.state {
                State::Queued { .. } => Effect::TakeTurn,
                _ => Effect::SeeHolds,
            };
            jobs::enqueue(tx, &steps::wish(&waiting.id, effect, 0, now)?).await?;
        }
        let detail = serde_json::json!({
            "service": lock.service,
            "environment": lock.environment,
            "by": lock.by.name,
            "reason": lock.reason,
            "until": lock.until,
        });
        let entry = Entry {
            at: now,
            actor: by.clone(),
            action: action.to_owned(),
            subject: Subject::new(LOCK, &lock.id).to_string(),
            service: Some(lock.service.clone()),
            environment: Some(lock.environment.clone()),
            outcome: audit::Outcome::Done,
            detail: detail.to_string(),
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }
}
