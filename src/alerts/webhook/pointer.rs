//! Where in somebody else's JSON something stands.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A place in a JSON document, as RFC 6901 writes it: `/data/0/title`. The empty one is the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

/// Why a text is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPointer {
    /// It does not begin as one.
    #[error(
        "a place in JSON begins with `/`, such as `/alert/title`; `/items/0` is the first item"
    )]
    NoSlash,
    /// `~` stands before 0 (for `~`) or 1 (for `/`) alone.
    #[error("in a place in JSON, `~` is written `~0`, and `/` within a name is written `~1`")]
    Tilde,
}

impl Pointer {
    /// What stands there; `null` is nothing.
    pub fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.0).filter(|found| !found.is_null())
    }

    /// The text that stands there; numbers and truths count as text, an empty one does not.
    pub fn text(&self, document: &Value) -> Option<String> {
        words(self.find(document)?)
    }
}

/// A simple value as text.
pub(super) fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

impl FromStr for Pointer {
    type Err = BadPointer;

    fn from_str(text: &str) -> Result<Self, BadPointer> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(BadPointer::NoSlash);
        }
        let mut after = text.split('~').skip(1);
        if after.any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(BadPointer::Tilde);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Pointer {
    type Error = BadPointer;

    fn try_from(text: String) -> Result<Self, BadPointer> {
        text.parse()
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl schemars::JsonSchema for Pointer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pointer".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "json-pointer" })
    }
}
