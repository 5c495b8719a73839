//! Takes what pipelines push for a hint where to look.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Meant,
    told::{About, about},
};
use crate::{
    deployments::{Deployments, Hint},
    hooks::{Listens, Told},
    store::Tx,
};

/// Has runs looked at when their pipelines say something.
pub struct Hints {
    /// Whose runs they are.
    pub deployments: Arc<Deployments>,
    /// Which pipelines each hook speaks of.
    pub meant: Meant,
}

#[async_trait]
impl Listens for Hints {
    async fn hear(&self, tx: &mut Tx<'_>, told: &Told<'_>) -> anyhow::Result<bool> {
        let run = match about(told.vendor, told.event, told.body) {
            About::Nothing => return Ok(false),
            About::Something => None,
            About::Run(run) => Some(run),
        };
        let Some(pipelines) = self.meant.get(told.hook) else { return Ok(false) };
        let hint = Hint { pipelines, run: run.as_deref() };
        Ok(self.deployments.look_soon(tx, hint).await? > 0)
    }
}
