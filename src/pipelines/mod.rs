//! Who does the work. One vendor, one file.
//!
//! A pipeline is asked for one thing at a time, and says honestly what it does not know: whether
//! a run was started is three answers ([`Started`]), and so is whether one can be found again
//! ([`Found`]). Deciding what to do with that is not a pipeline's business.

pub mod argo_cd;
pub mod azure_devops;
pub mod command;
mod common;
mod gates;
pub mod github_actions;
pub mod gitlab;
mod inputs;
pub mod jenkins;
mod place;
pub mod webhook;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use gates::{Answer, Answered, Asked, Gate, Own, Verdict};
pub use inputs::{BadInputName, InputName, Inputs};
pub use place::{BadPlace, Place};

use crate::{
    clock::{Clock, Timestamp},
    greeting::Greeting,
    names::{Correlation, Environment, PipelineName, RunId, Service, Version},
    outbound::Outbound,
};

/// One pipeline of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// A program on the bot's own machine.
    Command(command::Settings),
    /// A workflow of GitHub Actions.
    GithubActions(Box<github_actions::Settings>),
    /// A pipeline of GitLab CI.
    Gitlab(Box<gitlab::Settings>),
    /// A pipeline of Azure DevOps.
    AzureDevops(Box<azure_devops::Settings>),
    /// A job of Jenkins.
    Jenkins(Box<jenkins::Settings>),
    /// A deployment system of one's own.
    Webhook(Box<webhook::Settings>),
    /// An application of Argo CD.
    ArgoCd(Box<argo_cd::Settings>),
}

impl Settings {
    /// What it calls the things it is told, when it gives them names.
    pub fn inputs(&self) -> Option<&Inputs> {
        match self {
            Self::GithubActions(settings) => Some(&settings.inputs),
            Self::Gitlab(settings) => Some(&settings.inputs),
            Self::AzureDevops(settings) => Some(&settings.inputs),
            Self::Jenkins(settings) => Some(&settings.inputs),
            Self::Command(_) | Self::Webhook(_) | Self::ArgoCd(_) => None,
        }
    }

    /// How long its server has for one answer, when it is on one of the common kind.
    pub fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Gitlab(settings) => Some(settings.timeout.0),
            Self::AzureDevops(settings) => Some(settings.timeout.0),
            Self::Jenkins(settings) => Some(settings.timeout.0),
            Self::Webhook(settings) => Some(settings.timeout.0),
            Self::ArgoCd(settings) => Some(settings.timeout.0),
            Self::Command(_) | Self::GithubActions(_) => None,
        }
    }
}

/// What a pipeline may use of the machine it runs on.
#[derive(Clone)]
pub struct Ground {
    /// The time.
    pub clock: Clock,
    /// The way to other servers.
    pub outbound: Outbound,
    /// A folder that survives restarts; each pipeline makes its own below it.
    pub folder: std::path::PathBuf,
    /// This program, which looks after local programs while they run.
    pub program: std::path::PathBuf,
}

/// Opens the pipeline that is configured so.
///
/// # Errors
/// When a secret it needs cannot be read, or its folder cannot be written.
pub fn open(
    name: &PipelineName,
    settings: &Settings,
    ground: &Ground,
) -> anyhow::Result<Arc<dyn Pipeline>> {
    Ok(match settings {
        Settings::Command(settings) => Arc::new(command::Command::new(name, settings, ground)?),
        Settings::GithubActions(settings) => {
            Arc::new(github_actions::GithubActions::new(settings, ground)?)
        }
        Settings::Gitlab(settings) => Arc::new(gitlab::Gitlab::new(settings, ground)?),
        Settings::AzureDevops(settings) => {
            Arc::new(azure_devops::AzureDevops::new(settings, ground)?)
        }
        Settings::Jenkins(settings) => Arc::new(jenkins::Jenkins::new(settings, ground)?),
        Settings::Webhook(settings) => Arc::new(webhook::Webhook::new(name, settings, ground)?),
        Settings::ArgoCd(settings) => Arc::new(argo_cd::ArgoCd::new(settings, ground)?),
    })
}

/// Asks the pipeline that is configured so one harmless question, or a few. Unlike [`open`] it
/// writes nothing.
pub async fn greet(name: &PipelineName, settings: &Settings, ground: &Ground) -> Vec<Greeting> {
    match settings {
        Settings::Command(settings) => command::greeting(settings),
        Settings::Webhook(settings) => webhook::greeting(settings, ground).await,
        _ => match open(name, settings, ground) {
            Ok(pipeline) => pipeline.greet(ground.clock.now()).await,
            Err(error) => vec![Greeting::sentence(&format!("{error:#}"))],
        },
    }
}

/// Something that brings a version to an environment.
#[async_trait]
pub trait Pipeline: Send + Sync {
    /// What a version means right now, and what would ship compared with `since`. Changes nothing.
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved>;

    /// Asks for a run, once. Never tries a second time by itself.
    async fn start(&self, order: &Order) -> Started;

    /// Looks for the run that an earlier [`Pipeline::start`] of this order may have made.
    async fn find(&self, order: &Order) -> anyhow::Result<Found>;

    /// How the run is getting on.
    async fn progress(&self, run: &Run) -> anyhow::Result<Progress>;

    /// Asks the run to stop; it ends as [`RunState::Cancelled`] or whatever it got to first.
    async fn cancel(&self, run: &Run) -> anyhow::Result<()>;

    /// Answers a gate that the run waits at, once; safe to repeat, because what waits for nothing
    /// any more is [`Answered::Gone`].
    async fn answer(&self, _: &Run, gate: &Gate, _: &Answer) -> Answered {
        Answered::Refused(format!("Pilothouse cannot answer a gate of {}", gate.at))
    }

    /// What a delivery of the vendor's asks our own rule; `None` for any other delivery.
    fn asked(&self, _: &str, _: &Value) -> Option<Asked> {
        None
    }

    /// Tells the vendor that a run may not pass which was not started from here.
    async fn turn_away(&self, asked: &Asked, _: &Answer) -> Answered {
        Answered::Refused(format!("Pilothouse has no rule of its own for {}", asked.name))
    }

    /// Asks its server one harmless question, or a few: whether a run could be started now.
    async fn greet(&self, _: Timestamp) -> Vec<Greeting> {
        vec![Greeting::unseen("it cannot be asked anything harmless")]
    }

    /// Opens the doors by which others tell it how runs go, when there are any.
    fn doors(&self, _: &mut ServiceConfig) {}
}

/// What somebody would like to ship.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Which service.
    pub service: &'a Service,
    /// Where to.
    pub environment: &'a Environment,
    /// What, as it was asked for.
    pub version: &'a Version,
    /// The commit (or, lacking one, the version) that was last live and good there.
    pub since: Option<&'a str>,
}

/// What a version is, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The commit it stands for, when the pipeline knows commits.
    pub commit: Option<String>,
    /// The digest of the artifact that would be deployed, when it is known beforehand.
    pub artifact: Option<String>,
    /// What would ship; `None` when nobody can tell.
    pub changes: Option<Changes>,
}

/// The commits between what is live and what would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// How many there are; more than `commits` holds when the list was cut.
    pub total: usize,
    /// How many commits would be taken back; more than none when going to an older version.
    pub behind: usize,
    /// The newest of them, newest first.
    pub commits: Vec<Commit>,
    /// A page that compares the two.
    pub url: Option<String>,
}

/// One commit, as far as a card shows it. Everything in it is text from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub title: String,
}

/// Why a version could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// There is no such version: a sentence for the person who asked for it.
    #[error("{0}")]
    NoSuchVersion(String),
    /// It could not be found out now.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Everything a pipeline is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Our own name for the run, the same each time this order is given.
    pub correlation: Correlation,
    /// Which service.
    pub service: Service,
    /// Where to.
    pub environment: Environment,
    /// What, as people call it.
    pub version: Version,
    /// What, exactly: the commit that was approved.
    pub commit: Option<String>,
    /// More parameters of this environment, from the configuration.
    pub parameters: BTreeMap<String, String>,
    /// When it was decided: no run of this order is older.
    pub decided: Timestamp,
}

/// How asking for a run went.
#[derive(Clone, Debug)]
pub enum Started {
    /// It is there.
    Run(Run),
    /// Nothing was started, for certain, and asking again would be refused again: why.
    Refused(String),
    /// Nothing was started, for certain, but it may be later (busy, rate limited): why.
    NotNow(String),
    /// It may or may not have been started: why nobody knows.
    Unclear(String),
}

/// How looking for a run went.
#[derive(Clone, Debug)]
pub enum Found {
    /// Here it is.
    Run(Run),
    /// There is none, for certain: starting one cannot make a second.
    Absent,
    /// None is seen, but it might show up later.
    NotSeen,
}

/// One run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The pipeline's own name for it.
    pub id: RunId,
    /// What people call it: `#456`.
    pub label: String,
    /// A page that shows it.
    pub url: Option<String>,
}

/// How a run is getting on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it stands.
    pub state: RunState,
    /// Steps that are done.
    pub done: u32,
    /// Steps in all, as far as is known; 0 when nothing is.
    pub total: u32,
    /// The step it is at.
    pub step: Option<String>,
    /// The last lines it said, oldest first. Text from outside.
    pub tail: Vec<String>,
    /// In the vendor's own words, what happened.
    pub detail: Option<String>,
    /// What it waits for, when it waits for people at the vendor's and the vendor tells what for.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Whether the vendor was asked what it waits for and did not tell: `gates` says nothing then.
    #[serde(default)]
    pub gates_unknown: bool,
}

impl Progress {
    /// A state, and nothing known beyond it.
    pub fn bare(state: RunState) -> Self {
        Self {
            state,
            done: 0,
            total: 0,
            step: None,
            tail: vec![],
            detail: None,
            gates: vec![],
            gates_unknown: false,
        }
    }
}

/// Where a run stands. Vendors' other words are [`RunState::Unknown`], never an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Accepted, not begun.
    Queued,
    /// Somebody has to approve it at the vendor's.
    WaitingApproval,
    /// At work.
    Running,
    /// Over, and it worked.
    Succeeded,
    /// Over, and it did not.
    Failed,
    /// Over, because somebody stopped it.
    Cancelled,
    /// A word nobody here understands; look again later.
    Unknown,
}
