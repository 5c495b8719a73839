//! The worker's part: what the end of the chain is leaves the database, into a file and into the
//! log. May run twice.

use std::{io, sync::Arc};

use anyhow::Context as _;
use async_trait::async_trait;
use sqlx::Row as _;

use super::{Checkpoint, Checkpoints, Key};
use crate::{
    clock::{Clock, Timestamp},
    jobs::{self, Handler, Job, Ran, Wish},
    store::Db,
};

const KIND: &str = "audit_checkpoint";

/// Writes checkpoints.
pub struct Checkpointing {
    db: Db,
    clock: Clock,
    checkpoints: Arc<Checkpoints>,
}

/// The one job there is of this kind.
pub(super) fn wish(run_at: Timestamp) -> Wish {
    Wish { kind: KIND, key: String::new(), payload: String::new(), run_at }
}

impl Checkpointing {
    /// Writes checkpoints of this database there.
    pub fn new(db: Db, clock: Clock, checkpoints: Checkpoints) -> Self {
        Self { db, clock, checkpoints: Arc::new(checkpoints) }
    }

    /// Has it begin: what an earlier process did not come to is written at once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> anyhow::Result<()> {
        if self.checkpoints.key.is_none() {
            tracing::info!("the audit's checkpoints are not signed: there is no `audit.key`");
        }
        let mut tx = self.db.begin().await?;
        jobs::enqueue(&mut tx, &wish(self.clock.now())).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes one, when there is anything new. Whether the end of the chain is one that was
    /// written before is told at once: a cut tail is seen here first.
    async fn write(&self) -> anyhow::Result<()> {
        let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE one = 1")
            .fetch_one(self.db.reader())
            .await?;
        let (seq, hash): (i64, String) = (head.try_get("seq")?, head.try_get("hash")?);
        let checkpoints = self.checkpoints.clone();
        let last = off_the_clock(move || checkpoints.last()).await?;
        if let Some(last) = &last {
            self.compare(last).await?;
        }
        if seq == 0 || last.is_some_and(|last| last.seq == seq && last.hash == hash) {
            return Ok(());
        }
        let checkpoint = Checkpoint { seq, hash, at: self.clock.now(), key: None, signature: None };
        let checkpoint = match &self.checkpoints.key {
            Some(key) => Key::read(key)?.sign(checkpoint),
            None => checkpoint,
        };
        let (line, checkpoints) = (serde_json::to_string(&checkpoint)?, self.checkpoints.clone());
        let told = line.clone();
        off_the_clock(move || checkpoints.add(&told)).await?;
        tracing::info!(checkpoint = line, "a checkpoint of the audit");
        Ok(())
    }

    /// Whether the row of the last checkpoint still stands as it stood then.
    async fn compare(&self, last: &Checkpoint) -> anyhow::Result<()> {
        let row = sqlx::query("SELECT hash FROM audit WHERE seq = $1")
            .bind(last.seq)
            .fetch_optional(self.db.reader())
            .await?;
        let stands = row.map(|row| row.try_get::<String, _>("hash")).transpose()?;
        if stands.as_ref() != Some(&last.hash) {
            metrics::counter!("pilothouse_audit_mismatches_total").increment(1);
            tracing::error!(
                seq = last.seq,
                "the audit is not what its last checkpoint says: say `pilothouse audit verify`"
            );
        }
        Ok(())
    }
}

/// Files are written on threads that may wait.
async fn off_the_clock<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let done = tokio::task::spawn_blocking(work).await?;
    done.context("the file of the audit's checkpoints")
}

#[async_trait]
impl Handler for Checkpointing {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// A disk that is full or a key that is missing is a matter for people, and may take long:
    /// this never gives up.
    async fn run(&self, _: &Job) -> anyhow::Result<Ran> {
        if let Err(error) = self.write().await {
            metrics::counter!("pilothouse_audit_checkpoint_failures_total").increment(1);
            tracing::error!("no checkpoint of the audit could be written: {error:#}");
        }
        Ok(Ran::Again(self.checkpoints.every))
    }
}
