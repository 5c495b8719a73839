//! `/oncall`: who is, who is next, when they change, and for whom.

use crate::world::{ALICE, BOB, Bot, CAROL, DAVE, MALLORY, SERVICES};

/// The usual services with two schedules. It is Thursday, 9 October 2025, 09:15 UTC.
pub(super) fn with(oncall: &str) -> String {
    let services = SERVICES.trim_end().strip_suffix('}').unwrap();
    format!(
        "{services}, \"shop\": {{\"pipeline\": \"pretend\", \"environments\": {{}}}}, \"oncall\": {oncall}}}"
    )
}

const TWO: &str = r#"{
    "primary": {
        "services": ["checkout"], "time_zone": "Europe/Berlin", "escalate_after": "5m",
        "levels": [
            {"kind": "rota", "people": ["alice", "bob"], "start": "2025-10-06", "on": "monday", "at": "09:00"},
            {"kind": "rota", "people": ["carol"], "start": "2025-01-01"}
        ]
    },
    "shop-helpers": {
        "time_zone": "UTC",
        "levels": [{"kind": "rota", "people": ["bob"], "start": "2025-10-09", "every": "1d", "at": "17:00",
                    "overrides": [{"person": "carol", "from": "2025-10-09 20:00", "until": "2025-10-09 22:00"}]}]
    }
}"#;

#[tokio::test]
async fn oncall_says_who_is_who_is_next_and_when_at_every_level() {
    let bot = Bot::with(&with(TWO)).await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert_eq!(
        said,
        "Who is on call\n\
         primary. For checkout. Times are those of Europe/Berlin.\n  \
         Level 1: alice until Mon 13 Oct 09:00\n  \
         Then bob, until Mon 20 Oct 09:00.\n  \
         Level 2: carol, with no hand-over in the next two months\n\
         shop-helpers. Times are those of UTC.\n  \
         nobody until 17:00 today\n  \
         Then bob, until 20:00 today."
    );
    assert!(bot.reads().contains("Level 1: alice until Mon 13 Oct 09:00"), "{}", bot.reads());
    let one = bot.hears(ALICE, "/oncall shop-helpers").await;
    assert!(one.contains("nobody until") && !one.contains("primary"), "{one}");
    let service = bot.hears(ALICE, "/oncall checkout").await;
    assert!(service.starts_with("Who is on call for checkout\nprimary."), "{service}");
}

#[tokio::test]
async fn a_reader_elsewhere_is_told_their_own_hours_too() {
    let bot = Bot::with(&with(TWO)).await;
    let said = bot.hears_from("America/New_York", ALICE, "/oncall primary").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00 (03:00 for you)"), "{said}");
    assert!(said.contains("; yours, where they differ, those of America/New_York"), "{said}");
    let said = bot.hears_from("Pacific/Auckland", ALICE, "/oncall shop-helpers").await;
    assert!(said.contains("nobody until 17:00 today (Fri 10 Oct 06:00 for you)"), "{said}");
    let same = bot.hears_from("Europe/Paris", ALICE, "/oncall primary").await;
    assert!(!same.contains("for you"), "{same}");
    for nonsense in ["Mars/Olympus", "", "../../etc/passwd"] {
        let said = bot.hears_from(nonsense, ALICE, "/oncall primary").await;
        assert!(said.contains("until Mon 13 Oct 09:00\n"), "{said}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_met_with_what_there_is() {
    let bot = Bot::with(&with(TWO)).await;
    for (said, answer) in [
        ("/oncall primry", "There is no schedule or service `primry`. Did you mean `primary`?"),
        ("/oncall moon", "There are: primary, shop-helpers, checkout, shop."),
        ("/oncall shop", "No schedule is for shop. `/oncall` shows them all."),
        ("/oncall a b", "`b` is one word too many here."),
        ("/oncall \u{202e}`**", "There is no schedule or service `'**`."),
    ] {
        let told = bot.hears(ALICE, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    let told = bot.hears(DAVE, "/oncall").await;
    assert!(told.contains("shop-helpers.") && !told.contains("primary."), "{told}");
    for said in ["/oncall primary", "/oncall checkout"] {
        let told = bot.hears(DAVE, said).await;
        assert!(told.contains("dave may not look at checkout"), "`{said}`: {told}");
    }
    let told = bot.hears(MALLORY, "/oncall").await;
    assert!(told.contains("mallory may not look at"), "{told}");
    let empty = Bot::start().await.hears(ALICE, "/oncall").await;
    assert!(empty.contains("There is no schedule that you may look at"), "{empty}");
}

#[tokio::test]
async fn only_whoever_may_page_gets_the_button_and_it_asks_what_to_say() {
    let bot = Bot::with(&with(TWO)).await;
    bot.hears(ALICE, "/oncall primary").await;
    assert!(!bot.chat.newest().to_string().contains("/page"), "alice may not page");
    bot.hears(BOB, "/oncall primary").await;
    bot.presses(BOB, "Page primary").await;
    assert!(bot.reads().contains("They are called until somebody answers"), "{}", bot.reads());
    let inputs = [("message".to_owned(), "it is \"down\" --service x".to_owned())].into();
    let say = pilothouse::chat::fill(&bot.says_button("Page"), &inputs);
    bot.hears(BOB, &say).await;
    assert!(
        bot.reads_of("page").contains("it is \"down\" --service x"),
        "{}",
        bot.reads_of("page")
    );
    bot.hears(CAROL, "/page").await;
    assert!(bot.reads().contains("Whom do you want to page?"), "{}", bot.reads());
}

#[tokio::test]
async fn the_hand_over_happens_while_nobody_looks() {
    let bot = Bot::with(&with(TWO)).await;
    bot.clock.advance(std::time::Duration::from_hours(24 * 4));
    let said = bot.hears(ALICE, "/oncall primary").await;
    assert!(said.contains("Level 1: bob until Mon 20 Oct 09:00"), "{said}");
    let bot = bot.restarts().await;
    let said = bot.hears(ALICE, "/oncall primary").await;
    assert!(said.contains("Level 1: bob until Mon 20 Oct 09:00"), "{said}");
}
