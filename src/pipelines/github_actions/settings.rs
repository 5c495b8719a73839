//! Which workflow is run, and what it calls the things it is told.

use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

use anyhow::ensure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    names::{Version, is_invisible},
    vendors::github::{self, Repository},
};

/// A workflow of GitHub Actions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The repository: `owner/name`.
    pub repository: Repository,
    /// The workflow: its file name below `.github/workflows`, or its number.
    pub workflow: Workflow,
    /// The branch (or tag) the workflow file is taken from; not what is deployed.
    #[serde(rename = "ref", default = "main")]
    pub reference: Version,
    /// What the workflow calls the things it is told.
    #[serde(default)]
    pub inputs: Inputs,
    /// How GitHub is reached and who Pilothouse is there.
    pub github: github::Settings,
}

/// The names of the workflow's inputs. GitHub refuses a run with an input the workflow does not
/// declare, so one it does not have is set to `null` here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    /// What is deployed, as people call it.
    pub version: InputName,
    /// The id by which the run is found again; `run-name` must show it.
    pub request_id: InputName,
    /// The commit that was approved. Without it a tag or branch that moved after the approval
    /// is deployed as it is then.
    pub commit: Option<InputName>,
    /// Where to.
    pub environment: Option<InputName>,
    /// Which service.
    pub service: Option<InputName>,
}

/// A workflow: `deploy.yml`, or its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Workflow(String);

/// The name of a workflow's input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InputName(String);

/// Not a name that GitHub Actions knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWord {
    /// No workflow is called so.
    #[error("`{0}` is not a workflow: write its file name, such as `deploy.yml`, or its number")]
    Workflow(String),
    /// No input is called so.
    #[error("`{0}` is not an input's name: a letter or `_`, then letters, digits, `_` and `-`")]
    Input(String),
}

/// A number in YAML is no text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

fn main() -> Version {
    "main".parse().expect("letters only")
}

impl Inputs {
    /// Whether no two inputs have one name.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for name in self.names() {
            ensure!(seen.insert(name), "two things are given to the workflow as input `{name}`");
        }
        Ok(())
    }

    /// Every name that is used.
    pub(super) fn names(&self) -> impl Iterator<Item = &InputName> {
        let optional = [&self.commit, &self.environment, &self.service];
        [&self.version, &self.request_id].into_iter().chain(optional.into_iter().flatten())
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

impl Workflow {
    /// The file name or number, as it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InputName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).take(80).collect()
}

impl FromStr for Workflow {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let stem = text.strip_suffix(".yml").or_else(|| text.strip_suffix(".yaml"));
        let is_file = stem.is_some_and(|stem| !stem.is_empty()) && !text.starts_with('.');
        let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        if text.len() <= 100 && text.chars().all(plain) && (is_file || is_number) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadWord::Workflow(shown(text)))
    }
}

impl FromStr for InputName {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if text.len() <= 100 && first && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadWord::Input(shown(text)))
    }
}

impl TryFrom<Written> for Workflow {
    type Error = BadWord;

    fn try_from(written: Written) -> Result<Self, BadWord> {
        match written {
            Written::Number(number) => Ok(Self(number.to_string())),
            Written::Text(text) => text.parse(),
        }
    }
}

impl TryFrom<String> for InputName {
    type Error = BadWord;

    fn try_from(text: String) -> Result<Self, BadWord> {
        text.parse()
    }
}

impl From<Workflow> for String {
    fn from(workflow: Workflow) -> Self {
        workflow.0
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

impl JsonSchema for Workflow {
    fn schema_name() -> Cow<'static, str> {
        "Workflow".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "integer"],
            "description": "A workflow: `deploy.yml`, or its number."
        })
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
