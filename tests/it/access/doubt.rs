//! Where nobody can tell who is in a group, it is a no, and said to be that.

use std::time::Duration;

use rstest::rstest;

use super::{EVE, FRED, KEEPERS, MAKERS, buttons, hears, start};
use crate::world::{ALICE, BOB, CAROL, Mood};

#[rstest]
#[case(Mood::Status(500), "Microsoft Graph gave no clear answer")]
#[case(Mood::Status(403), "does not let Pilothouse see who is in which group before it has the")]
#[case(Mood::Status(400), "Microsoft Graph refuses to tell")]
#[case(Mood::Status(429), "Microsoft Graph wants to be asked later")]
#[case(Mood::Garbage, "Microsoft Graph gave no clear answer")]
#[case(Mood::Slow(Duration::from_secs(20)), "Microsoft Graph did not answer in time")]
#[case(Mood::NoToken, "Pilothouse cannot sign in to Microsoft Graph")]
#[tokio::test]
async fn a_graph_in_trouble_is_a_no_that_says_so(#[case] mood: Mood, #[case] why: &str) {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    directory.is(mood);
    let told = hears(&bot, EVE, &approve).await;
    let begins =
        "Whether e0e may approve deployments of anything here cannot be told now, so it is a no: ";
    assert!(told.starts_with(begins) && told.contains(why), "{told}");
    assert!(
        told.ends_with("Try again in a minute. Ask bob, carol or somebody with the role keeper.")
    );
    assert!(!told.contains("everyone"), "what Graph says is for the log");
    assert_eq!(bot.pipeline.started(), 0);
    assert_eq!(buttons(&bot, EVE).await, None);

    // Whoever may by name does not need Graph.
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.started(), 1);
}

#[tokio::test]
async fn it_works_again_when_graph_does() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, MAKERS);
    directory.is(Mood::Status(503));
    assert!(hears(&bot, EVE, "/deploy staging v2").await.contains("cannot be told now"));
    let asked = directory.asked().len();
    directory.is(Mood::Well);
    assert!(hears(&bot, EVE, "/deploy staging v2").await.contains("cannot be told now"));
    assert_eq!(directory.asked().len(), asked, "a Graph in trouble is left alone for a moment");
    bot.passes(Duration::from_secs(5)).await;
    assert_eq!(hears(&bot, EVE, "/deploy staging v2").await, "");
}

#[tokio::test]
async fn what_was_known_lately_is_good_enough_to_look() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert!(buttons(&bot, EVE).await.is_some());
    directory.is(Mood::Status(500));
    bot.passes(Duration::from_secs(10)).await;
    assert!(hears(&bot, EVE, &approve).await.contains("cannot be told now"));
    assert!(buttons(&bot, EVE).await.is_some());
    bot.passes(Duration::from_mins(5)).await;
    assert_eq!(buttons(&bot, EVE).await, None);
}

#[tokio::test]
async fn help_says_that_there_may_be_more() {
    let (bot, directory) = start().await;
    directory.is(Mood::Status(500));
    let told = hears(&bot, EVE, "/help").await;
    assert!(told.contains("You have no role here by name."), "{told}");
    assert!(told.contains("Which roles your groups give you cannot be told now"), "{told}");
}

#[tokio::test]
async fn nothing_starts_and_nobody_loses_anything_while_graph_is_down() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    directory.lets_in(FRED, MAKERS);
    bot.hears(CAROL, "/lock production the sale").await;
    hears(&bot, FRED, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert_eq!(hears(&bot, EVE, &approve).await, "");
    directory.is(Mood::Status(500));
    bot.passes(Duration::from_secs(10)).await;
    bot.hears(CAROL, "/unlock production").await;
    bot.passes(Duration::from_mins(2)).await;
    assert_eq!(bot.pipeline.started(), 0);
    let bot = bot.restarts().await;
    directory.is(Mood::Well);
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(bot.pipeline.started(), 1, "{}", bot.shows_of("deployment"));
}
