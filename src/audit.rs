//! What happened, who did it: a hash chain written in the same transaction as the change itself.
//!
//! No audit row, no action. Each row holds the hash of the one before, so that a row cannot be
//! changed, removed or put in without every later hash telling.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AnyPool, AssertSqlSafe, Row, any::AnyRow};

use crate::{
    access::Actor,
    clock::Timestamp,
    secrets::redact,
    store::{Db, Dialect, Tx},
};

/// One thing that was decided, done or refused.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who, with the name they had then.
    pub actor: Actor,
    /// What they did: `deploy`, `approve`, `run_started`.
    pub action: String,
    /// To what: `deployment/8f2c91d4`.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: Outcome,
    /// The particulars, as a sentence or as JSON.
    pub detail: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was not allowed to happen.
    Refused,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Longest detail that is kept: enough for any plan; a stranger's megabyte is not worth keeping.
const LONGEST_DETAIL: usize = 8 * 1024;

/// Writes the entry down as the next of the chain.
///
/// Take it last in a transaction: on PostgreSQL, writers queue for the chain's end from here to
/// the commit.
pub async fn note(tx: &mut Tx<'_>, dialect: Dialect, entry: &Entry) -> sqlx::Result<()> {
    let lock = dialect.for_update();
    let head = format!("SELECT seq, hash FROM audit_head WHERE one = 1 {lock}");
    let head = sqlx::query(AssertSqlSafe(head)).fetch_one(&mut **tx).await?;
    let (seq, prev): (i64, String) = (head.try_get("seq")?, head.try_get("hash")?);
    let seq = seq + 1;
    let mut detail = redact(&entry.detail).into_owned();
    detail.truncate(detail.floor_char_boundary(LONGEST_DETAIL));
    let hash = hash(seq, entry, &detail, &prev);
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, actor_name, action, subject, outcome, detail, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(seq)
    .bind(entry.at.0)
    .bind(entry.actor.id.as_str())
    .bind(&entry.actor.name)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(entry.outcome.as_str())
    .bind(detail)
    .bind(prev)
    .bind(&hash)
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE one = 1")
        .bind(seq)
        .bind(hash)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes one entry in a transaction of its own: for refusals, which change nothing else.
///
/// # Errors
/// When the database does not take it.
pub async fn note_alone(db: &Db, entry: &Entry) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    note(&mut tx, db.dialect(), entry).await?;
    tx.commit().await
}

/// The most rows that are read at once: more is no story anybody reads.
const MOST: i64 = 20_000;

/// What was written down from one moment to the other, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn between(pool: &AnyPool, from: Timestamp, to: Timestamp) -> anyhow::Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT at, actor, actor_name, action, subject, outcome, detail FROM audit
         WHERE at >= $1 AND at <= $2 ORDER BY seq LIMIT $3",
    )
    .bind(from.0)
    .bind(to.0)
    .bind(MOST)
    .fetch_all(pool)
    .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> anyhow::Result<Entry> {
    let (id, outcome): (String, String) = (row.try_get("actor")?, row.try_get("outcome")?);
    let id = serde_json::from_value(id.into())?;
    let done = outcome == Outcome::Done.as_str();
    Ok(Entry {
        at: Timestamp(row.try_get("at")?),
        actor: Actor { id, name: row.try_get("actor_name")? },
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        outcome: if done { Outcome::Done } else { Outcome::Refused },
        detail: row.try_get("detail")?,
    })
}

/// What a row's hash covers: every column and the hash before it, each behind its length, so that
/// no two different rows read the same.
fn hash(seq: i64, entry: &Entry, detail: &str, prev: &str) -> String {
    let mut digest = Sha256::new();
    let numbers = [seq.to_string(), entry.at.0.to_string()];
    let texts = [
        numbers[0].as_str(),
        numbers[1].as_str(),
        entry.actor.id.as_str(),
        &entry.actor.name,
        &entry.action,
        &entry.subject,
        entry.outcome.as_str(),
        detail,
        prev,
    ];
    for text in texts {
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text.as_bytes());
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
