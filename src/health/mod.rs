//! How we know that it worked. One way of knowing, one file.

pub mod http;

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outbound::Outbound;

/// One probe of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// Asks a page and looks at the answer.
    Http(http::Settings),
}

/// Opens the probe that is configured so.
///
/// # Errors
/// When its address is not one, or a secret it needs cannot be read.
pub fn open(settings: &Settings, outbound: &Outbound) -> anyhow::Result<Arc<dyn Probe>> {
    Ok(match settings {
        Settings::Http(settings) => Arc::new(http::Http::new(settings, outbound)?),
    })
}

/// One way of asking whether a service is well in one environment.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks once. Never fails: a question that got no answer is an answer too.
    async fn check(&self) -> Answer;
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether all was well.
    pub healthy: bool,
    /// What was asked and found, in few words: `http 200 in 12 ms`. Text from outside.
    pub detail: String,
}
