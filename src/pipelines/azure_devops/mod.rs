//! A YAML pipeline of Azure DevOps, started with template parameters.
//!
//! # What the pipeline needs
//!
//! `deploy/azure-devops/pilothouse-deploy.yml` is a whole one. What counts:
//!
//! ```yaml
//! trigger: none
//! parameters: # each a string; see `inputs` for other names
//!   - { name: version, type: string }
//!   - { name: commit, type: string, default: "" }
//!   - { name: environment, type: string }
//!   - { name: service, type: string, default: "" }
//!   - { name: request_id, type: string }
//! ```
//!
//! * Azure DevOps refuses a run with a parameter the pipeline does not declare.
//! * The pipeline's YAML comes from the branch in `ref`. It must check out `commit` (or, without
//!   one, `version`), or something else is deployed than was approved.
//! * After an interrupted start the run is found by its parameters.
//! * Parameters are text from people: they reach scripts through `env:`, never by `${{ }}`.

mod answers;
mod approvals;
mod greeting;
mod settings;
mod versions;

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use answers::{Build, Links, List, RunSeen, Timeline};
pub use settings::{Credential, Settings};

use super::{
    Answer, Answered, Found, Gate, Ground, Inputs, Order, Pipeline, Place, Progress, Resolved, Run,
    RunState, Started, Unresolved, Wish,
    common::{names, not_started, with},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    names::{Correlation, RunId, Version},
    outbound::{self, Failure},
    vendors::server::{Error, Key, Server},
};

const NAME: &str = "Azure DevOps";

/// The version of the API; Azure DevOps Server 2022.1 and newer know it.
const VERSION: (&str, &str) = ("api-version", "7.1");

/// What tokens of Microsoft Entra are for: Azure DevOps, in every cloud.
const SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";

/// How much their clock may be behind ours before a run of ours is overlooked.
const SKEW_MS: i64 = 60_000;

/// How many pages of runs are searched: 300 runs of one pipeline since the order was given.
const PAGES: usize = 3;

const SIGN_IN_PAGE: &str = "it answered with its sign-in page: the credential is no longer good \
                            there, or the identity is no user of the organization";

pub(super) struct AzureDevops {
    server: Server,
    project: Place,
    pipeline: String,
    reference: String,
    repository: Option<Place>,
    inputs: Inputs,
}

impl AzureDevops {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        settings.inputs.check()?;
        let key = match &settings.credential {
            Credential::Token(secret) => Key::Basic(String::new(), secret.clone()),
            Credential::Entra(principal) => {
                let (outbound, clock) = (ground.outbound.clone(), ground.clock.clone());
                Key::Entra(principal.tokens(SCOPE, outbound, clock)?)
            }
        };
        Ok(Self {
            server: Server::new(
                NAME,
                (settings.organization.clone(), settings.timeout),
                key,
                (ground.clock.clone(), ground.outbound.clone()),
            )?,
            project: settings.project.clone(),
            pipeline: settings.pipeline.to_string(),
            reference: whole(&settings.reference),
            repository: settings.repository.clone(),
            inputs: settings.inputs.clone(),
        })
    }

    fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        self.server.url(&[&[self.project.as_str()], segments].concat())
    }

    fn runs_url(&self, more: &[&str]) -> anyhow::Result<Url> {
        let to = ["_apis", "pipelines", &self.pipeline, "runs"];
        Ok(with(self.url(&[&to[..], more].concat())?, &[VERSION]))
    }

    fn builds_url(&self, more: &[&str]) -> anyhow::Result<Url> {
        Ok(with(self.url(&[&["_apis", "build", "builds"], more].concat())?, &[VERSION]))
    }

    async fn ask<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        let answer = self.server.look(url).await?;
        self.decoded(&answer)
    }

    /// What an answer says. Who is not signed in gets a page for people, often as a success.
    fn decoded<T: DeserializeOwned>(&self, answer: &outbound::Answer) -> Result<T, Error> {
        if answer.status == 203 {
            let said = SIGN_IN_PAGE.to_owned();
            return Err(Error::Failed(NAME, Failure::Refused { status: 401, said }));
        }
        self.server.decoded(answer)
    }

    fn run(&self, id: u64, number: Option<&str>, links: Option<&Links>) -> anyhow::Result<Run> {
        let id: RunId = id.to_string().parse().context("a number is a run's name")?;
        let page = links.and_then(Links::page);
        Ok(Run {
            label: format!("#{}", super::common::line(number.unwrap_or(id.as_str()))),
            url: page.and_then(|page| self.server.page(page)),
            id,
        })
    }

    /// Whether a run was told this id.
    async fn is_ours(&self, build: &Build, id: &Correlation) -> anyhow::Result<bool> {
        let named = build.name.as_deref().is_some_and(|name| names(name, id.as_str()));
        let wanted = self.inputs.request_id.as_str();
        if named || build.told.is_some() {
            let told = build.told.as_ref().and_then(|told| told.get(wanted)?.as_str());
            return Ok(named || told == Some(id.as_str()));
        }
        // Older servers tell parameters run by run only.
        let seen: RunSeen = match self.ask(self.runs_url(&[&build.id.to_string()])?).await {
            Err(error) if error.status() == Some(404) => return Ok(false),
            seen => seen?,
        };
        let told = seen.told.as_ref().and_then(|told| told.get(wanted)?.as_str());
        Ok(told == Some(id.as_str()))
    }

    /// The runs since the order was decided, oldest first.
    async fn since(&self, order: &Order) -> anyhow::Result<Vec<Build>> {
        let since = jiff::Timestamp::from_millisecond(order.decided.0 - SKEW_MS)?.to_string();
        let query = [
            ("definitions", self.pipeline.as_str()),
            ("minTime", &since),
            ("queryOrder", "queueTimeAscending"),
            ("$top", "100"),
        ];
        let first = with(self.builds_url(&[])?, &query);
        let (mut builds, mut next) = (vec![], Some(first.clone()));
        for _ in 0..PAGES {
            let Some(url) = next.take() else { break };
            let answer = self.server.look(url).await?;
            builds.extend(self.decoded::<List<Build>>(&answer)?.value);
            let more = answer.header("x-ms-continuationtoken").filter(|token| !token.is_empty());
            next = more.map(|token| with(first.clone(), &[("continuationToken", token)]));
        }
        Ok(builds)
    }

    fn refusal(&self, status: u16, said: &str) -> Option<String> {
        match status {
            300..400 => Some(format!("Pilothouse cannot sign in to {NAME}: {SIGN_IN_PAGE}")),
            404 => Some(format!(
                "{NAME} knows no pipeline {} in {} that Pilothouse may run: check its number, and \
                 that the credential may queue builds ({said})",
                self.pipeline, self.project
            )),
            _ => None,
        }
    }

    async fn begin(&self, order: &Order) -> Result<Run, Started> {
        let told = self.inputs.told(order).map_err(Started::Refused)?;
        let body: Value = json!({
            "resources": { "repositories": { "self": { "refName": self.reference } } },
            "templateParameters": told,
        });
        let url = self.runs_url(&[]).map_err(|error| Started::Refused(error.to_string()))?;
        let answer = self.server.act((Method::POST, url), &[], |request| request.json(&body)).await;
        let seen = answer.and_then(|answer| self.decoded::<RunSeen>(&answer));
        let seen = seen
            .map_err(|error| not_started(NAME, error, |status, said| self.refusal(status, said)))?;
        self.run(seen.id, seen.name.as_deref(), seen.links.as_ref())
            .map_err(|error| Started::Unclear(error.to_string()))
    }
}

#[async_trait]
impl Pipeline for AzureDevops {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        self.resolved(wish).await
    }

    async fn start(&self, order: &Order) -> Started {
        self.begin(order).await.map_or_else(|not| not, Started::Run)
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        for build in self.since(order).await? {
            if self.is_ours(&build, &order.correlation).await? {
                let number = build.name.as_deref();
                return Ok(Found::Run(self.run(build.id, number, build.links.as_ref())?));
            }
        }
        // A request that was cut off may still be at work there.
        Ok(Found::NotSeen)
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        let build: Build = match self.ask(self.builds_url(&[run.id.as_str()])?).await {
            Ok(build) => build,
            Err(error) if error.status() == Some(404) => {
                let detail = Some(format!("{NAME} no longer shows this run"));
                let bare = Progress::bare(RunState::Unknown);
                return Ok(Progress { detail, gates_unknown: true, ..bare });
            }
            Err(error) => return Err(error.into()),
        };
        let timeline = self.ask(self.builds_url(&[run.id.as_str(), "timeline"])?).await;
        let gates_unknown = timeline.is_err();
        // A run that has not begun has none: 204, without a word.
        let timeline: Timeline = timeline.unwrap_or_else(|error| {
            tracing::debug!(%error, run = %run.id, "the run's timeline is not known");
            Timeline::default()
        });
        let mut progress = Progress { gates_unknown, ..build.progress(&timeline) };
        if progress.state == RunState::WaitingApproval {
            progress.gates = self.gates(&timeline, run).await;
        }
        Ok(progress)
    }

    async fn answer(&self, _: &Run, gate: &Gate, answer: &Answer) -> Answered {
        self.answered(gate, answer).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let url = self.builds_url(&[run.id.as_str()])?;
        let body = json!({ "status": "cancelling" });
        let answer =
            self.server.act((Method::PATCH, url), &[], |request| request.json(&body)).await?;
        self.decoded::<Build>(&answer)?;
        Ok(())
    }

    async fn greet(&self, _: Timestamp) -> Vec<Greeting> {
        self.greeted().await
    }
}

/// A branch, as Azure DevOps writes it.
fn whole(reference: &Version) -> String {
    let name = reference.as_str();
    if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") }
}
