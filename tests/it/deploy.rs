//! The road of a deployment.

use std::time::Duration;

use pilothouse::{chat::Listener, pipelines::RunState};

use crate::world::{ALICE, Answers, BOB, Bot, CAROL, MALLORY};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Brings a version to production, and proves it well.
pub async fn ship(bot: &Bot, version: &str) {
    bot.hears(ALICE, &format!("/deploy production {version}")).await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(1)).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
}

#[tokio::test]
async fn production_needs_a_second_person_and_ends_healthy() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2.1.0 --reason \"the sale\"").await;
    assert_eq!(
        bot.shows(),
        "checkout · production ← v2.1.0\nWaiting for 1 approval\n[Approve] [Decline] [Cancel]"
    );
    assert_eq!(
        bot.presses(ALICE, "Approve").await,
        "alice may not approve deployments of anything here. Ask bob or carol."
    );
    assert_eq!(bot.pipeline.asked(), 0, "nothing starts before it is approved");
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.asked(), 1);
    bot.pipeline.reaches(2, 5, "push image");
    bot.passes(seconds(2)).await;
    assert_eq!(
        bot.shows(),
        "checkout · production ← v2.1.0\nBuild #456 started. Monitoring…\n[Cancel] [Open build #456]"
    );
    assert!(bot.reads().contains("2 of 5 steps done, 2 s: push image"), "{}", bot.reads());
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(5)).await;
    assert!(bot.shows().contains("Checking health"), "{}", bot.shows());
    bot.passes(minutes(1)).await;
    assert_eq!(
        bot.shows(),
        "checkout · production ← v2.1.0\nDeploy complete! All health checks passing.\n\
         [Open build #456]"
    );
    assert_eq!(bot.messages(), 1, "one deployment is one message, edited in place");
    assert_eq!(
        bot.audit().await,
        [
            "alice deploy done",
            "alice approve refused",
            "bob approve done",
            "Pilothouse turn_came done",
            "Pilothouse run_started done",
            "Pilothouse ended done"
        ]
    );
}

#[tokio::test]
async fn while_the_pipeline_is_asked_the_card_says_what_is_being_deployed() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::NotNow);
    bot.hears(ALICE, "/deploy staging v2.1.0").await;
    assert!(bot.shows().contains("Deploying v2.1.0 to staging…"), "{}", bot.shows());
    bot.pipeline.answers(Answers::Well);
    bot.passes(minutes(1)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert_eq!(bot.pipeline.started(), 1);
}

#[tokio::test]
async fn who_asks_cannot_approve_and_nobody_counts_twice() {
    let two = crate::world::SERVICES.replace("\"approvals\": 1", "\"approvals\": 2");
    let bot = Bot::with(&two).await;
    bot.hears(BOB, "/deploy production v2").await;
    assert!(bot.shows().contains("Waiting for 2 approvals"));
    assert_eq!(
        bot.presses(BOB, "Approve").await,
        "You asked for this deployment, so someone else must approve it."
    );
    bot.presses(CAROL, "Approve").await;
    assert!(bot.shows().contains("Waiting for 1 approval"));
    assert_eq!(bot.presses(CAROL, "Approve").await, "You have already approved this deployment.");
    assert_eq!(bot.pipeline.asked(), 0);
}

#[tokio::test]
async fn one_person_with_two_accounts_is_one_person() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/deploy production v2").await;
    let say = bot.says_button("Approve");
    let mut message = bot.utterance(BOB, &say);
    message.actor.id = pilothouse::names::PersonId::entra("t", "b0b");
    bot.app.commands.hear(message).await;
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 0, "bob approved his own request with his other account");
}

#[tokio::test]
async fn an_approval_names_the_plan_it_is_for() {
    let bot = Bot::start().await;
    bot.pipeline.tags("main", "aaaaaaaaaaaaaaaa");
    bot.hears(ALICE, "/deploy production main").await;
    let stale = bot.says_button("Approve");
    bot.pipeline.tags("main", "bbbbbbbbbbbbbbbb");
    bot.hears(BOB, &stale).await;
    assert_eq!(bot.pipeline.asked(), 0, "the branch moved between asking and starting");
    assert!(
        bot.reads().contains("main now stands for commit bbbbbbbbbb instead of aaaaaaaaaa"),
        "{}",
        bot.reads()
    );
    let answer = bot.hears(BOB, &stale).await;
    assert!(answer.starts_with("The plan has changed since that card was shown"), "{answer}");
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.orders()[0].commit.as_deref(), Some("bbbbbbbbbbbbbbbb"));
}

#[tokio::test]
async fn the_queue_lets_one_deployment_at_a_time_into_an_environment() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v1").await;
    bot.hears(BOB, "/deploy staging v2").await;
    assert!(bot.shows().contains("Waiting for its turn in staging"), "{}", bot.shows());
    assert_eq!(bot.pipeline.started(), 1);
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(3)).await;
    assert_eq!(bot.pipeline.started(), 2, "the second had its turn when the first had ended");
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(3)).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
}

#[tokio::test]
async fn a_request_nobody_approves_expires() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    bot.clock.advance(minutes(60));
    let answer = bot.is_told(BOB, &approve).await;
    assert!(answer.contains("its time is up"), "a late click is refused: {answer}");
    bot.works().await;
    assert!(bot.shows().contains("Nobody approved it in time"), "{}", bot.shows());
    assert_eq!(bot.pipeline.asked(), 0);
}

#[tokio::test]
async fn declined_and_cancelled_change_nothing() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.hears(BOB, "/decline not before the sale ends").await;
    assert!(bot.shows().contains("Declined by bob: not before the sale ends."), "{}", bot.shows());
    bot.hears(ALICE, "/deploy production v3").await;
    assert!(
        bot.hears(MALLORY, "/cancel").await.contains("Nothing is waiting for that from you"),
        "a stranger cannot cancel"
    );
    bot.presses(ALICE, "Cancel").await;
    assert!(bot.shows().contains("Cancelled by alice. Nothing was changed."), "{}", bot.shows());
    assert_eq!(bot.pipeline.asked(), 0);
}

#[tokio::test]
async fn a_running_deployment_can_be_stopped() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.presses(CAROL, "Cancel").await;
    bot.passes(seconds(5)).await;
    assert!(bot.shows().contains("Cancelled by carol while it ran"), "{}", bot.shows());
}

#[tokio::test]
async fn a_failed_run_says_what_the_pipeline_said() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.pipeline.finishes(RunState::Failed);
    bot.passes(seconds(5)).await;
    assert!(bot.shows().contains("The pipeline failed: exit code 3"), "{}", bot.shows());
    let answer = bot.presses(ALICE, "Ask again").await;
    assert_eq!(answer, "");
    assert_eq!(bot.pipeline.started(), 2);
}

#[tokio::test]
async fn an_unhealthy_version_goes_back_by_itself() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    bot.hears(ALICE, "/deploy production v2").await;
    assert!(bot.reads().contains("Ships 12 commits since v1"), "{}", bot.reads());
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(seconds(130)).await;
    let card = bot.shows();
    assert!(card.contains("Not healthy: 503 instead of 200. Going back to v1"), "{card}");
    assert!(card.contains("[Stop]"), "{card}");
    bot.passes(seconds(31)).await;
    assert!(bot.shows().contains("Going back to v1: build #456 started. Monitoring…"));
    assert_eq!(bot.pipeline.orders().last().unwrap().version.as_str(), "v1");
    bot.health.recovers();
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(2)).await;
    assert!(bot.shows().contains("Rolled back to v1, which is healthy."), "{}", bot.shows());
    assert_eq!(bot.messages(), 2);
}

#[tokio::test]
async fn a_person_can_stop_the_way_back() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(seconds(130)).await;
    bot.presses(CAROL, "Stop").await;
    bot.passes(minutes(2)).await;
    assert!(bot.shows().contains("carol stopped the roll-back"), "{}", bot.shows());
    assert_eq!(bot.pipeline.started(), 2, "nothing went back");
}

#[tokio::test]
async fn without_an_earlier_good_version_there_is_no_way_back() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v1").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(minutes(3)).await;
    assert!(bot.shows().contains("No earlier good version is known"), "{}", bot.shows());
}

#[tokio::test]
async fn a_refused_start_ends_it() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::No);
    bot.hears(ALICE, "/deploy staging v2").await;
    assert!(bot.shows().contains("the pipeline refused to start it. no such workflow"));
    bot.passes(minutes(5)).await;
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_found_again_and_never_asked_twice() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::Lost);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    assert!(bot.shows().contains("Looking for the run of v2"), "{}", bot.shows());
    bot.passes(seconds(10)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn when_nobody_can_tell_people_are_asked_and_production_is_never_fired_twice_blindly() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::Silence);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.passes(minutes(10)).await;
    assert_eq!(bot.pipeline.asked(), 1);
    assert!(bot.shows().contains("Nobody knows whether a run of v2 was started"));
    assert!(bot.shows().contains("[There is no run: start it] [Give up]"), "{}", bot.shows());
    bot.pipeline.answers(Answers::Well);
    assert!(
        bot.presses(ALICE, "There is no run: start it").await.contains("may not approve"),
        "judging it is an approval too"
    );
    bot.presses(CAROL, "There is no run: start it").await;
    assert_eq!(bot.pipeline.asked(), 2);
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
}

#[tokio::test]
async fn a_run_that_shows_up_late_is_adopted() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::Lost);
    bot.pipeline.hides(true);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.passes(minutes(5)).await;
    assert!(bot.shows().contains("Nobody knows"), "{}", bot.shows());
    bot.pipeline.hides(false);
    bot.passes(minutes(2)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert_eq!(bot.pipeline.started(), 1);
}

#[tokio::test]
async fn a_run_that_was_not_seen_and_then_is_known_not_to_be_is_asked_for_again() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::Silence);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.passes(seconds(20)).await;
    assert!(bot.shows().contains("Looking for the run"), "{}", bot.shows());
    bot.pipeline.answers(Answers::Well);
    bot.pipeline.knows_all(true);
    bot.passes(seconds(40)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert_eq!((bot.pipeline.asked(), bot.pipeline.started()), (2, 1));
}

#[tokio::test]
async fn everybody_sees_the_buttons_that_are_theirs() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    assert_eq!(bot.buttons_of(ALICE).await.unwrap(), ["Cancel"]);
    assert_eq!(bot.buttons_of(BOB).await.unwrap(), ["Approve", "Decline", "Cancel"]);
    assert_eq!(bot.buttons_of(MALLORY).await, None, "it is not for them");
    bot.hears(BOB, "/deploy production v3").await;
    assert_eq!(bot.buttons_of(ALICE).await.unwrap(), [""; 0]);
    assert_eq!(bot.buttons_of(BOB).await.unwrap(), ["Cancel"], "his own he cannot approve");
}

#[tokio::test]
async fn the_same_wish_twice_is_one_deployment_and_another_supersedes_it() {
    let bot = Bot::start().await;
    let message = bot.utterance(ALICE, "/deploy production v2");
    bot.app.commands.hear(message.clone()).await;
    bot.app.commands.hear(message).await;
    bot.works().await;
    assert_eq!(bot.messages(), 1, "a repeated message is one request");
    let answer = bot.hears(ALICE, "/deploy production v2").await;
    assert!(answer.contains("v2 already waits for approval in production"), "{answer}");
    bot.hears(ALICE, "/deploy production v3").await;
    assert_eq!(bot.messages(), 2);
    assert!(bot.shows().contains("v3\nWaiting"), "{}", bot.shows());
}
