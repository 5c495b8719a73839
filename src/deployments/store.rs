//! The deployments' own tables.

use serde::de::DeserializeOwned;
use sqlx::{AnyPool, Row, any::AnyRow};

use super::{deployment::Deployment, standing::Standing, state::State};
use crate::{
    names::{DeploymentId, Environment, Service},
    store::Tx,
};

/// A deployment as it was read, and the revision that must still be current when it is written.
pub(super) struct Loaded {
    pub(super) deployment: Deployment,
    revision: i64,
}

/// False when its number or its origin is taken.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    deployment: &Deployment,
    origin: &str,
) -> anyhow::Result<bool> {
    let columns = Columns::of(deployment);
    let inserted = sqlx::query(
        "INSERT INTO deployments
             (id, origin, service, environment, holds, queued, open, asked, revision, data)
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, 1, $8) ON CONFLICT DO NOTHING",
    )
    .bind(deployment.id.as_str())
    .bind(origin)
    .bind(deployment.plan.service.as_str())
    .bind(deployment.plan.environment.as_str())
    .bind(columns.queued)
    .bind(columns.open)
    .bind(deployment.asked.0)
    .bind(serde_json::to_string(deployment)?)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn load(tx: &mut Tx<'_>, id: &DeploymentId) -> anyhow::Result<Option<Loaded>> {
    let row = sqlx::query("SELECT revision, data FROM deployments WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Loaded { deployment: data(&row)?, revision: row.try_get("revision")? }))
}

/// How a write went.
pub(super) enum Saved {
    /// It is written.
    Yes,
    /// Someone else wrote first: read again.
    Stale,
    /// Another deployment has the environment to itself.
    Taken,
}

/// Writes the deployment, if nobody else has since it was read.
pub(super) async fn save(tx: &mut Tx<'_>, loaded: &Loaded) -> anyhow::Result<Saved> {
    let deployment = &loaded.deployment;
    let columns = Columns::of(deployment);
    let saved = sqlx::query(
        "UPDATE deployments
         SET holds = $1, queued = $2, open = $3, revision = revision + 1, data = $4
         WHERE id = $5 AND revision = $6",
    )
    .bind(columns.holds)
    .bind(columns.queued)
    .bind(columns.open)
    .bind(serde_json::to_string(deployment)?)
    .bind(deployment.id.as_str())
    .bind(loaded.revision)
    .execute(&mut **tx)
    .await;
    match saved {
        Ok(saved) if saved.rows_affected() == 1 => Ok(Saved::Yes),
        Ok(_) => Ok(Saved::Stale),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Saved::Taken),
        Err(error) => Err(error.into()),
    }
}

/// The deployment that was made from that message.
pub(super) async fn by_origin(tx: &mut Tx<'_>, origin: &str) -> anyhow::Result<Option<Deployment>> {
    let row = sqlx::query("SELECT data FROM deployments WHERE origin = $1")
        .bind(origin)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| data(&row)).transpose()
}

pub(super) async fn read(pool: &AnyPool, id: &DeploymentId) -> anyhow::Result<Option<Deployment>> {
    let row = sqlx::query("SELECT data FROM deployments WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(pool)
        .await?;
    row.map(|row| data(&row)).transpose()
}

/// Everything that has not come to rest, oldest first.
pub(super) async fn open(
    db: impl sqlx::Executor<'_, Database = sqlx::Any>,
) -> anyhow::Result<Vec<Deployment>> {
    let rows = sqlx::query("SELECT data FROM deployments WHERE open = 1 ORDER BY asked, id")
        .fetch_all(db)
        .await?;
    rows.iter().map(data).collect()
}

/// What waits for an environment, for people or for its turn.
pub(super) async fn waiting(
    tx: &mut Tx<'_>,
    service: &Service,
    environment: &Environment,
) -> anyhow::Result<Vec<Deployment>> {
    let rows = sqlx::query(
        "SELECT data FROM deployments
         WHERE service = $1 AND environment = $2 AND open = 1 AND holds = 0",
    )
    .bind(service.as_str())
    .bind(environment.as_str())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(data).collect()
}

/// How many deployments are looked back at: a version that was good before that is forgotten.
const RECENT: i64 = 200;

/// The latest deployments, newest first, of one service or environment or of all.
pub(super) async fn recent(
    pool: &AnyPool,
    service: Option<&Service>,
    environment: Option<&Environment>,
) -> anyhow::Result<Vec<Deployment>> {
    let rows = sqlx::query(
        "SELECT data FROM deployments
         WHERE (service = $1 OR $1 = '') AND (environment = $2 OR $2 = '')
         ORDER BY asked DESC, id DESC LIMIT $3",
    )
    .bind(service.map_or("", Service::as_str))
    .bind(environment.map_or("", Environment::as_str))
    .bind(RECENT)
    .fetch_all(pool)
    .await?;
    rows.iter().map(data).collect()
}

/// Who is next in line in an environment, unless it is taken.
pub(super) async fn next_in_line(
    pool: &AnyPool,
    service: &Service,
    environment: &Environment,
) -> anyhow::Result<Option<DeploymentId>> {
    let row = sqlx::query(
        "SELECT id FROM deployments WHERE service = $1 AND environment = $2 AND queued > 0
         AND NOT EXISTS (SELECT 1 FROM deployments
                         WHERE service = $1 AND environment = $2 AND holds = 1)
         ORDER BY queued, id LIMIT 1",
    )
    .bind(service.as_str())
    .bind(environment.as_str())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id: String = row.try_get("id")?;
    Ok(Some(id.parse()?))
}

pub(super) async fn standing(
    pool: &AnyPool,
    service: &Service,
    environment: &Environment,
) -> anyhow::Result<Option<Standing>> {
    let row = sqlx::query("SELECT data FROM standings WHERE service = $1 AND environment = $2")
        .bind(service.as_str())
        .bind(environment.as_str())
        .fetch_optional(pool)
        .await?;
    row.map(|row| data(&row)).transpose()
}

pub(super) async fn standings(
    pool: &AnyPool,
) -> anyhow::Result<Vec<(Service, Environment, Standing)>> {
    let rows =
        sqlx::query("SELECT service, environment, data FROM standings").fetch_all(pool).await?;
    let standing = |row: &AnyRow| {
        let (service, environment): (String, String) =
            (row.try_get("service")?, row.try_get("environment")?);
        Ok((service.parse()?, environment.parse()?, data(row)?))
    };
    rows.iter().map(standing).collect()
}

pub(super) async fn stand(
    tx: &mut Tx<'_>,
    (service, environment): (&Service, &Environment),
    standing: &Standing,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO standings (service, environment, data) VALUES ($1, $2, $3)
         ON CONFLICT (service, environment) DO UPDATE SET data = excluded.data",
    )
    .bind(service.as_str())
    .bind(environment.as_str())
    .bind(serde_json::to_string(standing)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the database has to know of a deployment without reading it.
struct Columns {
    holds: i64,
    queued: i64,
    open: i64,
}

/// Later than every moment there will be: what is held does not stand in the way of what is not.
const HELD: i64 = 1 << 60;

impl Columns {
    fn of(deployment: &Deployment) -> Self {
        let queued = match &deployment.state {
            State::Queued { since } if !deployment.held.is_empty() => HELD + since.0,
            // The way back goes before everything that waits to go out.
            State::Queued { .. } if deployment.plan.back => 1,
            State::Queued { since } => since.0.max(2),
            _ => 0,
        };
        let open = !matches!(deployment.state, State::Ended(_));
        Self { holds: deployment.state.holds().into(), queued, open: open.into() }
    }
}

fn data<T: DeserializeOwned>(row: &AnyRow) -> anyhow::Result<T> {
    let data: &str = row.try_get("data")?;
    Ok(serde_json::from_str(data)?)
}
