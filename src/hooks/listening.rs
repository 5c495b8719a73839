//! Who wants to know what a proved sender tells.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{names::SourceName, store::Tx};

/// What a sender is made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// GitHub, or a GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Azure DevOps.
    AzureDevops,
    /// Whoever follows Standard Webhooks.
    Standard,
    /// Whatever holds a token.
    Other,
}

/// What was told. The sender is proved; what it says is a stranger's all the same.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Who, by the name in the configuration.
    pub hook: &'a SourceName,
    /// What made it.
    pub vendor: Vendor,
    /// What it is about, in the vendor's word: `workflow_run`, `Pipeline Hook`, `build.complete`.
    pub event: &'a str,
    /// All of it.
    pub body: &'a Value,
}

impl Told<'_> {
    /// The body as whatever the listener makes of it; `None` when it is of another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.body).ok()
    }
}

/// Somebody who wants to know.
#[async_trait]
pub trait Listens: Send + Sync {
    /// Hears it, and says whether it was about anything here. What is to follow is written down in
    /// `tx`, jobs above all: it is committed together with the note that this delivery was taken. What
    /// was about nothing here, for none of those who listen, is neither kept nor remembered.
    /// Nothing is asked of other servers meanwhile: the sender waits for an answer.
    ///
    /// # Errors
    /// When it cannot be written down: the sender is told to try again, and nothing has changed.
    async fn hear(&self, tx: &mut Tx<'_>, told: &Told<'_>) -> anyhow::Result<bool>;
}
