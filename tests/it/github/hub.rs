//! A GitHub on this machine: it says what it is told to say, in the shape GitHub says it, and
//! everything said to it and by it is held against GitHub's own description.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;

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

use super::shapes::{self, Step};
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
        shapes::run(&self.server.uri(), (id, title), status, conclusion)
    }

    /// A job with steps: `(name, status, conclusion)`.
    pub(crate) fn job(&self, name: &str, state: (&str, Option<&str>), steps: &[Step<'_>]) -> Value {
        shapes::job(&self.server.uri(), name, state, steps)
    }

    pub(crate) fn dispatched(&self) -> Value {
        shapes::dispatched(&self.server.uri())
    }
}

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
