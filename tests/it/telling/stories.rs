//! What others hear in the course of a deployment, and how little it has to do with it.

use std::time::Duration;

use pilothouse::pipelines::RunState;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::post::{Post, rules};
use crate::{
    pagerduty::duty::Trouble,
    world::{ALICE, Answers, BOB, Bot},
};

async fn told(post: &Post) -> Bot {
    Bot::with(&rules(&json!({ "pagerduty": post.pagerduty() }))).await
}

async fn deploys(bot: &Bot, end: RunState) {
    bot.hears(ALICE, "/deploy staging v2.1.0").await;
    bot.pipeline.finishes(end);
    bot.passes(Duration::from_mins(1)).await;
}

#[tokio::test]
async fn pagerduty_shows_what_is_deployed_beside_its_incidents() {
    let post = Post::start().await;
    let bot = told(&post).await;
    deploys(&bot, RunState::Succeeded).await;
    assert_eq!(
        post.summaries(),
        [
            "Deploying checkout v2.1.0 to staging (alice)",
            "Deployed checkout v2.1.0 to staging (alice)"
        ]
    );
    let event = post.duty.knows().events[1].1.clone();
    assert_eq!(
        event["links"],
        json!([{ "href": "https://ci.example/runs/456", "text": "The run" }])
    );
    assert_eq!(event["payload"]["custom_details"]["version"], "v2.1.0");
    assert!(event["payload"]["timestamp"].as_str().unwrap().starts_with("2025-10-09T09:15:"));
    post.duty.asked().await;
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_the_reason_and_who_agreed() {
    let post = Post::start().await;
    let bot = told(&post).await;
    deploys(&bot, RunState::Failed).await;
    assert_eq!(
        post.summaries()[1],
        "Deploying checkout v2.1.0 to staging failed (alice): The pipeline failed: exit code 3"
    );
    post.duty.knows().events.clear();
    for version in ["v2", "v3"] {
        bot.hears(ALICE, &format!("/deploy production {version}")).await;
        bot.presses(BOB, "Approve").await;
        bot.pipeline.finishes(RunState::Succeeded);
        if version == "v3" {
            bot.health.fails();
        }
        bot.passes(Duration::from_secs(150)).await;
    }
    bot.health.recovers();
    bot.passes(Duration::from_mins(1)).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(Duration::from_mins(1)).await;
    let told = post.summaries();
    assert_eq!(told.len(), 4, "{told:?}");
    let last = &told[3];
    assert!(last.starts_with("Rolled back checkout v3 in production to v2 (alice): "), "{last}");
    let event = post.duty.knows().events[3].1.clone();
    assert_eq!(event["payload"]["custom_details"]["approved_by"], json!(["bob"]));
    assert_eq!(event["payload"]["custom_details"]["back_to"], "v2");
    post.duty.asked().await;
}

#[tokio::test]
async fn nobody_hears_of_what_never_began() {
    let post = Post::start().await;
    let bot = told(&post).await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Decline").await;
    bot.pipeline.answers(Answers::No);
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.passes(Duration::from_mins(1)).await;
    assert!(post.summaries().is_empty());
}

#[tokio::test]
async fn everybody_hears_what_they_want_to_hear_alone() {
    let post = Post::start().await;
    let only = |only: serde_json::Value| {
        let mut one = post.pagerduty();
        one["only"] = only;
        one
    };
    let all = rules(&json!({
        "ends": only(json!({ "events": ["succeeded", "failed"] })),
        "production": only(json!({ "environments": ["production"] })),
        "another": only(json!({ "services": ["shop"] }))
    }));
    let bot = Bot::with(&all).await;
    deploys(&bot, RunState::Succeeded).await;
    assert_eq!(post.summaries(), ["Deployed checkout v2.1.0 to staging (alice)"]);
}

#[tokio::test]
async fn a_deployment_is_the_same_whatever_becomes_of_telling() {
    let post = Post::start().await;
    post.answers("POST", "/hook", ResponseTemplate::new(500)).await;
    let tell = json!({ "gone": { "kind": "grafana", "url": "http://127.0.0.1:1",
                                 "token": post.grafana()["token"] },
                       "failing": post.webhook() });
    let quiet = Bot::start().await;
    let bot = Bot::with(&rules(&tell)).await;
    for bot in [&quiet, &bot] {
        deploys(bot, RunState::Succeeded).await;
    }
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
    let same = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("Deployment"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(same(bot.shows()), same(quiet.shows()));
    assert_eq!(bot.audit().await, quiet.audit().await);
    assert_eq!(bot.messages(), quiet.messages());
}

#[tokio::test]
async fn who_is_out_of_reach_is_told_again_and_less_and_less_often_until_it_is_no_news() {
    let post = Post::start().await;
    post.answers("POST", "/hook", ResponseTemplate::new(503)).await;
    let bot = Bot::with(&rules(&json!({ "failing": post.webhook() }))).await;
    bot.hears(ALICE, "/deploy staging v2").await;
    assert_eq!(post.asked("POST", "/hook").await.len(), 1);
    for _ in 0..60 {
        bot.clock.advance(Duration::from_mins(10));
        bot.works().await;
    }
    let asked = post.asked("POST", "/hook").await.len();
    assert!((20..60).contains(&asked), "{asked}");
    let ids: Vec<_> = post.asked("POST", "/hook").await;
    let id = &ids[0].headers["webhook-id"];
    assert!(ids.iter().all(|request| request.headers["webhook-id"] == *id), "one message");
    bot.clock.advance(Duration::from_hours(12));
    bot.works().await;
    assert_eq!(post.asked("POST", "/hook").await.len(), asked, "it was given up");
    // The next news is told as if nothing had been.
    post.once("POST", "/hook", ResponseTemplate::new(204)).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(post.asked("POST", "/hook").await.len(), asked + 1);
}

#[tokio::test]
async fn a_refusal_is_final_and_a_limit_is_kept() {
    let post = Post::start().await;
    let no = json!({ "status": "invalid event", "message": "Event object is invalid" });
    let refusal = ResponseTemplate::new(400).set_body_json(no);
    post.duty.meets("POST", "/enqueue", Trouble::Answers(refusal));
    let bot = told(&post).await;
    deploys(&bot, RunState::Succeeded).await;
    assert_eq!(post.summaries(), ["Deployed checkout v2.1.0 to staging (alice)"]);
    let limit = ResponseTemplate::new(429)
        .append_header("ratelimit-remaining", "0")
        .append_header("ratelimit-reset", "42");
    post.duty.meets("POST", "/enqueue", Trouble::Answers(limit));
    let before = post.duty.count("POST", "/enqueue").await;
    bot.hears(ALICE, "/deploy staging v2.2.0").await;
    bot.passes(Duration::from_secs(41)).await;
    assert_eq!(post.duty.count("POST", "/enqueue").await, before + 1);
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(post.summaries()[1], "Deploying checkout v2.2.0 to staging (alice)");
}

#[tokio::test]
async fn what_was_decided_is_told_after_a_crash_and_not_to_whoever_left() {
    let post = Post::start().await;
    let all = rules(&json!({ "stays": post.pagerduty(), "leaves": post.webhook() }));
    post.answers("POST", "/hook", ResponseTemplate::new(500)).await;
    let bot = Bot::with(&all).await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.pipeline.finishes(RunState::Succeeded);
    post.duty.knows().events.clear();
    // The end is written down, and nobody has been told when the process ends.
    let deployment = bot.app.commands.deployments.open().await.unwrap().remove(0).id;
    let run = || pilothouse::deployments::Event::RunProgressed {
        progress: pilothouse::pipelines::Progress::bare(RunState::Failed),
    };
    bot.app.commands.deployments.record(&deployment, run()).await.unwrap();
    assert!(post.summaries().is_empty());
    let heard = post.asked("POST", "/hook").await.len();
    let bot = bot.restarts_with(&rules(&json!({ "stays": post.pagerduty() }))).await;
    bot.works().await;
    bot.passes(Duration::from_mins(2)).await;
    assert_eq!(post.summaries().len(), 1, "{:?}", post.summaries());
    assert_eq!(post.asked("POST", "/hook").await.len(), heard);
}
