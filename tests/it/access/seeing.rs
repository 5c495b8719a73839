//! What is shown costs one question a person, however much there is to see.

use std::time::Duration;

use futures_util::future::join_all;

use super::{EVE, FRED, KEEPERS, MAKERS, buttons, hears, start};
use crate::world::{ALICE, Mood};

#[tokio::test]
async fn everybody_sees_their_own_buttons() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    directory.lets_in(FRED, MAKERS);
    bot.hears(ALICE, "/deploy production v2").await;
    assert_eq!(buttons(&bot, EVE).await.unwrap(), ["Approve", "Decline", "Cancel"]);
    assert_eq!(buttons(&bot, FRED).await, Some(vec![]));
    assert_eq!(buttons(&bot, "d0d").await, None, "whoever is in no group sees nothing");
}

#[tokio::test]
async fn looking_again_and_again_asks_once() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    for version in ["v2", "v3", "v4"] {
        bot.hears(ALICE, &format!("/deploy production {version}")).await;
    }
    for _ in 0..5 {
        bot.passes(Duration::from_secs(10)).await;
        assert!(buttons(&bot, EVE).await.is_some());
        assert!(hears(&bot, EVE, "/help").await.contains("You are: keeper."));
        assert!(hears(&bot, EVE, "/status").await.contains("checkout"));
        hears(&bot, EVE, "/mine").await;
    }
    assert_eq!(directory.asked().len(), 1, "{:?}", directory.asked());
}

#[tokio::test]
async fn many_cards_at_once_ask_once() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    directory.is(Mood::Slow(Duration::from_millis(300)));
    let all = join_all((0..50).map(|_| buttons(&bot, EVE))).await;
    assert!(all.iter().all(|seen| seen.as_ref().is_some_and(|all| all.len() == 3)), "{all:?}");
    assert_eq!(directory.asked().len(), 1);
}

#[tokio::test]
async fn a_press_waits_for_graph_once() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    bot.passes(Duration::from_secs(30)).await;
    let before = directory.asked().len();
    hears(&bot, EVE, &approve).await;
    assert_eq!(bot.pipeline.started(), 1);
    assert_eq!(directory.asked().len(), before + 1, "{:?}", directory.asked());
}
