//! Azure DevOps, in the shapes its description and examples show.

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::pipelines::{Found, RunState, Started};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    gates::PretendGates,
    stage::{OLD, OURS, SHA, Stage, resolve, the_run},
    vendor::{PretendVendor, Refusal, Spot},
};

const START: Spot = ("POST", "/acme/Shop/_apis/pipelines/42/runs");
const LIST: Spot = ("GET", "/acme/Shop/_apis/build/builds");
const STATE: Spot = ("GET", "/acme/Shop/_apis/build/builds/456");
const TIMELINE: Spot = ("GET", "/acme/Shop/_apis/build/builds/456/timeline");
const STOP: Spot = ("PATCH", "/acme/Shop/_apis/build/builds/456");
const REFS: Spot = ("GET", "/acme/Shop/_apis/git/repositories/checkout/refs");
const DIFFERENCE: Spot = ("GET", "/acme/Shop/_apis/git/repositories/checkout/diffs/commits");

pub(crate) struct AzureDevops;

fn web(stage: &Stage, id: u64) -> Value {
    let page = format!("{}/acme/1/_build/results?buildId={id}", stage.server.uri());
    json!({ "web": { "href": page } })
}

fn build(stage: &Stage, id: u64, status: &str, result: Option<&str>) -> Value {
    let mut build = json!({
        "id": id, "buildNumber": format!("20261125.{}", id % 100), "status": status,
        "queueTime": "2026-11-25T02:08:12.1Z", "definition": { "id": 42, "name": "Deploy" },
        "sourceBranch": "refs/heads/main", "sourceVersion": OLD, "reason": "manual",
        "_links": web(stage, id), "tags": [], "priority": "normal"
    });
    if let Some(result) = result {
        build["result"] = json!(result);
    }
    build
}

fn record(id: u8, parent: Option<u8>, (kind, name): (&str, &str), state: &str) -> Value {
    let uuid = |n: u8| format!("00000000-0000-0000-0000-0000000000{n:02}");
    let mut record = json!({
        "id": uuid(id), "type": kind, "name": name, "attempt": 1, "identifier": name,
        "state": match state { "failed" | "succeeded" => "completed", other => other }
    });
    if let Some(parent) = parent {
        record["parentId"] = json!(uuid(parent));
    }
    if matches!(state, "failed" | "succeeded") {
        record["result"] = json!(state);
    }
    record
}

/// A stage that is done, one whose second job is so, and one that has not begun.
fn timeline(state: &str) -> Value {
    let mut records = vec![
        record(1, None, ("Stage", "Deploy"), "inProgress"),
        record(2, Some(1), ("Phase", "__default"), "inProgress"),
        record(3, Some(2), ("Job", "Build"), "succeeded"),
        record(4, Some(2), ("Job", "Roll out"), state),
        record(5, None, ("Stage", "After"), "pending"),
        record(6, Some(4), ("Task", "kubectl"), state),
    ];
    if state == "failed" {
        records[5]["issues"] =
            json!([{ "type": "error", "message": "Bash exited with code '1'." }]);
    }
    json!({ "id": "00000000-0000-0000-0000-000000000099", "records": records })
}

fn list(values: &[Value]) -> Value {
    json!({ "count": values.len(), "value": values })
}

fn wrong(message: &str) -> Value {
    json!({ "$id": "1", "innerException": null, "message": message, "errorCode": 0, "eventId": 3000,
            "typeKey": "PipelineValidationException" })
}

#[async_trait]
impl PretendVendor for AzureDevops {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "azure_devops", "organization": format!("{}/acme", stage.server.uri()),
                "project": "Shop", "pipeline": 42, "repository": "checkout",
                "credential": { "token": stage.secret() } })
    }

    fn described_in(&self) -> &'static [&'static str] {
        &["azdo-pipelines-7.1", "azdo-build-7.1", "azdo-approvals-7.1", "azdo-servicehooks-7.1"]
    }

    fn beyond(&self) -> &'static [&'static str] {
        // The description knows timelines by their ids only.
        &["/acme/Shop/_apis/git/", "/acme/Shop/_apis/build/builds/456/timeline"]
    }

    fn start(&self) -> Spot {
        START
    }

    fn list(&self) -> Spot {
        LIST
    }

    fn state(&self) -> Spot {
        STATE
    }

    fn stop(&self) -> Spot {
        STOP
    }

    fn run(&self) -> &'static str {
        "456"
    }

    async fn begins(&self, stage: &Stage) {
        let run = json!({
            "id": 456, "name": "20261125.56", "state": "inProgress", "url": "https://x.example",
            "createdDate": "2026-11-25T02:08:12.1Z", "_links": web(stage, 456),
            "pipeline": { "id": 42, "name": "Deploy", "revision": 3, "folder": "\\", "url": "u" }
        });
        stage.answers(START, 200, run).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        let listed = (0..).zip(ids).map(|(index, id)| {
            let number = if *id == OURS { 456 } else { 455 - index };
            let mut build = build(stage, number, "inProgress", None);
            build["templateParameters"] = json!({ "version": "v2.1.0", "request_id": id });
            build
        });
        let listed: Vec<Value> = listed.collect();
        stage.answers(LIST, 200, list(&listed)).await;
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        let (status, result, job) = match now {
            Some(RunState::Queued) => ("notStarted", None, "pending"),
            Some(RunState::WaitingApproval) => ("inProgress", None, "pending"),
            Some(RunState::Running) => ("inProgress", None, "inProgress"),
            Some(RunState::Succeeded) => ("completed", Some("succeeded"), "succeeded"),
            Some(RunState::Failed) => ("completed", Some("failed"), "failed"),
            Some(RunState::Cancelled) => ("completed", Some("canceled"), "pending"),
            _ => ("levitating", None, "levitating"),
        };
        let seen = ResponseTemplate::new(200).set_body_json(build(stage, 456, status, result));
        stage.raw(STATE, seen).await;
        let mut records = timeline(job);
        if now == Some(RunState::WaitingApproval) {
            let check = record(7, Some(5), ("Checkpoint.Approval", "Approval"), "inProgress");
            records["records"].as_array_mut().unwrap().push(check);
            self.waits(stage, true).await;
        }
        stage.answers(TIMELINE, 200, records).await;
    }

    async fn stops(&self, stage: &Stage) {
        stage.answers(STOP, 200, build(stage, 456, "cancelling", None)).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        vec![
            (400, wrong("Unexpected parameter 'region'"), "Unexpected parameter 'region'"),
            (401, wrong("TF400813: not authorized"), "TF400813"),
            (403, wrong("needs Queue builds permission"), "needs Queue builds permission"),
            (404, wrong("Pipeline 42 not found"), "no pipeline 42 in Shop"),
            (203, json!("<html>Sign In</html>"), "sign-in page"),
            (302, json!("moved"), "sign-in page"),
        ]
    }

    async fn knows_versions(&self, stage: &Stage) -> bool {
        let tag = |name: &str| json!({ "name": format!("refs/tags/{name}"), "objectId": OLD, "peeledObjectId": SHA });
        // Asked for a beginning, it shows more than the one that is meant.
        stage.answers(REFS, 200, list(&[tag("v2.1.0-rc.1"), tag("v2.1.0"), tag("nightly")])).await;
        true
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!(":{token}")));
        let version =
            request.url.query_pairs().any(|pair| pair == ("api-version".into(), "7.1".into()));
        version && request.headers.get("authorization").is_some_and(|sent| *sent == *basic)
    }
}

const APPROVAL: Spot =
    ("GET", "/acme/Shop/_apis/pipelines/approvals/00000000-0000-0000-0000-000000000007");
const APPROVALS: Spot = ("PATCH", "/acme/Shop/_apis/pipelines/approvals");

fn approval(status: &str, permissions: &str) -> Value {
    json!({ "id": "00000000-0000-0000-0000-000000000007", "steps": [], "status": status,
            "createdOn": "2026-11-25T02:08:12.1Z", "lastModifiedOn": "2026-11-25T02:08:12.1Z",
            "executionOrder": "anyOrder", "minRequiredApprovers": 1, "blockedApprovers": [],
            "permissions": permissions, "instructions": "", "_links": {} })
}

#[async_trait]
impl PretendGates for AzureDevops {
    fn look(&self) -> Spot {
        APPROVAL
    }

    fn gates_of(&self) -> Spot {
        TIMELINE
    }

    fn tell(&self) -> Spot {
        APPROVALS
    }

    fn gate(&self) -> (&'static str, &'static str) {
        ("00000000-0000-0000-0000-000000000007", "After")
    }

    fn said(&self, body: &[u8]) -> Option<(String, String)> {
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body[0]["approvalId"], self.gate().0);
        let text = |key: &str| body[0][key].as_str().unwrap().to_owned();
        Some((text("status"), text("comment")))
    }

    async fn waits(&self, stage: &Stage, ours: bool) {
        let permissions = if ours { "update" } else { "view" };
        stage.answers(APPROVAL, 200, approval("pending", permissions)).await;
    }

    async fn waits_once(&self, stage: &Stage) {
        let waits = ResponseTemplate::new(200);
        stage.once(APPROVAL, waits.set_body_json(approval("pending", "update"))).await;
    }

    async fn is_answered(&self, stage: &Stage) {
        stage.answers(APPROVAL, 200, approval("approved", "view")).await;
    }

    async fn takes(&self, stage: &Stage) {
        stage.answers(APPROVALS, 200, list(&[approval("approved", "view")])).await;
    }

    fn too_late(&self) -> (u16, Value) {
        (400, wrong("Approval 7 is already completed"))
    }
}

#[tokio::test]
async fn it_is_told_by_template_parameters() {
    let stage = Stage::of(&AzureDevops).await;
    AzureDevops.begins(&stage).await;
    let mut settings = AzureDevops.settings(&stage);
    settings["ref"] = json!("release/next");
    let started = stage.open(settings).unwrap().start(&stage.order()).await;
    let Started::Run(run) = started else { panic!("{started:?}") };
    assert_eq!(run.label, "#20261125.56");
    let said: Value = stage.asked_at(START).await[0].body_json().unwrap();
    let told = json!({ "version": "v2.1.0", "commit": SHA, "environment": "production",
                       "service": "checkout", "region": "eu", "request_id": OURS });
    let from = json!({ "repositories": { "self": { "refName": "refs/heads/release/next" } } });
    assert_eq!(said, json!({ "resources": from, "templateParameters": told }));
}

#[tokio::test]
async fn the_search_goes_on_where_the_list_was_cut_and_asks_older_servers_run_by_run() {
    let stage = Stage::of(&AzureDevops).await;
    let cut = ResponseTemplate::new(200)
        .set_body_json(list(&[build(&stage, 455, "completed", Some("failed"))]))
        .append_header("x-ms-continuationtoken", "next-page");
    stage.once(LIST, cut).await;
    stage.answers(LIST, 200, list(&[build(&stage, 456, "inProgress", None)])).await;
    for (id, told) in [(455, "ph-8f2c91d4-12"), (456, OURS)] {
        let at = format!("/acme/Shop/_apis/pipelines/42/runs/{id}").leak();
        let run = json!({ "id": id, "templateParameters": { "request_id": told } });
        stage.raw(("GET", at), ResponseTemplate::new(200).set_body_json(run)).await;
    }
    let found = stage.pipeline(&AzureDevops).find(&stage.order()).await.unwrap();
    let Found::Run(run) = found else { panic!("{found:?}") };
    assert_eq!(run.id.as_str(), "456");
    let asked = stage.asked_at(LIST).await;
    assert!(asked[1].url.query().unwrap().ends_with("continuationToken=next-page"));
    assert!(asked[0].url.query().unwrap().contains("minTime=2026-11-25T02%3A07%3A10Z"));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_with_a_good_answer_is_kept() {
    let stage = Stage::of(&AzureDevops).await;
    let seen = ResponseTemplate::new(200).set_body_json(build(&stage, 456, "notStarted", None));
    stage.once(STATE, seen.append_header("retry-after", "30")).await;
    AzureDevops.is(&stage, Some(RunState::Running)).await;
    let pipeline = stage.pipeline(&AzureDevops);
    assert_eq!(pipeline.progress(&the_run(&AzureDevops)).await.unwrap().state, RunState::Queued);
    assert!(pipeline.progress(&the_run(&AzureDevops)).await.is_err());
    assert_eq!(stage.asked().await.len(), 1);
    stage.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(pipeline.progress(&the_run(&AzureDevops)).await.unwrap().state, RunState::Running);
}

#[tokio::test]
async fn a_failure_is_told_with_its_place_and_reason() {
    let stage = Stage::of(&AzureDevops).await;
    AzureDevops.is(&stage, Some(RunState::Failed)).await;
    let seen = stage.pipeline(&AzureDevops).progress(&the_run(&AzureDevops)).await.unwrap();
    let reason = "failed in Deploy / Roll out / kubectl: Bash exited with code '1'.";
    assert_eq!(seen.detail.as_deref(), Some(reason));
}

#[tokio::test]
async fn how_much_would_ship_is_counted() {
    let stage = Stage::of(&AzureDevops).await;
    AzureDevops.knows_versions(&stage).await;
    let counted = json!({ "aheadCount": 7, "behindCount": 1, "allChangesIncluded": false });
    stage.answers(DIFFERENCE, 200, counted).await;
    let resolved = resolve(&*stage.pipeline(&AzureDevops), "v2.1.0", Some(OLD)).await.unwrap();
    assert_eq!(resolved.commit.as_deref(), Some(SHA));
    let changes = resolved.changes.unwrap();
    assert_eq!((changes.total, changes.behind), (7, 1));
    assert!(changes.url.unwrap().contains("/acme/Shop/_git/checkout/branchCompare?"));
}

#[tokio::test]
async fn a_service_principal_signs_in_at_entra_and_again_when_its_token_is_refused() {
    let stage = Stage::of(&AzureDevops).await;
    let token = |token: &str| {
        let granted = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token });
        ResponseTemplate::new(200).set_body_json(granted)
    };
    let entra: Spot = ("POST", "/9a7d9c7e-0000-4000-8000-000000000001/oauth2/v2.0/token");
    let login = Stage::of(&super::gitlab::Gitlab).await;
    login.once(entra, token("entra-token-one")).await;
    login.raw(entra, token("entra-token-two")).await;
    stage.once(START, ResponseTemplate::new(401)).await;
    AzureDevops.begins(&stage).await;
    let mut settings = AzureDevops.settings(&stage);
    settings["credential"] = json!({ "entra": {
        "app_id": "6f0c5a0e-0000-4000-8000-000000000002", "login": login.server.uri(),
        "tenant": "9a7d9c7e-0000-4000-8000-000000000001",
        "proof": { "kind": "secret", "secret": stage.secret() }
    } });
    let started = stage.open(settings).unwrap().start(&stage.order()).await;
    assert!(matches!(started, Started::Run(_)), "{started:?}");
    let asked = stage.asked_at(START).await;
    let sent: Vec<_> = asked.iter().map(|r| r.headers["authorization"].to_str().unwrap()).collect();
    assert_eq!(sent, ["Bearer entra-token-one", "Bearer entra-token-two"]);
    let form = String::from_utf8(login.asked_at(entra).await[0].body.clone()).unwrap();
    assert!(form.contains("scope=499b84ac-1321-427f-aa17-267ca6975798%2F.default"), "{form}");
}
