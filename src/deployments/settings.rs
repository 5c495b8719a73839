//! Services and their environments as the configuration writes them.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Span,
    health,
    names::{Environment, PipelineName, RoomName, Service},
};

/// `services` of the configuration.
pub type Settings = BTreeMap<Service, ServiceSettings>;

/// One service of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The pipeline that deploys it.
    pub pipeline: PipelineName,
    /// Where it runs.
    pub environments: BTreeMap<Environment, EnvironmentSettings>,
}

/// What one environment of a service asks of every deployment to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSettings {
    /// Another pipeline than the service's.
    pub pipeline: Option<PipelineName>,
    /// More parameters for the pipeline.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// How many people must approve. One, when nothing is said.
    #[serde(default = "one")]
    pub approvals: usize,
    /// Whether whoever asks counts as one of them.
    #[serde(default)]
    pub requester_may_approve: bool,
    /// The gates at the pipeline itself (environments of GitHub, stages of Azure DevOps) that the
    /// bot answers in the name of those who have approved; it asks people about every other.
    #[serde(default)]
    pub answer_gates: Vec<String>,
    /// How long a request waits for them.
    #[serde(default = "an_hour")]
    pub request_expires: Span,
    /// The room its deployments are shown in; without one, they are shown where they are asked.
    pub room: Option<RoomName>,
    /// How we know that it worked; without a probe, the pipeline's word is all there is.
    #[serde(default)]
    pub health: Vec<health::Settings>,
    /// How well it has to be, and for how long.
    #[serde(default)]
    pub verify: VerifySettings,
    /// What happens when it is not.
    #[serde(default)]
    pub rollback: RollbackSettings,
    /// Whether a run that may or may not have been started is left for people to judge. Without
    /// it, one that is not seen for two minutes is started a second time.
    #[serde(default = "yes")]
    pub careful: bool,
}

/// How well a service has to be after a deployment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifySettings {
    /// How often every probe is asked.
    pub every: Span,
    /// How many times in a row all of them must say yes.
    pub in_a_row: u32,
    /// How long it may take until they do.
    pub within: Span,
}

/// What happens when a service is unwell after a deployment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RollbackSettings {
    /// Whether the last good version is brought back by itself.
    pub automatic: bool,
    /// How long people have to stop that.
    pub after: Span,
    /// How many people must approve when somebody asks for the way back with `/rollback`; as many
    /// as for any deployment, when nothing is said.
    pub approvals: Option<usize>,
}

impl Default for VerifySettings {
    /// Six good answers over a minute; five minutes for a slow start.
    fn default() -> Self {
        let span = |seconds| Span(Duration::from_secs(seconds));
        Self { every: span(10), in_a_row: 6, within: span(300) }
    }
}

impl Default for RollbackSettings {
    /// A minute: long enough to press Stop, short enough at three in the morning.
    fn default() -> Self {
        Self { automatic: true, after: Span(Duration::from_mins(1)), approvals: None }
    }
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

fn an_hour() -> Span {
    Span(Duration::from_hours(1))
}
