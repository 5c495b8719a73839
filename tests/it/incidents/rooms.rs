//! The place an incident has of its own, and what becomes of it where there is none.

use std::time::Duration;

use pilothouse::chat::RoomKind::{Channel, Chat, Thread};

use super::{hears_in, minutes, reads, with};
use crate::world::{BOB, Bot, CAROL};

const TEAM: &str = "2ab9c796-2902-45f8-b712-7c5a63cf41c4";

fn channels() -> String {
    with(&format!(r#"{{"place": "channel", "team": "{TEAM}", "archive": "2h"}}"#))
}

#[tokio::test]
async fn it_gets_a_channel_and_both_places_show_the_same_card() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel, Chat, Thread]);
    bot.hears(BOB, "/incident create \"nobody can pay\" --severity sev2").await;
    bot.hears(BOB, "/incident update \"looking\"").await;
    for conversation in ["deploys", "room-1"] {
        let (count, card) = bot.chat.told_in(conversation);
        assert_eq!(count, 1, "one message in {conversation}");
        let card = reads(&card);
        assert!(card.contains("bob, 09:15 UTC: looking"), "{card}");
        assert!(card.contains("Room: INC-1 nobody can pay"), "{card}");
        assert!(!card.contains("No channel"), "{card}");
    }
    let link = &bot.chat.newest()["actions"];
    assert!(link.to_string().contains("Open its channel"), "{link}");
    assert_eq!(bot.messages(), 2);
}

#[tokio::test]
async fn what_is_said_in_its_room_is_meant_for_it() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel]);
    bot.hears(BOB, "/incident create first").await;
    bot.hears(BOB, "/incident create second").await;
    hears_in(&bot, (CAROL, "room-2"), "/incident update \"said in the second\"").await;
    hears_in(&bot, (CAROL, "room-1;messageid=7"), "/incident resolve \"in a thread\"").await;
    let (_, first) = bot.chat.told_in("room-1");
    assert!(reads(&first).contains("Resolved by carol"), "{}", reads(&first));
    let (_, second) = bot.chat.told_in("room-2");
    assert!(reads(&second).contains("said in the second"), "{}", reads(&second));
    hears_in(&bot, (CAROL, "room-1"), "/incident reopen").await;
    let (_, first) = bot.chat.told_in("room-1");
    assert!(reads(&first).contains("open since"), "{}", reads(&first));
    hears_in(&bot, (CAROL, "room-11"), "/incident update \"said elsewhere\"").await;
    assert!(bot.reads().contains("Which incident do you mean?"), "room-11 is not room-1");
}

#[tokio::test]
async fn without_a_channel_a_chat_without_a_chat_a_thread_and_the_card_says_why() {
    for (kinds, room, why) in [
        (vec![Channel], "INC-1 slow", ""),
        (vec![Chat], "INC-1 slow", "No channel: this chat has none"),
        (vec![Thread], "the thread of this card", "No group chat: this chat has none"),
        (vec![], "none of its own: it is told here", "No thread: this chat has none"),
    ] {
        let bot = Bot::with(&channels()).await;
        bot.chat.has_rooms(&kinds);
        bot.hears(BOB, "/incident create slow").await;
        let card = reads(&bot.chat.told_in("deploys").1);
        assert!(card.contains(&format!("Room: {room}")), "{kinds:?}: {card}");
        assert!(card.contains(why), "{kinds:?}: {card}");
        let messages = if kinds.first().is_some_and(|kind| *kind != Thread) { 2 } else { 1 };
        assert_eq!(bot.messages(), messages, "{kinds:?}: a thread begins with the card itself");
    }
}

#[tokio::test]
async fn a_thread_is_its_room_too() {
    let bot = Bot::start().await;
    bot.chat.has_rooms(&[Thread]);
    bot.hears(BOB, "/incident create first").await;
    bot.hears(BOB, "/incident create second").await;
    hears_in(&bot, (BOB, "deploys;thread"), "/incident update \"here\"").await;
    let told = reads(&bot.chat.told_in("deploys").1);
    assert!(told.contains("bob, 09:15 UTC: here"), "{told}");
}

#[tokio::test]
async fn an_unclear_answer_is_asked_about_again_and_one_room_is_made() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel, Thread]);
    bot.chat.has_no_room_yet(3);
    bot.hears(BOB, "/incident create slow").await;
    assert!(bot.reads().contains("Room: a channel, being opened"), "{}", bot.reads());
    let bot = bot.restarts().await;
    bot.passes(minutes(1)).await;
    assert_eq!(bot.chat.rooms(), (1, 0));
    let card = reads(&bot.chat.told_in("room-1").1);
    assert!(card.contains("Room: INC-1 slow"), "{card}");
}

#[tokio::test]
async fn after_ten_minutes_without_an_answer_the_next_kind_will_do() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel, Thread]);
    bot.chat.has_no_room_yet(1000);
    bot.hears(BOB, "/incident create slow").await;
    bot.passes(minutes(9)).await;
    assert!(bot.reads().contains("being opened"), "{}", bot.reads());
    bot.passes(minutes(2)).await;
    let card = bot.reads();
    assert!(card.contains("No channel: the chat gave no clear answer"), "{card}");
    assert!(card.contains("Room: the thread of this card"), "{card}");
}

#[tokio::test]
async fn a_room_that_takes_no_card_yet_is_entered_a_little_later() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel]);
    bot.chat.keeps_rooms_closed(2);
    bot.hears(BOB, "/incident create slow").await;
    assert_eq!(bot.chat.told_in("room-1").0, 0);
    assert!(bot.reads().contains("being opened"), "{}", bot.reads());
    let bot = bot.restarts().await;
    bot.passes(Duration::from_secs(40)).await;
    assert_eq!((bot.chat.told_in("room-1").0, bot.chat.rooms()), (1, (1, 0)));
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel]);
    bot.chat.keeps_rooms_closed(1000);
    bot.hears(BOB, "/incident create slow").await;
    bot.passes(minutes(11)).await;
    let card = bot.reads();
    assert!(card.contains("No channel: one was made, but the bot may not write in it"), "{card}");
}

#[tokio::test]
async fn a_channel_is_put_away_when_it_has_been_over_for_long_enough() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel]);
    bot.hears(BOB, "/incident create slow").await;
    bot.hears(BOB, "/incident resolve").await;
    bot.clock.advance(minutes(119));
    bot.works().await;
    assert_eq!(bot.chat.rooms(), (1, 0));
    let bot = bot.restarts().await;
    bot.works().await;
    assert_eq!(bot.chat.rooms(), (1, 1));
    bot.hears(BOB, "/incident reopen 1").await;
    assert_eq!(bot.chat.rooms(), (1, 0), "it is taken out again");
    bot.clock.advance(minutes(600));
    bot.works().await;
    assert_eq!(bot.chat.rooms(), (1, 0), "an open one stays");
}

#[tokio::test]
async fn one_that_is_over_before_its_room_was_there_gets_none() {
    let bot = Bot::with(&channels()).await;
    bot.chat.has_rooms(&[Channel]);
    bot.is_told(BOB, "/incident create slow").await;
    bot.is_told(BOB, "/incident resolve \"false alarm\"").await;
    bot.works().await;
    assert_eq!((bot.chat.rooms(), bot.messages()), ((0, 0), 1));
    bot.hears(BOB, "/incident reopen 1").await;
    assert_eq!(bot.chat.rooms(), (1, 0));
}
