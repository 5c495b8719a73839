//! A run waits at the vendor's until somebody lets it through there.

mod rules;

use std::time::Duration;

use pilothouse::{
    names::Environment,
    pipelines::{Answered, Gate, Own, RunState, Verdict},
};

use crate::world::{ALICE, BOB, Bot, CAROL, MALLORY};

const DENIED: &str = "may not approve deployments of";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A deployment to production whose run waits at these gates.
async fn waiting(bot: &Bot, gates: &[&str]) {
    under_way(bot).await;
    bot.pipeline.waits_at(gates);
    bot.passes(seconds(2)).await;
}

async fn under_way(bot: &Bot) {
    bot.pipeline.tags("v2", COMMIT);
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
}

const COMMIT: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";

#[tokio::test]
async fn the_card_says_what_it_waits_for_and_who_may_let_it_through() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    assert_eq!(
        bot.shows(),
        "checkout · production ← v2\nBuild #456 waits for production to be approved at GitHub\n\
         [Approve] [Decline] [Cancel] [Open build #456]"
    );
    assert!(bot.reads().contains("bob or carol may answer it here."), "{}", bot.reads());
    assert_eq!(bot.buttons_of(ALICE).await.unwrap(), ["Cancel", "Open build #456"]);
    assert!(bot.buttons_of(MALLORY).await.is_none());
    let mine = bot.hears(CAROL, "/mine").await;
    assert!(mine.contains("Waits for you"), "{mine}");
    assert!(bot.hears(ALICE, "/mine").await.contains("may answer it here"));
    bot.hears(CAROL, "/approve").await;
    bot.presses(CAROL, "Approve").await;
    let (gate, verdict, comment) = bot.pipeline.told().remove(0);
    assert_eq!((gate.as_str(), verdict), ("production", Verdict::Approve));
    assert!(comment.starts_with("Approved by carol (deployment "), "{comment}");
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(Duration::from_mins(1)).await;
    let audit = bot.audit().await;
    for row in ["carol gate_approve done", "Pilothouse gate_told done"] {
        assert!(audit.iter().any(|seen| seen == row), "{audit:?}");
    }
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn the_rules_are_those_of_the_plans_own_approval() {
    let bot = Bot::start().await;
    bot.hears(BOB, "/deploy production v2").await;
    bot.presses(CAROL, "Approve").await;
    bot.pipeline.waits_at(&["production"]);
    bot.passes(seconds(2)).await;
    let say = bot.says_button("Approve");
    let own = bot.hears(BOB, &say).await;
    assert_eq!(own, "You asked for this deployment, so someone else must approve it.");
    for who in [ALICE, MALLORY] {
        let no = bot.hears(who, &say).await;
        assert!(no.contains(DENIED), "{no}");
    }
    assert!(bot.pipeline.told().is_empty());
    bot.hears(CAROL, &say).await;
    assert_eq!(bot.pipeline.told().len(), 1);
    let late = bot.hears(CAROL, &say).await;
    assert_eq!(late, "carol has already answered production.");
    bot.passes(seconds(2)).await;
    let late = bot.hears(CAROL, &say).await;
    assert!(late.contains("is no longer waiting for approval"), "{late}");
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn an_approval_of_the_plan_lets_nothing_through_there() {
    let bot = Bot::start().await;
    bot.hears(ALICE, "/deploy production v2").await;
    let stale = bot.says_button("Approve");
    bot.hears(BOB, &stale).await;
    bot.pipeline.waits_at(&["production"]);
    bot.passes(seconds(2)).await;
    let late = bot.hears(CAROL, &stale).await;
    assert!(late.contains("is no longer waiting for approval"), "{late}");
    assert!(bot.pipeline.told().is_empty());
}

#[tokio::test]
async fn whoever_declines_ends_the_run_and_is_named() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    let id = bot.chat.newest_subject().id;
    bot.hears(BOB, &format!("/decline {id} not before @everyone\u{202e} agrees")).await;
    bot.passes(seconds(3)).await;
    let (_, verdict, comment) = bot.pipeline.told().remove(0);
    assert_eq!(verdict, Verdict::Reject);
    assert!(comment.ends_with(": not before (at)everyone agrees"), "{comment}");
    assert!(
        bot.shows().contains("The pipeline failed: bob declined production at GitHub: not before"),
        "{}",
        bot.shows()
    );
}

#[tokio::test]
async fn each_gate_is_answered_by_itself_and_declined_with_the_others() {
    let bot = Bot::start().await;
    waiting(&bot, &["eu", "us"]).await;
    assert!(bot.shows().contains("waits for eu and us to be approved"), "{}", bot.shows());
    bot.presses(BOB, "Approve us").await;
    bot.passes(seconds(2)).await;
    assert!(bot.shows().contains("waits for eu to be approved"), "{}", bot.shows());
    assert!(bot.reads().contains("us (bob)"), "{}", bot.reads());
    let id = bot.chat.newest_subject().id;
    let none = bot.hears(BOB, &format!("/approve {id} --gate mars")).await;
    assert_eq!(none, "It waits at no gate that is called so. There is: eu.");
    bot.hears(BOB, &format!("/approve {id} --gate EU")).await;
    let told: Vec<String> = bot.pipeline.told().into_iter().map(|(gate, ..)| gate).collect();
    assert_eq!(told, ["us", "eu"]);
}

#[tokio::test]
async fn who_is_slower_is_told_who_was_quicker() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    let say = bot.says_button("Approve");
    bot.is_told(BOB, &say).await;
    let slower = bot.is_told(CAROL, &say).await;
    assert_eq!(slower, "bob has already answered production.");
    bot.works().await;
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn killed_between_the_decision_and_the_answer_it_is_told_once_more() {
    for lost in [false, true] {
        let bot = Bot::start().await;
        waiting(&bot, &["production"]).await;
        let say = bot.says_button("Approve");
        bot.is_told(BOB, &say).await;
        if lost {
            // The answer arrived, and the process died before it heard of it.
            bot.pipeline.waits_at_gates(vec![]);
        }
        let bot = bot.restarts().await;
        bot.passes(seconds(3)).await;
        assert_eq!(bot.pipeline.told().len(), 1);
        assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    }
}

#[tokio::test]
async fn a_run_that_was_stopped_is_let_through_nowhere() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    let say = bot.says_button("Approve");
    let id = bot.chat.newest_subject().id;
    bot.is_told(BOB, &say).await;
    bot.is_told(ALICE, &format!("/cancel {id}")).await;
    bot.passes(seconds(20)).await;
    assert!(bot.pipeline.told().is_empty(), "{:?}", bot.pipeline.told());
    assert!(bot.shows().contains("alice"), "{}", bot.shows());
}

#[tokio::test]
async fn an_unclear_answer_is_asked_for_again_and_then_told() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    bot.pipeline.takes(Some(Answered::Unclear("time ran out".to_owned())));
    bot.presses(BOB, "Approve").await;
    assert!(
        bot.shows().contains("bob approved production. GitHub is being told"),
        "{}",
        bot.shows()
    );
    bot.pipeline.takes(Some(Answered::Gone));
    bot.passes(seconds(6)).await;
    assert!(bot.shows().contains("GitHub knows the answer"), "{}", bot.shows());
    assert!(bot.reads().contains("production (bob)"), "{}", bot.reads());

    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    bot.pipeline.takes(Some(Answered::Unclear("time ran out".to_owned())));
    bot.presses(BOB, "Approve").await;
    bot.passes(seconds(100)).await;
    assert_eq!(bot.pipeline.told().len(), 5);
    assert!(
        bot.reads().contains("GitHub did not take the answer of bob: time ran out. bob or carol"),
        "{}",
        bot.reads()
    );
    bot.pipeline.takes(None);
    bot.presses(CAROL, "Approve").await;
    bot.passes(seconds(2)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
}

#[tokio::test]
async fn what_was_answered_there_meanwhile_is_no_failure() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    bot.pipeline.takes(Some(Answered::Gone));
    bot.presses(BOB, "Approve").await;
    assert!(!bot.reads().contains("production (bob)"), "it was somebody else");
    bot.pipeline.waits_at_gates(vec![]);
    bot.passes(seconds(2)).await;
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
}

#[tokio::test]
async fn a_refusal_is_shown_with_what_to_do() {
    let bot = Bot::start().await;
    waiting(&bot, &["production"]).await;
    bot.pipeline.takes(Some(Answered::Refused("not one of its reviewers".to_owned())));
    bot.presses(BOB, "Approve").await;
    let reads = bot.reads();
    assert!(reads.contains("did not take the answer of bob: not one of its reviewers"), "{reads}");
    assert!(bot.shows().contains("[Approve] [Decline]"), "{}", bot.shows());
}

#[tokio::test]
async fn a_gate_that_takes_no_answer_from_here_leads_to_its_page() {
    let bot = Bot::start().await;
    under_way(&bot).await;
    let url = Some("https://ci.example/runs/456/gates".to_owned());
    let gate = Gate { answerable: false, own: None, url, ..own("production", None) };
    bot.pipeline.waits_at_gates(vec![gate]);
    bot.passes(seconds(2)).await;
    assert!(bot.shows().ends_with("[Cancel] [Answer at GitHub]"), "{}", bot.shows());
    assert!(bot.reads().contains("whoever it asks has to answer on its page"), "{}", bot.reads());
    let id = bot.chat.newest_subject().id;
    let no = bot.hears(BOB, &format!("/approve {id} --gate production")).await;
    assert!(no.contains("takes no answer to production from Pilothouse"), "{no}");
}

/// The gate of our own rule.
fn own(environment: &str, commit: Option<&str>) -> Gate {
    Gate {
        id: "rule-1".parse().unwrap(),
        name: environment.to_owned(),
        at: "GitHub".to_owned(),
        answerable: true,
        url: None,
        environment: None,
        own: Some(Own {
            environment: environment.parse::<Environment>().unwrap(),
            commit: commit.map(str::to_owned),
        }),
    }
}
