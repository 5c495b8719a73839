//! Runs that want to pass where our own rule stands, and were not started from here.

use std::{sync::Arc, time::Duration};

use actix_web::{App as Site, test};
use aws_lc_rs::hmac;
use pilothouse::{
    names::hex,
    pipelines::{Answered, Pipeline, Verdict},
    pushes,
};
use serde_json::{Value, json};

use crate::{
    deploy::ship,
    world::{ALICE, Answers, BOB, Bot, PretendPipeline, SERVICES},
};

pub(crate) const SECRET: &str = "pretended-secret-of-the-hook";

/// A bot that GitHub tells what wants to pass.
pub(crate) async fn guarding(folder: &tempfile::TempDir) -> Bot {
    guarding_with(folder, &["pretend"]).await
}

/// The same, for these pipelines; for every one, when none is named.
async fn guarding_with(folder: &tempfile::TempDir, pipelines: &[&str]) -> Bot {
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let mut rules: Value = serde_json::from_str(SERVICES).unwrap();
    let secret = format!("file:{}", file.display());
    let hook = json!({ "kind": "github", "secret": secret, "pipelines": pipelines });
    rules["hooks"] = json!({ "github": hook });
    Bot::with(&rules.to_string()).await
}

/// GitHub says that a run wants to pass; the status of the answer.
async fn asks(bot: &Bot, run: &str, environment: &str) -> u16 {
    let body = json!({ "run": run, "environment": environment, "at": bot.clock.now().0 });
    delivers(bot, SECRET, &body.to_string()).await
}

pub(crate) async fn delivers(bot: &Bot, secret: &str, body: &str) -> u16 {
    let doors = |doors: &mut actix_web::web::ServiceConfig| pushes::doors(doors, &bot.app.pushes);
    let site = test::init_service(Site::new().configure(doors)).await;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = format!("sha256={}", hex(hmac::sign(&key, body.as_bytes()).as_ref()));
    let request = test::TestRequest::post()
        .uri("/hooks/github")
        .insert_header(("x-github-event", "deployment_protection_rule"))
        .insert_header(("x-hub-signature-256", signature))
        .set_payload(body.to_owned());
    let status = test::call_service(&site, request.to_request()).await.status();
    bot.works().await;
    status.as_u16()
}

#[tokio::test]
async fn a_run_that_nobody_here_has_started_is_told_how_to_do_it_properly() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    assert_eq!(asks(&bot, "666", "production").await, 200);
    let (run, verdict, comment) = bot.pipeline.told().remove(0);
    assert_eq!((run.as_str(), verdict), ("666", Verdict::Reject));
    assert!(comment.contains("has not started this run"), "{comment}");
    assert!(comment.ends_with("/deploy production <version>"), "{comment}");
    assert_eq!(bot.audit().await, ["Pilothouse gate_decline done"]);
    asks(&bot, "667", "preview").await;
    assert!(bot.pipeline.told()[1].2.contains("deploys nothing to preview"));
}

#[tokio::test]
async fn a_run_of_ours_is_left_to_whoever_watches_it() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    let run = bot.pipeline.orders()[0].correlation.to_string();
    asks(&bot, &run, "production").await;
    assert!(bot.pipeline.told().is_empty());
    asks(&bot, "666", "production").await;
    assert_eq!(bot.pipeline.told().len(), 1, "another run passes no better while one is at work");
}

#[tokio::test]
async fn of_several_pipelines_of_one_repository_those_count_that_guard_what_is_asked_about() {
    for name in ["another", "second"] {
        let folder = tempfile::tempdir().unwrap();
        let bot = guarding_with(&folder, &[]).await;
        let other = Arc::new(PretendPipeline::default());
        other.guards("preview");
        let pipeline: Arc<dyn Pipeline> = other.clone();
        let bot = bot
            .restarts_in(|world| {
                world.pipelines.insert(name.parse().unwrap(), pipeline);
            })
            .await;
        bot.hears(ALICE, "/deploy production v2").await;
        bot.presses(BOB, "Approve").await;
        let run = bot.pipeline.orders()[0].correlation.to_string();
        asks(&bot, &run, "production").await;
        assert!(bot.pipeline.told().is_empty() && other.told().is_empty(), "it is ours");
        asks(&bot, "666", "preview").await;
        assert!(other.told()[0].2.ends_with("/deploy preview <version>"), "{:?}", other.told());
        asks(&bot, "667", "mars").await;
        assert_eq!(bot.pipeline.told().len() + other.told().len(), 2);
    }
}

#[tokio::test]
async fn what_may_be_ours_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    bot.pipeline.hides(true);
    bot.pipeline.answers(Answers::Lost);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    let run = bot.pipeline.orders()[0].correlation.to_string();
    asks(&bot, &run, "production").await;
    asks(&bot, "666", "production").await;
    assert!(bot.pipeline.told().is_empty(), "nobody knows yet which of them is ours");
    let bot = bot.restarts().await;
    bot.passes(Duration::from_secs(20)).await;
    assert!(bot.pipeline.told().is_empty());
    bot.pipeline.hides(false);
    bot.passes(Duration::from_mins(1)).await;
    let told = bot.pipeline.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "666");
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    bot.pipeline.answers(Answers::Silence);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    asks(&bot, "666", "production").await;
    bot.passes(Duration::from_mins(6)).await;
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_and_a_refusal_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    bot.pipeline.takes(Some(Answered::Unclear("time ran out".to_owned())));
    asks(&bot, "666", "production").await;
    bot.pipeline.takes(None);
    bot.passes(Duration::from_secs(6)).await;
    assert_eq!(bot.pipeline.told().len(), 2);
    assert_eq!(bot.audit().await.len(), 1, "it is decided once");
    bot.pipeline.takes(Some(Answered::Refused("no such rule".to_owned())));
    asks(&bot, "667", "production").await;
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(bot.pipeline.told().len(), 3);
}

#[tokio::test]
async fn whoever_cannot_sign_asks_nothing_and_nobody_asks_twice() {
    let folder = tempfile::tempdir().unwrap();
    let bot = guarding(&folder).await;
    let body = json!({ "run": "666", "environment": "production" }).to_string();
    assert_eq!(delivers(&bot, "another-secret", &body).await, 401);
    assert!(bot.pipeline.told().is_empty());
    for _ in 0..2 {
        assert_eq!(delivers(&bot, SECRET, &body).await, 200);
    }
    assert_eq!(bot.pipeline.told().len(), 1);
    for body in ["{}", "[]", "{\"run\": \"../x\", \"environment\": \"production\"}", "nonsense"] {
        assert!(matches!(delivers(&bot, SECRET, body).await, 200 | 400));
    }
    assert_eq!(bot.pipeline.told().len(), 1);
}

/// Whoever knew it could have a run of that name first.
#[tokio::test]
async fn nobody_knows_the_name_of_a_run_before_it_is_there() {
    let bot = Bot::start().await;
    ship(&bot, "v2.1.0").await;
    ship(&bot, "v2.2.0").await;
    let orders = bot.pipeline.orders();
    let end = |at: usize| orders[at].correlation.as_str().rsplit('-').next().unwrap().to_owned();
    assert_eq!((orders.len(), end(0).len(), end(1).len()), (2, 16, 16), "{orders:?}");
    assert_ne!(end(0), end(1));
}
