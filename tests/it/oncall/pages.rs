//! `/page`: somebody is called until somebody answers, and whoever asks sees whether it arrived.

use std::time::Duration;

use serde_json::Value;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::told::with;
use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY, Trouble, gist, texts};

fn rota(people: &str) -> String {
    format!(r#"{{"kind": "rota", "people": [{people}], "start": "2025-01-01"}}"#)
}

/// Two levels: alice, then bob and nobody else.
fn two(page: &str) -> String {
    let levels = [rota("\"alice\""), rota("\"carol\"")].join(",");
    with(&format!(
        r#"{{"primary": {{"services": ["checkout"], "time_zone": "UTC", "escalate_after": "5m",
            "levels": [{levels}]{page}}}}}"#
    ))
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

#[tokio::test]
async fn a_page_reaches_whoever_is_on_call_and_both_cards_say_who_is_on_it() {
    let bot = Bot::with(&two("")).await;
    bot.hears(BOB, "/page primary \"checkout is slow\"").await;
    assert_eq!(bot.shows_of("page"), "Page to primary\nWaiting for an answer.\n[I am on it]");
    let card = bot.reads_of("page");
    assert!(card.contains("checkout is slow\nLevel 1: alice: delivered 09:15 UTC"), "{card}");
    assert!(
        card.contains("When nobody answers until 09:20 UTC, the next level is called."),
        "{card}"
    );
    let calls = bot.chat.alone_with(ALICE);
    assert_eq!(calls.len(), 1);
    assert_eq!(
        gist(&calls[0]),
        "bob pages primary\nYou are called. Say that you are on it.\n[I am on it]"
    );
    let say = calls[0]["actions"][0]["data"]["say"].as_str().unwrap().to_owned();
    bot.hears(ALICE, &say).await;
    assert_eq!(bot.shows_of("page"), "Page to primary\nalice is on it, 09:15 UTC.");
    let calls = bot.chat.alone_with(ALICE);
    assert_eq!(calls.len(), 1, "the same message, edited in place");
    assert_eq!(gist(&calls[0]), "bob pages primary\nalice is on it, 09:15 UTC.");
    bot.passes(minutes(10)).await;
    assert!(bot.chat.alone_with(CAROL).is_empty(), "the next level is left alone");
    assert_eq!(
        bot.audit().await,
        [
            "bob page done",
            "Pilothouse page_called done",
            "Pilothouse page_delivered done",
            "alice page_answered done",
        ]
    );
}

#[tokio::test]
async fn when_nobody_answers_the_next_level_is_called_and_then_it_is_said() {
    let bot = Bot::with(&two("")).await;
    bot.hears(BOB, "/page primary help").await;
    bot.passes(minutes(4)).await;
    assert!(bot.chat.alone_with(CAROL).is_empty());
    bot.passes(minutes(1)).await;
    assert_eq!(bot.chat.alone_with(CAROL).len(), 1);
    let card = bot.reads_of("page");
    assert!(card.contains("Level 2: carol: delivered 09:20 UTC"), "{card}");
    bot.passes(minutes(6)).await;
    assert_eq!(
        bot.shows_of("page"),
        "Page to primary\nNobody has answered, and nobody is left to be called.\n[I am on it]"
    );
    assert_eq!(bot.chat.alone_with(ALICE).len() + bot.chat.alone_with(CAROL).len(), 2);
    let late =
        bot.chat.alone_with(CAROL)[0]["actions"][0]["data"]["say"].as_str().unwrap().to_owned();
    bot.hears(CAROL, &late).await;
    assert!(bot.shows_of("page").contains("carol is on it, 09:26 UTC."), "late is not never");
    let told = bot.hears(ALICE, &late).await;
    assert_eq!(told, "carol is already on it, since 09:26 UTC");
}

#[tokio::test]
async fn killed_between_any_two_steps_it_calls_everybody_once() {
    for cut in 0..4 {
        let mut bot = Bot::with(&two("")).await;
        bot.is_told(BOB, "/page primary help").await;
        if cut == 0 {
            bot = bot.restarts().await;
        }
        bot.works().await;
        if cut == 1 {
            bot = bot.restarts().await;
        }
        bot.passes(minutes(3)).await;
        if cut == 2 {
            bot = bot.restarts().await;
        }
        bot.passes(minutes(4)).await;
        if cut == 3 {
            bot = bot.restarts().await;
        }
        bot.works().await;
        assert_eq!(bot.chat.alone_with(ALICE).len(), 1, "cut {cut}");
        assert_eq!(bot.chat.alone_with(CAROL).len(), 1, "cut {cut}");
        assert!(bot.reads_of("page").contains("Level 2: carol: delivered"), "cut {cut}");
    }
}

#[tokio::test]
async fn the_card_says_why_it_has_not_arrived_and_that_it_is_tried_again() {
    let bot = Bot::with(&two("")).await;
    bot.chat.fails(&[Trouble::Busy]);
    bot.hears(BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains("Not delivered yet."), "{card}");
    assert!(
        card.contains("alice: not delivered yet (too much at once); tried again at 09:15"),
        "{card}"
    );
    bot.passes(minutes(1)).await;
    assert!(
        bot.reads_of("page").contains("alice: delivered 09:15 UTC"),
        "{}",
        bot.reads_of("page")
    );
    assert_eq!(bot.chat.alone_with(ALICE).len(), 1);
}

#[tokio::test]
async fn whoever_can_never_be_reached_is_not_waited_for() {
    let bot = Bot::with(&two("")).await;
    bot.chat.fails(&[Trouble::Gone]);
    bot.hears(BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains("Level 1: alice: failed: they threw the bot out"), "{card}");
    assert!(card.contains("Level 2: carol: delivered 09:15 UTC"), "the next level at once: {card}");
    bot.chat.fails(&[Trouble::Gone, Trouble::Gone]);
    bot.hears(BOB, "/page primary again").await;
    let card = bot.reads_of("page");
    assert!(card.contains("Nobody could be reached, and nobody is left to be called."), "{card}");
}

#[tokio::test]
async fn a_message_that_may_have_arrived_is_sent_once_more_and_said_so() {
    let bot = Bot::with(&two("")).await;
    bot.chat.fails(&[Trouble::Lost]);
    bot.hears(BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains("alice: perhaps delivered (no clear answer: time ran out)"), "{card}");
    bot.passes(minutes(1)).await;
    let card = bot.reads_of("page");
    assert!(
        card.contains("alice: delivered 09:15 UTC, sent twice: the first may have arrived"),
        "{card}"
    );
    assert_eq!(bot.chat.alone_with(ALICE).len(), 2);
    bot.chat.fails(&[Trouble::Lost, Trouble::Lost, Trouble::Lost]);
    bot.hears(BOB, "/page primary again").await;
    bot.passes(minutes(2)).await;
    let card = bot.reads_of("page");
    assert!(card.contains("alice: perhaps delivered, nobody knows"), "{card}");
    assert_eq!(bot.chat.alone_with(ALICE).len(), 4, "never a third time");
}

#[tokio::test]
async fn a_person_can_be_paged_and_the_same_words_twice_are_one_page() {
    let bot = Bot::with(&two("")).await;
    bot.hears(BOB, "/page carol can you look at this?").await;
    assert_eq!(bot.chat.alone_with(CAROL).len(), 1);
    bot.hears(BOB, "/page carol can you look at this?").await;
    assert_eq!(bot.chat.alone_with(CAROL).len(), 1, "a second click calls nobody again");
    bot.hears(BOB, "/page carol and at that?").await;
    assert_eq!(bot.chat.alone_with(CAROL).len(), 2);
    bot.passes(minutes(6)).await;
    assert!(bot.shows_of("page").contains("Nobody has answered"), "{}", bot.shows_of("page"));
}

#[tokio::test]
async fn nobody_on_call_is_said_at_once() {
    let bot = Bot::with(&with(
        r#"{"primary": {"time_zone": "UTC", "levels":
            [{"kind": "rota", "people": ["alice"], "start": "2030-01-01"}]}}"#,
    ))
    .await;
    bot.hears(BOB, "/page primary help").await;
    assert_eq!(
        bot.shows_of("page"),
        "Page to primary\nNobody is on call there, so nobody was called.\n[I am on it]"
    );
}

#[tokio::test]
async fn a_stranger_may_neither_page_nor_answer() {
    let bot = Bot::with(&two("")).await;
    let told = bot.hears(MALLORY, "/page primary wake up").await;
    assert!(told.contains("mallory may not page people about"), "{told}");
    let told = bot.hears(ALICE, "/page primary wake up").await;
    assert!(told.contains("alice may not page people about"), "{told}");
    bot.hears(BOB, "/page primary help").await;
    let say =
        bot.chat.alone_with(ALICE)[0]["actions"][0]["data"]["say"].as_str().unwrap().to_owned();
    let told = bot.hears(MALLORY, &say).await;
    assert!(told.contains("mallory was not called by this page"), "{told}");
    assert!(bot.audit().await.contains(&"mallory page ack refused".to_owned()));
    assert!(bot.shows_of("page").contains("Waiting for an answer."));
    let told = bot.hears(BOB, "/page ack 12345678").await;
    assert_eq!(told, "There is no page 12345678. Its number is on its card");
    let told = bot.hears(BOB, "/page primray help").await;
    assert!(told.contains("nobody called `primray`. Did you mean `primary`?"), "{told}");
}

#[tokio::test]
async fn hostile_words_come_out_as_plain_text() {
    let bot = Bot::with(&two("")).await;
    let words = "**@everyone** [x](https://evil.example) <at>bob</at> {{DATE(2026-01-01T00:00:00Z)}} \\\\ } \u{202e}";
    bot.hears(BOB, &format!("/page primary \"{words}\"")).await;
    for card in [bot.chat.newest_of("page").unwrap(), bot.chat.alone_with(ALICE).remove(0)] {
        let text = card.to_string();
        assert!(!text.contains("<at>") && !text.contains("](https"), "{text}");
        assert!(!text.contains('\u{202e}') && !text.contains("\"**@everyone**"), "{text}");
        assert!(texts(&card).join("\n").contains("@everyone"), "{text}");
    }
}

const SECRET: &str = "a-secret-of-the-webhook";

async fn hooked(server: &MockServer) -> (Bot, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let page = format!(
        r#", "page": {{"kind": "webhook", "url": "{}/hook", "secret": "file:{}"}}"#,
        server.uri(),
        file.display()
    );
    (Bot::with(&two(&page)).await, folder)
}

#[tokio::test]
async fn another_program_is_told_signed_and_with_a_key_that_stays_the_same() {
    let server = MockServer::start().await;
    let hook = || Mock::given(method("POST")).and(path("/hook"));
    hook().respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&server).await;
    hook().respond_with(ResponseTemplate::new(202)).mount(&server).await;
    let (bot, _folder) = hooked(&server).await;
    bot.hears(BOB, "/page primary \"it is \\\"down\\\"\"").await;
    bot.passes(minutes(1)).await;
    let card = bot.reads_of("page");
    assert!(card.contains("alice: delivered 09:15 UTC, sent twice"), "{card}");
    let asked: Vec<Request> = server.received_requests().await.unwrap();
    assert_eq!(asked.len(), 2, "a server that failed may have taken it: once more, under one key");
    let header = |n: usize, name: &str| asked[n].headers[name].to_str().unwrap().to_owned();
    assert_eq!(header(0, "idempotency-key"), header(1, "idempotency-key"));
    let body: Value = serde_json::from_slice(&asked[1].body).unwrap();
    assert_eq!(body["person"], "alice");
    assert_eq!(body["message"], "it is \"down\"");
    assert_eq!(body["level"], 1);
    let signed = format!(
        "{}.{}",
        header(1, "x-pilothouse-timestamp"),
        String::from_utf8_lossy(&asked[1].body)
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    let hex = pilothouse::names::hex(tag.as_ref());
    assert_eq!(header(1, "x-pilothouse-signature"), format!("v1={hex}"));
    bot.hears(ALICE, body["answer"].as_str().unwrap()).await;
    assert!(bot.shows_of("page").contains("alice is on it"), "whoever was called may answer");
}

#[tokio::test]
async fn a_program_that_says_no_or_is_not_there_is_told_of() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(401).set_body_string("who are you?"))
        .mount(&server)
        .await;
    let (bot, folder) = hooked(&server).await;
    bot.hears(BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains("alice: failed: refused with status 401: who are you?"), "{card}");
    assert!(card.contains("carol: failed"), "{card}");
    let page =
        r#", "page": {"kind": "webhook", "url": "http://127.0.0.1:1/", "secret": "file:/none"}"#;
    let bot = Bot::with(&two(page)).await;
    bot.hears(BOB, "/page primary again").await;
    let card = bot.reads_of("page");
    assert!(
        card.contains("alice: not delivered yet (the secret file /none cannot be read"),
        "{card}"
    );
    let page =
        page.replace("file:/none", &format!("file:{}", folder.path().join("secret").display()));
    let bot = Bot::with(&two(&page)).await;
    bot.hears(BOB, "/page primary again").await;
    let card = bot.reads_of("page");
    assert!(card.contains("alice: not delivered yet (the server could not be reached"), "{card}");
}

#[tokio::test]
async fn an_incident_tells_who_was_called_and_who_answered_and_not_how_it_got_there() {
    let bot = Bot::with(&two("")).await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    bot.hears(BOB, "/page primary \"checkout is slow\"").await;
    bot.passes(minutes(6)).await;
    let calls = bot.chat.alone_with(CAROL);
    let say = calls[0]["actions"][0]["data"]["say"].as_str().unwrap().to_owned();
    bot.hears(CAROL, &say).await;
    let told = bot.hears(BOB, "/incident timeline").await;
    for moment in [
        "bob paged primary: checkout is slow",
        "Pilothouse called the next level, as nobody had answered",
        "carol answered the page to primary",
    ] {
        assert!(told.contains(moment), "`{moment}` is not told in\n{told}");
    }
    assert!(!told.contains("delivered") && !told.contains("page called"), "{told}");
}
