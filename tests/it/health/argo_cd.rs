//! Argo CD is asked how an application is.

use std::time::Duration;

use pilothouse::clock::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::site::{Site, Stage, finds};

pub(crate) struct Application;

/// An application whose last operation ended 40 s ago.
fn application(phase: &str, sync: &str, health: &str) -> Value {
    json!({
        "metadata": { "name": "checkout" },
        "spec": { "source": { "repoURL": "https://git.acme.example/checkout.git" } },
        "status": {
            "sync": { "status": sync, "revision": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d" },
            "health": { "status": health, "lastTransitionTime": "2026-11-25T02:07:20Z",
                        "message": "2 pods crash" },
            "operationState": { "phase": phase, "message": "one task failed",
                                "startedAt": "2026-11-25T02:07:00Z",
                                "finishedAt": "2026-11-25T02:07:30Z" }
        }
    })
}

fn well() -> Value {
    application("Succeeded", "Synced", "Healthy")
}

impl Site for Application {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "argo_cd", "url": stage.server.uri(), "application": "checkout",
                "project": "shop", "token": stage.secret() })
    }

    fn path(&self) -> &'static str {
        "/api/v1/applications/checkout"
    }

    fn well(&self) -> Value {
        well()
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        let mut asked_for = well();
        asked_for["operation"] = json!({ "sync": {} });
        let mut early = well();
        early["status"]["health"]["lastTransitionTime"] = json!("2026-11-25T02:08:00Z");
        let mut early_sync = well();
        early_sync["status"]["operationState"]["finishedAt"] = json!("2026-11-25T02:07:41Z");
        vec![
            (application("Running", "Synced", "Healthy"), "Argo CD is at work on it"),
            (application("Terminating", "Synced", "Healthy"), "Argo CD is at work on it"),
            (asked_for, "Argo CD is at work on it"),
            (
                application("Failed", "Synced", "Healthy"),
                "the last operation is Failed instead of Succeeded: one task failed",
            ),
            (application("Error", "Synced", "Healthy"), "is Error instead of Succeeded"),
            (
                application("Succeeded", "OutOfSync", "Healthy"),
                "the sync status is OutOfSync instead of Synced",
            ),
            (application("Succeeded", "Unknown", "Healthy"), "is Unknown instead of Synced"),
            (
                application("Succeeded", "Synced", "Degraded"),
                "the health is Degraded instead of Healthy: 2 pods crash",
            ),
            (application("Succeeded", "Synced", "Progressing"), "is Progressing instead"),
            (application("Succeeded", "Synced", "Missing"), "is Missing instead"),
            (application("Succeeded", "Synced", "levitating"), "is levitating instead"),
            (early, "synced and healthy for 10 s only, 30 s are asked for"),
            (early_sync, "synced and healthy for 29 s only, 30 s are asked for"),
        ]
    }

    fn no_data(&self) -> Vec<Value> {
        let mut no_status = well();
        no_status["status"] = json!({});
        let mut no_health = well();
        no_health["status"]["health"] = json!(null);
        let mut no_sync = well();
        no_sync["status"]["sync"] = json!({ "status": "" });
        vec![no_status, no_health, no_sync]
    }

    fn saying(&self, text: &str) -> Value {
        let mut application = application("Succeeded", "Synced", text);
        application["status"]["health"]["message"] = text.into();
        application
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        vec![(json!({ "application": "../checkout" }), "not a valid")]
    }
}

#[tokio::test]
async fn it_is_compared_with_git_as_that_is_now() {
    let stage = Stage::of(&Application).await;
    stage.says(&well()).await;
    let answer = stage.probe(&Application).check(Some(Timestamp(0))).await;
    assert_eq!(answer.detail, "synced at 7fd1a60b01… and healthy");
    let asked = stage.asked().await;
    assert_eq!(asked[0].url.query(), Some("project=shop&refresh=normal"));
}

#[tokio::test]
async fn healthy_is_believed_when_it_has_lasted() {
    let stage = Stage::of(&Application).await;
    let mut early = well();
    early["status"]["health"]["lastTransitionTime"] = json!("2026-11-25T02:08:10Z");
    stage.says(&early).await;
    let probe = stage.probe(&Application);
    for healthy in [false, false, false, true] {
        assert_eq!(probe.check(None).await.healthy, healthy);
        stage.clock.advance(Duration::from_secs(10));
    }
}

#[rstest]
#[case("lastTransitionTime")]
#[case("nothing at all")]
#[tokio::test]
async fn an_older_server_does_not_say_since_when(#[case] left_out: &str) {
    let mut older = well();
    older["status"]["health"].as_object_mut().unwrap().remove("lastTransitionTime");
    if left_out == "nothing at all" {
        older["status"].as_object_mut().unwrap().remove("operationState");
    }
    assert!(finds(&Application, &older).await.healthy);
}

#[tokio::test]
async fn what_argo_cd_says_is_wrong_is_told() {
    let stage = Stage::of(&Application).await;
    let body = json!({ "error": "permission denied", "code": 7, "message": "permission denied" });
    stage.answers(ResponseTemplate::new(403).set_body_json(body)).await;
    let answer = stage.probe(&Application).check(None).await;
    assert_eq!(answer.detail, "Argo CD: refused with status 403: permission denied");
}
