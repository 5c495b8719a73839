//! What people say wrong, and what strangers try.

use proptest::prelude::*;

use crate::world::{BOB, Bot, CAROL};

#[tokio::test]
async fn every_slip_gets_one_sentence_and_changes_nothing() {
    let bot = Bot::start().await;
    let told = bot.hears(BOB, "/incident show").await;
    assert!(told.contains("No incident is open that could be meant."), "{told}");
    bot.hears(BOB, "/incident create slow --service checkout").await;
    let before = bot.reads();
    for (said, answer) in [
        ("/incident craete slow", "Did you mean `/incident create`?"),
        ("/incident 7", "After `/incident` comes one of create, list, show"),
        ("/incident create slow --severity sev9", "`sev9` is no severity: say sev1, sev2, sev3 or"),
        ("/incident create slow --severty sev1", "Did you mean `--severity`?"),
        ("/incident create slow --service chekout", "There is no service `chekout`. Did you mean"),
        ("/incident create slow --service ../x", "`../x` is not a valid service name"),
        ("/incident update", "Say how it goes: `/incident update \"the database is back\"`."),
        ("/incident update \"   \"", "Say how it goes"),
        ("/incident update x --status done", "`done` is no status: say investigating, identified"),
        ("/incident update x --incident INC-9", "There is no incident INC-9. The newest is INC-1."),
        ("/incident update x --incident x", "`x` is no incident's number: say `INC-7` or `7`."),
        ("/incident update --severity sev3", "Nothing of that is new to INC-1"),
        ("/incident update x --incident 99999999999999999999", "is no incident's number"),
        ("/incident role boss bob", "`boss` is no role: say commander, communications or scribe."),
        ("/incident role scribe", "is missing"),
        ("/incident role commander bob", "bob is commander of INC-1 already."),
        ("/incident note", "Say what is to be remembered"),
        ("/incident reopen", "Say which: `/incident reopen INC-7`."),
        ("/incident reopen 1", "INC-1 is open: there is nothing to reopen."),
        ("/incident timeline 2", "There is no incident INC-2."),
        ("/incident timeline 1 --page x", "Say it like this: `/incident timeline"),
        ("/incident export 0", "`0` is no incident's number"),
    ] {
        let told = bot.hears(BOB, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    assert_eq!((bot.messages(), bot.reads()), (1, before));
    bot.hears(CAROL, "/incident resolve").await;
    let told = bot.hears(BOB, "/incident update \"not so fast\" --incident 1").await;
    assert!(
        told.contains("INC-1 was resolved by carol: say `/incident reopen INC-1` first"),
        "{told}"
    );
    let told = bot.hears(BOB, "/incident resolve --incident 1").await;
    assert!(told.contains("INC-1 was resolved by carol"), "{told}");
    assert!(bot.hears(BOB, "/incident note \"seen again\" --incident 1").await.contains("Noted"));
}

#[tokio::test]
async fn a_number_is_understood_however_it_is_written() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow").await;
    for said in ["INC-1", "inc-1", "inc1", "#1", "1"] {
        bot.hears(BOB, &format!("/incident show {said}")).await;
        assert!(bot.shows().contains("INC-1 · slow"), "{said}: {}", bot.shows());
    }
}

#[tokio::test]
async fn with_the_title_missing_a_form_asks_for_it() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create --severity sev1").await;
    assert!(bot.reads().contains("What is wrong?"), "{}", bot.reads());
    let inputs = [("title", "it is down"), ("severity", "sev1"), ("service", "")];
    let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    bot.hears(BOB, &pilothouse::chat::fill(&bot.says_button("Declare it"), &inputs)).await;
    assert!(bot.shows().contains("INC-1 · it is down\nSEV1"), "{}", bot.shows());
}

const HOSTILE: &str =
    "[free](http://evil.example) <at>everyone</at> @everyone \u{202e}**x** {{title}} \\\"a\\\":1}";

#[tokio::test]
async fn what_an_incident_is_told_acts_nowhere() {
    let bot = Bot::start().await;
    bot.hears(BOB, &format!("/incident create \"{HOSTILE}\" --severity sev1")).await;
    bot.hears(BOB, &format!("/incident update \"{HOSTILE}\"")).await;
    bot.hears(BOB, &format!("/incident note \"{HOSTILE}\"")).await;
    let inert = |drawn: &str| {
        assert!(
            drawn.contains(r"\\[free\\]\\(http://evil.example\\) ‹at›everyone‹/at›"),
            "{drawn}"
        );
        assert!(!drawn.contains("<at>") && !drawn.contains('\u{202e}'), "{drawn}");
        assert!(drawn.contains("{{title}}"), "nothing is filled in: {drawn}");
    };
    inert(&bot.chat.newest().to_string());
    bot.hears(BOB, "/incident timeline 1").await;
    inert(&bot.chat.newest().to_string());
    bot.hears(BOB, "/incident").await;
    inert(&bot.chat.newest().to_string());
    bot.hears(BOB, "/incident create two").await;
    bot.hears(BOB, "/incident update hm").await;
    inert(&bot.chat.newest().to_string());
    bot.hears(BOB, "/incident export 1").await;
    let card = bot.chat.newest();
    let code = card["body"].as_array().unwrap().last().unwrap()["codeSnippet"].as_str().unwrap();
    assert!(code.contains(r"\[free\](http://evil.example) \<at\>everyone"), "no link: {code}");
    assert!(!code.contains('\u{202e}') && code.contains(r"\*\*x\*\*"), "{code}");
}

#[tokio::test]
async fn long_texts_are_cut_and_longer_ones_refused() {
    let bot = Bot::start().await;
    bot.hears(BOB, &format!("/incident create \"{}\"", "ü".repeat(1900))).await;
    assert_eq!(bot.shows().lines().next().unwrap().chars().count(), "INC-1 · ".len() - 1 + 120);
    bot.hears(BOB, &format!("/incident update \"{}\"", "word ".repeat(700))).await;
    assert!(bot.reads().len() < 2000, "{} letters", bot.reads().len());
    let told = bot.hears(BOB, &format!("/incident update \"{}\"", "x".repeat(100_000))).await;
    assert_eq!(told, "That is too long to be a command: at most 4096 bytes.");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is typed: the card stays a card, and says what was typed and nothing else.
    #[test]
    fn any_title_and_update_gives_a_card(title in "\\PC{1,60}", update in ".{1,60}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bot = Bot::start().await;
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            bot.hears(BOB, &format!("/incident create \"x{}\"", quoted(&title))).await;
            bot.hears(BOB, &format!("/incident update \"y{}\"", quoted(&update))).await;
            bot.hears(BOB, "/incident timeline 1").await;
            bot.hears(BOB, "/incident export 1").await;
            assert!(bot.reads().contains("# INC-1"), "{}", bot.reads());
            bot.hears(BOB, "/incident show 1").await;
            let titles = bot.chat.newest()["actions"].as_array().unwrap().len();
            assert_eq!(titles, 4, "{}", bot.chat.newest());
        });
    }
}
