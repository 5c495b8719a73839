//! The name of an HTTP header, as the configuration writes it.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::is_invisible;

/// Longer ones are nobody's.
const LONGEST: usize = 64;

/// The name of a header: `X-Pilothouse-Secret`. Upper and lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(String);

/// Not the name of a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a header such as `X-Pilothouse-Secret`: letters, digits, `-` and `_`")]
pub struct BadHeaderName(String);

impl HeaderName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeaderName {
    type Err = BadHeaderName;

    fn from_str(text: &str) -> Result<Self, BadHeaderName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        let shown = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST).collect::<String>();
        Err(BadHeaderName(shown.replace('`', "'")))
    }
}

impl TryFrom<String> for HeaderName {
    type Error = BadHeaderName;

    fn try_from(text: String) -> Result<Self, BadHeaderName> {
        text.parse()
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
