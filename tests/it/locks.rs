//! Whoever is at work in an environment keeps everybody's deployments out.

use std::time::Duration;

use pilothouse::pipelines::RunState;

use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY, SERVICES};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

#[tokio::test]
async fn what_is_asked_for_while_locked_waits_and_goes_on_when_unlocked() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/lock staging the sale is on").await;
    assert_eq!(
        bot.shows(),
        "checkout · staging is locked\n\
         Locked by bob since 09:15 UTC, until somebody unlocks it: the sale is on\n[Unlock]"
    );
    let unlock = bot.says_button("Unlock");
    bot.hears(ALICE, "/deploy staging v2").await;
    assert!(bot.shows().contains("Held back from staging\n"), "{}", bot.shows());
    let card = bot.reads();
    assert!(card.contains("Locked by bob since 09:15 UTC, until somebody unlocks it"), "{card}");
    assert!(card.contains("It starts by itself when nothing holds it back any more"), "{card}");
    bot.passes(minutes(3)).await;
    assert_eq!(bot.pipeline.asked(), 0);
    bot.hears(CAROL, &unlock).await;
    assert_eq!(bot.pipeline.asked(), 1, "it went on at once");
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    assert!(!bot.reads().contains("Locked by"), "{}", bot.reads());
    assert_eq!(bot.messages(), 2, "one lock is one message, one deployment another");
    assert_eq!(
        bot.audit().await,
        [
            "bob lock done",
            "alice deploy done",
            "carol unlock done",
            "Pilothouse released done",
            "Pilothouse turn_came done",
            "Pilothouse run_started done",
        ]
    );
}

#[tokio::test]
async fn a_lock_ends_by_itself_when_its_time_is_up() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/lock staging --for 2h moving the database").await;
    assert!(bot.shows().contains("until 11:15 UTC: moving the database"), "{}", bot.shows());
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.clock.advance(minutes(119));
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 0);
    bot.clock.advance(minutes(1));
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 1);
    assert!(bot.audit().await.contains(&"Pilothouse lock_ran_out done".to_owned()));
    assert_eq!(bot.hears(BOB, "/unlock staging").await, "checkout in staging is not locked.");
    bot.hears(CAROL, "/lock staging").await;
    assert!(bot.shows().contains("Locked by carol"), "another lock can follow: {}", bot.shows());
}

#[tokio::test]
async fn an_expired_lock_holds_nothing_even_before_anybody_tidied_it_away() {
    let bot = Bot::start().await;
    bot.is_told(BOB, "/lock staging --for 1h").await;
    bot.clock.advance(minutes(60));
    bot.is_told(CAROL, "/lock staging mine now").await;
    bot.works().await;
    let status = bot.hears(ALICE, "/status").await;
    assert!(status.contains("Locked by carol"), "{status}");
    assert!(!status.contains("Locked by bob"), "{status}");
}

#[tokio::test]
async fn nobody_deploys_through_a_lock_not_even_their_own() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/lock staging").await;
    bot.hears(BOB, "/deploy staging v2").await;
    bot.hears(BOB, "/deploy staging v3 --override \"I hold the lock\"").await;
    bot.passes(minutes(1)).await;
    assert_eq!(bot.pipeline.asked(), 0, "unlock first");
    bot.hears(BOB, "/unlock staging").await;
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn a_lock_between_approval_and_start_holds() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    bot.is_told(BOB, &approve).await;
    bot.is_told(CAROL, "/lock production").await;
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 0, "it is decided when it would start");
    bot.hears(CAROL, "/unlock production").await;
    assert_eq!(bot.pipeline.asked(), 1, "its approval still counts");
}

#[tokio::test]
async fn a_request_that_waits_for_approval_says_that_it_will_have_to_wait_longer() {
    let bot = Bot::start().await;
    bot.hears(CAROL, "/lock production the database moves").await;
    let unlock = bot.says_button("Unlock");
    bot.hears(ALICE, "/deploy production v2").await;
    assert!(bot.shows().contains("Waiting for 1 approval"), "{}", bot.shows());
    assert!(bot.reads().contains("Locked by carol"), "{}", bot.reads());
    bot.hears(CAROL, &unlock).await;
    assert!(!bot.reads().contains("Locked by carol"), "{}", bot.reads());
    bot.hears(BOB, "/lock production").await;
    assert_eq!(bot.messages(), 3);
    let mine = bot.hears(ALICE, "/mine").await;
    assert!(mine.contains("bob or carol may approve it until"), "{mine}");
    assert!(mine.contains("Locked by bob since"), "{mine}");
}

#[tokio::test]
async fn one_environment_has_one_lock_and_its_holder_may_change_it() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/lock production the sale").await;
    assert_eq!(
        bot.hears(CAROL, "/lock production").await,
        "checkout in production is already locked, by bob: the sale. Say `/unlock production` \
         first, if you must."
    );
    bot.hears(BOB, "/lock production --for 30m").await;
    assert!(bot.shows().contains("until 09:45 UTC: the sale"), "{}", bot.shows());
    assert_eq!(bot.messages(), 1, "it is still the same lock");
    bot.hears(BOB, "/lock staging").await;
    assert!(bot.shows().contains("staging is locked"), "another environment, another lock");
    assert!(bot.audit().await.contains(&"carol lock refused".to_owned()));
}

#[tokio::test]
async fn only_those_who_may_lock_lock_and_unlock() {
    let bot = Bot::start().await;
    for who in [ALICE, MALLORY] {
        let told = bot.hears(who, "/lock production").await;
        assert!(told.contains("may not lock or unlock"), "{told}");
    }
    bot.hears(BOB, "/lock production").await;
    let unlock = bot.says_button("Unlock");
    for who in [ALICE, MALLORY] {
        let told = bot.hears(who, &unlock).await;
        assert!(told.contains("may not lock or unlock"), "{told}");
    }
    assert_eq!(bot.buttons_of(ALICE).await.unwrap(), [""; 0]);
    assert_eq!(bot.buttons_of(MALLORY).await, None);
    assert_eq!(bot.buttons_of(CAROL).await.unwrap(), ["Unlock"]);
    assert!(bot.hears(CAROL, "/status").await.contains("Locked by bob"));
}

#[tokio::test]
async fn a_lock_outlives_the_process_and_so_does_what_waits_for_it() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/lock staging --for 2h").await;
    bot.is_told(ALICE, "/deploy staging v2").await;
    let bot = bot.restarts().await;
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 0);
    let bot = bot.restarts().await;
    bot.clock.advance(minutes(120));
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 1, "its time ran out while another process was at work");
    assert_eq!(bot.messages(), 2);
}

#[tokio::test]
async fn a_lock_does_not_stop_what_runs_and_says_so() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.hears(BOB, "/lock staging").await;
    let card = bot.reads();
    assert!(
        card.contains("v2 was on its way when it was locked; a lock does not stop that"),
        "{card}"
    );
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(2)).await;
    let list = bot.hears(ALICE, "/deploy list").await;
    assert!(list.contains("v2: Deploy complete!"), "{list}");
}

#[tokio::test]
async fn what_a_lock_is_told_acts_nowhere() {
    let bot = Bot::start().await;
    let hostile = "/lock staging \"[free](http://evil.example) <at>everyone</at> \u{202e}**x** {\\\"a\\\":1}\"";
    bot.hears(BOB, hostile).await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.hears(ALICE, "/status").await;
    let card = bot.chat.newest().to_string();
    assert!(card.contains(r"\\[free\\]\\(http://evil.example\\) ‹at›everyone‹/at›"), "{card}");
    assert!(!card.contains("<at>") && !card.contains('\u{202e}'), "{card}");
    let long = format!("/lock production {}", "word ".repeat(700));
    bot.hears(BOB, &long).await;
    assert!(bot.reads().len() < 1000, "{} letters", bot.reads().len());
    for (said, answer) in [
        ("/lock", "is missing"),
        ("/lock moon", "checkout has no environment `moon`. There are: production, staging."),
        ("/lock staging --for soon", "`soon` is not a length of time: write it like `90s`"),
        ("/lock staging --for 0s", "A lock for no time keeps nothing out"),
        ("/lock staging --for", "is missing"),
        ("/unlock staging --service chekout", "Did you mean `checkout`?"),
    ] {
        let told = bot.hears(BOB, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
}

#[tokio::test]
async fn with_several_services_the_one_that_is_meant_is_asked_for() {
    let two = SERVICES.trim().strip_suffix('}').unwrap().to_owned()
        + r#", "shop": {"pipeline": "pretend", "environments": {"production": {}}}}"#;
    let bot = Bot::with(&two).await;
    assert_eq!(
        bot.hears(BOB, "/lock production").await,
        "Several services have production: checkout, shop. Say which with `--service`."
    );
    bot.hears(BOB, "/lock production --service shop").await;
    assert!(bot.shows().contains("shop · production is locked"), "{}", bot.shows());
    bot.hears(BOB, "/lock staging").await;
    assert!(bot.shows().contains("checkout · staging is locked"), "only one has it");
}
