//! How GitHub is reached and who Pilothouse is there.

use std::{fmt, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{clock::Span, names::is_invisible, outbound::Base, secrets::Secret};

/// How GitHub is reached and who Pilothouse is there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the API: `https://HOST/api/v3` for a GitHub Enterprise Server.
    #[serde(default = "github_com")]
    pub api: Base,
    /// Who Pilothouse is at GitHub.
    pub credential: Credential,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// Who Pilothouse is at GitHub.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A fine-grained personal access token: fine for a small team, but it is a person's.
    Token(Secret),
    /// A GitHub App: its own identity, with tokens that last an hour and open one repository.
    App(App),
}

/// A GitHub App that is installed where the repository is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its client id (`Iv23li…`) or the number of the app.
    pub app: AppId,
    /// Its private key, the PEM file GitHub gave out.
    pub key: Secret,
    /// Which installation; found by the repository when left out.
    #[serde(default)]
    pub installation: Option<u64>,
}

/// What an app is called in the tokens it signs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AppId {
    /// The number of the app.
    Number(u64),
    /// Its client id.
    Client(String),
}

/// A repository: `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    owner: String,
    name: String,
}

/// Not a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a repository: write it as `owner/name`, the way its address ends")]
pub struct BadRepository(String);

fn github_com() -> Base {
    "https://api.github.com".parse().expect("it is a web address")
}

/// A server slower than this is taken not to have answered; longer would outlast a job's turn.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

fn patience() -> Span {
    Span(PATIENCE)
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Client(id) => id.fmt(f),
        }
    }
}

impl Repository {
    /// The user or organization it belongs to.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Repository {
    type Err = BadRepository;

    fn from_str(text: &str) -> Result<Self, BadRepository> {
        let plain = |part: &str, also: &str| {
            (1..=100).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
                && !matches!(part, "." | "..")
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner, "-_") && plain(name, "-_.") => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(BadRepository(text.chars().filter(|c| !is_invisible(*c)).take(80).collect())),
        }
    }
}

impl TryFrom<String> for Repository {
    type Error = BadRepository;

    fn try_from(text: String) -> Result<Self, BadRepository> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl JsonSchema for Repository {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Repository".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}$",
            "description": "A repository: `owner/name`."
        })
    }
}
