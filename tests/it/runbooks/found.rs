//! `/runbook`: found by name, service, alert and any words, with slips.

use std::{fs, time::Duration};

use super::{SLOW, folder, library, three, write};
use crate::world::{ALICE, Bot, DAVE, MALLORY};

#[tokio::test]
async fn one_clear_hit_is_shown_whatever_it_was_found_by() {
    let folder = three();
    let bot = library(&folder).await;
    for (said, title) in [
        ("/runbook checkout-is-slow", "Checkout is slow"),
        ("/runbook CHECKOUT-IS-SLOW", "Checkout is slow"),
        ("/runbook \"checkout is down\"", "Checkout is down"),
        ("/runbook the checkout is slow", "Checkout is slow"),
        ("/runbook latency", "Checkout is slow"),
        ("/runbook databse", "Checkout is slow"),
        ("/runbook certifcate", "Renew certificates"),
        ("/runbook certbot", "Renew certificates"),
        ("/runbook ninety days", "Renew certificates"),
        ("/runbook --alert HighLatency", "Checkout is slow"),
        ("/runbook --alert checkoutdown", "Checkout is down"),
        ("/runbook --service shop", "Checkout is down"),
        ("/runbook slow --service checkout", "Checkout is slow"),
    ] {
        bot.hears(ALICE, said).await;
        assert_eq!(bot.chat.newest()["body"][0]["text"], title, "`{said}`");
    }
}

#[tokio::test]
async fn several_are_a_choice_and_none_is_met_with_the_nearest() {
    let folder = three();
    let bot = library(&folder).await;
    let several = bot.hears(ALICE, "/runbook checkout").await;
    assert!(several.starts_with("Which runbook do you mean?"), "{several}");
    assert!(
        several
            .contains("Checkout is slow (checkout-is-slow, for checkout, 1 step that can be run)"),
        "{several}"
    );
    assert!(!several.contains("certificates"), "{several}");
    bot.presses(ALICE, "Open checkout-is-slow").await;
    assert_eq!(bot.chat.newest()["body"][0]["text"], "Checkout is slow");
    let all = bot.hears(ALICE, "/runbook").await;
    assert!(all.starts_with("Runbooks\n") && all.matches("Say `").count() == 3, "{all}");
    for (said, title, near) in [
        (
            "/runbook --alert LatencyTooHigh",
            "No runbook is for the alert LatencyTooHigh",
            "Checkout is slow",
        ),
        ("/runbook kubernetes", "No runbook is like `kubernetes`", "These are the nearest:"),
        (
            "/runbook volcano --service shop",
            "No runbook for shop is like `volcano`",
            "Checkout is down",
        ),
    ] {
        let told = bot.hears(ALICE, said).await;
        assert!(told.starts_with(title) && told.contains(near), "`{said}`: {told}");
    }
    let told = bot.hears(ALICE, "/runbook --service chekout").await;
    assert!(told.contains("There is no service `chekout`. Did you mean `checkout`?"), "{told}");
    let told = bot.hears(ALICE, &format!("/runbook {} \u{202e}**[x](y)", "w".repeat(3000))).await;
    assert!(told.starts_with("No runbook is like `www"), "{told}");
}

#[tokio::test]
async fn without_any_there_is_a_sentence() {
    let told = Bot::start().await.hears(ALICE, "/runbook").await;
    assert_eq!(told, "There are no runbooks here: the configuration has no section `runbooks`");
    let folder = three();
    let told = library(&folder).await.hears(MALLORY, "/runbook").await;
    assert!(told.contains("mallory may not look at"), "{told}");
    let empty = tempfile::tempdir().unwrap();
    let told = library(&empty).await.hears(ALICE, "/runbook slow").await;
    assert!(told.contains("There is none yet that you may look at."), "{told}");
}

#[tokio::test]
async fn a_file_that_changes_comes_goes_or_breaks_is_noticed_and_spoils_no_other() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(ALICE, "/runbook").await;
    write(
        folder.path(),
        &[
            ("broken.md", "---\ntitle: [\n---\nx"),
            ("endless.md", "---\ntitle: x\nno end"),
            ("wrong-key.md", "---\nowner: me\n---\n"),
            ("run.md", "# x"),
            ("bad name.md", "# x"),
            ("deep/checkout-is-slow.md", "# The same name"),
            (
                "unknown-step.md",
                "# Unknown step\n```run name=restart-chekout\n```\n```run ../x\n```\n",
            ),
            (".hidden.md", "# Hidden"),
            ("new.md", "# A new one about volcanoes"),
        ],
    );
    fs::write(folder.path().join("binary.md"), b"\xff\xfe\x00").unwrap();
    fs::write(folder.path().join("huge.md"), "x".repeat(300 * 1024)).unwrap();
    fs::remove_file(folder.path().join("checkout-is-down.md")).unwrap();
    let soon = bot.hears(ALICE, "/runbook volcano").await;
    assert!(soon.starts_with("No runbook is like"), "looked at every few seconds only: {soon}");
    bot.clock.advance(Duration::from_secs(3));
    bot.hears(ALICE, "/runbook volcano").await;
    assert_eq!(bot.chat.newest()["body"][0]["text"], "A new one about volcanoes");
    let all = bot.hears(ALICE, "/runbook").await;
    assert!(!all.contains("Checkout is down") && !all.contains("Hidden"), "{all}");
    assert!(all.contains("Something is wrong: ") && all.contains("And 7 more."), "{all}");
    assert!(all.contains("Checkout is slow") && all.contains("Renew certificates"), "{all}");
    let settings = serde_json::json!({"folder": folder.path(), "steps": serde_json::from_str::<serde_json::Value>(super::STEPS).unwrap()});
    let books = pilothouse::runbooks::Books::read(&serde_json::from_value(settings).unwrap());
    let said: Vec<String> = books.troubles.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    for part in [
        "broken.md: its head, line 2: ",
        "endless.md: its head begins with `---` and never ends",
        "wrong-key.md: its head, line 2: ",
        "run.md: a runbook cannot be called `run`",
        "bad name.md: its name: `bad name` is not a valid runbook name",
        "deep/checkout-is-slow.md: another file is called `checkout-is-slow` too",
        "unknown-step.md: the configuration has no step `restart-chekout` (did you mean `restart-checkout`?)",
        "unknown-step.md: `../x` is no name of a step",
        "binary.md: it is not UTF-8 text",
        "huge.md: it is larger than 262144 bytes",
    ] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
}

#[tokio::test]
async fn a_folder_that_is_away_for_a_while_loses_nothing() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(ALICE, "/runbook").await;
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    bot.clock.advance(Duration::from_secs(3));
    let all = bot.hears(ALICE, "/runbook").await;
    assert!(all.contains("Checkout is slow") && all.contains("the folder cannot be read"), "{all}");
    fs::rename(&away, folder.path()).unwrap();
    bot.clock.advance(Duration::from_secs(3));
    let all = bot.hears(ALICE, "/runbook").await;
    assert!(!all.contains("cannot be read"), "{all}");
}

#[tokio::test]
async fn what_is_wrong_is_told_by_check_too() {
    use pilothouse::{cli::check, config::Secrets};
    let place = folder(&[("books/good.md", SLOW), ("books/bad.md", "---\ntitle: x")]);
    let file = place.path().join("pilothouse.yaml");
    let books = place.path().join("books");
    fs::write(
        &file,
        format!("people: {{}}\nservices: {{}}\nrunbooks:\n  folder: {}\n", books.display()),
    )
    .unwrap();
    let mut out = vec![];
    check::run(&file, Secrets::Read, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.contains("yaml:4:11: runbooks.folder: bad.md: its head begins with `---`"),
        "{out}"
    );
    assert!(out.contains("good.md: the configuration has no step `restart-checkout`"), "{out}");
    assert!(out.contains("(a warning)") && out.contains("is fine"), "{out}");
}

#[tokio::test]
async fn only_what_one_may_look_at_is_found() {
    let folder = three();
    let bot = library(&folder).await;
    let all = bot.hears(DAVE, "/runbook").await;
    assert!(all.contains("Checkout is down") && all.contains("Renew certificates"), "{all}");
    assert!(!all.contains("Checkout is slow"), "dave may look at shop alone: {all}");
    for said in ["/runbook checkout-is-slow", "/runbook --alert HighLatency", "/runbook latency"] {
        let told = bot.hears(DAVE, said).await;
        assert!(!told.contains("Checkout is slow"), "`{said}`: {told}");
    }
    let told = bot.hears(DAVE, "/runbook run checkout-is-slow restart-checkout").await;
    assert!(told.contains("dave may not run steps of runbooks for"), "{told}");
}
