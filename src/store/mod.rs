//! What the bot remembers. The same SQL runs on SQLite and PostgreSQL;
//! each room keeps its own queries and borrows a transaction from here.
//!
//! Only `BIGINT` and `TEXT` columns, `$1` parameters, and no JSON operators: that is the part of
//! SQL the two share. Where they differ, ask [`Db::dialect`].

mod looking;

use std::{fs::File, sync::Arc, time::Duration};

use anyhow::Context;
use sqlx::{
    Any, AnyPool, AssertSqlSafe, SqlSafeStr, Transaction,
    any::AnyPoolOptions,
    migrate::{MigrateError, Migration},
};

pub use looking::Tables;

/// A unit of work: everything in it happens, or nothing does.
pub type Tx<'a> = Transaction<'a, Any>;

/// How long a write waits for another process's before it gives up.
const BUSY: Duration = Duration::from_secs(5);

/// PostgreSQL connections: enough for every worker slot, the web threads and some air.
const CONNECTIONS: u32 = 20;

/// SQLite readers beside the one writer; more would only queue for the same two cores.
const READERS: u32 = 4;

/// The database.
#[derive(Clone)]
pub struct Db {
    /// SQLite has one writer anyway: waiting here, in order, beats `SQLITE_BUSY`.
    writers: AnyPool,
    readers: AnyPool,
    dialect: Dialect,
    /// Held for life, so that a second process cannot open the same SQLite file.
    _alone: Option<Arc<File>>,
}

/// Which of the two databases this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one process.
    Sqlite,
    /// A server, any number of replicas.
    Postgres,
}

impl Dialect {
    /// What makes a `SELECT` keep the rows it found until the transaction ends.
    pub fn for_update(self) -> &'static str {
        match self {
            // BEGIN IMMEDIATE already keeps everybody else out.
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE",
        }
    }

    /// Where a migration cannot say it for both, the line `-- only SQLite:` or `-- only
    /// PostgreSQL:` begins what is for one of them, until the next such line or the end.
    fn own(self, sql: &str) -> String {
        let other = match self {
            Self::Sqlite => "PostgreSQL:\n",
            Self::Postgres => "SQLite:\n",
        };
        sql.split("-- only ")
            .filter(|part| !part.starts_with(other))
            .collect::<Vec<_>>()
            .join("-- ")
    }
}

impl Db {
    /// Opens `sqlite://path` (made when missing) or `postgres://…`, and brings its tables up to
    /// date.
    ///
    /// # Errors
    /// When it cannot be reached, is in use by another process (SQLite), or was written by a newer
    /// version of this program.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Self::open_sqlite(path.split('?').next().unwrap_or(path)).await;
        }
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(BUSY)
            .connect(url)
            .await
            .context("the PostgreSQL server cannot be reached")?;
        migrate(&pool, Dialect::Postgres).await?;
        Ok(Self { writers: pool.clone(), readers: pool, dialect: Dialect::Postgres, _alone: None })
    }

    async fn open_sqlite(path: &str) -> anyhow::Result<Self> {
        let alone = File::create(format!("{path}.lock"))
            .with_context(|| format!("the database `{path}` cannot be written"))?;
        alone.try_lock().map_err(|_| {
            anyhow::anyhow!(
                "the database `{path}` is in use by another Pilothouse. Stop that one first, or \
                 use PostgreSQL to run several"
            )
        })?;
        let url = format!("sqlite://{path}?mode=rwc");
        let pool = |connections| {
            // A file does not go away like a server does: asking it each time costs as much as the
            // query itself.
            let pool = AnyPoolOptions::new().test_before_acquire(false);
            pool.max_connections(connections).after_connect(|connection, _| {
                Box::pin(async move {
                    // FULL: what was acknowledged survives a power cut.
                    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                                 PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON";
                    sqlx::raw_sql(setup).execute(connection).await?;
                    Ok(())
                })
            })
        };
        let writers = pool(1).connect(&url).await.context("the database cannot be opened")?;
        migrate(&writers, Dialect::Sqlite).await?;
        let readers = pool(READERS).connect(&url).await?;
        Ok(Self { writers, readers, dialect: Dialect::Sqlite, _alone: Some(Arc::new(alone)) })
    }

    /// Opens it for somebody who changes nothing: no table is brought up to date, and a bot may be
    /// at work in the same database.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub async fn reading(url: &str) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let (url, dialect) = match url.strip_prefix("sqlite://") {
            Some(path) => {
                let path = path.split('?').next().unwrap_or(path);
                (format!("sqlite://{path}?mode=ro"), Dialect::Sqlite)
            }
            None => (url.to_owned(), Dialect::Postgres),
        };
        let pool = AnyPoolOptions::new().max_connections(1).acquire_timeout(BUSY);
        let pool = pool.connect(&url).await.context("the database cannot be opened")?;
        Ok(Self { writers: pool.clone(), readers: pool, dialect, _alone: None })
    }

    /// What was committed up to now, as one moment of it.
    ///
    /// # Errors
    /// As for [`Db::reading`].
    pub async fn snapshot(url: &str) -> anyhow::Result<Tx<'static>> {
        let db = Self::reading(url).await?;
        let begin = match db.dialect {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Ok(db.readers.begin_with(begin).await?)
    }

    /// Begins a change.
    ///
    /// # Errors
    /// When the database is gone, or too busy to begin within five seconds.
    pub async fn begin(&self) -> sqlx::Result<Tx<'static>> {
        match self.dialect {
            // A deferred transaction that turns into a writing one fails at once when busy.
            Dialect::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => self.writers.begin().await,
        }
    }

    /// Where to read without changing anything; never waits for a writer.
    pub fn reader(&self) -> &AnyPool {
        &self.readers
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Lets go of the database.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Every step the tables ever took, oldest first. A step that has been released never changes.
const STEPS: &[(&str, &str)] = &[
    ("foundation", include_str!("migrations/0001_foundation.sql")),
    ("chat", include_str!("migrations/0002_chat.sql")),
    ("deployments", include_str!("migrations/0003_deployments.sql")),
    ("locks", include_str!("migrations/0005_locks.sql")),
    ("audit", include_str!("migrations/0004_audit.sql")),
    ("alerts", include_str!("migrations/0006_alerts.sql")),
    ("incidents", include_str!("migrations/0008_incidents.sql")),
    ("oncall", include_str!("migrations/0007_oncall.sql")),
    ("runbooks", include_str!("migrations/0009_runbooks.sql")),
    ("hooks", include_str!("migrations/0010_hooks.sql")),
];

fn steps(dialect: Dialect) -> Vec<Migration> {
    let steps = (1..).zip(STEPS).map(|(version, (name, sql))| {
        let kind = sqlx::migrate::MigrationType::Simple;
        let sql = AssertSqlSafe(dialect.own(sql)).into_sql_str();
        Migration::new(version, (*name).into(), kind, sql, false)
    });
    steps.collect()
}

async fn migrate(pool: &AnyPool, dialect: Dialect) -> anyhow::Result<()> {
    let migrator = sqlx::migrate::Migrator::with_migrations(steps(dialect));
    migrator.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) => anyhow::anyhow!(
            "the database was written by a newer Pilothouse. Start that version, or restore the \
             backup taken before it"
        ),
        error => {
            anyhow::Error::new(error).context("the database's tables cannot be brought up to date")
        }
    })
}
