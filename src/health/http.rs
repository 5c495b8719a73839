//! Asks a page and looks at the answer.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Probe};

/// Asks a page and looks at the answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The page.
    pub url: crate::outbound::Base,
}

pub(super) struct Http;

impl Http {
    pub(super) fn new(_: &Settings) -> anyhow::Result<Self> {
        todo!()
    }
}

#[async_trait]
impl Probe for Http {
    async fn check(&self) -> Answer {
        todo!()
    }
}
