//! A fresh database for each story: SQLite in a folder, or a new one on the PostgreSQL server that
//! `TEST_POSTGRES` names.

use std::path::Path;

use pilothouse::{
    audit::{Checkpoints, Settings},
    secrets::variable,
};
use tempfile::TempDir;

pub struct Database {
    pub url: String,
    folder: TempDir,
}

impl Database {
    pub async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match Self::server() {
            None => format!("sqlite://{}", folder.path().join("bot.db").display()),
            Some(server) => {
                sqlx::any::install_default_drivers();
                let name = format!("story_{}", uuid::Uuid::now_v7().simple());
                let admin = sqlx::AnyPool::connect(&format!("{server}/postgres")).await.unwrap();
                let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::query(create).execute(&admin).await.unwrap();
                admin.close().await;
                format!("{server}/{name}")
            }
        };
        Self { url, folder }
    }

    /// Where things are that are not kept in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How the audit is kept in every story: checkpoints are signed.
    pub fn audit(&self) -> Settings {
        let key = self.folder().join("audit.key");
        std::fs::write(&key, "the key of every story, which is long enough").unwrap();
        let key = format!("file:{}", key.display()).try_into().unwrap();
        Settings { key: Some(key), ..Settings::default() }
    }

    /// Where its checkpoints go.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::of(&self.audit(), self.folder())
    }

    /// The PostgreSQL server stories may use, when there is one: `postgres://user@host:port`.
    pub fn server() -> Option<String> {
        variable("TEST_POSTGRES")
    }
}
