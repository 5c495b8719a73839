//! The runs' own table.

use sqlx::{AnyPool, AssertSqlSafe, Row, any::AnyRow};

use super::StepRun;
use crate::{
    names::StepName,
    store::{Dialect, Tx},
};

/// False when there is one of that number, or another run of that step is under way.
pub(super) async fn insert(tx: &mut Tx<'_>, run: &StepRun) -> anyhow::Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO step_runs (id, step, open, asked, data) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(run.id.as_str())
    .bind(run.step.as_str())
    .bind(run.asked.0)
    .bind(serde_json::to_string(run)?)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn update(tx: &mut Tx<'_>, run: &StepRun) -> anyhow::Result<()> {
    sqlx::query("UPDATE step_runs SET open = $1, data = $2 WHERE id = $3")
        .bind(i64::from(run.is_open()))
        .bind(serde_json::to_string(run)?)
        .bind(run.id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The run, kept from everybody else until the transaction ends.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    dialect: Dialect,
    id: &str,
) -> anyhow::Result<Option<StepRun>> {
    let sql = format!("SELECT data FROM step_runs WHERE id = $1 {}", dialect.for_update());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id);
    query.fetch_optional(&mut **tx).await?.as_ref().map(run).transpose()
}

pub(super) async fn find(pool: &AnyPool, id: &str) -> anyhow::Result<Option<StepRun>> {
    let query = sqlx::query("SELECT data FROM step_runs WHERE id = $1").bind(id);
    query.fetch_optional(pool).await?.as_ref().map(run).transpose()
}

/// The run of that step that is under way.
pub(super) async fn under_way(pool: &AnyPool, step: &StepName) -> anyhow::Result<Option<StepRun>> {
    let sql = "SELECT data FROM step_runs WHERE step = $1 AND open = 1";
    let query = sqlx::query(sql).bind(step.as_str());
    query.fetch_optional(pool).await?.as_ref().map(run).transpose()
}

/// Every run that is under way, oldest first.
pub(super) async fn open(pool: &AnyPool) -> anyhow::Result<Vec<StepRun>> {
    let sql = "SELECT data FROM step_runs WHERE open = 1 ORDER BY asked, id";
    sqlx::query(sql).fetch_all(pool).await?.iter().map(run).collect()
}

fn run(row: &AnyRow) -> anyhow::Result<StepRun> {
    let data: &str = row.try_get("data")?;
    Ok(serde_json::from_str(data)?)
}
