//! A workflow of GitHub Actions, started by `workflow_dispatch`.
//!
//! # What the workflow needs
//!
//! `deploy/github/pilothouse-deploy.yml` is a whole one. What counts:
//!
//! ```yaml
//! run-name: deploy ${{ inputs.version }} [${{ inputs.request_id }}]
//! on:
//!   workflow_dispatch:
//!     inputs: # each a string; see `Inputs` for other names
//!       version: { required: true }
//!       commit: {}
//!       environment: { required: true }
//!       service: {}
//!       request_id: { required: true }
//! concurrency:
//!   group: deploy-${{ inputs.service }}-${{ inputs.environment }}
//!   cancel-in-progress: false
//! ```
//!
//! * `run-name` shows the request id, in brackets or as a word of its own: it is the only place
//!   where a run can be recognised, because GitHub does not tell a run's inputs. Without it a
//!   run whose start was interrupted is never found again, and people are asked.
//! * The workflow *file* comes from the branch in `ref`, so the run's own commit is that
//!   branch's. What to deploy is said in the inputs: the workflow must check out
//!   `${{ inputs.commit || inputs.version }}`, or something else is deployed than was approved.
//! * Inputs are text from people. They reach scripts through `env:`, never by `${{ }}` in `run:`.
//! * `concurrency` keeps a run that somebody started by hand from working at the same time.
//!
//! # Where runs wait
//!
//! A job that names an `environment` waits until its reviewers have approved. Pilothouse shows
//! that, and answers when it is one of them: with a token, the person is whose token it is; an app
//! can be no reviewer. An app can be the environment's protection rule instead: then it lets
//! through what it has started for a deployment that was agreed upon, and turns away the rest.
//!
//! The credential needs Actions (read and write), Contents (read) and Metadata (read); to answer
//! where a run waits, Deployments (read and write) as well.

mod answers;
mod greeting;
mod pending;
mod settings;
mod versions;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use answers::{Dispatched, Jobs, RunSeen, Runs};
pub use settings::{BadWorkflow, Head, ProtectionRule, Settings, Workflow};

use super::{
    Answer, Answered, Asked, Found, Gate, Ground, Inputs, Order, Pipeline, Progress, Resolved, Run,
    RunState, Started, Unresolved, Wish,
    common::{names, with},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    names::{RunId, Version},
    outbound::Failure,
    vendors::github::{Credential, Error, Github},
};

/// How much GitHub's clock may be behind ours before a run of ours is overlooked.
const SKEW_MS: i64 = 60_000;

/// How many pages of runs are searched: 300 runs of one workflow since the order was given.
const PAGES: usize = 3;

/// How long a run's number is waited for; without it the run is called by its id.
const LABEL: Duration = Duration::from_secs(3);

pub(super) struct GithubActions {
    github: Github,
    workflow: Workflow,
    reference: Version,
    inputs: Inputs,
    rule: Option<ProtectionRule>,
    /// An older Enterprise Server, which does not tell the id of the run it starts.
    silent: AtomicBool,
}

#[derive(Serialize)]
struct Dispatch<'a> {
    #[serde(rename = "ref")]
    reference: &'a Version,
    inputs: &'a BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_run_details: Option<bool>,
}

impl GithubActions {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        settings.inputs.check()?;
        if settings.protection_rule.is_some() {
            let app = matches!(settings.github.credential, Credential::App(_));
            anyhow::ensure!(app, "a `protection_rule` is a GitHub App's: use the credential `app`");
        }
        let (repository, rule) = (settings.repository.clone(), &settings.protection_rule);
        let ground = (ground.clock.clone(), ground.outbound.clone());
        let github = Github::open(&settings.github, repository, ground)?;
        Ok(Self {
            github: if rule.is_some() { github.writing_deployments() } else { github },
            workflow: settings.workflow.clone(),
            reference: settings.reference.clone(),
            inputs: settings.inputs.clone(),
            rule: settings.protection_rule.clone(),
            silent: AtomicBool::new(false),
        })
    }

    /// Asks for the run, once; a second time only when an older server refused the question for
    /// its form, which started nothing.
    async fn dispatch(
        &self,
        inputs: &BTreeMap<&str, &str>,
    ) -> anyhow::Result<Result<Option<Dispatched>, Error>> {
        let url =
            self.github.url(&["actions", "workflows", self.workflow.as_str(), "dispatches"])?;
        let ask = !self.silent.load(Ordering::Relaxed);
        let mut body = Dispatch {
            reference: &self.reference,
            inputs,
            return_run_details: ask.then_some(true),
        };
        let mut answer = self.github.act(url.clone(), Some(&body)).await;
        if ask && answer.as_ref().is_err_and(knows_no_details) {
            body.return_run_details = None;
            answer = self.github.act(url, Some(&body)).await;
            self.silent.store(answer.is_ok(), Ordering::Relaxed);
        }
        Ok(match answer {
            Ok(answer) if answer.status == 200 => answer.json().map(Some).map_err(Error::from),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        })
    }

    async fn begun(&self, dispatched: Dispatched) -> anyhow::Result<Run> {
        let id = dispatched.workflow_run_id;
        let seen: Option<RunSeen> =
            self.github.glance(self.run_url(&id.to_string(), &[])?, LABEL).await.ok();
        let label = seen.map_or_else(|| format!("#{id}"), |run| run.label());
        self.run(id, label, dispatched.html_url.as_deref())
    }

    fn run(&self, id: u64, label: String, page: Option<&str>) -> anyhow::Result<Run> {
        let id: RunId = id.to_string().parse().context("a number is a run's name")?;
        Ok(Run { id, label, url: page.and_then(|page| self.github.page(page)) })
    }

    fn run_url(&self, id: &str, more: &[&str]) -> anyhow::Result<Url> {
        self.github.url(&[&["actions", "runs", id], more].concat())
    }

    /// What a failed start lets people conclude.
    fn not_started(&self, error: Error) -> Started {
        let repository = self.github.repository();
        let Error::Failed(failure) = error else { return Started::Refused(error.to_string()) };
        match failure {
            // Not documented for this call: it says nothing about an earlier one.
            Failure::Refused { status: 409, said } => {
                Started::Unclear(format!("GitHub answered with a conflict: {said}"))
            }
            Failure::Refused { status: 404, said } => Started::Refused(format!(
                "GitHub knows no workflow `{}` in {repository} that Pilothouse may start: check \
                 its name, and that the credential may write Actions ({said})",
                self.workflow.as_str()
            )),
            Failure::Refused { status: 300..400, .. } => Started::Refused(format!(
                "GitHub says that {repository} has moved: correct `repository` in the configuration"
            )),
            Failure::Refused { status, said } => {
                Started::Refused(format!("GitHub refused to start it (status {status}): {said}"))
            }
            Failure::NotNow { said, .. } => {
                Started::NotNow(format!("GitHub wants to be asked later: {said}"))
            }
            Failure::Unreached(why) => {
                Started::NotNow(format!("GitHub could not be reached: {why}"))
            }
            Failure::Unclear(why) => {
                Started::Unclear(format!("GitHub gave no clear answer: {why}"))
            }
        }
    }
}

#[async_trait]
impl Pipeline for GithubActions {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        self.resolved(wish).await
    }

    async fn start(&self, order: &Order) -> Started {
        let inputs = match self.inputs.told(order) {
            Ok(inputs) => inputs,
            Err(why) => return Started::Refused(why),
        };
        let dispatched = match self.dispatch(&inputs).await {
            Ok(Ok(Some(dispatched))) => dispatched,
            Ok(Ok(None)) => {
                let why = "GitHub accepted the run without saying which one it is";
                return Started::Unclear(why.to_owned());
            }
            Ok(Err(error)) => return self.not_started(error),
            Err(error) => return Started::Refused(error.to_string()),
        };
        match self.begun(dispatched).await {
            Ok(run) => Started::Run(run),
            Err(error) => Started::Unclear(error.to_string()),
        }
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let url = self.github.url(&["actions", "workflows", self.workflow.as_str(), "runs"])?;
        let since = jiff::Timestamp::from_second((order.decided.0 - SKEW_MS).div_euclid(1000))?;
        let url = with(
            url,
            &[
                ("event", "workflow_dispatch"),
                ("created", &format!(">={since}")),
                ("per_page", "100"),
            ],
        );
        let pages: Vec<Runs> = self.github.pages(url, PAGES).await?;
        let name = order.correlation.as_str();
        let mut ours: Vec<&RunSeen> = pages
            .iter()
            .flat_map(|page| &page.workflow_runs)
            .filter(|run| run.display_title.as_deref().is_some_and(|title| names(title, name)))
            .collect();
        ours.sort_by_key(|run| run.id);
        ours.dedup_by_key(|run| run.id);
        if ours.len() > 1 {
            tracing::warn!(correlation = name, runs = ours.len(), "more than one run of one order");
        }
        // GitHub's list lags behind: what is not on it may still be there.
        let Some(run) = ours.first() else { return Ok(Found::NotSeen) };
        Ok(Found::Run(self.run(run.id, run.label(), run.html_url.as_deref())?))
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        let seen: RunSeen = match self.github.poll(self.run_url(run.id.as_str(), &[])?).await {
            Ok(seen) => seen,
            Err(error) if error.status() == Some(404) => {
                let detail = Some("GitHub no longer shows this run".to_owned());
                let bare = Progress::bare(RunState::Unknown);
                return Ok(Progress { detail, gates_unknown: true, ..bare });
            }
            Err(error) => return Err(error.into()),
        };
        if matches!(seen.state().0, RunState::Queued | RunState::WaitingApproval) {
            return Ok(self.gates(Jobs::default().progress(&seen), &seen, run).await);
        }
        let url = self.run_url(run.id.as_str(), &["jobs"])?;
        let jobs = self.github.poll(with(url, &[("filter", "latest"), ("per_page", "100")])).await;
        let jobs: Jobs = jobs.unwrap_or_else(|error| {
            tracing::warn!(%error, run = %run.id, "the run's jobs are not known");
            Jobs::default()
        });
        Ok(self.gates(jobs.progress(&seen), &seen, run).await)
    }

    async fn answer(&self, run: &Run, gate: &Gate, answer: &Answer) -> Answered {
        self.answered(run, gate, answer).await
    }

    fn asked(&self, event: &str, body: &Value) -> Option<Asked> {
        self.asks(event, body)
    }

    async fn turn_away(&self, asked: &Asked, answer: &Answer) -> Answered {
        self.rules(&asked.run, &asked.name, answer).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let url = self.run_url(run.id.as_str(), &["cancel"])?;
        match self.github.act(url, None::<&()>).await {
            // 409: it is over already.
            Err(error) if error.status() != Some(409) => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn greet(&self, now: Timestamp) -> Vec<Greeting> {
        self.greeted(now).await
    }
}

/// Whether an older server refused to be asked for the run's id.
fn knows_no_details(error: &Error) -> bool {
    let Error::Failed(Failure::Refused { status, said }) = error else { return false };
    *status == 400 || (*status == 422 && said.contains("return_run_details"))
}
