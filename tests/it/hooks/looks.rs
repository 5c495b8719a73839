//! A hint makes the bot look sooner, and is never believed.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::pipelines::RunState;
use serde_json::{Value, json};

use super::{Delivery, NEXT, SECRET, SIGNING, Town, run_says};
use crate::world::{ALICE, Answers};

fn second() -> Duration {
    Duration::from_secs(1)
}

/// The run of every story here, as its vendor calls it.
const RUN: u64 = 30_433_642;

async fn running() -> Town {
    let town = Town::running(&RUN.to_string()).await;
    town.bot.pipeline.finishes(RunState::Failed);
    town
}

fn is_running(town: &Town) -> bool {
    town.bot.shows().contains("Monitoring")
}

#[tokio::test]
async fn a_delivery_about_the_run_has_it_looked_at_now() {
    let town = running().await;
    town.bot.passes(second()).await;
    assert!(is_running(&town), "nobody has looked yet: {}", town.bot.shows());
    let bell = town.bot.app.foundation.bell.clone();
    tokio::time::timeout(second() / 10, bell.notified()).await.ok();
    assert_eq!(town.github("workflow_run", &run_says(RUN)).await, (200, "heard".to_owned()));
    tokio::time::timeout(second(), bell.notified()).await.expect("the worker is not woken");
    town.bot.passes(second()).await;
    assert!(town.bot.shows().contains("exit code 3"), "{}", town.bot.shows());
}

#[tokio::test]
async fn a_delivery_that_is_lost_costs_the_time_until_the_next_look() {
    let town = running().await;
    town.bot.passes(Duration::from_secs(15)).await;
    assert!(town.bot.shows().contains("exit code 3"), "{}", town.bot.shows());
}

#[tokio::test]
async fn what_a_delivery_says_is_not_believed() {
    let town = Town::running(&RUN.to_string()).await;
    let looked = town.bot.pipeline.looked();
    let lie = json!({ "action": "completed", "workflow_run": {
        "id": RUN, "status": "completed", "conclusion": "success",
        "html_url": "https://evil.example", "name": "<at>everyone</at>",
    } });
    assert_eq!(town.github("workflow_run", &lie).await.1, "heard");
    town.bot.passes(second()).await;
    assert_eq!(town.bot.pipeline.looked(), looked + 1);
    assert!(is_running(&town), "{}", town.bot.shows());
    assert!(!town.bot.reads().contains("evil"), "{}", town.bot.reads());
}

#[tokio::test]
async fn every_vendor_names_its_run_in_its_own_way() {
    let page = format!("https://ci.example/o/r/actions/runs/{RUN}/job/7");
    let github = |event: &str, body: Value| ("github", Delivery::github(event, &body));
    let gitlab = |body: Value| {
        let key = body.to_string();
        let shown = Delivery::of(key.clone()).with("X-Gitlab-Token", SECRET);
        ("gitlab", shown.with("Idempotency-Key", key.len()))
    };
    let azure = |body: Value| {
        let user = format!("Basic {}", BASE64_STANDARD.encode(format!("hook:{SECRET}")));
        ("azure", Delivery::of(body.to_string()).with("Authorization", user))
    };
    for (hook, delivery) in [
        github("workflow_run", json!({ "workflow_run": { "id": RUN } })),
        github("workflow_job", json!({ "workflow_job": { "id": 1, "run_id": RUN } })),
        github("deployment_review", json!({ "workflow_run": { "id": RUN } })),
        github("deployment_status", json!({ "workflow_run": { "id": RUN } })),
        github("deployment_status", json!({ "deployment_status": { "log_url": page } })),
        github("deployment_status", json!({ "deployment_status": { "target_url": page } })),
        github("deployment_status", json!({ "deployment_status": {} })),
        github("check_run", json!({ "check_run": { "details_url": page } })),
        gitlab(json!({ "object_kind": "pipeline", "object_attributes": { "id": RUN } })),
        gitlab(json!({ "object_kind": "build", "build_id": 1, "pipeline_id": RUN })),
        gitlab(json!({ "object_kind": "deployment", "status": "success" })),
        azure(json!({ "eventType": "build.complete", "resource": { "id": RUN } })),
        azure(
            json!({ "eventType": "ms.vss-pipelines.run-state-changed-event", "resource": { "run": { "id": RUN } } }),
        ),
        azure(
            json!({ "eventType": "ms.vss-pipelinechecks-events.approval-pending", "resource": {} }),
        ),
    ] {
        let town = running().await;
        let told = town.knocks(hook, &delivery).await;
        assert_eq!(told, (200, "heard".to_owned()), "{delivery:?}");
        town.bot.passes(second()).await;
        assert!(!is_running(&town), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_signed_word_of_gitlab_or_of_a_system_of_ones_own_is_heard_as_well() {
    let town = running().await;
    let now = town.bot.clock.now().0 / 1000;
    let body = json!({ "object_kind": "pipeline", "object_attributes": { "id": RUN } });
    let signed = Delivery::standard(SIGNING, "msg-1", now, &body);
    assert_eq!(town.knocks("gitlab", &signed).await.1, "heard");
    town.bot.passes(second()).await;
    assert!(!is_running(&town));
    let town = running().await;
    let body = json!({ "type": "deployment.status", "data": { "request_id": RUN.to_string() } });
    let signed = Delivery::standard(SECRET, "msg-1", now, &body);
    assert_eq!(town.knocks("own", &signed).await.1, "heard");
    town.bot.passes(second()).await;
    assert!(!is_running(&town));
}

#[tokio::test]
async fn whatever_holds_the_token_may_say_the_same_again() {
    let town = Town::running(&RUN.to_string()).await;
    let looked = town.bot.pipeline.looked();
    let said = |body: &str, token: &str| {
        Delivery::of(body).with("Authorization", format!("Bearer {token}"))
    };
    for (number, token) in [(1, SECRET), (2, NEXT)] {
        assert_eq!(town.knocks("jenkins", &said("{}", token)).await.1, "heard");
        town.bot.passes(second()).await;
        assert_eq!(town.bot.pipeline.looked(), looked + number);
    }
    assert_eq!(town.knocks("jenkins", &said("{}", "another-token-of-it")).await.0, 401);
    let other = r#"{"data":{"request_id":"ph-8f2c91d4-1"}}"#;
    let told = town.knocks("jenkins", &said(other, SECRET)).await.1;
    assert_eq!(told, "nothing here waits for that");
    let once = said("{}", SECRET).with("Idempotency-Key", "build-456");
    assert_eq!(town.knocks("jenkins", &once).await.1, "heard");
    assert_eq!(town.knocks("jenkins", &once).await.1, "this delivery was here before");
}

#[tokio::test]
async fn what_is_about_something_else_has_nothing_looked_at() {
    let town = running().await;
    let looked = town.bot.pipeline.looked();
    for (event, body) in [
        ("workflow_run", run_says(RUN + 1)),
        ("workflow_job", json!({ "workflow_job": { "id": RUN, "run_id": 1 } })),
        ("push", json!({ "workflow_run": { "id": RUN } })),
        ("star", json!({ "action": "created" })),
        ("check_run", json!({ "check_run": { "details_url": "https://x/actions/runs/1" } })),
    ] {
        assert_eq!(
            town.github(event, &body).await,
            (200, "nothing here waits for that".to_owned())
        );
    }
    let elsewhere = Delivery::github("workflow_run", &run_says(RUN));
    assert_eq!(town.knocks("other", &elsewhere).await.1, "nothing here waits for that");
    town.bot.passes(second()).await;
    assert_eq!(town.bot.pipeline.looked(), looked);
    assert!(is_running(&town));
}

#[tokio::test]
async fn a_storm_of_deliveries_about_one_run_is_one_look() {
    let town = Town::running(&RUN.to_string()).await;
    let looked = town.bot.pipeline.looked();
    for number in 0..50 {
        let job = json!({ "workflow_job": { "id": number, "run_id": RUN } });
        assert_eq!(town.github("workflow_job", &job).await.1, "heard");
        town.bot.works().await;
    }
    assert_eq!(town.bot.pipeline.looked(), looked, "it waits for the rest of them");
    town.bot.passes(second()).await;
    assert_eq!(town.bot.pipeline.looked(), looked + 1);
    town.bot.passes(Duration::from_secs(10)).await;
    assert_eq!(town.bot.pipeline.looked(), looked + 1, "and then for its usual time");
    town.bot.passes(Duration::from_secs(5)).await;
    assert_eq!(town.bot.pipeline.looked(), looked + 2);
}

#[tokio::test]
async fn a_delivery_that_was_heard_is_acted_on_after_a_restart() {
    let town = running().await;
    assert_eq!(town.github("workflow_run", &run_says(RUN)).await.1, "heard");
    let bot = town.bot.restarts().await;
    bot.works().await;
    assert!(bot.shows().contains("exit code 3"), "{}", bot.shows());
}

#[tokio::test]
async fn a_run_that_may_have_been_started_is_looked_for_now() {
    let town = Town::start().await;
    town.bot.pipeline.calls_it(&RUN.to_string());
    town.bot.pipeline.answers(Answers::Lost);
    town.bot.pipeline.hides(true);
    town.bot.hears(ALICE, "/deploy staging v1.0.0").await;
    town.bot.passes(Duration::from_mins(3)).await;
    town.bot.pipeline.hides(false);
    town.bot.passes(second()).await;
    let unsure = town.bot.shows();
    assert_eq!(town.github("workflow_run", &run_says(RUN)).await.1, "heard");
    town.bot.passes(second()).await;
    assert_ne!(town.bot.shows(), unsure);
    assert!(is_running(&town), "{}", town.bot.shows());
    assert_eq!(town.bot.pipeline.started(), 1);
}

#[tokio::test]
async fn nothing_is_looked_at_once_a_deployment_has_come_to_rest() {
    let town = running().await;
    town.bot.passes(Duration::from_secs(15)).await;
    let (looked, shown) = (town.bot.pipeline.looked(), town.bot.shows());
    assert_eq!(town.github("workflow_run", &run_says(RUN)).await.1, "nothing here waits for that");
    town.bot.passes(second()).await;
    assert_eq!((town.bot.pipeline.looked(), town.bot.shows()), (looked, shown));
}
