//! What people see of everything: what runs where, what happened last, what waits for whom.

use std::time::Duration;

use pilothouse::pipelines::RunState;

use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY, SERVICES};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Brings a version to staging or production, and proves it well.
async fn ship(bot: &Bot, environment: &str, version: &str) {
    bot.hears(ALICE, &format!("/deploy {environment} {version}")).await;
    if environment == "production" {
        bot.presses(BOB, "Approve").await;
    }
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(60)).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
}

#[tokio::test]
async fn it_shows_what_runs_where_since_when_by_whom_and_how_far_apart() {
    let bot = Bot::start().await;
    let nothing = bot.hears(ALICE, "/status").await;
    assert!(nothing.contains("checkout · production: nothing deployed by me yet"), "{nothing}");
    ship(&bot, "production", "v1").await;
    ship(&bot, "staging", "v2").await;
    bot.passes(seconds(40)).await;
    bot.hears(BOB, "/deploy production v2").await;
    let status = bot.hears(ALICE, "/status").await;
    assert_eq!(
        status,
        "What runs where\n\
         checkout · production: v1. Healthy (asked just now)\n\
         \u{20} Since 09:15 UTC, by alice\n\
         \u{20} 12 commits behind staging (asked just now)\n\
         \u{20} Waiting: v2, asked by bob. Waiting for 1 approval\n\
         checkout · staging: v2. Healthy (asked just now)\n\
         \u{20} Since 09:16 UTC, by alice"
    );
    assert!(bot.reads().contains("Healthy (asked just now)"), "the card says it in words too");
    ship(&bot, "staging", "v1").await;
    let status = bot.hears(ALICE, "/status checkout").await;
    assert!(status.contains("The same as staging"), "{status}");
}

#[tokio::test]
async fn every_figure_says_how_old_it_is_and_is_asked_for_again_when_it_is_too_old() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/status").await;
    let asked = bot.health.asked();
    bot.passes(seconds(20)).await;
    bot.health.fails();
    let status = bot.presses(ALICE, "Refresh").await;
    assert!(status.contains("Healthy (asked 20 s ago)"), "{status}");
    assert_eq!(bot.health.asked(), asked, "it was not asked again");
    bot.passes(seconds(10)).await;
    let status = bot.presses(ALICE, "Refresh").await;
    assert!(status.contains("Not healthy: 503 instead of 200 (asked just now)"), "{status}");
    assert_eq!(bot.health.asked(), 2 * asked);
}

#[tokio::test]
async fn a_system_that_never_answers_costs_its_own_figure_only() {
    let bot = Bot::start().await;
    ship(&bot, "staging", "v1").await;
    bot.passes(seconds(60)).await;
    bot.health.hangs();
    let status = bot.hears(ALICE, "/status").await;
    assert!(status.contains("checkout · staging: v1. No answer in time"), "{status}");
    assert!(status.contains("checkout · production: nothing deployed"), "{status}");
}

#[tokio::test]
async fn everybody_gets_the_buttons_that_are_theirs() {
    let bot = Bot::start().await;
    ship(&bot, "production", "v1").await;
    bot.hears(BOB, "/deploy production v2").await;
    bot.hears(CAROL, "/status").await;
    assert!(
        bot.shows().contains("[Approve checkout v2 in production] [Refresh]"),
        "{}",
        bot.shows()
    );
    bot.presses(CAROL, "Approve checkout v2 in production").await;
    assert_eq!(bot.pipeline.started(), 1, "nobody approves what they have not seen");
    bot.hears(BOB, "/status checkout").await;
    assert!(
        bot.shows().ends_with("[Roll back checkout in production] [Refresh]"),
        "his own he cannot approve: {}",
        bot.shows()
    );
    bot.hears(ALICE, "/status").await;
    assert!(bot.shows().ends_with("\n[Refresh]"), "all is well: {}", bot.shows());
    bot.presses(CAROL, "Refresh").await;
    bot.presses(CAROL, "Approve checkout v2 in production").await;
    bot.presses(CAROL, "Approve").await;
    assert_eq!(bot.pipeline.started(), 2);
}

#[tokio::test]
async fn a_stranger_sees_nothing_of_it() {
    let bot = Bot::start().await;
    ship(&bot, "staging", "v1").await;
    let id = bot.chat.newest_subject().id;
    for said in [
        "/status".to_owned(),
        "/status checkout".to_owned(),
        "/deploy list".to_owned(),
        format!("/show {id}"),
        "/deploy staging v2 --plan".to_owned(),
    ] {
        let told = bot.hears(MALLORY, &said).await;
        assert!(told.contains("mallory may not"), "`{said}` was answered with: {told}");
        assert!(!told.contains("v1"), "{told}");
    }
    let mine = bot.hears(MALLORY, "/mine").await;
    assert!(mine.ends_with("Nothing waits for you, and nothing of yours waits for anybody."));
}

#[tokio::test]
async fn the_list_says_who_asked_who_approved_how_long_it_took_and_opens_cards_again() {
    let bot = Bot::start().await;
    ship(&bot, "production", "v1").await;
    let id = bot.chat.newest_subject().id;
    ship(&bot, "staging", "v2").await;
    bot.hears(ALICE, "/deploy production v3").await;
    bot.hears(CAROL, "/decline [no](http://evil.example)").await;
    let list = bot.hears(ALICE, "/deploy list").await;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 4, "{list}");
    assert!(lines[1].contains("production ← v3: Declined by carol"), "newest first: {list}");
    assert_eq!(
        lines[3],
        "checkout · production ← v1: Deploy complete! All health checks passing. (Asked by alice, \
         09:15 UTC, approved by bob, took 31 s)"
    );
    assert!(!bot.chat.newest().to_string().contains("[no](http"), "it is inert");
    bot.presses(ALICE, &format!("Open {id}")).await;
    assert!(bot.shows().contains("checkout · production ← v1"), "{}", bot.shows());
    let list = bot.hears(ALICE, "/deploy list staging").await;
    assert_eq!(list.lines().count(), 2, "{list}");
    let list = bot.hears(ALICE, "/deploy list --last 1 --service checkout").await;
    assert!(list.contains("There are more"), "{list}");
    for (said, answer) in [
        ("/deploy list moon", "checkout has no environment `moon`."),
        ("/deploy list --service chekout", "Did you mean `checkout`?"),
        ("/deploy list --last many", "/deploy list [environment]"),
        ("/status chekout", "There is no service `chekout`. Did you mean `checkout`?"),
        ("/show 12345678", "There is no deployment 12345678"),
        ("/show", "is missing"),
        ("/mine all", "is one word too many here"),
    ] {
        let told = bot.hears(ALICE, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    let help = bot.hears(ALICE, "/help deploy list").await;
    assert!(help.contains("/deploy list [environment]"), "{help}");
}

#[tokio::test]
async fn a_plan_says_what_it_would_need_and_touches_nothing() {
    let bot = Bot::start().await;
    ship(&bot, "production", "v1").await;
    bot.hears(BOB, "/deploy production v2").await;
    bot.hears(CAROL, "/lock production the sale").await;
    let (audit, messages) = (bot.audit().await, bot.messages());
    let plan = bot.hears(ALICE, "/deploy production v3 --plan").await;
    for line in [
        "Plan: checkout · production ← v3",
        "Nothing has been touched, and nobody has been asked.",
        "Needs 1 approval within 1 h: bob or carol may approve it.",
        "Would wait: Locked by carol since 09:16 UTC, until somebody unlocks it: the sale.",
        "v2 waits there already, asked by bob: Waiting for 1 approval.",
        "If it is not healthy, v1 comes back after 30 s, unless somebody stops that.",
        "Ships 12 commits since v1",
    ] {
        assert!(plan.contains(line), "{line} is not in\n{plan}");
    }
    bot.passes(seconds(5)).await;
    assert_eq!(bot.audit().await, audit, "no row was written");
    assert_eq!(bot.messages(), messages + 1, "only the answer");
    assert!(bot.hears(ALICE, "/deploy staging v404 --plan").await.contains("no version `v404`"));
    bot.hears(ALICE, "/deploy staging v3 --plan").await;
    assert!(bot.reads().contains("Needs nobody's approval."), "{}", bot.reads());
    bot.presses(ALICE, "Ask for it").await;
    assert_eq!(bot.pipeline.orders().last().unwrap().version.as_str(), "v3");
}

#[tokio::test]
async fn mine_is_what_waits_for_me_and_what_of_mine_waits_for_whom() {
    let two = SERVICES.replace("\"approvals\": 1", "\"approvals\": 2");
    let bot = Bot::with(&two).await;
    bot.hears(ALICE, "/deploy production v1").await;
    bot.presses(BOB, "Approve").await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.hears(BOB, "/deploy staging v3").await;
    bot.hears(BOB, "/lock production").await;
    let alice = bot.hears(ALICE, "/mine").await;
    assert!(!alice.contains("Waits for you"), "{alice}");
    assert!(
        alice.contains("production ← v1: Waiting for 1 approval. carol may approve it until 10:15"),
        "{alice}"
    );
    assert!(alice.contains("staging ← v2: Build #456 started. Monitoring"), "{alice}");
    assert!(!alice.contains("v3"), "{alice}");
    let bob = bot.hears(BOB, "/mine").await;
    assert!(!bob.contains("v1"), "he has already approved it: {bob}");
    assert!(bob.contains("v3: Waiting for its turn in staging. Something else runs"));
    assert!(bob.contains("You hold the lock of checkout in production"), "{bob}");
    let carol = bot.hears(CAROL, "/mine").await;
    assert!(carol.contains("Waits for you\ncheckout · production ← v1"), "{carol}");
    bot.hears(BOB, "/mine").await;
    bot.presses(BOB, "Unlock checkout production").await;
    assert!(!bot.hears(BOB, "/mine").await.contains("You hold"));
}
