//! What a deployment asks its probes about, and what it makes of the answers.

use std::time::Duration;

use pilothouse::pipelines::RunState;

use crate::world::{ALICE, BOB, Bot};

/// Brings a version to production.
async fn ships(bot: &Bot, version: &str) {
    bot.hears(ALICE, &format!("/deploy production {version}")).await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
}

#[tokio::test]
async fn probes_are_asked_about_what_began_with_the_first_run_on_the_way_back_too() {
    let bot = Bot::start().await;
    ships(&bot, "v1").await;
    bot.passes(Duration::from_mins(1)).await;
    bot.passes(Duration::from_mins(10)).await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.passes(Duration::from_mins(5)).await;
    let began = bot.clock.now();
    bot.presses(BOB, "Approve").await;
    bot.passes(Duration::from_mins(1)).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(Duration::from_mins(2)).await;
    assert_eq!(bot.health.asked_about(), Some(began), "not since it was asked for or verified");
    let asked = bot.health.asked();
    let bot = bot.restarts().await;
    bot.passes(Duration::from_mins(1)).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(bot.pipeline.orders().last().unwrap().version.as_str(), "v1");
    assert!(bot.health.asked() > asked);
    assert_eq!(bot.health.asked_about(), Some(began), "what v2 began must be over");
    bot.health.recovers();
    bot.passes(Duration::from_mins(1)).await;
    assert!(bot.shows().contains("Rolled back to v1, which is healthy"), "{}", bot.shows());
}

#[tokio::test]
async fn a_person_who_looks_asks_how_things_are() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/status").await;
    assert!(bot.health.asked() > 0);
    assert_eq!(bot.health.asked_about(), None);
}

#[tokio::test]
async fn what_is_given_up_is_not_waited_for() {
    let bot = Bot::start().await;
    ships(&bot, "v1").await;
    bot.passes(Duration::from_mins(1)).await;
    bot.health.gives_up();
    ships(&bot, "v2").await;
    bot.passes(Duration::from_secs(12)).await;
    assert!(bot.shows().contains("Kubernetes has given up"), "at once: {}", bot.shows());
    assert!(bot.shows().contains("[Stop]"), "the way back is counted down to: {}", bot.shows());
}
