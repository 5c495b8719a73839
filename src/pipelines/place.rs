//! Where something is kept at a vendor's: folders and a name, as its address shows them.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::is_invisible;

/// The longest that is taken; GitLab takes 255 letters for each part.
const LONGEST: usize = 400;

/// A project, a job, an application: `shop/checkout`, as its address ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

/// Not where something can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name such as `checkout` or `shop/checkout`, the way its address ends")]
pub struct BadPlace(String);

impl Place {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let plain = |c: char| c.is_alphanumeric() || " ._-+()&".contains(c);
        let part = |part: &str| {
            !matches!(part, "" | "." | "..") && part.trim() == part && part.chars().all(plain)
        };
        if text.len() <= LONGEST && text.split('/').all(part) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadPlace(text.chars().filter(|c| !is_invisible(*c)).take(80).collect()))
    }
}

impl TryFrom<String> for Place {
    type Error = BadPlace;

    fn try_from(text: String) -> Result<Self, BadPlace> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A name as its address ends: `checkout`, `shop/checkout`."
        })
    }
}
