//! How to reach a conversation without being spoken to first. What is stored is not trusted: its
//! address is checked again each time it is read.

use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::service_url::ServiceUrl;
use crate::{
    clock::{Clock, Timestamp},
    store::Db,
};

const CHANNEL: &str = "teams";

/// How old a row may get before it is written again though nothing changed: every message of every
/// person comes by here, and a write costs more than all the rest of it.
const STALE: std::time::Duration = std::time::Duration::from_hours(1);

/// What follows the id of a channel in the id of a thread in it.
pub(super) const THREAD: &str = ";messageid=";

/// One conversation, as the newest activity in it told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its id, without a thread.
    pub conversation: String,
    /// The connector that serves it.
    pub service_url: String,
    /// `personal`, `groupChat`, `channel`, or what Teams comes up with next.
    pub kind: String,
    /// The tenant it belongs to.
    pub tenant: String,
    /// The bot's own id in it.
    pub bot: String,
    /// The team of a channel.
    pub team: Option<String>,
}

/// Every conversation the bot is in.
#[derive(Clone)]
pub struct References {
    db: Db,
    clock: Clock,
    allowed: Vec<String>,
}

impl References {
    /// The conversations kept in `db`; only those whose connector is on the list `allowed`.
    pub fn new(db: Db, clock: Clock, allowed: Vec<String>) -> Self {
        Self { db, clock, allowed }
    }

    /// Keeps the newest way to a conversation; a thread counts as its channel.
    ///
    /// # Errors
    /// When its connector is not on the list, or the database does not answer.
    pub async fn keep(&self, reference: &Reference) -> anyhow::Result<()> {
        ServiceUrl::allowed(&reference.service_url, &self.allowed)?;
        let conversation = whole(&reference.conversation);
        let reference = Reference { conversation: conversation.to_owned(), ..reference.clone() };
        let now = self.clock.now();
        if let Some((known, seen)) = self.read(conversation).await?
            && known == reference
            && now.since(seen) < STALE
        {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        sqlx::query(
            "INSERT INTO conversations (channel, conversation, seen, data) VALUES ($1, $2, $3, $4)
             ON CONFLICT (channel, conversation)
             DO UPDATE SET seen = excluded.seen, data = excluded.data
             WHERE conversations.seen <= excluded.seen",
        )
        .bind(CHANNEL)
        .bind(conversation)
        .bind(now.0)
        .bind(serde_json::to_string(&reference)?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The way to a conversation, or to the channel of a thread.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(&self, conversation: &str) -> anyhow::Result<Option<Reference>> {
        Ok(self.read(whole(conversation)).await?.map(|(reference, _)| reference))
    }

    /// Forgets a conversation: the bot was thrown out, or it is no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget(&self, conversation: &str) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        sqlx::query("DELETE FROM conversations WHERE channel = $1 AND conversation = $2")
            .bind(CHANNEL)
            .bind(whole(conversation))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Every conversation that can be reached, in the order of their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all(&self) -> anyhow::Result<Vec<Reference>> {
        let rows =
            sqlx::query("SELECT data FROM conversations WHERE channel = $1 ORDER BY conversation")
                .bind(CHANNEL)
                .fetch_all(self.db.reader())
                .await?;
        let mut all = vec![];
        for row in rows {
            all.extend(self.trusted(row.try_get("data")?));
        }
        Ok(all)
    }

    async fn read(&self, conversation: &str) -> anyhow::Result<Option<(Reference, Timestamp)>> {
        let row = sqlx::query(
            "SELECT seen, data FROM conversations WHERE channel = $1 AND conversation = $2",
        )
        .bind(CHANNEL)
        .bind(conversation)
        .fetch_optional(self.db.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let seen = Timestamp(row.try_get("seen")?);
        Ok(self.trusted(row.try_get("data")?).map(|reference| (reference, seen)))
    }

    /// What was stored, unless it may not be used.
    fn trusted(&self, data: &str) -> Option<Reference> {
        let checked = serde_json::from_str(data).map_err(anyhow::Error::from).and_then(
            |reference: Reference| {
                ServiceUrl::allowed(&reference.service_url, &self.allowed)?;
                Ok(reference)
            },
        );
        checked
            .inspect_err(|error| tracing::warn!("a stored conversation is not used: {error}"))
            .ok()
    }
}

/// The conversation's id without the thread in it.
pub(super) fn whole(conversation: &str) -> &str {
    conversation.split_once(THREAD).map_or(conversation, |(whole, _)| whole)
}
