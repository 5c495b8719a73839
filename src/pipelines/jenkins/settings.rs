//! Which job of Jenkins is built, and what it calls the things it is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span,
    outbound::Base,
    pipelines::{Inputs, Place},
    secrets::Secret,
    vendors::server::patience,
};

/// A job of Jenkins.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the controller.
    pub url: Base,
    /// The job, with its folders: `shop/checkout`.
    pub job: Place,
    /// The user Pilothouse is there: may read and build the job, and cancel builds.
    pub user: String,
    /// That user's API token.
    pub token: Secret,
    /// What the job calls the things it is told: its parameters.
    #[serde(default)]
    pub inputs: Inputs,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}
