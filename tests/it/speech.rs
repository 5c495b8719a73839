//! What people can say, and what they are told when they say it wrong.

use crate::world::{ALICE, BOB, Bot, MALLORY};

#[tokio::test]
async fn every_slip_gets_one_sentence_that_says_what_to_say_instead() {
    let bot = Bot::start().await;
    for (said, answer) in [
        ("/dploy staging v1", "I do not know `/dploy`. Did you mean `/deploy`? `/help` lists"),
        ("hello there", "I do not know `/hello`."),
        (
            "/deploy prodution v1",
            "checkout has no environment `prodution`. Did you mean `production`?",
        ),
        ("/deploy moon v1", "checkout has no environment `moon`. There are: production, staging."),
        (
            "/deploy staging v1 --service chekout",
            "There is no service `chekout`. Did you mean `checkout`?",
        ),
        (
            "/deploy staging v1 --servce checkout",
            "Did you mean `--service`? Say it like this: `/deploy <",
        ),
        ("/deploy staging v1 v2", "`v2` is one word too many here."),
        ("/deploy staging ../../etc", "`../../etc` is not a valid version"),
        (
            "/deploy staging v503",
            "The pipeline `pretend` could not say what `v503` is: its server answered 503. Nothing \
             was changed.",
        ),
        ("/deploy staging v404", "There is no version `v404`. Did you mean `v4.0.4`?"),
        ("/deploy staging v1 --reason", "is missing"),
        ("/deploy staging \"v1", "A quote (\") is opened and never closed."),
        ("/approve 12345678 --plan abcd1234", "There is no deployment 12345678"),
        ("/cancel", "Nothing is waiting for that from you now."),
        ("/help deplyo", "Did you mean `/deploy`?"),
    ] {
        let who = if said.starts_with("/approve") { BOB } else { ALICE };
        let told = bot.hears(who, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    assert_eq!(bot.pipeline.asked(), 0, "none of it did anything");
}

#[tokio::test]
async fn a_stranger_may_nothing_whatever_they_say() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v1").await;
    let before = bot.audit().await.len();
    for about in pilothouse::commands::about() {
        let id = bot.chat.newest_subject().id;
        for said in [
            format!("/{}", about.name),
            format!("/{} production v2", about.name),
            format!("/{} {id} --plan aaaaaaaa", about.name),
            format!("/{} {id}", about.name),
        ] {
            bot.is_told(MALLORY, &said).await;
        }
    }
    bot.works().await;
    assert!(bot.buttons_of(ALICE).await.is_some(), "alice's request still waits");
    assert_eq!(bot.pipeline.asked(), 0);
    let audit = bot.audit().await;
    assert!(audit.len() > before, "refusals are written down");
    for row in &audit[before..] {
        assert!(row.starts_with("mallory") && row.ends_with("refused"), "{row}");
    }
}

#[tokio::test]
async fn with_something_missing_a_form_asks_for_it() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production").await;
    let card = bot.chat.newest();
    assert_eq!(card["body"][0]["text"], "What would you like to deploy?");
    let fields: Vec<_> =
        card["body"].as_array().unwrap().iter().filter_map(|b| b["id"].as_str()).collect();
    assert_eq!(fields, ["environment", "version", "reason"], "one service need not be chosen");
    let inputs = [("environment", "production"), ("version", "v9"), ("reason", "")];
    let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let say = pilothouse::chat::fill(&bot.says_button("Plan it"), &inputs);
    assert_eq!(say, "/deploy \"production\" \"v9\"");
    bot.hears(ALICE, &say).await;
    assert!(bot.shows().contains("production ← v9"), "{}", bot.shows());
}

#[tokio::test]
async fn an_input_is_one_word_whatever_is_typed_into_it() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy").await;
    let hostile = r#"v1" --service other --reason "x\"#;
    let inputs = [("environment", "staging"), ("version", hostile), ("reason", "")];
    let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let say = pilothouse::chat::fill(&bot.says_button("Plan it"), &inputs);
    let told = bot.hears(ALICE, &say).await;
    assert!(told.contains("is not a valid version"), "{told}");
}

#[tokio::test]
async fn help_lists_only_what_a_person_may_do() {
    let bot = Bot::start().await;
    let alice = bot.hears(ALICE, "/help").await;
    assert!(alice.contains("/deploy <environment>") && !alice.contains("/approve"), "{alice}");
    let mallory = bot.hears(MALLORY, "").await;
    assert!(
        mallory.contains("You have no role here yet") && !mallory.contains("/deploy"),
        "{mallory}"
    );
    let one = bot.hears(ALICE, "/help deploy").await;
    assert!(one.contains("/deploy <environment> <version>"), "{one}");
    assert!(bot.reads().contains("For example: /deploy staging v2.1.0"), "{}", bot.reads());
}

#[tokio::test]
async fn approve_without_a_plan_shows_it_first() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v1").await;
    bot.hears(BOB, "/approve").await;
    assert_eq!(bot.pipeline.asked(), 0, "nobody approves what they have not seen");
    assert!(bot.shows().contains("[Approve]"), "{}", bot.shows());
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn nothing_said_can_break_it() {
    let bot = Bot::start().await;
    for said in
        ["", "/", "\"\"", "/deploy \"\" \"\"", "🚀", "/deploy \u{202e}noitcudorp v1", "/help \u{0}"]
    {
        bot.hears(ALICE, said).await;
    }
    let long = "/deploy staging ".to_owned() + &"v".repeat(100_000);
    assert_eq!(
        bot.hears(ALICE, &long).await,
        "That is too long to be a command: at most 4096 bytes."
    );
    assert_eq!(bot.pipeline.asked(), 0);
}
