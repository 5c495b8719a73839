//! A program on the bot's own machine, looked after by a supervisor that outlives the bot.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Found, Ground, Order, Pipeline, Progress, Resolved, Run, Started, Unresolved, Wish};
use crate::names::PipelineName;

/// A program on the bot's own machine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The program's path.
    pub program: std::path::PathBuf,
}

pub(super) struct Command;

impl Command {
    pub(super) fn new(_: &PipelineName, _: &Settings, _: &Ground) -> anyhow::Result<Self> {
        todo!()
    }
}

#[async_trait]
impl Pipeline for Command {
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
