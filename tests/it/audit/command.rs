//! `/audit`: what people read of it.

use std::{sync::Arc, time::Duration};

use pilothouse::{
    access::{self, Access, Actor},
    audit::{self, Entry, Outcome},
    chat::{Listener, Reply},
    commands::Commands,
    names::PersonId,
    pipelines::RunState,
};

use super::Chain;
use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY};

/// What each row of the newest card says, without its time.
fn rows(bot: &Bot) -> Vec<String> {
    let card = bot.chat.newest();
    let rows = card["body"].as_array().unwrap().iter().filter_map(|part| part["items"].as_array());
    let plain = |part: &serde_json::Value| part["text"].as_str().unwrap().replace('\\', "");
    rows.map(|items| items.iter().map(plain).collect::<Vec<_>>().join(" | ")).collect()
}

fn id_of(bot: &Bot) -> String {
    bot.chat.newest_subject().id
}

#[tokio::test]
async fn who_did_what_when_and_how_it_ended_newest_first() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2 --reason \"fixes the basket\"").await;
    let approve = bot.says_button("Approve");
    let id = id_of(&bot);
    bot.clock.advance(Duration::from_mins(1));
    bot.hears(ALICE, &approve).await;
    bot.hears(BOB, &approve).await;
    bot.hears(BOB, "/audit").await;
    let rows = rows(&bot);
    assert_eq!(
        rows[rows.len() - 2],
        format!(
            "approve: refused | alice (console:alice), 2025-10-09 09:16:00 UTC | checkout in \
             production, deployment {id} · row 2 | answer: alice may not approve deployments of \
             anything here. Ask bob or carol. · said: {approve}"
        )
    );
    assert!(
        rows[rows.len() - 1]
            .starts_with("deploy: done | alice (console:alice), 2025-10-09 09:15:00 UTC")
    );
    assert!(rows[rows.len() - 3].starts_with("approve: done | bob (entra:t:b0b)"), "{rows:#?}");
}

#[tokio::test]
async fn it_is_narrowed_down_by_what_is_named() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    let id = id_of(&bot);
    bot.hears(CAROL, "/lock staging the sale is on").await;
    bot.hears(MALLORY, &format!("/cancel {id}")).await;
    for (said, expected) in [
        ("/audit production", vec!["cancel: refused", "deploy: done"]),
        ("/audit checkout staging", vec!["lock: done"]),
        ("/audit carol", vec!["lock: done"]),
        ("/audit Mallory", vec!["cancel: refused"]),
        (&format!("/audit {id}"), vec!["cancel: refused", "deploy: done"]),
        (&format!("/audit deployment/{id} alice"), vec!["deploy: done"]),
        ("/audit staging alice", vec![]),
    ] {
        bot.hears(BOB, said).await;
        let rows = rows(&bot);
        let begins: Vec<&str> = rows.iter().map(|row| row.split(" | ").next().unwrap()).collect();
        assert_eq!(begins, expected, "{said}");
    }
    assert!(bot.reads().contains("Nothing is written down about that."), "{}", bot.reads());
    bot.clock.advance(Duration::from_hours(24));
    bot.hears(CAROL, "/unlock staging").await;
    bot.hears(BOB, "/audit checkout staging --since 2h").await;
    assert_eq!(rows(&bot).len(), 1, "{}", bot.reads());
    assert!(
        bot.reads().contains("The audit of checkout in staging, the last 2 h"),
        "{}",
        bot.reads()
    );
}

#[tokio::test]
async fn it_comes_in_pages_and_the_button_says_the_next_one() {
    let bot = Bot::start().await;
    for number in 0..25 {
        bot.is_told(CAROL, &format!("/lock staging number {number}")).await;
    }
    bot.works().await;
    bot.hears(BOB, "/audit checkout --last 10 --since 7d").await;
    assert_eq!(bot.says_button("Older"), "/audit checkout --since 7d --last 10 --before 16");
    let (mut seen, mut pages) = (rows(&bot), 1);
    while bot.chat.newest()["actions"].to_string().contains("Older") {
        bot.presses(BOB, "Older").await;
        seen.extend(rows(&bot));
        pages += 1;
    }
    assert_eq!((seen.len(), pages), (25, 3));
    for (index, row) in seen.iter().enumerate() {
        assert!(row.contains(&format!("row {} |", 25 - index)), "{row}");
        assert!(row.contains(&format!("reason: number {}", 24 - index)), "{row}");
    }
    assert_eq!(bot.says_button("Newest"), "/audit checkout --since 7d --last 10");
    bot.hears(BOB, "/audit --last 100000").await;
    assert_eq!(rows(&bot).len(), 20, "no more fit into a message");
}

#[tokio::test]
async fn an_unknown_word_gets_the_nearest_name_and_a_slip_one_sentence() {
    let bot = Bot::start().await;
    for (said, answer) in [
        ("/audit chekout", "is called `chekout`. Did you mean `checkout`?"),
        ("/audit prodution", "Did you mean `production`?"),
        ("/audit alcie", "Did you mean `alice`?"),
        ("/audit 12345678", "Name a service, an environment, a person, or the number of"),
        ("/audit checkout checkout", "`checkout` is one too many"),
        ("/audit alice bob", "`bob` is one too many"),
        ("/audit --since yesterday", "is not a length of time: write it like `90s`"),
        ("/audit --since 0s", "say `--since 2h` or `--since 7d`"),
        ("/audit --last many", "Say it like this: `/audit ["),
        ("/audit --bfore 7", "Did you mean `--before`?"),
    ] {
        let told = bot.hears(BOB, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
}

#[tokio::test]
async fn a_stranger_and_whoever_has_not_the_right_get_nothing() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    let cards = bot.messages();
    for who in [MALLORY, ALICE] {
        for said in ["/audit", "/audit checkout", "/audit alice --last 20 --before 99"] {
            let told = bot.hears(who, said).await;
            assert!(told.contains("may not read the audit of anything here"), "{told}");
        }
    }
    assert_eq!(bot.messages(), cards);
    bot.hears(BOB, "/audit mallory").await;
    assert_eq!(rows(&bot).len(), 3, "and that they asked is written down");
}

#[tokio::test]
async fn hostile_words_come_out_as_plain_text() {
    let bot = Bot::start().await;
    let hostile = "[click](https://evil.example) <at>everyone</at> **x** {{7*7}} \u{202e}evil \
                   \",\"type\":\" \u{0}\u{7}end";
    bot.hears(CAROL, &format!("/lock staging {hostile}")).await;
    // Refused, with the same words once more.
    bot.hears(CAROL, &format!("/rollback staging {hostile}")).await;
    let told = bot.hears(BOB, "/audit").await;
    let card = bot.chat.newest();
    let drawn = card.to_string();
    assert!(!drawn.contains("](https://evil") && !drawn.contains("<at>"), "{drawn}");
    assert!(!drawn.contains('\u{202e}') && !drawn.contains("\\u0007"), "{drawn}");
    let rows = rows(&bot);
    assert_eq!(rows.len(), 2, "{told}");
    for row in rows {
        assert!(row.contains("[click](https://evil.example)") && row.contains("{{7*7}}"), "{row}");
    }
}

#[tokio::test]
async fn a_name_of_a_hundred_thousand_letters_is_cut_and_a_stranger_is_found_by_id() {
    let bot = Bot::start().await;
    let actor = Actor {
        id: PersonId::entra("7b0e4c9d", "0bad1d"),
        name: format!("x\u{0}*{}", "y".repeat(100_000)),
    };
    let message = pilothouse::chat::Incoming { actor, ..bot.utterance("x", "/deploy staging v1") };
    bot.app.commands.hear(message).await;
    bot.hears(BOB, "/audit 0bad1d").await;
    let rows = rows(&bot);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("(entra:7b0e4c9d:0bad1d)") && rows[0].len() < 800, "{}", rows[0]);
}

/// Carol may audit only what the grant covers.
fn limited_to(bot: &Bot, grant: &str) -> Commands {
    let role = format!(r#"{{"auditor": {{"people": ["carol"], "may": [{grant}]}}}}"#);
    let access = access::Settings {
        people: serde_json::from_str(r#"{"carol": {"console": "carol"}}"#).unwrap(),
        roles: serde_json::from_str(&role).unwrap(),
        tenant: None,
    };
    Commands { access: Arc::new(Access::new(&access)), ..(*bot.app.commands).clone() }
}

#[tokio::test]
async fn whoever_may_audit_one_environment_reads_of_that_one() {
    let chain = Chain::of_ten().await; // In staging: even rows about checkout, odd ones about shop.
    let bot = &chain.bot;
    bot.hears(MALLORY, "/deploy production v9").await; // Concerns no place: refused before it was read.
    let asks = async |grant: &str, text: &str| {
        let commands = limited_to(bot, grant);
        match commands.hear(bot.utterance(CAROL, text)).await {
            Reply::Card(card) => bot.chat.draw(&card),
            Reply::Refused(told) => return told,
            _ => panic!("no answer"),
        }
        String::new()
    };
    let grant = r#"{"do": ["audit"], "services": ["checkout"], "environments": ["staging"]}"#;
    asks(grant, "/audit").await;
    let seen = rows(bot);
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(seen.iter().all(|row| row.contains("checkout in staging")), "{seen:?}");
    assert!(bot.reads().contains("is left out"), "{}", bot.reads());
    let told = asks(grant, "/audit production").await;
    assert!(told.contains("may not read the audit of production"), "{told}");
    asks(grant, "/audit alice --last 2").await;
    assert!(rows(bot)[1].contains("row 8"), "{:?}", rows(bot));
    asks(grant, "/audit alice --last 2 --before 8").await;
    assert!(rows(bot)[0].contains("row 6"), "{:?}", rows(bot));
    asks(r#"{"do": ["audit"]}"#, "/audit --last 20").await;
    assert!(rows(bot)[0].starts_with("audit: refused"), "whoever may everywhere reads all");
    assert_eq!(rows(bot).len(), 12);
}

#[tokio::test]
async fn whoever_reads_little_of_much_is_led_on_page_by_page() {
    let chain = Chain::of_ten().await;
    let (bot, now) = (&chain.bot, chain.bot.clock.now());
    let mut tx = chain.db().begin().await.unwrap();
    for _ in 0..6000 {
        let entry =
            Entry { service: "other".parse().ok(), outcome: Outcome::Done, ..super::entry(1, now) };
        audit::note(&mut tx, chain.db().dialect(), &entry).await.unwrap();
    }
    tx.commit().await.unwrap();
    let grant = r#"{"do": ["audit"], "services": ["checkout"]}"#;
    let commands = limited_to(bot, grant);
    let mut say = "/audit".to_owned();
    let mut presses = 0;
    loop {
        let Reply::Card(card) = commands.hear(bot.utterance(CAROL, &say)).await else {
            panic!("no card")
        };
        bot.chat.draw(&card);
        if !rows(bot).is_empty() {
            break;
        }
        assert!(bot.reads().contains("there are older ones"), "{}", bot.reads());
        say = bot.says_button("Older");
        presses += 1;
    }
    assert_eq!((rows(bot).len(), presses), (5, 1));
}

#[tokio::test]
async fn what_the_worker_does_is_there_too() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(Duration::from_mins(3)).await;
    bot.hears(BOB, "/audit staging --last 20").await;
    let rows = rows(&bot);
    assert!(rows[0].starts_with("ended: done | Pilothouse (bot), 2025-10-09"), "{rows:#?}");
    assert!(rows.iter().any(|row| row.starts_with("run started: done")), "{rows:#?}");
}

#[tokio::test]
async fn an_incident_is_found_by_its_number() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    bot.hears(BOB, "/audit INC-1").await;
    let rows = rows(&bot);
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("incident INC-1")), "{rows:?}");
}
