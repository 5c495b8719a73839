//! Deployments that GitHub shows, and what became of them.

use std::sync::Arc;

use pilothouse::{
    clock::{Clock, Timestamp},
    telling::{News, Settings, Subscriber, Told, What},
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::github::{
    hub::{Hub, SHA},
    shapes::{account, deployment, refusal},
};

const DEPLOYMENTS: &str = "/repos/acme/checkout/deployments";
const STATUSES: &str = "/repos/acme/checkout/deployments/42/statuses";

fn news(what: What) -> News {
    News {
        deployment: "8f2c91d4".parse().unwrap(),
        what,
        service: "checkout".parse().unwrap(),
        environment: "production".parse().unwrap(),
        version: "v2.1.0".parse().unwrap(),
        commit: Some(SHA.to_owned()),
        back_to: None,
        by: "alice".to_owned(),
        approved_by: vec!["bob".to_owned()],
        reason: None,
        why: Some("x".repeat(1000)),
        link: Some("https://github.com/acme/checkout/actions/runs/456".to_owned()),
        began: Timestamp(1_795_572_400_000),
        at: Timestamp(1_795_572_490_000),
    }
}

fn subscriber(hub: &Hub) -> Arc<dyn Subscriber> {
    let token = format!("file:{}", hub.folder.path().join("token").display());
    let settings: Settings = serde_json::from_value(json!({
        "kind": "github", "repository": "acme/checkout",
        "environments": { "production": "Production EU" },
        "pages": { "production": "https://shop.example.com/" },
        "github": { "api": hub.server.uri(), "credential": { "token": token }, "timeout": "1s" }
    }))
    .unwrap();
    let outbound = pilothouse::outbound::Outbound::new().unwrap();
    settings.open((Clock::manual(Timestamp(1_795_572_490_000)), outbound)).unwrap()
}

fn ours(hub: &Hub, payload: &Value) -> Value {
    deployment(&hub.server.uri(), 42, payload)
}

fn status(hub: &Hub, state: &str) -> Value {
    let api = hub.server.uri();
    json!({
        "url": format!("{api}{STATUSES}/1"), "id": 1, "node_id": "MDE2", "state": state,
        "creator": account(&api, "pilothouse[bot]"), "description": "", "environment": "",
        "target_url": "https://x.example", "created_at": "2026-11-25T02:08:12Z",
        "updated_at": "2026-11-25T02:08:12Z", "deployment_url": format!("{api}{DEPLOYMENTS}/42"),
        "repository_url": format!("{api}/repos/acme/checkout")
    })
}

#[tokio::test]
async fn a_deployment_is_made_once_and_says_what_became_of_it() {
    for (what, state) in [
        (What::Started, "in_progress"),
        (What::Succeeded, "success"),
        (What::Failed, "failure"),
        (What::RolledBack, "inactive"),
    ] {
        let hub = Hub::start().await;
        hub.answers(
            "GET",
            DEPLOYMENTS,
            200,
            json!([deployment(&hub.server.uri(), 41, &json!({}))]),
        )
        .await;
        let mark = json!({ "pilothouse": "8f2c91d4" });
        hub.answers("POST", DEPLOYMENTS, 201, ours(&hub, &mark)).await;
        hub.answers("GET", STATUSES, 200, json!([])).await;
        hub.answers("POST", STATUSES, 201, status(&hub, state)).await;
        let told = subscriber(&hub).tell(&news(what)).await;
        assert!(matches!(told, Told::Heard), "{told:?}");
        let made = json!({
            "ref": SHA, "environment": "Production EU", "payload": mark, "auto_merge": false,
            "required_contexts": [], "description": "checkout v2.1.0 (alice)"
        });
        assert_eq!(hub.posted(DEPLOYMENTS).await, [made]);
        let said = &hub.posted(STATUSES).await[0];
        assert_eq!(said["state"], state);
        assert_eq!(said["environment_url"], "https://shop.example.com/");
        assert!(said["log_url"].as_str().unwrap().ends_with("/actions/runs/456"));
        assert!(said["description"].as_str().unwrap().chars().count() <= 140, "{said}");
    }
}

#[tokio::test]
async fn what_was_made_before_an_answer_was_lost_is_found() {
    let mark = json!({ "pilothouse": "8f2c91d4" });
    for payload in [mark.clone(), json!(mark.to_string())] {
        let hub = Hub::start().await;
        hub.once("GET", DEPLOYMENTS, ResponseTemplate::new(200).set_body_json(json!([]))).await;
        hub.raw("POST", DEPLOYMENTS, ResponseTemplate::new(502)).await;
        hub.answers("GET", DEPLOYMENTS, 200, json!([ours(&hub, &payload)])).await;
        hub.answers("GET", STATUSES, 200, json!([])).await;
        hub.answers("POST", STATUSES, 201, status(&hub, "in_progress")).await;
        let subscriber = subscriber(&hub);
        let lost = subscriber.tell(&news(What::Started)).await;
        assert!(matches!(lost, Told::Later { .. }), "{lost:?}");
        let told = subscriber.tell(&news(What::Started)).await;
        assert!(matches!(told, Told::Heard), "{told:?}");
        assert_eq!(hub.count("POST", DEPLOYMENTS).await, 1);
        assert_eq!(hub.count("POST", STATUSES).await, 1);
    }
}

#[tokio::test]
async fn news_that_comes_twice_or_too_late_changes_nothing() {
    for (what, there) in [
        (What::Started, "in_progress"),
        (What::Started, "success"),
        (What::Started, "failure"),
        (What::Succeeded, "success"),
    ] {
        let hub = Hub::start().await;
        let mark = json!({ "pilothouse": "8f2c91d4" });
        hub.answers("GET", DEPLOYMENTS, 200, json!([ours(&hub, &mark)])).await;
        hub.answers("GET", STATUSES, 200, json!([status(&hub, there)])).await;
        let told = subscriber(&hub).tell(&news(what)).await;
        assert!(matches!(told, Told::Heard), "{told:?}");
        assert_eq!(hub.asked().await.len(), 2, "{what:?} after {there}");
    }
}

#[tokio::test]
async fn what_github_does_not_take_is_told_again_or_given_up() {
    for (code, again) in [(409, false), (422, false), (404, false), (403, true), (401, true)] {
        let hub = Hub::start().await;
        hub.answers("GET", DEPLOYMENTS, 200, json!([])).await;
        hub.answers("POST", DEPLOYMENTS, code, refusal("No", code)).await;
        let told = subscriber(&hub).tell(&news(What::Started)).await;
        assert_eq!(matches!(told, Told::Later { .. }), again, "{code}: {told:?}");
        assert_eq!(matches!(told, Told::Refused(_)), !again, "{code}: {told:?}");
    }
}
