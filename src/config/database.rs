//! `database` of the configuration: where everything is kept.

use std::{borrow::Cow, path::PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::secrets::{self, Secret, keep_quiet};

/// Where everything is kept: a SQLite file, or a PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Database {
    /// A file: `sqlite://pilothouse.db`.
    Sqlite(PathBuf),
    /// A server whose address holds no password: `postgres://pilothouse@db.internal/pilothouse`.
    Postgres(String),
    /// Where the whole address is kept, when it holds a password: `env:DATABASE_URL`.
    Secret(Secret),
}

/// Why something is no database. Never holds what was written: it may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabase {
    /// It is none of the known forms.
    #[error(
        "a database is `sqlite://path`, `postgres://user@host/name`, or a reference to such an \
         address: `env:NAME` or `file:/path/to/it`"
    )]
    NotOne,
    /// Everybody who reads the file would know it.
    #[error(
        "the database's address must not hold a password here: keep the whole address elsewhere \
         and write `env:NAME` or `file:/path/to/it`"
    )]
    Password,
}

impl Database {
    /// The address, as the store takes it. A password in it is kept quiet from now on.
    ///
    /// # Errors
    /// When it is kept elsewhere and cannot be read there.
    pub fn url(&self) -> Result<String, secrets::Error> {
        match self {
            Self::Sqlite(path) => Ok(format!("sqlite://{}", path.display())),
            Self::Postgres(url) => Ok(url.clone()),
            Self::Secret(secret) => {
                let address = secret.read()?;
                if let Some(password) = Url::parse(&address).ok().as_ref().and_then(Url::password) {
                    keep_quiet(password);
                }
                Ok(address)
            }
        }
    }

    /// The folder beside it, for what is not kept in it.
    pub fn folder(&self) -> PathBuf {
        match self {
            Self::Sqlite(path) => path.with_extension("d"),
            Self::Postgres(_) | Self::Secret(_) => "pilothouse.d".into(),
        }
    }
}

impl Default for Database {
    /// A file where the bot was started.
    fn default() -> Self {
        Self::Sqlite("pilothouse.db".into())
    }
}

impl TryFrom<String> for Database {
    type Error = BadDatabase;

    fn try_from(text: String) -> Result<Self, BadDatabase> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let fits = !path.is_empty() && !path.contains(['?', '\0']);
            return if fits { Ok(Self::Sqlite(path.into())) } else { Err(BadDatabase::NotOne) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = Url::parse(&text).map_err(|_| BadDatabase::NotOne)?;
            let in_query = url.query_pairs().any(|(key, _)| key.eq_ignore_ascii_case("password"));
            if url.password().is_some() || in_query {
                return Err(BadDatabase::Password);
            }
            return Ok(Self::Postgres(text));
        }
        Secret::try_from(text).map(Self::Secret).map_err(|_| BadDatabase::NotOne)
    }
}

impl From<Database> for String {
    fn from(database: Database) -> Self {
        match database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url,
            Database::Secret(secret) => secret.to_string(),
        }
    }
}

impl schemars::JsonSchema for Database {
    fn schema_name() -> Cow<'static, str> {
        "Database".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(sqlite://|postgres(ql)?://|env:|file:).+$",
            "description": "`sqlite://path`, `postgres://user@host/name`, or where such an address \
                            is kept when it holds a password: `env:NAME` or `file:/path`."
        })
    }
}
