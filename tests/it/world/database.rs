//! A fresh database for each story: SQLite in a folder, or a new one on the PostgreSQL server that
//! `TEST_POSTGRES` names.

use pilothouse::secrets::variable;
use tempfile::TempDir;

pub struct Database {
    pub url: String,
    _folder: TempDir,
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
        Self { url, _folder: folder }
    }

    /// The PostgreSQL server stories may use, when there is one: `postgres://user@host:port`.
    pub fn server() -> Option<String> {
        variable("TEST_POSTGRES")
    }
}
