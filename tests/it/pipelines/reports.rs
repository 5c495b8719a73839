//! A deployment system of one's own that reports how its runs go.

use actix_web::{
    App as Site,
    test::{TestRequest, call_service, init_service, read_body},
};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::pipelines::{Found, Pipeline, RunState, Started};
use serde_json::{Value, json};

use super::{
    stage::{OURS, Stage, TOKEN, the_run},
    vendor::PretendVendor,
    webhook::Webhook,
};

const DOOR: &str = "/hooks/pipelines/checkout";

fn settings(stage: &Stage) -> Value {
    let mut settings = Webhook.settings(stage);
    settings.as_object_mut().unwrap().remove("status");
    settings
}

fn signed(body: &[u8], seconds: i64, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let message = [format!("msg-1.{seconds}.").as_bytes(), body].concat();
    format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(&key, &message)))
}

/// What the door answers to a body, signed so.
async fn knocks(pipeline: &dyn Pipeline, body: &[u8], seconds: i64, signature: &str) -> u16 {
    let site = init_service(Site::new().configure(|doors| pipeline.doors(doors))).await;
    let request = TestRequest::post()
        .uri(DOOR)
        .insert_header(("webhook-id", "msg-1"))
        .insert_header(("webhook-timestamp", seconds.to_string()))
        .insert_header(("webhook-signature", signature))
        .set_payload(body.to_vec());
    let answer = call_service(&site, request.to_request()).await;
    let status = answer.status().as_u16();
    assert!(!String::from_utf8_lossy(&read_body(answer).await).contains(TOKEN));
    status
}

/// Reports a status `later` seconds after now.
async fn reports(stage: &Stage, pipeline: &dyn Pipeline, later: i64, said: Value) -> u16 {
    let mut data = json!({ "request_id": OURS });
    data.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let body = json!({ "type": "deployment.status", "data": data }).to_string();
    let seconds = stage.clock.now().0 / 1000 + later;
    knocks(pipeline, body.as_bytes(), seconds, &signed(body.as_bytes(), seconds, TOKEN)).await
}

#[actix_web::test]
async fn a_run_is_watched_by_its_reports_and_they_survive_a_restart() {
    let stage = Stage::of(&Webhook).await;
    Webhook.begins(&stage).await;
    let pipeline = stage.open(settings(&stage)).unwrap();
    let Started::Run(run) = pipeline.start(&stage.order()).await else { panic!() };
    let seen = pipeline.progress(&run).await.unwrap();
    assert_eq!(seen.state, RunState::Queued);
    assert!(seen.detail.unwrap().contains("has reported nothing yet"));

    let said = json!({ "status": "running", "done": 1, "total": 3, "step": "roll out" });
    assert_eq!(reports(&stage, &*pipeline, 0, said).await, 204);
    let seen = pipeline.progress(&run).await.unwrap();
    assert_eq!((seen.state, seen.done, seen.total), (RunState::Running, 1, 3));

    let again = stage.open(settings(&stage)).unwrap();
    assert_eq!(again.progress(&run).await.unwrap(), seen);
    assert_eq!(reports(&stage, &*again, 1, json!({ "status": "succeeded" })).await, 204);
    assert_eq!(again.progress(&run).await.unwrap().state, RunState::Succeeded);
}

#[actix_web::test]
async fn a_late_old_report_changes_nothing() {
    let stage = Stage::of(&Webhook).await;
    let pipeline = stage.open(settings(&stage)).unwrap();
    assert_eq!(reports(&stage, &*pipeline, 0, json!({ "status": "succeeded" })).await, 204);
    assert_eq!(reports(&stage, &*pipeline, -9, json!({ "status": "running" })).await, 204);
    let seen = pipeline.progress(&the_run(&Webhook)).await.unwrap();
    assert_eq!(seen.state, RunState::Succeeded);
}

#[actix_web::test]
async fn a_run_that_reported_is_found_after_a_crash() {
    let stage = Stage::of(&Webhook).await;
    let pipeline = stage.open(settings(&stage)).unwrap();
    assert!(matches!(pipeline.find(&stage.order()).await.unwrap(), Found::NotSeen));
    let said = json!({ "status": "queued", "label": "#456" });
    assert_eq!(reports(&stage, &*pipeline, 0, said).await, 204);
    let Found::Run(run) = pipeline.find(&stage.order()).await.unwrap() else { panic!() };
    assert_eq!((run.id.as_str(), run.label.as_str()), (OURS, "#456"));
}

#[actix_web::test]
async fn nothing_is_believed_that_is_not_proved() {
    let stage = Stage::of(&Webhook).await;
    let pipeline = stage.open(settings(&stage)).unwrap();
    let report = json!({ "data": { "request_id": OURS, "status": "succeeded" } }).to_string();
    let (body, now) = (report.as_bytes(), stage.clock.now().0 / 1000);
    let good = signed(body, now, TOKEN);
    for (seconds, signature) in [
        (now, signed(body, now, "somebody-elses-secret")),
        (now, signed(b"{}", now, TOKEN)),
        (now + 1, good.clone()),
        (now - 301, signed(body, now - 301, TOKEN)),
        (now + 301, signed(body, now + 301, TOKEN)),
        (now, good.replace("v1,", "v2,")),
        (now, "v1,".to_owned()),
        (now, String::new()),
    ] {
        assert_eq!(knocks(&*pipeline, body, seconds, &signature).await, 401, "{signature}");
    }
    assert!(matches!(pipeline.find(&stage.order()).await.unwrap(), Found::NotSeen));
    let rotating = format!("v1,bm90IHRoaXMgb25l {good}");
    assert_eq!(knocks(&*pipeline, body, now, &rotating).await, 204, "one of several is enough");
}

#[actix_web::test]
async fn what_is_proved_and_is_no_report_is_refused() {
    let stage = Stage::of(&Webhook).await;
    let pipeline = stage.open(settings(&stage)).unwrap();
    let now = stage.clock.now().0 / 1000;
    let outside = json!({ "data": { "request_id": "../../token", "status": "running" } });
    let large = "x".repeat(65 * 1024);
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        (r#"{"data": {"request_id": "ph-8f2c91d4-1"}}"#, 400),
        (&*outside.to_string(), 400),
        (&*large, 503),
    ] {
        let signature = signed(body.as_bytes(), now, TOKEN);
        assert_eq!(
            knocks(&*pipeline, body.as_bytes(), now, &signature).await,
            status,
            "{body:.40}"
        );
    }
}

#[actix_web::test]
async fn a_system_that_is_asked_has_no_door() {
    let stage = Stage::of(&Webhook).await;
    let pipeline = stage.pipeline(&Webhook);
    assert_eq!(knocks(&*pipeline, b"{}", 0, "").await, 404);
}
