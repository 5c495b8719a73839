//! What a pretended vendor must be able to do for the stories.

use async_trait::async_trait;
use pilothouse::pipelines::RunState;
use serde_json::Value;
use wiremock::Request;

use super::stage::Stage;

/// A verb and a path.
pub(crate) type Spot = (&'static str, &'static str);

/// A status, what is said with it, and what people read of it.
pub(crate) type Refusal = (u16, Value, &'static str);

/// A vendor that answers in the shapes its documentation shows.
#[async_trait]
pub(crate) trait PretendVendor: Send + Sync {
    /// A pipeline's settings at this stage; `timeout` is added by the stories.
    fn settings(&self, stage: &Stage) -> Value;

    /// The descriptions that requests and answers are held against.
    fn described_in(&self) -> &'static [&'static str] {
        &[]
    }

    /// What these descriptions say nothing about: the beginnings of paths.
    fn beyond(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where a run is asked for.
    fn start(&self) -> Spot;

    /// Where runs are looked for.
    fn list(&self) -> Spot;

    /// Where a run says how it is.
    fn state(&self) -> Spot;

    /// Where a run is stopped.
    fn stop(&self) -> Spot;

    /// The id of the one run there is.
    fn run(&self) -> &'static str;

    /// Everything that is asked before a run, answered well.
    async fn is_ready(&self, _: &Stage) {}

    /// From now on a run is started when it is asked for.
    async fn begins(&self, stage: &Stage);

    /// From now on there are runs that were told these ids, newest first; the one whose id is
    /// [`super::stage::OURS`] is [`PretendVendor::run`].
    async fn lists(&self, stage: &Stage, ids: &[&str]);

    /// From now on the run is so: with three steps, the first done and the second at work or at
    /// fault. `None` is a word that nobody knows yet.
    async fn is(&self, stage: &Stage, now: Option<RunState>);

    /// The states a run can have here.
    fn states(&self) -> Vec<RunState> {
        use RunState::{Cancelled, Failed, Queued, Running, Succeeded, WaitingApproval};
        vec![Queued, WaitingApproval, Running, Succeeded, Failed, Cancelled]
    }

    /// From now on the run stops when it is asked to.
    async fn stops(&self, stage: &Stage);

    /// Refusals after which nothing was started, for certain.
    fn refusals(&self) -> Vec<Refusal>;

    /// Whether parameters cannot be taken for what was approved, whatever they are called.
    fn keeps_parameters_apart(&self) -> bool {
        false
    }

    /// Whether a good start says nothing that could be garbage.
    fn says_nothing(&self) -> bool {
        false
    }

    /// From now on `v2.1.0` is a version and `v2.2.0` is none; whether this vendor can tell.
    async fn knows_versions(&self, stage: &Stage) -> bool;

    /// Whether the request proves that its sender has the token.
    fn proves(&self, request: &Request, token: &str) -> bool;
}
