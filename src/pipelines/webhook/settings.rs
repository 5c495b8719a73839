//! Where a deployment system of one's own is told what to do, and asked how it goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{clock::Span, outbound::Base, secrets::Secret, vendors::server::patience};

/// A deployment system of one's own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it is told what to do.
    pub url: Base,
    /// Where it is asked how a run goes: the request id is added to this address. Without it, it
    /// reports by itself, to `/hooks/pipelines/NAME` of Pilothouse.
    #[serde(default)]
    pub status: Option<Base>,
    /// What both sides sign with: `whsec_` and base64, or any other text.
    pub secret: Secret,
    /// Whether it takes a message whose `webhook-id` it has seen for the same one. Then a message
    /// that may have been lost is simply sent again, once the status says that there is no run.
    #[serde(default)]
    pub repeatable: bool,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}
