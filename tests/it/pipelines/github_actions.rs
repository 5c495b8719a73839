//! GitHub Actions, in the shapes its description shows.

use async_trait::async_trait;
use pilothouse::pipelines::RunState;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    gates::PretendGates,
    stage::{OURS, SHA, Stage},
    vendor::{PretendVendor, Refusal, Spot},
};
use crate::github::{
    hub::{CANCEL, DISPATCHES, JOBS, RUN, RUNS},
    shapes::{commit, deployment, dispatched, job, pending, refusal, run, runs, tag},
};

const PENDING: Spot = ("GET", "/repos/acme/checkout/actions/runs/30433642/pending_deployments");
const REVIEW: Spot = ("POST", PENDING.1);

pub(crate) struct GithubActions;

fn seen(stage: &Stage, status: &str, conclusion: Option<&str>) -> Value {
    run(&stage.server.uri(), (30_433_642, "deploy v2.1.0 [ph-8f2c91d4-1]"), status, conclusion)
}

#[async_trait]
impl PretendVendor for GithubActions {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "github_actions", "repository": "acme/checkout", "workflow": "deploy.yml",
                "github": { "api": stage.server.uri(),
                            "credential": { "token": stage.secret() } } })
    }

    fn described_in(&self) -> &'static [&'static str] {
        &["github"]
    }

    fn beyond(&self) -> &'static [&'static str] {
        &["/repos/acme/checkout/commits/", "/repos/acme/checkout/tags"]
    }

    fn start(&self) -> Spot {
        ("POST", DISPATCHES)
    }

    fn list(&self) -> Spot {
        ("GET", RUNS)
    }

    fn state(&self) -> Spot {
        ("GET", RUN)
    }

    fn stop(&self) -> Spot {
        ("POST", CANCEL)
    }

    fn run(&self) -> &'static str {
        "30433642"
    }

    async fn begins(&self, stage: &Stage) {
        stage.answers(("POST", DISPATCHES), 200, dispatched(&stage.server.uri())).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        let listed = (0..).zip(ids).map(|(index, id)| {
            let number = if *id == OURS { 30_433_642 } else { 30_433_641 - index };
            let title = format!("deploy v2.1.0 [{id}]");
            run(&stage.server.uri(), (number, &title), "in_progress", None)
        });
        let listed: Vec<Value> = listed.collect();
        stage.answers(("GET", RUNS), 200, runs(&listed)).await;
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        let (status, conclusion) = match now {
            Some(RunState::Queued) => ("queued", None),
            Some(RunState::WaitingApproval) => ("waiting", None),
            Some(RunState::Running) => ("in_progress", None),
            Some(RunState::Succeeded) => ("completed", Some("success")),
            Some(RunState::Failed) => ("completed", Some("failure")),
            Some(RunState::Cancelled) => ("completed", Some("cancelled")),
            _ => ("levitating", None),
        };
        stage.answers(("GET", RUN), 200, seen(stage, status, conclusion)).await;
        let second = if status == "in_progress" { "in_progress" } else { "queued" };
        let steps = [
            ("Set up job", "completed", Some("success")),
            ("Roll out", second, None),
            ("Tidy up", "queued", None),
        ];
        let job = job(&stage.server.uri(), "deploy", (second, None), &steps);
        stage.answers(("GET", JOBS), 200, json!({ "total_count": 1, "jobs": [job] })).await;
        if now == Some(RunState::WaitingApproval) {
            self.waits(stage, true).await;
        }
    }

    async fn stops(&self, stage: &Stage) {
        stage.answers(("POST", CANCEL), 202, json!({})).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        let no = |status: u16, said: &str| (status, refusal(said, status));
        let (unknown, gone) = (no(422, "Unexpected inputs provided"), no(422, "No ref found"));
        let (missing, forbidden) = (no(404, "Not Found"), no(403, "Resource not accessible"));
        let (bad, moved) = (no(401, "Bad credentials"), no(307, "Moved"));
        vec![
            (unknown.0, unknown.1, "Unexpected inputs provided"),
            (gone.0, gone.1, "No ref found"),
            (missing.0, missing.1, "knows no workflow `deploy.yml` in acme/checkout"),
            (forbidden.0, forbidden.1, "Resource not accessible"),
            (bad.0, bad.1, "Bad credentials"),
            (moved.0, moved.1, "acme/checkout has moved"),
        ]
    }

    async fn knows_versions(&self, stage: &Stage) -> bool {
        let at = |version: &str| format!("/repos/acme/checkout/commits/{version}").leak() as &str;
        stage.answers(("GET", at("v2.1.0")), 200, commit(SHA, "Bob", "Round prices once")).await;
        let none = refusal("No commit found for SHA: v2.2.0", 422);
        stage.answers(("GET", at("v2.2.0")), 422, none).await;
        let tags = json!([tag("v2.1.0"), tag("nightly")]);
        stage.answers(("GET", "/repos/acme/checkout/tags"), 200, tags).await;
        true
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let bearer = format!("Bearer {token}");
        let header = |name: &str| request.headers.get(name).and_then(|sent| sent.to_str().ok());
        header("authorization") == Some(&bearer)
            && header("x-github-api-version") == Some("2022-11-28")
            && header("accept") == Some("application/vnd.github+json")
    }
}

#[async_trait]
impl PretendGates for GithubActions {
    fn look(&self) -> Spot {
        PENDING
    }

    fn gates_of(&self) -> Spot {
        PENDING
    }

    fn tell(&self) -> Spot {
        REVIEW
    }

    fn gate(&self) -> (&'static str, &'static str) {
        ("161088068", "production")
    }

    fn said(&self, body: &[u8]) -> Option<(String, String)> {
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["environment_ids"], json!([161_088_068]));
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        Some((text("state"), text("comment")))
    }

    async fn waits(&self, stage: &Stage, ours: bool) {
        let pending = json!([pending(&stage.server.uri(), "production", (ours, true))]);
        stage.answers(PENDING, 200, pending).await;
    }

    async fn waits_once(&self, stage: &Stage) {
        let pending = json!([pending(&stage.server.uri(), "production", (true, true))]);
        stage.once(PENDING, ResponseTemplate::new(200).set_body_json(pending)).await;
    }

    async fn is_answered(&self, stage: &Stage) {
        stage.answers(PENDING, 200, json!([])).await;
    }

    async fn takes(&self, stage: &Stage) {
        let made = json!([deployment(&stage.server.uri(), 42, &json!({}))]);
        stage.answers(REVIEW, 200, made).await;
    }

    fn too_late(&self) -> (u16, Value) {
        (422, refusal("No pending deployment requests to approve or reject", 422))
    }
}
