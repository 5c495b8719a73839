//! The pages' own table.

use sqlx::{Any, AnyPool, AssertSqlSafe, Executor, Row, any::AnyRow};

use super::Page;
use crate::{
    names::PageId,
    store::{Dialect, Tx},
};

/// False when there is one of the same origin.
pub(super) async fn insert(tx: &mut Tx<'_>, page: &Page) -> anyhow::Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO pages (id, origin, open, asked, data) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(page.id.as_str())
    .bind(&page.origin)
    .bind(page.asked.0)
    .bind(serde_json::to_string(page)?)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn update(tx: &mut Tx<'_>, page: &Page) -> anyhow::Result<()> {
    sqlx::query("UPDATE pages SET open = $1, data = $2 WHERE id = $3")
        .bind(i64::from(page.is_open()))
        .bind(serde_json::to_string(page)?)
        .bind(page.id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The page, kept from everybody else until the transaction ends.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    dialect: Dialect,
    id: &PageId,
) -> anyhow::Result<Option<Page>> {
    let sql = format!("SELECT data FROM pages WHERE id = $1 {}", dialect.for_update());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str());
    query.fetch_optional(&mut **tx).await?.as_ref().map(page).transpose()
}

pub(super) async fn find(pool: &AnyPool, id: &str) -> anyhow::Result<Option<Page>> {
    let query = sqlx::query("SELECT data FROM pages WHERE id = $1").bind(id);
    query.fetch_optional(pool).await?.as_ref().map(page).transpose()
}

pub(super) async fn of_origin(pool: &AnyPool, origin: &str) -> anyhow::Result<Option<Page>> {
    let query = sqlx::query("SELECT data FROM pages WHERE origin = $1").bind(origin);
    query.fetch_optional(pool).await?.as_ref().map(page).transpose()
}

/// Every page that is open, oldest first.
pub(super) async fn open<'a>(at: impl Executor<'a, Database = Any>) -> anyhow::Result<Vec<Page>> {
    let sql = "SELECT data FROM pages WHERE open = 1 ORDER BY asked, id";
    sqlx::query(sql).fetch_all(at).await?.iter().map(page).collect()
}

fn page(row: &AnyRow) -> anyhow::Result<Page> {
    let data: &str = row.try_get("data")?;
    Ok(serde_json::from_str(data)?)
}
