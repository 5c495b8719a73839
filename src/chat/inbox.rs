//! What people said, written down before it is acknowledged and answered afterwards.
//!
//! A chat that gets no answer in time says everything again, under the same id: it is heard once,
//! also across a restart.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Channels, Incoming, Listener, Reply, ShowError};
use crate::{
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish, enqueue},
    store::Db,
};

const KIND: &str = "hear";

/// How long an utterance is remembered, so that it is not heard twice. The longest repetition
/// reported is minutes; a day costs nothing.
const MEMORY: Duration = Duration::from_hours(24);

/// Takes what people said, and has it answered by the worker.
#[derive(Clone)]
pub struct Inbox {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
}

impl Inbox {
    /// An inbox whose worker wakes up by `bell`.
    pub fn new(db: Db, clock: Clock, bell: Arc<Notify>) -> Self {
        Self { db, clock, bell }
    }

    /// Writes the message down; from here on it will be answered, whatever happens to this
    /// process. False when it was there already.
    ///
    /// # Errors
    /// When it could not be written: do not acknowledge it.
    pub async fn put(&self, message: &Incoming) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let key = format!("{}:{}", message.place.channel, message.origin);
        let mut tx = self.db.begin().await?;
        let new = sqlx::query("INSERT INTO heard (key, at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(&key)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        if new.rows_affected() == 0 {
            return Ok(false);
        }
        let payload = serde_json::to_string(message)?;
        enqueue(&mut tx, &Wish { kind: KIND, key, payload, run_at: now }).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(true)
    }

    /// Forgets what nobody will repeat any more.
    async fn forget_old(&self) -> anyhow::Result<()> {
        let before = self.clock.now().0 - i64::try_from(MEMORY.as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        sqlx::query("DELETE FROM heard WHERE at < $1").bind(before).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The worker's part: has a message answered, and brings the answer back.
pub struct Answering {
    /// Who answers.
    pub listener: Arc<dyn Listener>,
    /// How the answer gets back.
    pub channels: Arc<Channels>,
}

#[async_trait]
impl Handler for Answering {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let message: Incoming = serde_json::from_str(&job.payload)?;
        let place = message.place.clone();
        let said = match self.listener.hear(message).await {
            Reply::Shown(_) => Ok(()),
            Reply::Text(text) | Reply::Refused(text) => self.channels.say(&place, &text).await,
            Reply::Card(card) => self.channels.answer(&place, &card).await,
        };
        match said {
            Ok(()) => Ok(Ran::Done),
            Err(ShowError::Gone(why)) => {
                tracing::warn!(
                    place = place.conversation,
                    "an answer has nobody to read it: {why}"
                );
                Ok(Ran::Done)
            }
            Err(ShowError::Broken(error)) => Err(error),
        }
    }
}

/// The worker's part of forgetting, once an hour.
pub struct Forgetting(pub Inbox);

/// How often it forgets: the table holds at most this much more than [`MEMORY`].
const FORGET_EVERY: Duration = Duration::from_hours(1);

const FORGET: &str = "forget";

impl Forgetting {
    /// Has it begin, unless it has already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(db: &Db, now: Timestamp) -> anyhow::Result<()> {
        let mut tx = db.begin().await?;
        let run_at = now.plus(FORGET_EVERY);
        let (key, payload) = (String::new(), String::new());
        enqueue(&mut tx, &Wish { kind: FORGET, key, payload, run_at }).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for Forgetting {
    fn kind(&self) -> &'static str {
        FORGET
    }

    async fn run(&self, _: &Job) -> anyhow::Result<Ran> {
        self.0.forget_old().await?;
        Ok(Ran::Again(FORGET_EVERY))
    }
}
