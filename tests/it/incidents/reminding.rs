//! The commander is reminded to tell how it goes.

use super::{minutes, with};
use crate::world::{BOB, Bot, CAROL};

#[tokio::test]
async fn after_too_much_silence_the_commander_is_reminded_in_one_message() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create \"nobody can pay\" --severity sev1").await;
    bot.clock.advance(minutes(29));
    bot.works().await;
    assert_eq!(bot.messages(), 1);
    bot.clock.advance(minutes(1));
    bot.works().await;
    assert_eq!(
        bot.shows(),
        "INC-1 · nobody can pay\n\
         For bob: Nobody has told how it goes for 30 min. Say what is known, even if it is that \
         nothing is new.\n[Update]"
    );
    assert_eq!(bot.messages(), 2);
    bot.hears(BOB, "/incident show 1").await;
    assert!(bot.reads().contains("Nobody has told how it goes for 30 min."), "{}", bot.reads());
    let bot = bot.restarts().await;
    bot.clock.advance(minutes(30));
    bot.works().await;
    assert_eq!(bot.messages(), 3, "the same message (and the card that was shown again)");
    let told = bot.chat.told_in("deploys");
    assert_eq!(told.0, 2);
    let told = super::reads(&told.1);
    assert!(told.contains("for 1 h"), "{told}");
    bot.hears(BOB, "/incident update \"the pump is being replaced\"").await;
    let told = super::reads(&bot.chat.told_in("deploys").1);
    assert!(told.contains("It was told how it goes"), "{told}");
    assert!(bot.audit().await.contains(&"Pilothouse incident_remind done".to_owned()));
}

#[tokio::test]
async fn an_update_puts_the_reminder_off_and_the_end_ends_it() {
    let bot = Bot::with(&with(r#"{"remind": {"sev1": "10m", "sev2": "20m"}}"#)).await;
    bot.hears(BOB, "/incident create slow --severity sev2").await;
    bot.clock.advance(minutes(15));
    bot.hears(CAROL, "/incident update \"still slow\"").await;
    bot.clock.advance(minutes(15));
    bot.works().await;
    assert_eq!(bot.messages(), 1);
    bot.hears(BOB, "/incident update --severity sev1").await;
    bot.clock.advance(minutes(10));
    bot.works().await;
    assert_eq!(bot.messages(), 2, "what is worse is asked about sooner");
    bot.hears(BOB, "/incident resolve").await;
    assert!(bot.reads().contains("Resolved by bob."), "{}", bot.reads());
    bot.clock.advance(minutes(600));
    bot.works().await;
    assert_eq!(bot.messages(), 2);
}

#[tokio::test]
async fn what_is_not_that_bad_is_left_alone_until_it_is() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow --severity sev3").await;
    bot.clock.advance(minutes(600));
    bot.works().await;
    assert_eq!(bot.messages(), 1);
    bot.hears(BOB, "/incident update --severity sev1").await;
    bot.clock.advance(minutes(30));
    bot.works().await;
    assert_eq!(bot.messages(), 2);
}
