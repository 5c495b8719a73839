//! The process ends in the middle of things, and the same end is reached all the same.

use std::time::Duration;

use pilothouse::pipelines::RunState;

use crate::world::{ALICE, Answers, BOB, Bot};

/// The whole road, cut before every step and after it.
#[tokio::test]
async fn a_bot_that_is_killed_anywhere_reaches_the_same_end() {
    for cut in 0..6 {
        let mut bot = Bot::start().await;
        bot.is_told(ALICE, "/deploy production v1").await;
        if cut == 0 {
            bot = bot.restarts().await;
        }
        bot.works().await;
        if cut == 1 {
            bot = bot.restarts().await;
            bot.works().await;
        }
        let approve = bot.says_button("Approve");
        bot.is_told(BOB, &approve).await;
        if cut == 2 {
            bot = bot.restarts().await;
        }
        bot.works().await;
        if cut == 3 {
            bot = bot.restarts().await;
        }
        bot.pipeline.finishes(RunState::Succeeded);
        bot.passes(Duration::from_secs(5)).await;
        if cut == 4 {
            bot = bot.restarts().await;
        }
        bot.passes(Duration::from_secs(20)).await;
        if cut == 5 {
            bot = bot.restarts().await;
        }
        bot.passes(Duration::from_mins(2)).await;
        assert!(bot.shows().contains("All health checks passing"), "cut {cut}: {}", bot.shows());
        assert_eq!(bot.pipeline.asked(), 1, "cut {cut}: the pipeline was asked once");
        assert_eq!(bot.messages(), 1, "cut {cut}: one deployment is one message");
    }
}

#[tokio::test]
async fn killed_between_asking_for_a_run_and_hearing_of_it() {
    let bot = Bot::start().await;
    bot.pipeline.answers(Answers::Lost);
    bot.hears(ALICE, "/deploy staging v1").await;
    let bot = bot.restarts().await;
    bot.passes(Duration::from_secs(30)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn rules_that_change_while_people_decide_are_asked_about_again() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v1").await;
    let two = crate::world::SERVICES.replace("\"approvals\": 1", "\"approvals\": 2");
    let bot = bot.restarts_with(&two).await;
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.asked(), 0);
    assert!(bot.reads().contains("the rules of the environment were changed"), "{}", bot.reads());
}
