//! Work that must survive a restart: written in the same transaction as the reason for it.
//!
//! Every replica runs one [`Worker`]; a lease keeps them off each other's jobs. A job may run
//! twice, so running it twice must be harmless. A job has a key: asking for it again while it
//! waits changes nothing but when it runs, and asking while it runs makes it run once more.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    clock::{Clock, Timestamp},
    store::{Db, Dialect, Tx},
};

/// Does every job of one kind. A job may run twice, so running it must be harmless then.
#[async_trait]
pub trait Handler: Send + Sync {
    /// The kind of jobs it does.
    fn kind(&self) -> &'static str;

    /// Does the job, or says when to ask again.
    async fn run(&self, job: &Job) -> anyhow::Result<Ran>;
}

/// One piece of work, as its handler sees it.
#[derive(Clone, Debug)]
pub struct Job {
    id: String,
    kind: String,
    asked: i64,
    /// Until when this attempt has it; also the fence that keeps out an attempt that lost it.
    lease: i64,
    /// What is to be done, in the handler's own words.
    pub payload: String,
    /// 1 when nobody has ever begun this; more when somebody has, and may have got anywhere.
    pub attempt: i64,
    /// When this attempt began.
    pub claimed: Timestamp,
}

impl Job {
    /// Whether this attempt is certainly the only one. A process that was paused may wake up after
    /// its lease has gone to another: before an effect that must not happen twice, ask again.
    pub fn is_ours(&self, now: Timestamp) -> bool {
        now.since(self.claimed) < LEASE / 2
    }
}

/// How a job went when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It need not run again.
    Done,
    /// It is too early: ask again after this long.
    Again(Duration),
}

/// A job to be written down.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which handler does it.
    pub kind: &'static str,
    /// One job of a kind and key exists at a time.
    pub key: String,
    /// What the handler is told.
    pub payload: String,
    /// Not before this moment.
    pub run_at: Timestamp,
}

/// Writes a job down, to run once the transaction has been committed. When one of the same kind
/// and key already waits, the two become one that runs at the earlier moment.
pub async fn enqueue(tx: &mut Tx<'_>, wish: &Wish) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO jobs (id, kind, key, payload, run_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (kind, key) DO UPDATE SET
             asked = jobs.asked + 1, payload = excluded.payload, parked = '', attempts = 0,
             run_at = CASE WHEN jobs.run_at < excluded.run_at AND jobs.parked = ''
                           THEN jobs.run_at ELSE excluded.run_at END",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(wish.kind)
    .bind(&wish.key)
    .bind(&wish.payload)
    .bind(wish.run_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// After this long another replica may take the job over; a step never takes longer than half.
const LEASE: Duration = Duration::from_mins(1);

/// Attempts after which a job is put aside for a person to look at; with the back-off below that
/// is about four hours of trying.
const PATIENCE: i64 = 20;

/// Jobs that run at the same time: each mostly waits for somebody else's server.
const HANDS: usize = 8;

/// How long the worker sleeps when nothing is due and nobody knocks; other replicas' new jobs are
/// seen this much later.
const NAP: Duration = Duration::from_millis(500);

/// Runs due jobs.
pub struct Worker {
    db: Db,
    clock: Clock,
    handlers: HashMap<&'static str, Arc<dyn Handler>>,
    bell: Arc<Notify>,
}

impl Worker {
    /// A worker for these kinds of jobs. Ringing `bell` wakes it up early.
    pub fn new(db: Db, clock: Clock, handlers: Vec<Arc<dyn Handler>>, bell: Arc<Notify>) -> Self {
        let handlers = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        Self { db, clock, handlers, bell }
    }

    /// Takes up what a dead process had begun. A SQLite file has one process, so that whoever held
    /// a job is gone; on PostgreSQL it may live, and its lease has to run out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_over(&self) -> sqlx::Result<()> {
        if self.db.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        sqlx::query("UPDATE jobs SET leased_until = 0, run_at = $1 WHERE leased_until > 0")
            .bind(self.clock.now().0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Runs everything that is due now, one after the other, and returns how much that was.
    ///
    /// # Errors
    /// When the database cannot be asked; what a job got wrong is logged and tried again later.
    pub async fn run_due(&self) -> anyhow::Result<usize> {
        let mut done = 0;
        while let Some(job) = self.claim().await? {
            self.perform(job).await?;
            done += 1;
        }
        Ok(done)
    }

    /// Works until `stop` resolves, then finishes what has begun.
    pub async fn run_until(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut hands = tokio::task::JoinSet::new();
        tokio::pin!(stop);
        loop {
            while hands.try_join_next().is_some() {}
            if hands.len() < HANDS {
                match self.claim().await {
                    Ok(Some(job)) => {
                        let worker = Arc::clone(&self);
                        hands.spawn(async move {
                            if let Err(error) = worker.perform(job).await {
                                tracing::error!("a job's end could not be written down: {error:#}");
                            }
                            worker.bell.notify_one();
                        });
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => tracing::error!("jobs cannot be read: {error:#}"),
                }
            }
            tokio::select! {
                () = &mut stop => break,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(NAP) => {}
            }
        }
        while hands.join_next().await.is_some() {}
    }

    async fn perform(&self, job: Job) -> anyhow::Result<()> {
        let ran = match self.handlers.get(job.kind.as_str()) {
            // Whoever began it so often never came back: it takes the process down with it.
            _ if job.attempt > 2 * PATIENCE => Err(anyhow::anyhow!("it never ended")),
            Some(handler) => match tokio::time::timeout(LEASE / 2, handler.run(&job)).await {
                Ok(ran) => ran,
                Err(_) => Err(anyhow::anyhow!("it took longer than {:?}", LEASE / 2)),
            },
            None => Err(anyhow::anyhow!("nobody handles `{}`", job.kind)),
        };
        match ran {
            Ok(Ran::Done) => self.finish(&job).await?,
            Ok(Ran::Again(wait)) => self.postpone(&Job { attempt: 0, ..job }, wait, "").await?,
            Err(error) => {
                let parked =
                    if job.attempt < PATIENCE { String::new() } else { format!("{error:#}") };
                tracing::warn!(
                    kind = job.kind,
                    payload = job.payload,
                    attempt = job.attempt,
                    parked = !parked.is_empty(),
                    "a job failed: {error:#}"
                );
                metrics::counter!("pilothouse_job_failures_total", "kind" => job.kind.clone())
                    .increment(1);
                self.postpone(&job, backoff(job.attempt), &parked).await?;
            }
        }
        Ok(())
    }

    async fn claim(&self) -> sqlx::Result<Option<Job>> {
        let now = self.clock.now();
        if self.db.dialect() == Dialect::Sqlite && !self.anything_due(now).await? {
            return Ok(None);
        }
        let skip_locked = match self.db.dialect() {
            Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
            Dialect::Sqlite => "",
        };
        let sql = format!(
            "UPDATE jobs SET leased_until = $1, run_at = $1, attempts = attempts + 1
             WHERE id = (SELECT id FROM jobs
                         WHERE run_at <= $2 AND leased_until <= $2 AND parked = ''
                         ORDER BY run_at, id LIMIT 1 {skip_locked})
             RETURNING id, kind, payload, attempts, asked"
        );
        let mut tx = self.db.begin().await?;
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(now.plus(LEASE).0)
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        row.map(|row| {
            Ok(Job {
                id: row.try_get("id")?,
                kind: row.try_get("kind")?,
                payload: row.try_get("payload")?,
                attempt: row.try_get("attempts")?,
                asked: row.try_get("asked")?,
                lease: now.plus(LEASE).0,
                claimed: now,
            })
        })
        .transpose()
    }

    /// Whether something is being done, or is due.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_busy(&self) -> sqlx::Result<bool> {
        let sql = "SELECT 1 AS busy FROM jobs
                   WHERE parked = '' AND (run_at <= $1 OR leased_until > $1) LIMIT 1";
        let now = self.clock.now().0;
        let row = sqlx::query(sql).bind(now).fetch_optional(self.db.reader()).await?;
        Ok(row.is_some())
    }

    /// A look that takes no write lock, so that an idle bot leaves the database alone.
    async fn anything_due(&self, now: Timestamp) -> sqlx::Result<bool> {
        let sql = "SELECT 1 AS due FROM jobs
                   WHERE run_at <= $1 AND leased_until <= $1 AND parked = '' LIMIT 1";
        let row = sqlx::query(sql).bind(now.0).fetch_optional(self.db.reader()).await?;
        Ok(row.is_some())
    }

    async fn finish(&self, job: &Job) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        let deleted =
            sqlx::query("DELETE FROM jobs WHERE id = $1 AND leased_until = $2 AND asked = $3")
                .bind(&job.id)
                .bind(job.lease)
                .bind(job.asked)
                .execute(&mut *tx)
                .await?;
        if deleted.rows_affected() == 0 {
            // Somebody asked again while it ran.
            sqlx::query("UPDATE jobs SET leased_until = 0, attempts = 0 WHERE id = $1 AND leased_until = $2")
                .bind(&job.id)
                .bind(job.lease)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }

    /// Puts the job off, unless it was asked for again meanwhile: then it keeps that moment.
    async fn postpone(&self, job: &Job, wait: Duration, parked: &str) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        sqlx::query(
            "UPDATE jobs SET leased_until = 0,
                 run_at = CASE WHEN asked = $1 THEN $2 ELSE run_at END,
                 parked = CASE WHEN asked = $1 THEN $3 ELSE '' END,
                 attempts = CASE WHEN asked = $1 THEN $4 ELSE 0 END
             WHERE id = $5 AND leased_until = $6",
        )
        .bind(job.asked)
        .bind(self.clock.now().plus(wait).0)
        .bind(parked)
        .bind(job.attempt)
        .bind(&job.id)
        .bind(job.lease)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

/// 5 s, 10 s, 20 s … at most 21 min: long enough for a vendor to recover, short enough to notice.
fn backoff(attempt: i64) -> Duration {
    Duration::from_secs(5 << (attempt - 1).clamp(0, 8))
}
