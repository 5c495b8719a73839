//! A deployment system of one's own, as `src/pipelines/webhook` describes it.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::pipelines::{Found, RunState, Started};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    stage::{OURS, SHA, Stage, the_run},
    vendor::{PretendVendor, Refusal, Spot},
};

const TOLD: Spot = ("POST", "/hooks/deploy");
const STATE: Spot = ("GET", "/runs/ph-8f2c91d4-1");

pub(crate) struct Webhook;

/// What whoever gets a message computes (Standard Webhooks, version 1).
fn signature(key: &[u8], request: &Request) -> String {
    let header = |name: &str| request.headers[name].to_str().unwrap();
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    signed.update(header("webhook-id").as_bytes());
    signed.update(b".");
    signed.update(header("webhook-timestamp").as_bytes());
    signed.update(b".");
    signed.update(&request.body);
    format!("v1,{}", BASE64_STANDARD.encode(signed.sign()))
}

#[async_trait]
impl PretendVendor for Webhook {
    fn settings(&self, stage: &Stage) -> Value {
        let uri = stage.server.uri();
        json!({ "kind": "webhook", "url": format!("{uri}/hooks/deploy?team=shop"),
                "status": format!("{uri}/runs"), "secret": stage.secret() })
    }

    fn start(&self) -> Spot {
        TOLD
    }

    fn list(&self) -> Spot {
        STATE
    }

    fn state(&self) -> Spot {
        STATE
    }

    fn stop(&self) -> Spot {
        TOLD
    }

    fn run(&self) -> &'static str {
        OURS
    }

    async fn begins(&self, stage: &Stage) {
        stage.answers(TOLD, 202, Value::Null).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        for id in ids {
            let at = format!("/runs/{id}").leak();
            stage.answers(("GET", at), 200, json!({ "status": "running" })).await;
        }
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        let word = match now {
            Some(RunState::Queued) => "queued",
            Some(RunState::WaitingApproval) => "waiting_approval",
            Some(RunState::Running) => "running",
            Some(RunState::Succeeded) => "succeeded",
            Some(RunState::Failed) => "failed",
            Some(RunState::Cancelled) => "cancelled",
            _ => "levitating",
        };
        let said = json!({ "status": word, "done": 1, "total": 3, "step": "roll out" });
        stage.answers(STATE, 200, said).await;
    }

    async fn stops(&self, stage: &Stage) {
        self.begins(stage).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        vec![
            (400, json!({ "error": "no such service" }), "no such service"),
            (401, json!({ "error": "bad signature" }), "bad signature"),
            (403, json!({ "message": "not here" }), "not here"),
            (404, json!("nothing here"), "nothing here"),
            (422, json!({ "message": { "version": ["is unknown"] } }), "is unknown"),
        ]
    }

    fn keeps_parameters_apart(&self) -> bool {
        true
    }

    fn says_nothing(&self) -> bool {
        true
    }

    async fn knows_versions(&self, _: &Stage) -> bool {
        false
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        request.headers["webhook-signature"] == *signature(token.as_bytes(), request)
    }
}

#[tokio::test]
async fn what_it_is_told_is_signed_and_the_same_each_time() {
    let stage = Stage::of(&Webhook).await;
    let taken = json!({ "label": "#456", "url": format!("{}/runs/456", stage.server.uri()) });
    stage.answers(TOLD, 200, taken).await;
    let pipeline = stage.pipeline(&Webhook);
    let Started::Run(run) = pipeline.start(&stage.order()).await else { panic!() };
    assert_eq!((run.id.as_str(), run.label.as_str()), (OURS, "#456"));
    assert!(run.url.unwrap().ends_with("/runs/456"));
    pipeline.start(&stage.order()).await;
    let asked = stage.asked_at(TOLD).await;
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(asked[0].url.query(), Some("team=shop"));
    for name in ["webhook-id", "idempotency-key"] {
        assert_eq!(asked[0].headers[name], OURS);
    }
    assert_eq!(asked[0].headers["webhook-timestamp"], "1795572490");
    let said: Value = asked[0].body_json().unwrap();
    let data = json!({
        "request_id": OURS, "service": "checkout", "environment": "production",
        "version": "v2.1.0", "commit": SHA, "parameters": { "region": "eu" }
    });
    let whole = json!({ "type": "deployment.requested", "timestamp": "2026-11-25T02:08:10Z",
                        "data": data });
    assert_eq!(said, whole);
}

#[tokio::test]
async fn a_secret_in_the_way_of_standard_webhooks_is_decoded() {
    let stage = Stage::of(&Webhook).await;
    stage.token("whsec_plJ3nmyCDGBKInavdOK15jsl");
    Webhook.begins(&stage).await;
    stage.pipeline(&Webhook).start(&stage.order()).await;
    let asked = &stage.asked_at(TOLD).await[0];
    let key = BASE64_STANDARD.decode("plJ3nmyCDGBKInavdOK15jsl").unwrap();
    assert_eq!(asked.headers["webhook-signature"], *signature(&key, asked));
}

#[tokio::test]
async fn what_may_be_repeated_is_certainly_absent() {
    let stage = Stage::of(&Webhook).await;
    let mut settings = Webhook.settings(&stage);
    settings["repeatable"] = json!(true);
    let found = stage.open(settings).unwrap().find(&stage.order()).await.unwrap();
    assert!(matches!(found, Found::Absent), "{found:?}");
}

#[tokio::test]
async fn stopping_is_a_message_of_its_own() {
    let stage = Stage::of(&Webhook).await;
    Webhook.stops(&stage).await;
    stage.pipeline(&Webhook).cancel(&the_run(&Webhook)).await.unwrap();
    let asked = &stage.asked_at(TOLD).await[0];
    assert_eq!(asked.headers["webhook-id"], "ph-8f2c91d4-1-stop");
    let said: Value = asked.body_json().unwrap();
    assert_eq!(said["type"], "deployment.cancel_requested");
    assert_eq!(said["data"], json!({ "request_id": OURS }));
}

#[tokio::test]
async fn the_last_lines_are_kept_and_hostile_ones_tamed() {
    let stage = Stage::of(&Webhook).await;
    let mut lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    lines.push(format!("\u{1b}[2J{}", "x".repeat(100_000)));
    let said = json!({ "status": "running", "done": 9, "total": 3, "log": lines });
    stage.raw(STATE, ResponseTemplate::new(200).set_body_json(said)).await;
    let seen = stage.pipeline(&Webhook).progress(&the_run(&Webhook)).await.unwrap();
    assert_eq!((seen.done, seen.total, seen.tail.len()), (3, 3, 20));
    assert!(seen.tail.iter().all(|line| line.len() <= 120 && !line.contains('\u{1b}')));
}
