//! The alerts' own table.

use std::collections::HashMap;

use anyhow::Context as _;
use sqlx::{Any, AssertSqlSafe, Executor, Row, any::AnyRow};

use super::alert::{Alert, Phase};
use crate::{
    clock::Timestamp,
    names::{AlertId, Environment, RoomName, Service, SourceName},
    store::{Dialect, Tx},
};

/// How many fingerprints one question names; SQLite and PostgreSQL take far more.
const AT_ONCE: usize = 200;

/// An alert, and what the table knows besides.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The alert.
    pub alert: Alert,
    /// What its source said last, as [`super::heard::Said::mark`] says it.
    pub said: String,
    /// Where its card stands.
    pub card: Card,
    /// Which writing of it this is.
    pub revision: i64,
}

/// Where an alert's card stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    /// It needs none.
    None,
    /// It is to be shown, alone or among others.
    Wanted,
    /// It has a message of its own.
    Own,
    /// It is counted on the card of a storm.
    Storm,
}

impl Card {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Wanted => "wanted",
            Self::Own => "own",
            Self::Storm => "storm",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "wanted" => Self::Wanted,
            "own" => Self::Own,
            "storm" => Self::Storm,
            _ => Self::None,
        }
    }
}

/// Why nothing was written.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// Somebody else wrote first: read again.
    Stale,
    /// The database.
    Broken(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

const COLUMNS: &str = "data, said, card, revision";

/// The newest alert of each of these fingerprints, for as long as the transaction lasts.
pub(super) async fn latest(
    tx: &mut Tx<'_>,
    dialect: Dialect,
    source: &SourceName,
    fingerprints: &[&str],
) -> anyhow::Result<HashMap<String, Kept>> {
    let mut found = HashMap::with_capacity(fingerprints.len());
    for some in fingerprints.chunks(AT_ONCE) {
        let places: Vec<String> = (2..=some.len() + 1).map(|place| format!("${place}")).collect();
        let (places, lock) = (places.join(", "), dialect.for_update());
        let sql = format!(
            "SELECT {COLUMNS} FROM alerts WHERE source = $1 AND latest = 1
             AND fingerprint IN ({places}) ORDER BY fingerprint {lock}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(source.as_str());
        for fingerprint in some {
            query = query.bind((*fingerprint).to_owned());
        }
        for row in query.fetch_all(&mut **tx).await? {
            let row = read(&row)?;
            found.insert(row.alert.fingerprint.clone(), row);
        }
    }
    Ok(found)
}

/// One alert.
pub(super) async fn find<'a>(
    at: impl Executor<'a, Database = Any>,
    id: &AlertId,
) -> anyhow::Result<Option<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str().to_owned()).fetch_optional(at);
    row.await?.as_ref().map(read).transpose()
}

/// Writes a new alert down, as the latest of its fingerprint.
pub(super) async fn insert(tx: &mut Tx<'_>, row: &Kept, now: Timestamp) -> Result<(), Unwritten> {
    let alert = &row.alert;
    let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
    let inserted = sqlx::query(
        "INSERT INTO alerts (id, source, fingerprint, latest, service, environment, name, severity,
             rank, phase, starts, over, said, missing, room, card, storm, revision, shown, data)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', 1, 0, $16)
         ON CONFLICT DO NOTHING",
    )
    .bind(alert.id.as_str())
    .bind(alert.source.as_str())
    .bind(&alert.fingerprint)
    .bind(name(alert.service.as_ref().map(Service::as_str)))
    .bind(name(alert.environment.as_ref().map(Environment::as_str)))
    .bind(alert.name())
    .bind(alert.severity.word())
    .bind(alert.severity.rank())
    .bind(word(alert.phase(now)))
    .bind(alert.starts.0)
    .bind(alert.ended.map_or(0, |over| over.told.0))
    .bind(&row.said)
    .bind(alert.missing.map_or(0, |since| since.0))
    .bind(name(alert.room.as_ref().map(RoomName::as_str)))
    .bind(row.card.as_str())
    .bind(serde_json::to_string(alert)?)
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 1 { Ok(()) } else { Err(Unwritten::Stale) }
}

/// Writes an alert that has changed. `is_news` is whether it is worth a card it has not got.
pub(super) async fn save(tx: &mut Tx<'_>, row: &Kept, now: Timestamp) -> Result<(), Unwritten> {
    let alert = &row.alert;
    let saved = sqlx::query(
        "UPDATE alerts SET phase = $1, starts = $2, over = $3, said = $4, missing = $5, card = $6,
             revision = revision + 1, data = $7
         WHERE id = $8 AND revision = $9",
    )
    .bind(word(alert.phase(now)))
    .bind(alert.starts.0)
    .bind(alert.ended.map_or(0, |over| over.told.0))
    .bind(&row.said)
    .bind(alert.missing.map_or(0, |since| since.0))
    .bind(row.card.as_str())
    .bind(serde_json::to_string(alert)?)
    .bind(alert.id.as_str())
    .bind(row.revision)
    .execute(&mut **tx)
    .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Unwritten::Stale) }
}

/// From now on another alert is the latest of this one's fingerprint.
pub(super) async fn retire(tx: &mut Tx<'_>, row: &Kept) -> Result<(), Unwritten> {
    let sql =
        "UPDATE alerts SET latest = 0, revision = revision + 1 WHERE id = $1 AND revision = $2";
    let query = sqlx::query(sql).bind(row.alert.id.as_str()).bind(row.revision);
    let retired = query.execute(&mut **tx).await?;
    if retired.rows_affected() == 1 { Ok(()) } else { Err(Unwritten::Stale) }
}

/// Forgets what has been over since before that moment.
pub(super) async fn forget(tx: &mut Tx<'_>, before: Timestamp) -> anyhow::Result<u64> {
    let sql = "DELETE FROM alerts WHERE over > 0 AND over < $1";
    Ok(sqlx::query(sql).bind(before.0).execute(&mut **tx).await?.rows_affected())
}

pub(super) fn read(row: &AnyRow) -> anyhow::Result<Kept> {
    let (data, card): (&str, &str) = (row.try_get("data")?, row.try_get("card")?);
    Ok(Kept {
        alert: serde_json::from_str(data).context("an alert in the database")?,
        said: row.try_get("said")?,
        card: Card::read(card),
        revision: row.try_get("revision")?,
    })
}

pub(super) fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Firing => "firing",
        Phase::Acknowledged => "acknowledged",
        Phase::Silenced => "silenced",
        Phase::Inhibited => "inhibited",
        Phase::Resolved => "resolved",
    }
}
