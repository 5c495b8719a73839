//! What was delivered lately: the same delivery twice does nothing the second time.

use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use crate::{
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish, enqueue},
    names::{SourceName, hex},
    store::{Db, Tx},
};

/// How long a delivery is remembered: GitHub sends one again, when asked to, for three days.
const MEMORY: Duration = Duration::from_hours(4 * 24);

/// The most that are remembered, some 100 bytes each: beyond these the oldest are forgotten.
const MOST: i64 = 200_000;

/// How often they are forgotten.
const EVERY: Duration = Duration::from_hours(1);

const FORGET: &str = "forget deliveries";

/// The deliveries of this database.
#[derive(Clone)]
pub struct Replays {
    db: Db,
    clock: Clock,
}

impl Replays {
    /// The deliveries of this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Whether that delivery has been taken already. `mark` is what tells one from another: its
    /// id, or what was signed; never what somebody on the way may have changed alone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn knows(&self, source: &SourceName, mark: &[u8]) -> anyhow::Result<bool> {
        let found = sqlx::query("SELECT at FROM deliveries WHERE source = $1 AND mark = $2")
            .bind(source.as_str())
            .bind(digest(mark))
            .fetch_optional(self.db.reader())
            .await?;
        Ok(found.is_some())
    }

    /// Notes a delivery in the transaction that does what it says, so that one which is not taken
    /// may come again. False when it has been taken already: then nothing is to be done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn note(
        &self,
        tx: &mut Tx<'_>,
        source: &SourceName,
        mark: &[u8],
    ) -> anyhow::Result<bool> {
        let noted = sqlx::query(
            "INSERT INTO deliveries (source, mark, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(source.as_str())
        .bind(digest(mark))
        .bind(self.clock.now().0)
        .execute(&mut **tx)
        .await?;
        Ok(noted.rows_affected() == 1)
    }

    /// The same where what it says has been done, by several transactions or harmlessly twice.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn note_done(&self, source: &SourceName, mark: &[u8]) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        self.note(&mut tx, source, mark).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// One length for all of them, whatever a sender calls its deliveries.
fn digest(mark: &[u8]) -> String {
    hex(&Sha256::digest(mark))
}

/// The worker's part of forgetting.
pub struct Forgetful(pub Replays);

impl Forgetful {
    /// Has it begin, unless it has already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(db: &Db, now: Timestamp) -> anyhow::Result<()> {
        let mut tx = db.begin().await?;
        let (key, payload) = (String::new(), String::new());
        enqueue(&mut tx, &Wish { kind: FORGET, key, payload, run_at: now.plus(EVERY) }).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for Forgetful {
    fn kind(&self) -> &'static str {
        FORGET
    }

    async fn run(&self, _: &Job) -> anyhow::Result<Ran> {
        let Replays { db, clock } = &self.0;
        let oldest = clock.now().0 - i64::try_from(MEMORY.as_millis()).unwrap_or(i64::MAX);
        let mut tx = db.begin().await?;
        sqlx::query(
            "DELETE FROM deliveries WHERE at < $1
             OR at < (SELECT at FROM deliveries ORDER BY at DESC LIMIT 1 OFFSET $2)",
        )
        .bind(oldest)
        .bind(MOST - 1)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Ran::Again(EVERY))
    }
}
