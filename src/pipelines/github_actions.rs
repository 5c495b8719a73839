//! A workflow of GitHub Actions.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Found, Ground, Order, Pipeline, Progress, Resolved, Run, Started, Unresolved, Wish};

/// A workflow of GitHub Actions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The repository: `owner/name`.
    pub repository: String,
}

pub(super) struct GithubActions;

impl GithubActions {
    pub(super) fn new(_: &Settings, _: &Ground) -> anyhow::Result<Self> {
        todo!()
    }
}

#[async_trait]
impl Pipeline for GithubActions {
    async fn resolve(&self, _: &Wish<'_>) -> Result<Resolved, Unresolved> {
        todo!()
    }
    async fn start(&self, _: &Order) -> Started {
        todo!()
    }
    async fn find(&self, _: &Order) -> anyhow::Result<Found> {
        todo!()
    }
    async fn progress(&self, _: &Run) -> anyhow::Result<Progress> {
        todo!()
    }
    async fn cancel(&self, _: &Run) -> anyhow::Result<()> {
        todo!()
    }
}
