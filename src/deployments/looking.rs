//! Runs that are looked at sooner than planned, because somebody said that something happened there.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Deployments,
    deployment::Deployment,
    state::{Effect, State},
    steps, store,
};
use crate::{jobs, names::PipelineName, store::Tx};

/// What happens to one run is often told several times within a second: one look sees it all.
/// Without this wait, every word of a stranger's would be a question to the vendor.
const SOON: Duration = Duration::from_secs(1);

/// Where something may have happened. Only a hint: how things are is asked of the pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Hint<'a> {
    /// In one of these pipelines; in any, when none is named.
    pub pipelines: &'a BTreeSet<PipelineName>,
    /// In this run, when one is named: by the pipeline's own name for it, or by ours.
    pub run: Option<&'a str>,
}

impl Deployments {
    /// Has every run looked at soon that the hint may be about; how many there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_soon(&self, tx: &mut Tx<'_>, hint: Hint<'_>) -> anyhow::Result<usize> {
        let soon = self.clock.now().plus(SOON);
        let mut count = 0;
        for deployment in store::open(&mut **tx).await? {
            let Some(effect) = look(&deployment, hint) else { continue };
            jobs::enqueue(tx, &steps::wish(&deployment.id, effect, 0, soon)?).await?;
            count += 1;
        }
        Ok(count)
    }
}

/// The look that would tell more about this deployment.
fn look(deployment: &Deployment, hint: Hint<'_>) -> Option<Effect> {
    let pipeline = &deployment.plan.pipeline;
    if !hint.pipelines.is_empty() && !hint.pipelines.contains(pipeline) {
        return None;
    }
    let named = |name: &str| hint.run.is_none_or(|run| run == name);
    match &deployment.state {
        State::Running { run, .. } if named(run.id.as_str()) => Some(Effect::WatchRun),
        // Whose run it is that somebody speaks of, nobody knows before this one has been found.
        State::Starting { unclear: Some(_), .. } | State::Unknown { .. } => Some(Effect::FindRun),
        _ => None,
    }
}
