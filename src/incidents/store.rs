//! The incidents' own tables.

use serde::de::DeserializeOwned;
use sqlx::{AnyPool, Row, any::AnyRow};

use super::{incident::Incident, number::Number, state::Event};
use crate::{clock::Timestamp, store::Tx};

/// An incident as it was read, and the revision that must still be current when it is written.
pub(super) struct Loaded {
    pub(super) incident: Incident,
    pub(super) revision: i64,
}

/// Takes the next number. Everybody who declares one waits here for whoever is before them.
pub(super) async fn next_number(tx: &mut Tx<'_>) -> anyhow::Result<Number> {
    let row = sqlx::query("UPDATE incident_head SET last = last + 1 WHERE one = 1 RETURNING last")
        .fetch_one(&mut **tx)
        .await?;
    Ok(Number::new(row.try_get("last")?))
}

/// The incident that was declared with that message.
pub(super) async fn by_origin(tx: &mut Tx<'_>, origin: &str) -> anyhow::Result<Option<Incident>> {
    let row = sqlx::query("SELECT data FROM incidents WHERE origin = $1")
        .bind(origin)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| data(&row)).transpose()
}

pub(super) async fn insert(
    tx: &mut Tx<'_>,
    incident: &Incident,
    origin: &str,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO incidents (number, origin, open, revision, data) VALUES ($1, $2, $3, 1, $4)",
    )
    .bind(incident.number.get())
    .bind(origin)
    .bind(i64::from(incident.is_open()))
    .bind(serde_json::to_string(incident)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn load(tx: &mut Tx<'_>, number: Number) -> anyhow::Result<Option<Loaded>> {
    let row = sqlx::query("SELECT revision, data FROM incidents WHERE number = $1")
        .bind(number.get())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Loaded { incident: data(&row)?, revision: row.try_get("revision")? }))
}

/// Writes the incident; false when somebody else has written it since it was read.
pub(super) async fn save(tx: &mut Tx<'_>, loaded: &Loaded) -> anyhow::Result<bool> {
    let saved = sqlx::query(
        "UPDATE incidents SET open = $1, revision = revision + 1, data = $2
         WHERE number = $3 AND revision = $4",
    )
    .bind(i64::from(loaded.incident.is_open()))
    .bind(serde_json::to_string(&loaded.incident)?)
    .bind(loaded.incident.number.get())
    .bind(loaded.revision)
    .execute(&mut **tx)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Keeps what happened; `seq` is the revision it led to.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    (number, seq): (Number, i64),
    event: &Event,
    now: Timestamp,
) -> anyhow::Result<()> {
    sqlx::query("INSERT INTO incident_events (incident, seq, at, data) VALUES ($1, $2, $3, $4)")
        .bind(number.get())
        .bind(seq)
        .bind(now.0)
        .bind(serde_json::to_string(event)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Everything that happened to an incident, oldest first.
pub(super) async fn events(
    pool: &AnyPool,
    number: Number,
) -> anyhow::Result<Vec<(Timestamp, Event)>> {
    let rows = sqlx::query("SELECT at, data FROM incident_events WHERE incident = $1 ORDER BY seq")
        .bind(number.get())
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| Ok((Timestamp(row.try_get("at")?), data(row)?))).collect()
}

/// What happened to an incident after that event, oldest first, each with its place in the order.
pub(super) async fn events_after(
    pool: &AnyPool,
    number: Number,
    seq: i64,
) -> anyhow::Result<Vec<(i64, Timestamp, Event)>> {
    let rows = sqlx::query(
        "SELECT seq, at, data FROM incident_events WHERE incident = $1 AND seq > $2 ORDER BY seq",
    )
    .bind(number.get())
    .bind(seq)
    .fetch_all(pool)
    .await?;
    let event = |row: &AnyRow| Ok((row.try_get("seq")?, Timestamp(row.try_get("at")?), data(row)?));
    rows.iter().map(event).collect()
}

pub(super) async fn find(pool: &AnyPool, number: Number) -> anyhow::Result<Option<Incident>> {
    let row = sqlx::query("SELECT data FROM incidents WHERE number = $1")
        .bind(number.get())
        .fetch_optional(pool)
        .await?;
    row.map(|row| data(&row)).transpose()
}

/// Every open incident, oldest first.
pub(super) async fn open(pool: &AnyPool) -> anyhow::Result<Vec<Incident>> {
    let rows = sqlx::query("SELECT data FROM incidents WHERE open = 1 ORDER BY number")
        .fetch_all(pool)
        .await?;
    rows.iter().map(data).collect()
}

/// The latest incidents, newest first.
pub(super) async fn latest(pool: &AnyPool, most: i64) -> anyhow::Result<Vec<Incident>> {
    let rows = sqlx::query("SELECT data FROM incidents ORDER BY number DESC LIMIT $1")
        .bind(most)
        .fetch_all(pool)
        .await?;
    rows.iter().map(data).collect()
}

fn data<T: DeserializeOwned>(row: &AnyRow) -> anyhow::Result<T> {
    let data: &str = row.try_get("data")?;
    Ok(serde_json::from_str(data)?)
}
