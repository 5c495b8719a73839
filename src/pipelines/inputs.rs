//! What a pipeline calls the things it is told.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Order;
use crate::names::is_invisible;

/// The names of a pipeline's inputs. Most servers refuse a run with an input the pipeline does
/// not declare, so one it does not have is set to `null` here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    /// What is deployed, as people call it.
    pub version: InputName,
    /// The id by which the run is found again.
    pub request_id: InputName,
    /// The commit that was approved. Without it a tag or branch that moved after the approval
    /// is deployed as it is then.
    pub commit: Option<InputName>,
    /// Where to.
    pub environment: Option<InputName>,
    /// Which service.
    pub service: Option<InputName>,
}

/// The name of an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InputName(String);

/// Not a name that an input can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an input's name: a letter or `_`, then letters, digits, `_` and `-`")]
pub struct BadInputName(String);

impl Inputs {
    /// A name that two inputs have.
    pub fn twice(&self) -> Option<&InputName> {
        let mut seen = BTreeSet::new();
        self.names().find(|name| !seen.insert(*name))
    }

    /// Whether no two inputs have one name.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        match self.twice() {
            Some(twice) => anyhow::bail!("two things are given to the pipeline as input `{twice}`"),
            None => Ok(()),
        }
    }

    /// Every name that is used.
    pub(super) fn names(&self) -> impl Iterator<Item = &InputName> {
        let optional = [&self.commit, &self.environment, &self.service];
        [&self.version, &self.request_id].into_iter().chain(optional.into_iter().flatten())
    }

    /// Everything a run of the order is told; why not, when a parameter would take the place of
    /// what was approved.
    pub(super) fn told<'a>(
        &'a self,
        order: &'a Order,
    ) -> Result<BTreeMap<&'a str, &'a str>, String> {
        let mut told = BTreeMap::new();
        for (name, value) in &order.parameters {
            if self.names().any(|ours| ours.as_str() == name) {
                return Err(format!(
                    "the parameter `{name}` has the name of an input that Pilothouse fills itself: \
                     rename one of them"
                ));
            }
            told.insert(name.as_str(), value.as_str());
        }
        told.insert(self.version.as_str(), order.version.as_str());
        told.insert(self.request_id.as_str(), order.correlation.as_str());
        let optional = [
            (&self.commit, order.commit.as_deref()),
            (&self.environment, Some(order.environment.as_str())),
            (&self.service, Some(order.service.as_str())),
        ];
        for (name, value) in optional {
            if let (Some(name), Some(value)) = (name, value) {
                told.insert(name.as_str(), value);
            }
        }
        Ok(told)
    }
}

impl Default for Inputs {
    fn default() -> Self {
        let name = |name: &str| InputName(name.to_owned());
        Self {
            version: name("version"),
            request_id: name("request_id"),
            commit: Some(name("commit")),
            environment: Some(name("environment")),
            service: Some(name("service")),
        }
    }
}

impl InputName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InputName {
    type Err = BadInputName;

    fn from_str(text: &str) -> Result<Self, BadInputName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if text.len() <= 100 && first && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadInputName(text.chars().filter(|c| !is_invisible(*c)).take(80).collect()))
    }
}

impl TryFrom<String> for InputName {
    type Error = BadInputName;

    fn try_from(text: String) -> Result<Self, BadInputName> {
        text.parse()
    }
}

impl From<InputName> for String {
    fn from(name: InputName) -> Self {
        name.0
    }
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for InputName {
    fn schema_name() -> Cow<'static, str> {
        "InputName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" })
    }
}
