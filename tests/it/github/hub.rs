//! A GitHub on this machine: it says what it is told to say, in the shape GitHub says it, and
//! everything said to it and by it is held against GitHub's own description.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{collections::BTreeMap, time::Duration};

use pilothouse::{
    clock::{Clock, Timestamp},
    names::PipelineName,
    pipelines::{self, Ground, Order, Pipeline, Run, Wish},
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::shapes::{account, repository};
use crate::contracts::{Checked, Contract};

pub(crate) const SHA: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
pub(crate) const OLD: &str = "553c2077f0edc3d5dc5d17262f6aa498e69d6f8e";
pub(crate) const TOKEN: &str = "github_pat_11ABCDEFG0_pretended";
pub(crate) const DISPATCHES: &str = "/repos/acme/checkout/actions/workflows/deploy.yml/dispatches";
pub(crate) const RUNS: &str = "/repos/acme/checkout/actions/workflows/deploy.yml/runs";
pub(crate) const RUN: &str = "/repos/acme/checkout/actions/runs/30433642";
pub(crate) const JOBS: &str = "/repos/acme/checkout/actions/runs/30433642/jobs";
pub(crate) const CANCEL: &str = "/repos/acme/checkout/actions/runs/30433642/cancel";

/// What GitHub's description in hand says nothing about.
const NOT_DESCRIBED: [&str; 5] = [
    "/app/hook/",
    "/repos/acme/checkout/commits/",
    "/repos/acme/checkout/compare/",
    "/repos/acme/checkout/contents/",
    "/repos/acme/checkout/tags",
];

pub(crate) struct Hub {
    pub(crate) server: MockServer,
    pub(crate) clock: Clock,
    pub(crate) folder: tempfile::TempDir,
    contract: Option<Contract>,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        Self {
            // `MockServer::start` lends servers out again, and connections kept from the last
            // test would be taken for good ones although their runtime is gone.
            server: MockServer::builder().start().await,
            clock: Clock::manual(Timestamp(1_795_572_490_000)),
            folder,
            contract: Contract::of("github"),
        }
    }

    /// The pipeline, as a configuration opens it; `more` is added to its settings.
    pub(crate) fn pipeline(&self, more: &Value) -> std::sync::Arc<dyn Pipeline> {
        self.open(more).unwrap()
    }

    pub(crate) fn open(&self, more: &Value) -> anyhow::Result<std::sync::Arc<dyn Pipeline>> {
        let token = format!("file:{}", self.folder.path().join("token").display());
        let mut settings = json!({
            "kind": "github_actions",
            "repository": "acme/checkout",
            "workflow": "deploy.yml",
            "github": { "api": self.server.uri(), "credential": { "token": token } }
        });
        for (key, value) in more.as_object().unwrap() {
            match settings[key].as_object_mut() {
                Some(inner) => inner.extend(value.as_object().unwrap().clone()),
                None => settings[key] = value.clone(),
            }
        }
        let ground = Ground {
            outbound: pilothouse::outbound::Outbound::new().unwrap(),
            clock: self.clock.clone(),
            folder: self.folder.path().into(),
            program: "pilothouse".into(),
        };
        let settings: pipelines::Settings = serde_json::from_value(settings)?;
        let name: PipelineName = "checkout".parse()?;
        pipelines::open(&name, &settings, &ground)
    }

    /// From now on a path is answered so; the body is held against the description.
    pub(crate) async fn answers(&self, verb: &str, at: &str, status: u16, body: Value) {
        if status < 300 {
            self.obeys(verb, at, status, &body);
        }
        let answer = ResponseTemplate::new(status);
        let answer = if body.is_null() { answer } else { answer.set_body_json(body) };
        self.raw(verb, at, answer).await;
    }

    /// As [`Hub::answers`] to a GET that goes well, with one header more.
    pub(crate) async fn tells(&self, at: &str, body: Value, header: (&str, &str)) {
        self.obeys("GET", at, 200, &body);
        let answer = ResponseTemplate::new(200).set_body_json(body);
        self.raw("GET", at, answer.append_header(header.0, header.1)).await;
    }

    fn obeys(&self, verb: &str, at: &str, status: u16, body: &Value) {
        if let Some(contract) = &self.contract {
            let checked = contract.answer(verb, at, status, body);
            assert!(checked == Checked::Obeys || is_beyond(at), "{verb} {at} is not described");
        }
    }

    pub(crate) async fn raw(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// The next request only is answered so.
    pub(crate) async fn once(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
        mock.up_to_n_times(1).with_priority(1).mount(&self.server).await;
    }

    /// The server takes the request and hangs up.
    pub(crate) async fn hangs_up(&self, verb: &str, at: &str) {
        let hang_up = |_: &Request| std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let mock = Mock::given(method(verb)).and(path(at)).respond_with_err(hang_up);
        mock.mount(&self.server).await;
    }

    /// Everything asked so far, each of it held against the description.
    pub(crate) async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        for request in &asked {
            let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
            assert_eq!(header("accept"), "application/vnd.github+json");
            assert_eq!(header("x-github-api-version"), "2022-11-28");
            assert!(header("user-agent").starts_with("pilothouse/"));
            assert!(header("authorization").starts_with("Bearer "));
            let Some(contract) = &self.contract else { continue };
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let (verb, at) = (request.method.as_str(), request.url.path());
            let checked = contract.request(verb, at, &query, &request.body);
            assert!(checked == Checked::Obeys || is_beyond(at), "{verb} {at} is not described");
        }
        asked
    }

    /// How often a path was asked.
    pub(crate) async fn count(&self, verb: &str, at: &str) -> usize {
        let is = |r: &&Request| r.method.as_str() == verb && r.url.path() == at;
        self.asked().await.iter().filter(is).count()
    }

    /// What was posted to a path, oldest first.
    pub(crate) async fn posted(&self, at: &str) -> Vec<Value> {
        let asked = self.asked().await;
        let here = asked.iter().filter(|r| r.method.as_str() == "POST" && r.url.path() == at);
        here.map(|request| request.body_json().unwrap()).collect()
    }

    /// A run as GitHub describes it.
    pub(crate) fn run(
        &self,
        id: u64,
        title: &str,
        status: &str,
        conclusion: Option<&str>,
    ) -> Value {
        let api = self.server.uri();
        let run = format!("{api}/repos/acme/checkout/actions/runs/{id}");
        let repository = repository(&api);
        let mut seen = json!({
            "id": id, "name": "Deploy", "node_id": "WFR_kwLOA", "check_suite_id": 42,
            "check_suite_node_id": "MDEwOkNoZWNrU3VpdGU0Mg==", "head_branch": "main",
            "head_sha": SHA, "path": ".github/workflows/deploy.yml@main", "run_number": id % 1000,
            "run_attempt": 1, "referenced_workflows": [], "event": "workflow_dispatch",
            "display_title": title, "status": status, "conclusion": conclusion,
            "workflow_id": 159_038, "url": run, "pull_requests": [],
            "html_url": format!("{api}/acme/checkout/actions/runs/{id}"),
            "created_at": "2026-11-25T02:08:12Z", "updated_at": "2026-11-25T02:08:40Z",
            "run_started_at": "2026-11-25T02:08:12Z", "actor": account(&api, "pilothouse[bot]"),
            "triggering_actor": account(&api, "pilothouse[bot]"),
            "previous_attempt_url": null,
            "workflow_url": format!("{api}/repos/acme/checkout/actions/workflows/159038"),
            "check_suite_url": format!("{api}/repos/acme/checkout/check-suites/42"),
            "head_commit": {
                "id": SHA, "tree_id": OLD, "message": "Round prices once",
                "timestamp": "2026-11-24T16:39:27Z",
                "author": { "name": "Alice Ames", "email": "alice@acme.example" },
                "committer": { "name": "GitHub", "email": "noreply@github.com" }
            },
            "repository": repository, "head_repository": repository
        });
        for also in ["jobs", "logs", "artifacts", "cancel", "rerun"] {
            seen[format!("{also}_url")] = json!(format!("{run}/{also}"));
        }
        seen
    }

    /// A job with steps: `(name, status, conclusion)`.
    pub(crate) fn job(&self, name: &str, state: (&str, Option<&str>), steps: &[Step<'_>]) -> Value {
        let api = self.server.uri();
        let steps: Vec<Value> = (1..)
            .zip(steps)
            .map(|(number, (name, status, conclusion))| {
                json!({ "name": name, "status": status, "conclusion": conclusion,
                        "number": number, "started_at": null, "completed_at": null })
            })
            .collect();
        json!({
            "id": 399_444_496, "run_id": 30_433_642, "run_url": format!("{api}{RUN}"),
            "run_attempt": 1, "node_id": "MDg6Q2hlY2tSdW4=", "head_sha": SHA,
            "url": format!("{api}/repos/acme/checkout/actions/jobs/399444496"),
            "html_url": format!("{api}/acme/checkout/actions/runs/30433642/job/399444496"),
            "status": state.0, "conclusion": state.1, "created_at": "2026-11-25T02:08:13Z",
            "started_at": "2026-11-25T02:08:14Z", "completed_at": null, "name": name,
            "steps": steps, "labels": ["ubuntu-latest"], "runner_id": 1, "runner_name": "r1",
            "check_run_url": format!("{api}/repos/acme/checkout/check-runs/399444496"),
            "runner_group_id": 2, "runner_group_name": "GitHub Actions",
            "workflow_name": "Deploy", "head_branch": "main"
        })
    }

    pub(crate) fn dispatched(&self) -> Value {
        let api = self.server.uri();
        json!({
            "workflow_run_id": 30_433_642, "run_url": format!("{api}{RUN}"),
            "html_url": format!("{api}/acme/checkout/actions/runs/30433642")
        })
    }
}

pub(crate) type Step<'a> = (&'a str, &'a str, Option<&'a str>);

fn is_beyond(at: &str) -> bool {
    at == "/repos/acme/checkout" || NOT_DESCRIBED.iter().any(|beyond| at.starts_with(beyond))
}

/// `/deploy production v2.1.0`, agreed upon.
pub(crate) fn order(clock: &Clock) -> Order {
    Order {
        correlation: "ph-8f2c91d4-1".parse().unwrap(),
        service: "checkout".parse().unwrap(),
        environment: "production".parse().unwrap(),
        version: "v2.1.0".parse().unwrap(),
        commit: Some(SHA.to_owned()),
        parameters: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
        decided: clock.now(),
    }
}

pub(crate) fn the_run() -> Run {
    Run { id: "30433642".parse().unwrap(), label: "#642".to_owned(), url: None }
}

/// Resolves `version` as if `since` were live.
pub(crate) async fn resolve(
    pipeline: &dyn Pipeline,
    version: &str,
    since: Option<&str>,
) -> Result<pipelines::Resolved, pipelines::Unresolved> {
    let (service, environment) = ("checkout".parse().unwrap(), "production".parse().unwrap());
    let version = version.parse().unwrap();
    let wish = Wish { service: &service, environment: &environment, version: &version, since };
    pipeline.resolve(&wish).await
}

/// An answer that comes too late for [`HASTE`].
pub(crate) fn late() -> ResponseTemplate {
    ResponseTemplate::new(200).set_delay(Duration::from_secs(5))
}

/// A patience short enough for a test, and long enough for a busy machine to send a request.
pub(crate) const HASTE: &str = "1s";
