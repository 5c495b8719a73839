//! Shows a lock's card, and ends the lock when its time is up. May run twice.

use std::sync::Arc;

use async_trait::async_trait;

use super::{LOCK, Lock, LockView};
use crate::{
    chat::{Channels, Subject},
    clock::{Clock, Timestamp},
    deployments::{Deployments, Planner},
    jobs::{Handler, Job, Ran, Wish},
};

/// Looks after locks.
pub struct Keeper {
    /// The locks.
    pub deployments: Arc<Deployments>,
    /// Which room an environment's cards belong in.
    pub planner: Arc<Planner>,
    /// Where their cards are shown.
    pub channels: Arc<Channels>,
    /// The time.
    pub clock: Clock,
}

/// The job that looks after a lock.
pub(super) fn wish(lock: &Lock, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(&lock.id)?;
    Ok(Wish { kind: LOCK, key: payload.clone(), payload, run_at })
}

#[async_trait]
impl Handler for Keeper {
    fn kind(&self) -> &'static str {
        LOCK
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let id: String = serde_json::from_str(&job.payload)?;
        let Some(lock) = self.deployments.find_lock(&id).await? else { return Ok(Ran::Done) };
        if lock.ended.is_none() && !lock.holds(self.clock.now()) {
            // Ending it asks for this job once more, which then shows that it has ended.
            self.deployments.end_lock(&id).await?;
            return Ok(Ran::Done);
        }
        self.show(&lock).await?;
        let left = lock.until.filter(|_| lock.ended.is_none());
        Ok(left.map_or(Ran::Done, |until| Ran::Again(until.since(self.clock.now()))))
    }
}

impl Keeper {
    async fn show(&self, lock: &Lock) -> anyhow::Result<()> {
        let service = self.planner.services().get(&lock.service);
        let rules = service.and_then(|service| service.environments.get(&lock.environment));
        let room = rules.and_then(|rules| rules.room.as_ref());
        let places = self.channels.places(room, &lock.asked_in).await;
        let view = LockView::of(lock, true, self.clock.now());
        self.channels.show(&Subject::new(LOCK, &lock.id), &places, &view.into()).await
    }
}
