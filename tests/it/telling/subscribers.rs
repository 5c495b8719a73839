//! Each kind of subscriber: what they are sent, and what is made of their answers.

use std::sync::Arc;

use pilothouse::{
    clock::{Clock, Timestamp},
    jobs::{Handler, Worker},
    pipelines::RunState,
    telling::{News, Subscriber, Teller, Told, What},
    vendors::signature,
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::post::{self, Post, SECRET, rules};
use crate::world::{ALICE, Bot};

const ANNOTATIONS: &str = "/graphs/api/annotations";

#[tokio::test]
async fn grafana_gets_a_mark_and_a_stretch_each_once_and_inert() {
    let post = Post::start().await;
    let bot = Bot::with(&rules(&json!({ "graphs": post.grafana() }))).await;
    post.answers("GET", ANNOTATIONS, ResponseTemplate::new(200).set_body_json(json!([]))).await;
    let added = json!({ "message": "Annotation added", "id": 1 });
    // It is made, and the answer is lost: the next look finds it.
    post.once("POST", ANNOTATIONS, ResponseTemplate::new(502)).await;
    post.answers("POST", ANNOTATIONS, ResponseTemplate::new(200).set_body_json(added)).await;
    bot.hears(ALICE, "/deploy staging v2").await;
    let there = ResponseTemplate::new(200).set_body_json(json!([{ "id": 1 }]));
    post.once("GET", ANNOTATIONS, there).await;
    bot.passes(std::time::Duration::from_secs(5)).await;
    let made = post.asked("POST", ANNOTATIONS).await;
    assert_eq!(made.len(), 1);
    let mark: Value = made[0].body_json().unwrap();
    assert_eq!(mark.get("timeEnd"), None);
    assert_eq!(made[0].headers["authorization"], format!("Bearer {SECRET}"));
    bot.pipeline.finishes(RunState::Failed);
    bot.passes(std::time::Duration::from_mins(1)).await;
    let stretch: Value = post.asked("POST", ANNOTATIONS).await[1].body_json().unwrap();
    assert!(stretch["timeEnd"].as_i64() > stretch["time"].as_i64(), "{stretch}");
    let tags = stretch["tags"].as_array().unwrap();
    for tag in ["pilothouse", "service:checkout", "environment:staging", "event:failed"] {
        assert!(tags.contains(&json!(tag)), "{tag} {tags:?}");
    }
    let asked = post.asked("GET", ANNOTATIONS).await;
    let query: Vec<_> = asked[0].url.query_pairs().into_owned().collect();
    let id = query.iter().find(|(key, _)| key == "tags").unwrap().1.clone();
    assert!(id.starts_with("ph-") && id.ends_with("-started"), "{id}");
    assert!(mark["tags"].as_array().unwrap().contains(&json!(id)));
}

#[tokio::test]
async fn text_from_outside_is_inert_in_grafana_and_whole_elsewhere() {
    let post = Post::start().await;
    let evil = "<img src=x onerror=alert(1)> \u{202e}\u{7}@everyone \"quoted\"";
    let news = news(What::Failed, evil);
    post.answers("GET", ANNOTATIONS, ResponseTemplate::new(200).set_body_json(json!([]))).await;
    post.answers("POST", ANNOTATIONS, ResponseTemplate::new(200).set_body_json(json!({}))).await;
    post.answers("POST", "/hook", ResponseTemplate::new(200)).await;
    for kind in [post.grafana(), post.webhook(), post.pagerduty()] {
        assert!(matches!(open(&kind).tell(&news).await, Told::Heard), "{kind}");
    }
    let annotation: Value = post.asked("POST", ANNOTATIONS).await[0].body_json().unwrap();
    let text = annotation["text"].as_str().unwrap();
    assert!(!text.contains("<img") && text.contains("&lt;img"), "{text}");
    let message: Value = post.asked("POST", "/hook").await[0].body_json().unwrap();
    assert_eq!(message["data"]["why"], evil);
    let long = News { why: Some("x".repeat(100_000)), ..news };
    assert!(matches!(open(&post.pagerduty()).tell(&long).await, Told::Heard));
    let summaries = post.summaries();
    assert_eq!(summaries[1].chars().count(), 1024);
    post.duty.asked().await;
}

#[tokio::test]
async fn a_message_is_signed_and_its_answer_understood() {
    let post = Post::start().await;
    let webhook = open(&post.webhook());
    let news = news(What::Succeeded, "");
    for (status, heard, again) in [
        (200, true, false),
        (204, true, false),
        (400, false, false),
        (404, false, false),
        (410, false, false),
        (401, false, true),
        (403, false, true),
        (500, false, true),
        (302, false, false),
    ] {
        post.once("POST", "/hook", ResponseTemplate::new(status)).await;
        let told = webhook.tell(&news).await;
        assert_eq!(matches!(told, Told::Heard), heard, "{status}: {told:?}");
        assert_eq!(matches!(told, Told::Later { .. }), again, "{status}: {told:?}");
    }
    for request in post.asked("POST", "/hook").await {
        let header = |name: &str| request.headers[name].to_str().unwrap();
        let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
        let said = header("webhook-signature");
        assert!(signature::is_signed(SECRET, (id, seconds), &request.body, said));
        let body: Value = request.body_json().unwrap();
        assert_eq!(body["type"], "deployment.succeeded");
        assert_eq!(body["timestamp"], "2026-11-25T02:08:10Z");
        assert_eq!(id, "ph-8f2c91d4-succeeded");
    }
}

#[tokio::test]
async fn a_job_that_nobody_can_read_is_no_news() {
    let post = Post::start().await;
    let bot = Bot::start().await;
    let tell = json!({ "hook": post.webhook() });
    let subscribers = post::open(&tell, &bot.clock);
    let teller: Arc<dyn Handler> = Arc::new(Teller { subscribers, clock: bot.clock.clone() });
    let mut tx = bot.app.foundation.db.begin().await.unwrap();
    for payload in ["", "{}", "{\"to\":\"hook\"}"] {
        let wish = pilothouse::jobs::Wish {
            kind: "telling",
            key: payload.to_owned(),
            payload: payload.to_owned(),
            run_at: bot.clock.now(),
        };
        pilothouse::jobs::enqueue(&mut tx, &wish).await.unwrap();
    }
    tx.commit().await.unwrap();
    let bell = Arc::default();
    let db = bot.app.foundation.db.clone();
    Worker::new(db, bot.clock.clone(), vec![teller], bell).run_due().await.unwrap();
    assert!(post.asked("POST", "/hook").await.is_empty());
}

fn news(what: What, why: &str) -> News {
    News {
        deployment: "8f2c91d4".parse().unwrap(),
        what,
        service: "checkout".parse().unwrap(),
        environment: "production".parse().unwrap(),
        version: "v2".parse().unwrap(),
        commit: None,
        back_to: None,
        by: "alice".to_owned(),
        approved_by: vec!["bob".to_owned()],
        reason: None,
        why: Some(why.to_owned()),
        link: Some("https://ci.example/1?a=\"b\"".to_owned()),
        began: Timestamp(1_795_572_400_000),
        at: Timestamp(1_795_572_490_000),
    }
}

fn open(settings: &Value) -> Arc<dyn Subscriber> {
    let settings: pilothouse::telling::Settings = serde_json::from_value(settings.clone()).unwrap();
    let outbound = pilothouse::outbound::Outbound::new().unwrap();
    settings.open((Clock::manual(Timestamp(1_795_572_490_000)), outbound)).unwrap()
}
