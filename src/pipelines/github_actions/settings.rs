//! Which workflow is run, and what it calls the things it is told.

use std::{borrow::Cow, collections::BTreeMap, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    names::{Environment, Version, is_invisible},
    pipelines::Inputs,
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
    /// Where the GitHub App guards environments, so that nobody goes round Pilothouse.
    #[serde(default)]
    pub protection_rule: Option<ProtectionRule>,
    /// How GitHub is reached and who Pilothouse is there.
    pub github: github::Settings,
}

/// The GitHub App as a deployment protection rule: it lets through what Pilothouse has started for
/// a deployment that was agreed upon, and nothing else.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectionRule {
    /// The environments it is switched on for: what each is called here, and at GitHub.
    pub environments: BTreeMap<Environment, String>,
    /// What the run itself must be made of.
    #[serde(default)]
    pub head: Head,
}

/// Of which commit a run may be made that is let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// Of the approved one: right for a workflow that deploys what it was started from.
    #[default]
    Approved,
    /// Of any: right for a workflow that checks out the commit it is told.
    Any,
}

/// A workflow: `deploy.yml`, or its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Workflow(String);

/// No workflow is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a workflow: write its file name, such as `deploy.yml`, or its number")]
pub struct BadWorkflow(String);

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

impl Workflow {
    /// The file name or number, as it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).take(80).collect()
}

impl FromStr for Workflow {
    type Err = BadWorkflow;

    fn from_str(text: &str) -> Result<Self, BadWorkflow> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let stem = text.strip_suffix(".yml").or_else(|| text.strip_suffix(".yaml"));
        let is_file = stem.is_some_and(|stem| !stem.is_empty()) && !text.starts_with('.');
        let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        if text.len() <= 100 && text.chars().all(plain) && (is_file || is_number) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadWorkflow(shown(text)))
    }
}

impl TryFrom<Written> for Workflow {
    type Error = BadWorkflow;

    fn try_from(written: Written) -> Result<Self, BadWorkflow> {
        match written {
            Written::Number(number) => Ok(Self(number.to_string())),
            Written::Text(text) => text.parse(),
        }
    }
}

impl From<Workflow> for String {
    fn from(workflow: Workflow) -> Self {
        workflow.0
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
