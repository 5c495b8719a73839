//! The way back that a person asks for.

use std::time::Duration;

use pilothouse::pipelines::RunState;

use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY, SERVICES};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// Brings a version to production, and proves it well.
async fn ship(bot: &Bot, version: &str) {
    bot.hears(ALICE, &format!("/deploy production {version}")).await;
    approved(bot).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
}

/// Bob approves what the newest card shows, and it ends well.
async fn approved(bot: &Bot) {
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(1)).await;
}

/// What was deployed last.
fn last(bot: &Bot) -> String {
    bot.pipeline.orders().last().unwrap().version.to_string()
}

#[tokio::test]
async fn it_names_the_last_good_version_says_what_is_lost_and_locks_the_door_behind_it() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    bot.pipeline.goes_back(7);
    bot.hears(ALICE, "/rollback production --reason \"the basket is empty\"").await;
    assert_eq!(
        bot.shows(),
        "checkout · production ← v1\nWaiting for 1 approval\n[Approve] [Decline] [Cancel] [Compare]"
    );
    let card = bot.reads();
    assert!(card.contains("Takes back 7 commits of v2"), "{card}");
    assert!(card.contains("Goes back from: v2"), "{card}");
    assert!(bot.presses(ALICE, "Approve").await.contains("may not approve"));
    let before = bot.messages();
    approved(&bot).await;
    assert_eq!(last(&bot), "v1");
    assert_eq!(bot.messages(), before + 1, "the lock has a card of its own");
    assert_eq!(
        bot.shows(),
        "checkout · production is locked\nLocked by alice since 09:17 UTC, until somebody unlocks \
         it: rolled back from v2 to v1: the basket is empty\n[Unlock]"
    );
    let list = bot.hears(ALICE, "/deploy list production --last 1").await;
    assert!(list.contains("Rolled back to v1. It is healthy. production stays locked"), "{list}");
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    assert!(bot.shows().contains("Held back from production"), "{}", bot.shows());
    bot.hears(CAROL, "/unlock production").await;
    assert_eq!(last(&bot), "v2");
}

#[tokio::test]
async fn whoever_goes_back_twice_goes_further_back_and_never_to_what_was_left() {
    let bot = Bot::start().await;
    for version in ["v1", "v2", "v3"] {
        ship(&bot, version).await;
    }
    for version in ["v2", "v1"] {
        bot.hears(ALICE, "/rollback production").await;
        approved(&bot).await;
        assert_eq!(last(&bot), version);
        bot.hears(BOB, "/unlock production").await;
    }
    assert_eq!(
        bot.hears(ALICE, "/rollback production").await,
        "No version but v1 was ever live and well in production: deploy another one with \
         `/deploy production <version>`."
    );
}

#[tokio::test]
async fn from_a_version_that_is_unwell_it_goes_to_the_last_that_was_well() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(Duration::from_secs(130)).await;
    bot.presses(CAROL, "Stop").await;
    assert!(bot.shows().contains("[Roll back]"), "{}", bot.shows());
    bot.presses(ALICE, "Roll back").await;
    assert!(bot.reads().contains("Plan: checkout · production ← v1"), "{}", bot.reads());
    bot.presses(ALICE, "Roll back").await;
    assert!(bot.reads().contains("Goes back from: v2"), "{}", bot.reads());
    bot.health.recovers();
    approved(&bot).await;
    assert!(bot.shows().contains("rolled back from v2 to v1"), "{}", bot.shows());
}

#[tokio::test]
async fn it_goes_only_to_what_was_good_there() {
    let bot = Bot::start().await;
    assert!(
        bot.hears(ALICE, "/rollback production")
            .await
            .starts_with("Nothing has been deployed to production of checkout by me yet")
    );
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    ship(&bot, "v3").await;
    for (said, answer) in [
        ("/rollback production --to evil", "evil was never live and well in production (v2, v1"),
        ("/rollback production --to v3", "v3 is what is live in production now."),
        ("/rollback production --to \"v1;rm\"", "is not a valid version"),
        ("/rollback moon", "checkout has no environment `moon`."),
        ("/rollback", "is missing"),
    ] {
        let told = bot.hears(ALICE, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    for who in [MALLORY, CAROL] {
        let told = bot.hears(who, "/rollback production").await;
        assert!(told.contains("may not deploy"), "{told}");
    }
    bot.hears(ALICE, "/rollback production --to v1").await;
    approved(&bot).await;
    assert_eq!(last(&bot), "v1");
}

#[tokio::test]
async fn a_branch_that_moved_comes_back_as_the_commit_it_was() {
    let bot = Bot::start().await;
    bot.pipeline.tags("main", "aaaaaaaaaaaaaaaa");
    ship(&bot, "main").await;
    bot.pipeline.tags("main", "bbbbbbbbbbbbbbbb");
    ship(&bot, "main").await;
    bot.hears(ALICE, "/rollback production").await;
    assert!(bot.reads().contains("Commit: aaaaaaaaaa"), "{}", bot.reads());
    approved(&bot).await;
    let orders = bot.pipeline.orders();
    assert_eq!(orders.last().unwrap().commit.as_deref(), Some("aaaaaaaaaaaaaaaa"));
}

#[tokio::test]
async fn an_environment_may_ask_for_less_to_go_back_and_nothing_else_passes_by_that_rule() {
    let light = SERVICES.replace("{\"after\": \"30s\"}", "{\"after\": \"30s\", \"approvals\": 0}");
    assert_ne!(light, SERVICES);
    let bot = Bot::with(&light).await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    let started = bot.pipeline.started();
    bot.hears(ALICE, "/rollback production --to v9").await;
    bot.hears(ALICE, "/deploy production v1").await;
    assert_eq!(bot.pipeline.started(), started, "a deployment needs its approval");
    bot.hears(ALICE, "/rollback production").await;
    assert_eq!(last(&bot), "v1");
    assert_eq!(bot.pipeline.started(), started + 1, "going back needs none");
}

#[tokio::test]
async fn a_way_back_that_fails_tells_people_and_neither_locks_nor_turns_round() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    bot.hears(ALICE, "/rollback production").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Failed);
    bot.passes(minutes(3)).await;
    assert!(bot.shows().contains("The pipeline failed: exit code 3"), "{}", bot.shows());
    let status = bot.hears(ALICE, "/status").await;
    assert!(status.contains("production: v2"), "{status}");
    assert!(status.contains("Not certain") && !status.contains("Locked"), "{status}");
    bot.hears(ALICE, "/rollback production").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    let started = bot.pipeline.started();
    bot.passes(minutes(5)).await;
    assert!(bot.shows().contains("Deployed, but not healthy"), "{}", bot.shows());
    assert_eq!(bot.pipeline.started(), started, "nothing goes back from a way back by itself");
}

#[tokio::test]
async fn a_plan_of_it_touches_nothing() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    bot.pipeline.goes_back(3);
    let (audit, started) = (bot.audit().await, bot.pipeline.started());
    let plan = bot.hears(ALICE, "/rollback production --plan").await;
    assert!(plan.contains("Nothing has been touched"), "{plan}");
    assert!(plan.contains("Needs 1 approval within 1 h: bob or carol may approve it."), "{plan}");
    assert!(plan.contains("Takes back 3 commits of v2"), "{plan}");
    assert!(plan.contains("Afterwards production is locked"), "{plan}");
    bot.passes(minutes(1)).await;
    assert_eq!((bot.audit().await, bot.pipeline.started()), (audit, started));
}

#[tokio::test]
async fn it_passes_a_freeze_and_everything_that_waits_but_no_lock() {
    let frozen = SERVICES.trim().strip_suffix('}').unwrap().to_owned()
        + r#", "freezes": [{"name": "sale", "time_zone": "UTC", "from": "2025-10-09 09:30",
            "until": "2025-10-10"}]}"#;
    let bot = Bot::with(&frozen).await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    bot.clock.advance(minutes(20));
    bot.hears(ALICE, "/deploy production v3").await;
    bot.presses(BOB, "Approve").await;
    assert!(bot.shows().contains("Held back"), "{}", bot.shows());
    bot.hears(CAROL, "/lock production").await;
    bot.hears(ALICE, "/rollback production").await;
    bot.presses(BOB, "Approve").await;
    assert!(bot.shows().contains("Held back"), "{}", bot.shows());
    assert!(!bot.reads().contains("Frozen"), "only the lock holds it: {}", bot.reads());
    bot.hears(CAROL, "/unlock production").await;
    assert_eq!(last(&bot), "v1", "freezes are against change, and this undoes one");
}

#[tokio::test]
async fn it_is_the_same_when_the_process_ends_on_the_way() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    ship(&bot, "v2").await;
    bot.is_told(ALICE, "/rollback production").await;
    let bot = bot.restarts().await;
    bot.works().await;
    bot.presses(BOB, "Approve").await;
    let bot = bot.restarts().await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(1)).await;
    assert_eq!(last(&bot), "v1");
    assert!(bot.shows().contains("checkout · production is locked"), "{}", bot.shows());
}
