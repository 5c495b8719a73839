//! Declaring, telling how it goes, leading, resolving.

use std::sync::Arc;

use futures_util::future::join_all;
use pilothouse::chat::{Listener, Reply, fill};

use super::{hears_mention, minutes};
use crate::world::{ALICE, BOB, Bot, CAROL, Database, MALLORY};

#[tokio::test]
async fn an_incident_is_one_message_from_its_first_word_to_its_last() {
    let bot = Bot::start().await;
    let said = "/incident create \"nobody can pay\" --severity sev2 --service checkout";
    bot.hears(BOB, said).await;
    assert_eq!(
        bot.shows(),
        "INC-1 · nobody can pay\nSEV2 · Investigating · open since 09:15 UTC\n\
         [Update] [Severity] [Take command] [Resolve] [Timeline]"
    );
    let card = bot.reads();
    for fact in ["Service: checkout", "Declared: by bob, 09:15 UTC", "Commander: bob"] {
        assert!(card.contains(fact), "`{fact}` is missing in\n{card}");
    }
    bot.passes(minutes(5)).await;
    bot.hears(BOB, "/incident update \"the database is full\" --status identified").await;
    assert!(bot.shows().contains("SEV2 · Identified · open since 09:15 UTC"), "{}", bot.shows());
    assert!(bot.reads().contains("bob, 09:20 UTC: the database is full"), "{}", bot.reads());
    bot.hears(CAROL, "/incident role scribe carol").await;
    assert!(bot.reads().contains("Scribe: carol"), "{}", bot.reads());
    bot.presses(CAROL, "Take command").await;
    assert!(bot.reads().contains("Commander: carol"), "{}", bot.reads());
    bot.passes(minutes(42)).await;
    bot.hears(CAROL, "/incident resolve \"made room\"").await;
    assert_eq!(
        bot.shows(),
        "INC-1 · nobody can pay\n\
         SEV2 · Resolved by carol at 10:02 UTC, after 47 min: made room\n\
         [Reopen] [Timeline] [Post-mortem]"
    );
    bot.presses(BOB, "Reopen").await;
    assert!(bot.shows().contains("Investigating · open since 09:15 UTC"), "{}", bot.shows());
    assert_eq!(bot.messages(), 1, "one incident is one message, edited in place");
    let audit = bot.audit().await;
    for row in [
        "bob incident_declare done",
        "bob incident_update done",
        "carol incident_role done",
        "carol incident_resolve done",
        "bob incident_reopen done",
    ] {
        assert!(audit.contains(&row.to_owned()), "`{row}` is missing in {audit:?}");
    }
}

#[tokio::test]
async fn what_is_typed_into_a_button_is_told() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow").await;
    let inputs = [("update", "it's \"fixed\" --severity sev1"), ("status", "monitoring")];
    let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    bot.hears(BOB, &fill(&bot.says_button("Post update"), &inputs)).await;
    assert!(bot.shows().contains("SEV3 · Monitoring"), "{}", bot.shows());
    assert!(bot.reads().contains(": it's \"fixed\" --severity sev1"), "{}", bot.reads());
    let inputs = [("severity".to_owned(), "sev1".to_owned())].into();
    bot.hears(BOB, &fill(&bot.says_button("Set severity"), &inputs)).await;
    assert!(bot.shows().contains("SEV1 · Monitoring"), "{}", bot.shows());
    let inputs = [("fix".to_owned(), String::new())].into();
    bot.hears(BOB, &fill(&bot.says_button("Mark as resolved"), &inputs)).await;
    assert!(bot.shows().contains("Resolved by bob"), "{}", bot.shows());
}

#[tokio::test]
async fn each_sees_the_buttons_that_are_theirs() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    let all = ["Update", "Severity", "Take command", "Resolve", "Timeline"];
    assert_eq!(bot.buttons_of(CAROL).await.unwrap(), all);
    let commander = ["Update", "Severity", "Resolve", "Timeline"];
    assert_eq!(bot.buttons_of(BOB).await.unwrap(), commander);
    assert_eq!(bot.buttons_of(ALICE).await.unwrap(), ["Timeline"], "she may look");
    assert_eq!(bot.buttons_of(MALLORY).await, None);
}

#[tokio::test]
async fn a_stranger_is_refused_and_so_is_who_may_only_look() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    let before = bot.reads();
    for said in [
        "/incident create \"mine\"",
        "/incident update \"all is well\"",
        "/incident role commander me",
        "/incident note \"ha\"",
        "/incident resolve",
        "/incident reopen INC-1",
    ] {
        for who in [ALICE, MALLORY] {
            let told = bot.hears(who, said).await;
            assert!(told.contains(&format!("{who} may not lead incidents of")), "{said}: {told}");
        }
    }
    let told = bot.hears(MALLORY, "/incident timeline 1").await;
    assert!(told.contains("mallory may not look at"), "{told}");
    assert_eq!(bot.messages(), 1);
    assert_eq!(bot.reads(), before, "nothing has changed");
    assert!(bot.hears(ALICE, "/incident").await.contains("INC-1 · slow"), "she may look");
}

#[tokio::test]
async fn with_several_open_the_one_that_is_meant_is_asked_for() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create \"first\"").await;
    bot.hears(BOB, "/incident create \"second\"").await;
    bot.hears(BOB, "/incident update \"both are bad\" --severity sev1").await;
    let card = bot.reads();
    assert!(card.contains("Which incident do you mean?"), "{card}");
    assert!(card.contains("Open are INC-1: first; INC-2: second."), "{card}");
    let inputs = [("incident", "INC-2"), ("update", "both are bad"), ("severity", "sev1")];
    let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let say = fill(&bot.says_button("That one"), &inputs);
    bot.hears(BOB, &say).await;
    bot.hears(BOB, "/incident").await;
    let list = bot.reads();
    assert!(list.contains("INC-2 · second\nSEV1 · Investigating"), "{list}");
    assert!(list.contains("INC-1 · first\nSEV3 · Investigating"), "{list}");
}

#[tokio::test]
async fn what_is_over_is_found_in_the_list_and_can_be_opened_again() {
    let bot = Bot::start().await;
    for number in 1..=6 {
        bot.hears(BOB, &format!("/incident create \"number {number}\"")).await;
        if number < 6 {
            bot.hears(BOB, &format!("/incident resolve --incident {number}")).await;
        }
    }
    let list = bot.hears(ALICE, "/incident").await;
    assert!(list.contains("One is open. Older ones: `/incident list --all`."), "{list}");
    assert!(list.contains("INC-6") && list.contains("INC-3") && !list.contains("INC-2"), "{list}");
    let list = bot.hears(ALICE, "/incident list --all").await;
    assert!(list.contains("INC-1 · number 1: SEV3 · Resolved by bob"), "{list}");
    bot.presses(ALICE, "Open INC-4").await;
    assert!(bot.shows().contains("INC-4 · number 4\nSEV3 · Resolved by bob"), "{}", bot.shows());
}

#[tokio::test]
async fn somebody_who_is_mentioned_is_found_by_who_they_are() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow").await;
    let people = [("Caroline Carter", "29:carol")];
    hears_mention(&bot, BOB, "/incident role scribe Caroline Carter", &people).await;
    assert!(bot.reads().contains("Scribe: carol"), "{}", bot.reads());
    // Whatever somebody calls themselves: it is the chat that says who they are.
    let people = [("bob", "29:mallory")];
    hears_mention(&bot, BOB, "/incident role communications bob", &people).await;
    assert!(bot.reads().contains("Communications: mallory"), "{}", bot.reads());
    let people = [("Zoe", "29:zoe")];
    let told = hears_mention(&bot, BOB, "/incident role scribe Zoe", &people).await;
    assert!(told.contains("Nobody called `Zoe` is in the configuration."), "{told}");
    let told = bot.hears(BOB, "/incident role scribe @Karol").await;
    assert!(told.contains("Nobody called `@Karol` is in the configuration."), "{told}");
    let told = bot.hears(BOB, "/incident role scribe caroll").await;
    assert!(told.contains("Did you mean `carol`?"), "{told}");
    let told = bot.hears(BOB, "/incident role commander alice").await;
    assert!(
        told.contains("alice may not lead incidents of"),
        "whoever leads must be able to: {told}"
    );
}

#[tokio::test]
async fn an_incident_outlives_the_process_between_any_two_words() {
    let bot = Bot::start().await;
    bot.is_told(BOB, "/incident create slow --severity sev2").await;
    let bot = bot.restarts().await;
    bot.works().await;
    assert!(bot.shows().contains("INC-1 · slow"), "{}", bot.shows());
    bot.is_told(BOB, "/incident update \"a fix is on its way\"").await;
    let bot = bot.restarts().await;
    bot.works().await;
    assert!(bot.reads().contains("a fix is on its way"), "{}", bot.reads());
    bot.is_told(CAROL, "/incident resolve").await;
    let bot = bot.restarts().await;
    bot.works().await;
    assert!(bot.shows().contains("Resolved by carol"), "{}", bot.shows());
    assert_eq!(bot.messages(), 1);
    bot.hears(BOB, "/incident create again").await;
    assert!(bot.shows().contains("INC-2 · again"), "a number is never given twice");
}

#[tokio::test]
async fn the_same_message_heard_twice_declares_one_incident() {
    let bot = Bot::start().await;
    let said = bot.utterance(BOB, "/incident create slow");
    for _ in 0..2 {
        let reply = bot.app.commands.hear(said.clone()).await;
        let Reply::Shown(subject) = reply else { panic!("{reply:?}") };
        assert_eq!(subject.to_string(), "incident/INC-1");
    }
    bot.works().await;
    bot.hears(BOB, "/incident create next").await;
    assert!(bot.shows().contains("INC-2 · next"), "{}", bot.shows());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_declares_at_once_on_every_replica_and_each_number_is_given_once() {
    let bot = Bot::start().await;
    let mut replicas = vec![bot.app.clone()];
    if Database::server().is_some() {
        for _ in 0..2 {
            replicas.push(bot.replica().await);
        }
    }
    let said: Vec<_> = (0..24)
        .map(|n| Arc::new(bot.utterance(BOB, &format!("/incident create \"number {n}\""))))
        .collect();
    // Each message is heard twice, by two replicas when there are several.
    let hearings = said.iter().enumerate().flat_map(|(n, said)| {
        [n, n + 1].map(|n| {
            let (app, said) = (replicas[n % replicas.len()].clone(), said.clone());
            tokio::spawn(async move { app.commands.hear((*said).clone()).await })
        })
    });
    let mut numbers = vec![];
    for reply in join_all(hearings).await {
        let Reply::Shown(subject) = reply.unwrap() else { panic!("refused") };
        numbers.push(subject.id);
    }
    for pair in numbers.chunks(2) {
        assert_eq!(pair[0], pair[1], "one message, one incident");
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 24, "one incident, one number: {numbers:?}");
    join_all(replicas.iter().map(|replica| replica.worker.run_due())).await;
    bot.works().await;
    assert_eq!(bot.messages(), 24);
    // Everybody takes command at once: each change is kept, none is lost.
    let presses = (0..12).map(|n| {
        let app = replicas[n % replicas.len()].clone();
        let said = format!("/incident note \"note {n}\" --incident 1");
        let said = bot.utterance(if n % 2 == 0 { BOB } else { CAROL }, &said);
        tokio::spawn(async move { app.commands.hear(said).await })
    });
    for reply in join_all(presses).await {
        assert!(matches!(reply.unwrap(), Reply::Text(_)), "a note was lost");
    }
    let one = bot.app.commands.incidents.find("INC-1".parse().unwrap()).await.unwrap();
    let events = bot.app.commands.incidents.events(one.number).await.unwrap();
    let notes = events.iter().filter(|(_, event)| format!("{event:?}").starts_with("Noted"));
    assert_eq!(notes.count(), 12);
}
