//! The locks' own table.

use sqlx::{Any, AnyPool, Executor, Row, any::AnyRow};

use super::Lock;
use crate::{
    names::{Environment, Service},
    store::Tx,
};

/// False when there is another lock there.
pub(super) async fn insert(tx: &mut Tx<'_>, lock: &Lock) -> anyhow::Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO locks (id, service, environment, held, data) VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(lock.id.as_str())
    .bind(lock.service.as_str())
    .bind(lock.environment.as_str())
    .bind(serde_json::to_string(lock)?)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes the lock; false when it has ended meanwhile.
pub(super) async fn update(tx: &mut Tx<'_>, lock: &Lock) -> anyhow::Result<bool> {
    let held = i64::from(lock.ended.is_none());
    let updated = sqlx::query("UPDATE locks SET held = $1, data = $2 WHERE id = $3 AND held = 1")
        .bind(held)
        .bind(serde_json::to_string(lock)?)
        .bind(lock.id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected() == 1)
}

/// The lock there that nobody has ended; its time may be up all the same.
pub(in crate::deployments) async fn there<'a>(
    at: impl Executor<'a, Database = Any>,
    service: &Service,
    environment: &Environment,
) -> anyhow::Result<Option<Lock>> {
    let sql = "SELECT data FROM locks WHERE service = $1 AND environment = $2 AND held = 1";
    let query = sqlx::query(sql).bind(service.as_str().to_owned());
    let row = query.bind(environment.as_str().to_owned()).fetch_optional(at).await?;
    row.as_ref().map(lock).transpose()
}

/// Every lock that nobody has ended.
pub(super) async fn all(pool: &AnyPool) -> anyhow::Result<Vec<Lock>> {
    let sql = "SELECT data FROM locks WHERE held = 1 ORDER BY service, environment";
    sqlx::query(sql).fetch_all(pool).await?.iter().map(lock).collect()
}

pub(super) async fn find(pool: &AnyPool, id: &str) -> anyhow::Result<Option<Lock>> {
    let sql = "SELECT data FROM locks WHERE id = $1";
    let row = sqlx::query(sql).bind(id).fetch_optional(pool).await?;
    row.as_ref().map(lock).transpose()
}

fn lock(row: &AnyRow) -> anyhow::Result<Lock> {
    let data: &str = row.try_get("data")?;
    Ok(serde_json::from_str(data)?)
}
