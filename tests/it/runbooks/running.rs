//! Steps of runbooks: confirmed, run once, watched to their end, whatever happens in between.

use std::time::Duration;

use pilothouse::{chat::Listener as _, pipelines::RunState};

use super::{STEPS, library, three, with};
use crate::world::{ALICE, Answers, BOB, Bot, CAROL, MALLORY};

const ASK: &str = "/runbook run checkout-is-slow restart-checkout";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_step_is_confirmed_runs_and_shows_what_it_says() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(CAROL, "/runbook checkout-is-slow").await;
    bot.presses(CAROL, "Run restart-checkout").await;
    assert_eq!(
        bot.shows(),
        "Checkout is slow · restart-checkout\nRun this? Nothing has been started.\n[Run restart-checkout now]"
    );
    assert!(
        bot.reads().contains("/bin/echo --all \"a b; rm -rf /\"\nWorks on: checkout in staging"),
        "{}",
        bot.reads()
    );
    assert_eq!(bot.pipeline.asked(), 0);
    bot.presses(CAROL, "Run restart-checkout now").await;
    assert_eq!(
        bot.shows_of("step_run"),
        "Checkout is slow · restart-checkout\nRunning since 09:15 UTC\n[Stop]"
    );
    let program = bot.pipeline.programs().remove(0);
    assert_eq!(program.arguments, ["--all", "a b; rm -rf /"]);
    assert_eq!(program.environment["LEVEL"], "3");
    assert_eq!(program.environment["PILOTHOUSE_STEP"], "restart-checkout");
    bot.pipeline.prints(&["stopping", "started <at>x</at> **3**"]);
    bot.passes(seconds(2)).await;
    assert!(
        bot.reads_of("step_run").contains("stopping\nstarted <at>x</at> **3**"),
        "{}",
        bot.reads_of("step_run")
    );
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(2)).await;
    assert_eq!(
        bot.shows_of("step_run"),
        "Checkout is slow · restart-checkout\nDone, after 3 s.\n[Run it again]"
    );
    assert_eq!(
        bot.audit().await,
        ["carol step_run done", "Pilothouse step_started done", "Pilothouse step_ended done"]
    );
    assert_eq!(bot.pipeline.asked(), 1);
}

#[tokio::test]
async fn a_button_pressed_twice_is_one_run_and_a_step_runs_once_at_a_time() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(CAROL, ASK).await;
    let confirm = bot.says_button("Run restart-checkout now");
    bot.hears(CAROL, &confirm).await;
    bot.hears(CAROL, &confirm).await;
    assert_eq!(bot.pipeline.asked(), 1);
    bot.hears(BOB, ASK).await;
    let told = bot.presses(BOB, "Run restart-checkout now").await;
    assert!(told.starts_with("carol has asked for restart-checkout at 09:15 UTC, and that run is not over yet: `/runbook stop "), "{told}");
    bot.pipeline.finishes(RunState::Failed);
    bot.passes(seconds(2)).await;
    assert!(
        bot.shows_of("step_run").contains("Failed: exit code 3."),
        "{}",
        bot.shows_of("step_run")
    );
    bot.hears(CAROL, &confirm).await;
    assert_eq!(bot.pipeline.asked(), 1, "an old button is the old run");
    bot.hears(BOB, ASK).await;
    bot.presses(BOB, "Run restart-checkout now").await;
    assert_eq!(bot.pipeline.asked(), 2);
}

#[tokio::test]
async fn killed_between_any_two_steps_it_ends_the_same_and_ran_once() {
    let folder = three();
    for cut in 0..5 {
        let mut bot = library(&folder).await;
        bot.hears(CAROL, ASK).await;
        let confirm = bot.says_button("Run restart-checkout now");
        if cut == 0 {
            bot = bot.restarts().await;
        }
        bot.is_told(CAROL, &confirm).await;
        if cut == 1 {
            bot = bot.restarts().await;
        }
        bot.works().await;
        if cut == 2 {
            bot = bot.restarts().await;
        }
        bot.passes(seconds(3)).await;
        if cut == 3 {
            bot = bot.restarts().await;
        }
        bot.pipeline.finishes(RunState::Succeeded);
        if cut == 4 {
            bot = bot.restarts().await;
        }
        bot.passes(seconds(6)).await;
        assert!(
            bot.shows_of("step_run").contains("Done, after "),
            "cut {cut}: {}",
            bot.shows_of("step_run")
        );
        assert_eq!(bot.pipeline.asked(), 1, "cut {cut}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_never_run_a_second_time_blindly() {
    let folder = three();
    let bot = library(&folder).await;
    bot.pipeline.answers(Answers::Lost);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    let bot = bot.restarts().await;
    bot.passes(seconds(10)).await;
    assert!(bot.shows_of("step_run").contains("Running since"), "{}", bot.shows_of("step_run"));
    assert_eq!(bot.pipeline.asked(), 1);
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(10)).await;

    bot.pipeline.answers(Answers::Silence);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    bot.passes(seconds(150)).await;
    let card = bot.shows_of("step_run");
    assert!(card.contains("Nobody knows how it ended: it may have been started, and cannot be found. See for yourself"), "{card}");
    assert_eq!(bot.pipeline.asked(), 2, "it was not tried again");

    bot.pipeline.knows_all(true);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    bot.pipeline.answers(Answers::Well);
    bot.passes(seconds(10)).await;
    assert_eq!(bot.pipeline.asked(), 4, "there certainly was none, so it was asked for again");
    assert!(bot.shows_of("step_run").contains("Running since"), "{}", bot.shows_of("step_run"));
}

#[tokio::test]
async fn refused_or_put_off_is_told() {
    let folder = three();
    let bot = library(&folder).await;
    bot.pipeline.answers(Answers::No);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    assert!(
        bot.shows_of("step_run").contains("Not started: no such workflow."),
        "{}",
        bot.shows_of("step_run")
    );
    bot.pipeline.answers(Answers::NotNow);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    assert!(
        bot.shows_of("step_run").contains("Not started yet (rate limited); it is tried again."),
        "{}",
        bot.shows_of("step_run")
    );
    bot.pipeline.answers(Answers::Well);
    bot.passes(seconds(11)).await;
    assert!(bot.shows_of("step_run").contains("Running since"), "{}", bot.shows_of("step_run"));
}

#[tokio::test]
async fn it_can_be_stopped_before_and_while_it_runs() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    bot.hears(BOB, &bot_says(&bot, "Stop")).await;
    bot.passes(seconds(3)).await;
    let card = bot.reads_of("step_run");
    assert!(card.contains("Stopped, after ") && card.contains("Stopped by: bob"), "{card}");
    let stop = format!("/runbook stop {}", bot.chat.newest_subject().id);
    assert!(bot.hears(BOB, &stop).await.ends_with("is over already"));
    assert_eq!(
        bot.hears(BOB, "/runbook stop 12345678").await,
        "There is no run 12345678. Its number is on its card"
    );
    bot.pipeline.answers(Answers::NotNow);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    bot.hears(CAROL, &bot_says(&bot, "Stop")).await;
    bot.pipeline.answers(Answers::Well);
    bot.passes(seconds(15)).await;
    assert!(bot.shows_of("step_run").contains("Stopped, after "), "{}", bot.shows_of("step_run"));
    assert_eq!(bot.pipeline.started(), 1, "what was stopped before it began never began");
}

fn bot_says(bot: &Bot, title: &str) -> String {
    let card = bot.chat.newest_of("step_run").unwrap();
    let buttons = card["actions"].as_array().unwrap();
    let button = buttons.iter().find(|button| button["title"] == title).unwrap();
    button["data"]["say"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_confirmed_is_what_runs_or_nothing_does() {
    let folder = three();
    let bot = library(&folder).await;
    bot.hears(CAROL, ASK).await;
    let confirm = bot.says_button("Run restart-checkout now");
    let changed = with(folder.path(), &STEPS.replace("--all", "--none"));
    let bot = bot.restarts_with(&changed).await;
    let told = bot.hears(CAROL, &confirm).await;
    assert!(
        told.starts_with("What the step restart-checkout runs was changed since you looked at it."),
        "{told}"
    );
    // Changed between the confirmation and the start.
    bot.hears(CAROL, ASK).await;
    let confirm = bot.says_button("Run restart-checkout now");
    bot.is_told(CAROL, &confirm).await;
    let bot = bot.restarts_with(&with(folder.path(), STEPS)).await;
    bot.works().await;
    assert!(
        bot.shows_of("step_run")
            .contains("Not started: the configuration of this step was changed meanwhile."),
        "{}",
        bot.shows_of("step_run")
    );
    assert_eq!(bot.pipeline.asked(), 0);
}

#[tokio::test]
async fn whoever_may_not_is_refused_whatever_they_say() {
    let folder = three();
    let bot = library(&folder).await;
    for who in [ALICE, MALLORY] {
        for said in [
            ASK.to_owned(),
            format!("{ASK} --confirm 00000000-12345678"),
            "/runbook stop 12345678".to_owned(),
        ] {
            let told = bot.hears(who, &said).await;
            assert!(told.contains("may not run steps of runbooks for"), "{told}");
        }
    }
    for (said, answer) in [
        (
            "/runbook run checkout-is-slw restart-checkout",
            "There is no runbook `checkout-is-slw`. Did you mean `checkout-is-slow`?",
        ),
        (
            "/runbook run checkout-is-slow restart",
            "The runbook checkout-is-slow has no step `restart`. Did you mean `restart-checkout`?",
        ),
        (
            "/runbook run checkout-is-down restart-checkout",
            "The runbook checkout-is-down has no step `restart-checkout`.",
        ),
        ("/runbook run ../etc x", "`../etc` is not a valid runbook name"),
        (
            "/runbook run checkout-is-slow restart-checkout --confirm x",
            "is not a valid number of a run",
        ),
        (
            "/runbook run checkout-is-slow restart-checkout --confirm 00000000-1234abcd",
            "was changed since you looked at it",
        ),
        ("/runbook run checkout-is-slow", "`<STEP>` is missing"),
    ] {
        let told = bot.hears(CAROL, said).await;
        assert!(told.contains(answer), "`{said}` was answered with: {told}");
    }
    assert_eq!(bot.pipeline.asked(), 0);
    bot.hears(CAROL, ASK).await;
    bot.presses(CAROL, "Run restart-checkout now").await;
    let subject = bot.chat.newest_subject();
    let actor = |who: &str| pilothouse::access::Actor {
        id: pilothouse::names::PersonId::console(who),
        name: who.to_owned(),
    };
    assert!(bot.app.commands.look(&actor(MALLORY), &subject).await.is_none());
    let alice = bot.app.commands.look(&actor(ALICE), &subject).await.unwrap();
    assert!(
        !alice.text().contains("/runbook stop"),
        "alice may look, and not stop: {}",
        alice.text()
    );
}
