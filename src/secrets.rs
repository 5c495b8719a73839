//! Secrets: named by reference, read when needed, blotted out of everything that leaves.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    path::PathBuf,
    sync::{PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

/// Every secret value read so far; what [`redact`] looks for.
static KNOWN: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Shorter values would blot out ordinary words; such a secret is refused.
const SHORTEST: usize = 8;

/// Where a secret is kept: `env:NAME` or `file:/path`. The value itself never stands in a
/// configuration, and is read anew each time, so a rotated file counts from its next use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// A file; one trailing line break is not part of the secret.
    File(PathBuf),
}

/// Why a secret could not be had. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reference has neither known form. What was written is not repeated: it may be the
    /// secret itself.
    #[error("a secret is named by reference: `env:NAME` or `file:/path/to/it`")]
    NoReference,
    /// Nobody set the variable.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file is missing or unreadable.
    #[error("the secret file {path} cannot be read: {error}", path = .0.display(), error = .1)]
    Unreadable(PathBuf, std::io::Error),
    /// An empty or tiny secret is a mistake, and could not be redacted.
    #[error("the secret `{0}` is shorter than {SHORTEST} characters")]
    TooShort(String),
}

impl Secret {
    /// Reads the secret now, and remembers it as something never to show.
    pub fn read(&self) -> Result<String, Error> {
        let value = match self {
            Self::Env(name) => variable(name).ok_or_else(|| Error::NotSet(name.clone()))?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| Error::Unreadable(path.clone(), error))?,
        };
        let value = value.strip_suffix('\n').unwrap_or(&value);
        let value = value.strip_suffix('\r').unwrap_or(value);
        if value.len() < SHORTEST {
            return Err(Error::TooShort(self.to_string()));
        }
        keep_quiet(value);
        Ok(value.to_owned())
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(Error::NoReference),
        }
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.to_string()
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(env|file):.+$",
            "description": "Where the secret is kept: `env:NAME` or `file:/path`."
        })
    }
}

/// An environment variable; the one look at the environment in the whole house.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may look")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// From now on `value` is blotted out wherever [`redact`] is asked; tokens we mint or are given
/// count as secrets too.
pub fn keep_quiet(value: &str) {
    if value.len() < SHORTEST || KNOWN.read().is_ok_and(|known| known.contains(value)) {
        return;
    }
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(value.to_owned());
}

/// The text without any secret read so far. Every word that leaves the process passes here:
/// logs, cards, audit rows, error texts.
pub fn redact(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for secret in known.iter() {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), "[secret]"));
        }
    }
    text
}
