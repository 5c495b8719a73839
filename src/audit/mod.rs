//! What happened, who did it: a hash chain written in the same transaction as the change itself.
//!
//! No audit row, no action. Each row holds the hash of the one before, so that a row cannot be
//! changed, removed or put in without every later hash telling; and what could be rewritten as a
//! whole is compared with checkpoints that are kept outside the database.
//!
//! `chain` is what a hash covers, `walk` and `findings` tell what does not fit (pure), `verify`
//! and `reading` give them every row; `checkpoint` and `checkpointing` keep what the end of the chain was;
//! `search`, `view` and `particulars` are for people, `export` is for other programs.

mod chain;
mod checkpoint;
mod checkpointing;
mod export;
mod findings;
mod particulars;
mod reading;
mod search;
mod settings;
mod verify;
mod view;
mod walk;

use serde::Serialize;
use sqlx::{AssertSqlSafe, Row as _};

pub use chain::Row;
pub use checkpoint::{Checkpoint, Checkpoints, Key, KeyError};
pub use checkpointing::Checkpointing;
pub use export::{Format, Window, export};
pub use findings::Finding;
pub use search::{Filter, Page, Record, between, mentions, search};
pub use settings::Settings;
pub use verify::{Evidence, Verdict, verify};
pub use view::{AuditView, Question};

use crate::{
    access::Actor,
    clock::Timestamp,
    jobs,
    names::{Environment, Service},
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
    /// The service it concerns, when it concerns one: it is found by it, and only who may read
    /// the audit of that service sees it.
    pub service: Option<Service>,
    /// The environment it concerns, when it concerns one.
    pub environment: Option<Environment>,
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

/// Longest name that is kept: no chat has longer ones.
const LONGEST_NAME: usize = 256;

/// After so many rows a checkpoint is written at once. Fewer leaves less that can be rewritten
/// unseen; each costs a line of about 250 bytes.
const ROWS: i64 = 1000;

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
    let (name, detail) =
        (kept(&entry.actor.name, LONGEST_NAME), kept(&redact(&entry.detail), LONGEST_DETAIL));
    let row = Row {
        seq,
        at: entry.at.0,
        actor: entry.actor.id.as_str(),
        actor_name: &name,
        action: &entry.action,
        subject: &entry.subject,
        outcome: entry.outcome.as_str(),
        detail: &detail,
        service: entry.service.as_ref().map_or("", Service::as_str),
        environment: entry.environment.as_ref().map_or("", Environment::as_str),
        prev: &prev,
        hash: "",
    };
    let hash = chain::Hasher::default().hash(&row);
    insert(tx, &Row { hash: hash.as_str(), ..row }).await?;
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE one = 1")
        .bind(seq)
        .bind(hash.as_str())
        .execute(&mut **tx)
        .await?;
    if seq % ROWS == 0 {
        jobs::enqueue(tx, &checkpointing::wish(entry.at)).await?;
    }
    Ok(())
}

async fn insert(tx: &mut Tx<'_>, row: &Row<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, actor_name, action, subject, outcome, detail,
                            service, environment, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(row.seq)
    .bind(row.at)
    .bind(row.actor)
    .bind(row.actor_name)
    .bind(row.action)
    .bind(row.subject)
    .bind(row.outcome)
    .bind(row.detail)
    .bind(row.service)
    .bind(row.environment)
    .bind(row.prev)
    .bind(row.hash)
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

/// A text from outside as it is kept: PostgreSQL takes no NUL, and what it refuses would take the
/// whole change with it.
fn kept(text: &str, longest: usize) -> String {
    let text = &text[..text.floor_char_boundary(longest)];
    text.replace('\0', "\u{fffd}")
}
