//! What happened, as it is told afterwards.

use std::{fmt::Write as _, process::Command, time::Duration};

use pilothouse::pipelines::RunState;

use super::minutes;
use crate::world::{ALICE, BOB, Bot, CAROL, SERVICES};

/// Something goes wrong with a deployment, and an incident comes of it.
async fn a_bad_morning() -> Bot {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2 --reason \"the new basket\"").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(minutes(2)).await;
    bot.hears(BOB, "/incident create \"nobody can pay\" --severity sev2 --service checkout").await;
    for (who, said) in [
        (CAROL, "/lock production the basket is broken"),
        (BOB, "/incident update \"it began with v2\" --status identified"),
        (BOB, "/incident role scribe carol"),
        (CAROL, "/incident note \"the errors began at 09:16\""),
        (CAROL, "/unlock production"),
        (ALICE, "/deploy production v1"),
    ] {
        bot.passes(Duration::from_secs(1)).await;
        bot.hears(who, said).await;
    }
    bot
}

#[tokio::test]
async fn it_fills_itself_with_what_happened_to_its_service() {
    let bot = a_bad_morning().await;
    let told = bot.hears(ALICE, "/incident timeline INC-1 --page 1").await;
    let mut from = 0;
    for moment in [
        "09:15 UTC  alice asked to deploy v2 in production",
        "bob approved v2 in production",
        "Pilothouse started v2 in production",
        "Pilothouse reports v2 in production",
        "09:17 UTC  bob declared the incident of checkout, SEV2: nobody can pay",
        "carol locked production: the basket is broken",
        "bob set the status to Identified, told: it began with v2",
        "bob made carol scribe",
        "carol noted: the errors began at 09:16",
        "carol unlocked production",
        "alice asked to deploy v1 in production",
    ] {
        let at = told[from..].find(moment);
        from += at.unwrap_or_else(|| panic!("`{moment}` is not told, or too early, in\n{told}"));
    }
    assert!(told.contains(": Deploy complete! All health checks passing."), "{told}");
    assert!(
        !told.contains("turn") && !told.contains("thread"),
        "what only tells how far things are is left out: {told}"
    );
}

#[tokio::test]
async fn other_services_and_what_was_refused_are_not_its_business() {
    let two = SERVICES.trim().strip_suffix('}').unwrap().to_owned()
        + r#", "shop": {"pipeline": "pretend", "environments": {"live": {"approvals": 0}}}}"#;
    let bot = Bot::with(&two).await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    bot.hears(ALICE, "/deploy live v7").await;
    bot.hears(BOB, "/lock live --service shop").await;
    bot.hears(ALICE, "/lock staging").await;
    bot.hears(BOB, "/incident create other --service shop").await;
    let told = bot.hears(BOB, "/incident timeline 1").await;
    assert!(!told.contains("v7") && !told.contains("locked") && !told.contains("other"), "{told}");
    let told = bot.hears(BOB, "/incident timeline 2").await;
    assert!(
        told.contains("asked to deploy v7 in live") && told.contains("bob locked live"),
        "{told}"
    );
    bot.hears(BOB, "/incident create nothing").await;
    let told = bot.hears(BOB, "/incident timeline 3").await;
    assert!(told.contains("which names no service"), "{told}");
    bot.hears(BOB, "/incident update --service shop --incident 3").await;
    let told = bot.hears(BOB, "/incident timeline 3").await;
    assert!(told.contains("bob named shop as affected") && told.contains("v7"), "{told}");
}

#[tokio::test]
async fn only_what_somebody_may_look_at_is_told_to_them() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy staging v2").await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    bot.hears(BOB, "/lock production").await;
    let incident = bot.app.commands.incidents.find("1".parse().unwrap()).await.unwrap();
    let tell = async |seen: Option<&[_]>| {
        let told = bot.app.commands.chronicle.timeline(&incident, seen, bot.clock.now()).await;
        format!("{:?}", told.unwrap())
    };
    let whole = tell(None).await;
    assert!(whole.contains("v2 in staging") && whole.contains("locked production"), "{whole}");
    let part = tell(Some(&["staging".parse().unwrap()])).await;
    assert!(part.contains("v2 in staging") && !part.contains("locked production"), "{part}");
    let none = tell(Some(&[])).await;
    assert!(none.contains("declared the incident") && !none.contains("v2"), "{none}");
}

#[tokio::test]
async fn what_anybody_writes_into_the_audit_about_the_service_comes_in_by_itself() {
    use pilothouse::{
        access::Actor,
        audit::{self, Entry, Outcome},
        names::PersonId,
    };
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow --service checkout").await;
    for (service, number) in [("checkout", 1), ("shop", 2)] {
        let entry = Entry {
            at: bot.clock.now(),
            actor: Actor { id: PersonId::console("carol"), name: "carol".to_owned() },
            action: "alert_acknowledge".to_owned(),
            subject: format!("alert/{number}"),
            service: service.parse().ok(),
            environment: None,
            outcome: Outcome::Done,
            detail: r#"{"title": "too many errors"}"#.to_owned(),
        };
        audit::note_alone(&bot.app.foundation.db, &entry).await.unwrap();
    }
    let told = bot.hears(BOB, "/incident timeline").await;
    assert!(told.contains("carol alert acknowledge (alert/1): too many errors"), "{told}");
    assert!(!told.contains("alert/2"), "{told}");
}

#[tokio::test]
async fn a_long_timeline_is_read_page_by_page() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow").await;
    for number in 1..=30 {
        bot.hears(BOB, &format!("/incident note \"note {number}.\"")).await;
    }
    let told = bot.hears(BOB, "/incident timeline").await;
    assert!(told.contains("Page 3 of 3") && told.contains("note 30."), "{told}");
    bot.presses(BOB, "Earlier").await;
    assert!(bot.reads().contains("note 15.") && !bot.reads().contains("note 30."));
    bot.presses(BOB, "Earlier").await;
    assert!(bot.reads().contains("declared the incident"), "{}", bot.reads());
    bot.presses(BOB, "Later").await;
    assert!(bot.reads().contains("Page 2 of 3"), "{}", bot.reads());
    assert!(bot.hears(BOB, "/incident timeline --page 99").await.contains("Page 3 of 3"));
}

#[tokio::test]
async fn a_post_mortem_begins_by_itself() {
    let bot = a_bad_morning().await;
    bot.clock.advance(Duration::from_secs(28 * 60 - 6));
    bot.hears(BOB, "/incident resolve \"went back to v1\" --incident 1").await;
    bot.hears(ALICE, "/incident export INC-1").await;
    let text = bot.reads();
    for line in [
        "# INC-1: nobody can pay",
        "- Declared: 2025-10-09 09:17:00 UTC, by bob",
        "- Resolved: 2025-10-09 09:45:00 UTC, by bob",
        "- It took: 28 min",
        "- What fixed it: went back to v1",
        "- Severity: SEV2",
        "- Service: checkout",
        "- Commander: bob",
        "- Communications: nobody",
        "- Scribe: carol",
        "- 2025-10-09 09:15:00 UTC: alice asked to deploy v2 in production",
        "- 2025-10-09 09:17:00 UTC: bob declared the incident of checkout, SEV2: nobody can pay",
        "## What had shipped before",
        "| to be filled in | | |",
    ] {
        assert!(text.contains(line), "`{line}` is missing in\n{text}");
    }
    let (_, shipped) = text.split_once("## What had shipped before").unwrap();
    assert!(shipped.contains("reports v2 in production"), "{shipped}");
    assert!(!shipped.contains("approved"), "only what changed something: {shipped}");
}

#[tokio::test]
async fn a_long_post_mortem_comes_in_parts_and_loses_nothing() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/incident create slow").await;
    for number in 0..40 {
        bot.hears(BOB, &format!("/incident note \"{number} {}\"", "word ".repeat(180))).await;
    }
    bot.hears(BOB, "/incident export").await;
    let mut whole = String::new();
    loop {
        let card = bot.chat.newest();
        assert!(card.to_string().len() < 28_000, "it fits into a message");
        let code = &card["body"].as_array().unwrap().last().unwrap()["codeSnippet"];
        let _ = writeln!(whole, "{}", code.as_str().unwrap());
        if card["actions"].as_array().unwrap().is_empty() {
            break;
        }
        bot.presses(BOB, "Next part").await;
    }
    assert!((0..40).all(|number| whole.contains(&format!("noted: {number} word"))), "{whole}");
    assert!(whole.ends_with("| to be filled in | | |\n"), "{whole}");
}

#[tokio::test]
async fn the_program_writes_it_into_a_file_while_the_bot_runs() {
    let bot = a_bad_morning().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("pilothouse.yaml");
    std::fs::write(&config, format!("database: \"{}\"\n", bot.database())).unwrap();
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pilothouse"));
        program.args(["incident", "export", "--config"]).arg(&config).args(arguments);
        let output = program.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), said, String::from_utf8(output.stderr).unwrap())
    };
    let (well, said, error) = run(&["INC-1"]);
    assert!(well, "{error}");
    assert!(said.starts_with("# INC-1: nobody can pay\n"), "{said}");
    assert!(said.contains("alice asked to deploy v2 in production"), "{said}");
    let file = folder.path().join("post-mortem.md");
    let (well, said, error) = run(&["1", "--out", file.to_str().unwrap()]);
    assert!(well && said.contains("post-mortem.md"), "{said}{error}");
    assert!(std::fs::read_to_string(file).unwrap().starts_with("# INC-1"));
    let (well, _, error) = run(&["7"]);
    assert!(!well && error.contains("There is no incident INC-7. The newest is INC-1."), "{error}");
    let (well, _, error) = run(&["seven"]);
    assert!(!well && error.contains("`seven` is no incident's number"), "{error}");
}
