//! Looks at a database without leaving a trace, and says whether its tables are those of this
//! program.

use std::path::Path;

use anyhow::Context;
use sqlx::{Row, any::AnyPoolOptions};

use super::{BUSY, Db, Dialect, migrate, steps};

/// How a database's tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// As this program wants them.
    UpToDate,
    /// So many steps behind, of so many.
    Behind {
        /// Steps that were never taken.
        missing: usize,
        /// Steps there are.
        all: usize,
    },
    /// A newer program has written it.
    Newer,
    /// This step was another one when it was taken.
    Changed(&'static str),
}

impl Db {
    /// Opens it for looking only: nothing is written, not even the files SQLite keeps beside its
    /// own, and a bot may be at work in the same database.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub async fn looking(url: &str) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).acquire_timeout(BUSY);
        let (url, dialect) = match url.strip_prefix("sqlite://") {
            Some(path) => {
                let path = path.split('?').next().unwrap_or(path);
                // Somebody who has it open keeps the log beside it; without one, nobody can write.
                let alone = !Path::new(&format!("{path}-wal")).exists();
                let how = if alone { "mode=ro&immutable=true" } else { "mode=ro" };
                (format!("sqlite://{path}?{how}"), Dialect::Sqlite)
            }
            None => (url.to_owned(), Dialect::Postgres),
        };
        let pool = pool.after_connect(move |connection, _| {
            Box::pin(async move {
                if dialect == Dialect::Postgres {
                    let only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
                    sqlx::raw_sql(only).execute(connection).await?;
                }
                Ok(())
            })
        });
        let pool = pool.connect(&url).await.context("the database cannot be opened")?;
        Ok(Self { writers: pool.clone(), readers: pool, dialect, _alone: None })
    }

    /// An empty one in memory, which is gone with whoever has it.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub async fn nowhere() -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
        migrate(&pool, Dialect::Sqlite).await?;
        Ok(Self { writers: pool.clone(), readers: pool, dialect: Dialect::Sqlite, _alone: None })
    }

    /// How its tables are; changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tables(&self) -> anyhow::Result<Tables> {
        let wanted = steps(self.dialect);
        let sql = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
        let rows = match sqlx::query(sql).fetch_all(&self.readers).await {
            Ok(rows) => rows,
            // A database nobody has ever begun has no such table.
            Err(sqlx::Error::Database(error)) if is_missing(error.message()) => vec![],
            Err(error) => return Err(error.into()),
        };
        let mut taken = 0;
        for row in rows {
            let (version, sum): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let Some((step, (name, _))) =
                wanted.iter().zip(super::STEPS).find(|(step, _)| step.version == version)
            else {
                return Ok(Tables::Newer);
            };
            if step.checksum.as_ref() != sum {
                return Ok(Tables::Changed(name));
            }
            taken += 1;
        }
        let all = wanted.len();
        Ok(if taken == all {
            Tables::UpToDate
        } else {
            Tables::Behind { missing: all - taken, all }
        })
    }
}

fn is_missing(said: &str) -> bool {
    said.contains("no such table") || said.contains("does not exist")
}
