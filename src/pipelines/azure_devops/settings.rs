//! Which pipeline of Azure DevOps is run, and who Pilothouse is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span,
    names::Version,
    outbound::Base,
    pipelines::{Inputs, Place},
    secrets::Secret,
    vendors::{entra::Principal, server::patience},
};

/// A pipeline of Azure DevOps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `https://dev.azure.com/ORGANIZATION`, or `https://HOST/COLLECTION` of a server of your own.
    pub organization: Base,
    /// The project.
    pub project: Place,
    /// The pipeline's number: `definitionId` in its address.
    pub pipeline: u32,
    /// The branch the pipeline's YAML is taken from; not what is deployed.
    #[serde(rename = "ref", default = "main")]
    pub reference: Version,
    /// The repository of Azure Repos that versions are looked up in. Without it they are taken as
    /// they are written, and nobody sees what would ship.
    #[serde(default)]
    pub repository: Option<Place>,
    /// What the pipeline calls the things it is told: its `parameters`.
    #[serde(default)]
    pub inputs: Inputs,
    /// Who Pilothouse is at Azure DevOps.
    pub credential: Credential,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// Who Pilothouse is at Azure DevOps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A personal access token: Build (read and execute), Code (read).
    Token(Secret),
    /// A service principal or managed identity that is a user of the organization.
    Entra(Principal),
}

fn main() -> Version {
    "main".parse().expect("letters only")
}
