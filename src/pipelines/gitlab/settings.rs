//! Which pipeline of GitLab is run, and what it calls the things it is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span,
    names::Version,
    outbound::Base,
    pipelines::{Inputs, Place},
    secrets::Secret,
    vendors::server::patience,
};

/// A pipeline of GitLab CI.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server, when it is one of your own.
    #[serde(default = "gitlab_com")]
    pub url: Base,
    /// The project: `group/name`, or its number between quotes.
    pub project: Place,
    /// The branch (or tag) the pipeline is taken from; not what is deployed.
    #[serde(rename = "ref", default = "main")]
    pub reference: Version,
    /// How the pipeline is told things.
    #[serde(default)]
    pub pass: Pass,
    /// What the pipeline calls the things it is told.
    #[serde(default)]
    pub inputs: Inputs,
    /// A token of the project (or of a person): scope `api`, role Developer.
    pub token: Secret,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// How a pipeline is told things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// As CI/CD variables.
    #[default]
    Variables,
    /// As inputs, which it declares in `spec:inputs` (GitLab 18.1 and newer). Then its
    /// `workflow:name` must show the request id, because GitLab does not tell a run's inputs.
    Inputs,
}

fn gitlab_com() -> Base {
    "https://gitlab.com".parse().expect("it is a web address")
}

fn main() -> Version {
    "main".parse().expect("letters only")
}
