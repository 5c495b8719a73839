//! A pipeline of GitLab CI, started through the API.
//!
//! # What the project needs
//!
//! `deploy/gitlab/pilothouse-deploy.gitlab-ci.yml` is a whole one.
//!
//! A `.gitlab-ci.yml` on the branch in `ref` that deploys what it is told:
//!
//! ```yaml
//! workflow:
//!   name: "deploy $version [$request_id]"
//! deploy:
//!   rules: [{ if: $CI_PIPELINE_SOURCE == "api" && $request_id }]
//!   resource_group: $service-$environment # never two at once, not even by hand
//!   script: ./deploy.sh # reads $version, $commit, $environment, $service
//! ```
//!
//! * The pipeline *file* comes from the branch in `ref`, so the run's own commit is that
//!   branch's. It must check out `$commit`, or something else is deployed than was approved.
//! * After an interrupted start the run is found by its name or its variables. GitLab shows the
//!   variables to maintainers and to whoever started the run, which is Pilothouse.
//! * Variables may be forbidden (Settings, CI/CD, Variables): allow the token's role to use them,
//!   or declare inputs and set `pass: inputs`.

mod answers;
mod greeting;
mod manual;
mod settings;
mod versions;

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use answers::{Job, PipelineSeen, Variable};
pub use settings::{Pass, Settings};

use super::{
    Answer, Answered, Found, Gate, Ground, Inputs, Order, Pipeline, Place, Progress, Resolved, Run,
    RunState, Started, Unresolved, Wish,
    common::{names, not_started, with},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    names::{Correlation, RunId, Version},
    vendors::server::{Key, Server},
};

/// How much GitLab's clock may be behind ours before a run of ours is overlooked.
const SKEW_MS: i64 = 60_000;

/// How many pages of a list are read: 300 runs since the order was given, 300 jobs of a run.
const PAGES: usize = 3;

pub(super) struct Gitlab {
    server: Server,
    project: Place,
    reference: Version,
    pass: Pass,
    inputs: Inputs,
}

impl Gitlab {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        settings.inputs.check()?;
        Ok(Self {
            server: Server::new(
                "GitLab",
                (settings.url.clone(), settings.timeout),
                Key::Header("private-token", settings.token.clone()),
                (ground.clock.clone(), ground.outbound.clone()),
            )?,
            project: settings.project.clone(),
            reference: settings.reference.clone(),
            pass: settings.pass,
            inputs: settings.inputs.clone(),
        })
    }

    fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        let project = ["api", "v4", "projects", self.project.as_str()];
        self.server.url(&[&project[..], segments].concat())
    }

    /// The body that asks for a run.
    fn body(&self, order: &Order) -> Result<Value, String> {
        let told = self.inputs.told(order)?;
        Ok(match self.pass {
            Pass::Inputs => json!({ "ref": self.reference, "inputs": told }),
            Pass::Variables => {
                let variable = |(key, value)| json!({ "key": key, "value": value });
                let variables: Vec<Value> = told.into_iter().map(variable).collect();
                json!({ "ref": self.reference, "variables": variables })
            }
        })
    }

    fn run(&self, seen: &PipelineSeen) -> anyhow::Result<Run> {
        let id: RunId = seen.id.to_string().parse().context("a number is a run's name")?;
        let url = seen.web_url.as_deref().and_then(|page| self.server.page(page));
        Ok(Run { label: format!("#{id}"), id, url })
    }

    /// Whether a run was told this id.
    async fn is_ours(&self, seen: &PipelineSeen, id: &Correlation) -> anyhow::Result<bool> {
        if seen.name.as_deref().is_some_and(|name| names(name, id.as_str())) {
            return Ok(true);
        }
        if self.pass == Pass::Inputs {
            return Ok(false);
        }
        let url = self.url(&["pipelines", &seen.id.to_string(), "variables"])?;
        let told: Vec<Variable> = match self.server.ask(url).await {
            Ok(told) => told,
            // Whoever did not start a run may not see what it was told: it is not ours.
            Err(error) if matches!(error.status(), Some(403 | 404)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let wanted = self.inputs.request_id.as_str();
        let is = |told: &Variable| told.key == wanted && told.value.as_deref() == Some(id.as_str());
        Ok(told.iter().any(is))
    }

    fn refusal(&self, status: u16, said: &str) -> Option<String> {
        match status {
            404 => Some(format!(
                "GitLab knows no project {} in which Pilothouse may start pipelines: check its \
                 name, and that the token has the scope `api` ({said})",
                self.project
            )),
            _ => None,
        }
    }
}

#[async_trait]
impl Pipeline for Gitlab {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        self.resolved(wish).await
    }

    async fn start(&self, order: &Order) -> Started {
        let body = match self.body(order) {
            Ok(body) => body,
            Err(why) => return Started::Refused(why),
        };
        let url = match self.url(&["pipeline"]) {
            Ok(url) => url,
            Err(error) => return Started::Refused(error.to_string()),
        };
        let answer = self.server.act((Method::POST, url), &[], |request| request.json(&body)).await;
        let seen = answer.and_then(|answer| self.server.decoded::<PipelineSeen>(&answer));
        match seen {
            Ok(seen) => match self.run(&seen) {
                Ok(run) => Started::Run(run),
                Err(error) => Started::Unclear(error.to_string()),
            },
            Err(error) => not_started("GitLab", error, |status, said| self.refusal(status, said)),
        }
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let since = jiff::Timestamp::from_millisecond(order.decided.0 - SKEW_MS)?;
        let query = [
            ("ref", self.reference.as_str()),
            ("source", "api"),
            ("updated_after", &since.to_string()),
            ("per_page", "100"),
        ];
        let url = with(self.url(&["pipelines"])?, &query);
        let pages: Vec<Vec<PipelineSeen>> = self.server.pages(url, PAGES).await?;
        let mut listed: Vec<PipelineSeen> = pages.into_iter().flatten().collect();
        // Of several, the first is the one an order that was given once has made.
        listed.sort_by_key(|seen| seen.id);
        for seen in &listed {
            if self.is_ours(seen, &order.correlation).await? {
                return Ok(Found::Run(self.run(seen)?));
            }
        }
        // A request that was cut off may still be at work there.
        Ok(Found::NotSeen)
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        let seen: PipelineSeen =
            match self.server.ask(self.url(&["pipelines", run.id.as_str()])?).await {
                Ok(seen) => seen,
                Err(error) if error.status() == Some(404) => {
                    let detail = Some("GitLab no longer shows this run".to_owned());
                    let bare = Progress::bare(RunState::Unknown);
                    return Ok(Progress { detail, gates_unknown: true, ..bare });
                }
                Err(error) => return Err(error.into()),
            };
        let url = with(self.url(&["pipelines", run.id.as_str(), "jobs"])?, &[("per_page", "100")]);
        let jobs: Result<Vec<Vec<Job>>, _> = self.server.pages(url, PAGES).await;
        let gates_unknown = jobs.is_err();
        let jobs = jobs.unwrap_or_else(|error| {
            tracing::warn!(%error, run = %run.id, "the run's jobs are not known");
            vec![]
        });
        let jobs: Vec<Job> = jobs.into_iter().flatten().collect();
        let progress = seen.progress(&jobs);
        let waits = progress.state == RunState::WaitingApproval;
        let gates = if waits { Self::gates(&jobs, run) } else { vec![] };
        Ok(Progress { gates, gates_unknown, ..progress })
    }

    async fn answer(&self, run: &Run, gate: &Gate, answer: &Answer) -> Answered {
        self.answered(run, gate, answer).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let url = self.url(&["pipelines", run.id.as_str(), "cancel"])?;
        self.server.act((Method::POST, url), &[], |request| request).await?;
        Ok(())
    }

    async fn greet(&self, now: Timestamp) -> Vec<Greeting> {
        self.greeted(now).await
    }
}
