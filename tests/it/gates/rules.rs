//! What Pilothouse decides about gates by itself, and what it leaves to people.

use pilothouse::pipelines::{Answered, Gate, RunState, Verdict};
use serde_json::{Value, json};

use super::{COMMIT, own, seconds, under_way, waiting};
use crate::world::{ALICE, BOB, Bot, CAROL, DAVE, SERVICES};

/// Services whose production answers these gates in the name of those who have approved.
fn answering(names: &str) -> String {
    let with = format!("\"answer_gates\": [{names}], \"approvals\": 1");
    SERVICES.replace("\"approvals\": 1", &with)
}

#[tokio::test]
async fn a_listed_gate_is_answered_in_the_name_of_those_who_approved() {
    let bot = Bot::with(&answering("\"production\"")).await;
    waiting(&bot, &["production"]).await;
    let (_, verdict, comment) = bot.pipeline.told().remove(0);
    assert_eq!(verdict, Verdict::Approve);
    assert!(comment.ends_with(": approved by bob; asked for by alice"), "{comment}");
    assert!(bot.shows().contains("Build #456 started"), "{}", bot.shows());
    let audit = bot.audit().await;
    assert!(audit.contains(&"Pilothouse gate_approve done".to_owned()), "{audit:?}");

    let bot = Bot::with(&answering("\"production\"")).await;
    waiting(&bot, &["billing"]).await;
    assert!(bot.pipeline.told().is_empty(), "a gate that is not listed is for people");
}

#[tokio::test]
async fn nobody_is_spoken_for_who_has_not_approved() {
    let nobody = answering("\"production\"").replace("\"approvals\": 1", "\"approvals\": 0");
    let bot = Bot::with(&nobody).await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.pipeline.waits_at(&["production"]);
    bot.passes(seconds(2)).await;
    assert!(bot.pipeline.told().is_empty());
    assert!(bot.shows().contains("[Approve]"), "{}", bot.shows());
}

#[tokio::test]
async fn what_holds_deployments_back_holds_back_at_the_gate() {
    let bot = Bot::with(&answering("\"production\"")).await;
    under_way(&bot).await;
    bot.hears(CAROL, "/lock production").await;
    bot.pipeline.waits_at(&["production", "eu"]);
    bot.passes(seconds(5)).await;
    assert!(bot.pipeline.told().is_empty(), "it is locked");
    let shown = bot.reads_of("deployment");
    assert!(shown.contains("held back from production") && shown.contains("Locked by carol"));
    let id = bot.chat.newest_subject().id;
    let id =
        if bot.chat.newest_subject().kind == "deployment" { id } else { deployment(&bot).await };
    let no = bot.hears(BOB, &format!("/approve {id} --gate eu")).await;
    assert!(no.contains("Locked by carol") && no.contains("goes on when"), "{no}");
    bot.hears(CAROL, "/unlock production").await;
    bot.passes(seconds(70)).await;
    assert_eq!(bot.pipeline.told().len(), 1);
}

/// The number of the only deployment there is.
async fn deployment(bot: &Bot) -> String {
    bot.app.commands.deployments.open().await.unwrap()[0].id.to_string()
}

#[tokio::test]
async fn an_approver_who_lost_the_permission_is_not_spoken_for() {
    let bot = Bot::with(&answering("\"production\"")).await;
    under_way(&bot).await;
    let bot = bot.restarts_without(BOB).await;
    bot.pipeline.waits_at(&["production"]);
    bot.passes(seconds(3)).await;
    assert!(bot.pipeline.told().is_empty());
    assert!(bot.reads().contains("bob may not approve there any more"), "{}", bot.reads());
    bot.presses(CAROL, "Approve").await;
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn our_own_gate_lets_through_what_was_approved_and_nothing_else() {
    let other = "553c2077f0edc3d5dc5d17262f6aa498e69d6f8e";
    for (environment, commit, passes) in [
        ("production", Some(COMMIT), true),
        ("production", None, true),
        ("production", Some(other), false),
        ("production", Some("unknown"), false),
        ("staging", Some(COMMIT), false),
    ] {
        let bot = Bot::start().await;
        under_way(&bot).await;
        bot.pipeline.waits_at_gates(vec![own(environment, commit)]);
        bot.passes(seconds(3)).await;
        let (_, verdict, comment) = bot.pipeline.told().remove(0);
        assert_eq!(verdict == Verdict::Approve, passes, "{environment} {commit:?}: {comment}");
        if !passes {
            assert!(bot.shows().contains("Pilothouse declined"), "{}", bot.shows());
        }
    }
}

#[tokio::test]
async fn nobody_can_open_our_own_gate_to_another_commit() {
    let bot = Bot::start().await;
    under_way(&bot).await;
    bot.pipeline.takes(Some(Answered::Refused("busy".to_owned())));
    bot.pipeline.waits_at_gates(vec![own("production", Some("unknown"))]);
    bot.passes(seconds(3)).await;
    let id = deployment(&bot).await;
    let no = bot.hears(BOB, &format!("/approve {id} --gate production")).await;
    assert!(no.contains("stays closed to this run"), "{no}");
    assert_eq!(bot.pipeline.told().len(), 1);
}

#[tokio::test]
async fn a_no_stays_a_no_when_the_gates_are_lost_from_sight() {
    for unknown in [true, false] {
        let bot = Bot::with(&answering("\"production\"")).await;
        under_way(&bot).await;
        let id = deployment(&bot).await;
        bot.hears(CAROL, "/lock production").await;
        bot.pipeline.waits_at(&["production"]);
        bot.passes(seconds(5)).await;
        bot.pipeline.takes(Some(Answered::Unclear("time ran out".to_owned())));
        bot.hears(BOB, &format!("/decline {id}")).await;
        if unknown {
            bot.pipeline.loses_gates();
        } else {
            bot.pipeline.waits_at_gates(vec![]);
        }
        bot.hears(CAROL, "/unlock production").await;
        bot.passes(seconds(2)).await;
        bot.pipeline.takes(None);
        bot.pipeline.waits_at(&["production"]);
        bot.passes(seconds(70)).await;
        let told = bot.pipeline.told();
        assert!(told.iter().all(|(_, verdict, _)| *verdict == Verdict::Reject), "{told:?}");
        assert_eq!(told.len(), if unknown { 2 } else { 1 }, "{told:?}");
    }
}

#[tokio::test]
async fn nothing_holds_back_the_last_good_version_at_our_own_gate() {
    let bot = Bot::start().await;
    bot.pipeline.tags("v1", COMMIT);
    crate::deploy::ship(&bot, "v1").await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.health.fails();
    bot.passes(seconds(130)).await;
    let id = deployment(&bot).await;
    bot.hears(CAROL, "/lock production").await;
    bot.passes(seconds(32)).await;
    assert_eq!(bot.pipeline.orders().len(), 3, "it began in spite of the lock");
    bot.pipeline.waits_at(&["eu"]);
    bot.passes(seconds(3)).await;
    bot.hears(BOB, &format!("/approve {id} --gate eu")).await;
    bot.pipeline.waits_at_gates(vec![own("production", Some(COMMIT))]);
    bot.passes(seconds(3)).await;
    let told: Vec<_> = bot.pipeline.told().into_iter().map(|(gate, v, _)| (gate, v)).collect();
    let yes = |gate: &str| (gate.to_owned(), Verdict::Approve);
    assert_eq!(told, [yes("eu"), yes("production")]);
}

#[tokio::test]
async fn what_lies_behind_a_gate_is_known_however_the_vendor_spells_it() {
    let mapped = Gate {
        name: "Pre-Production EU".to_owned(),
        environment: Some("staging".parse().unwrap()),
        own: None,
        ..own("staging", None)
    };
    let spelt = Gate { name: "STAGING".to_owned(), environment: None, ..mapped.clone() };
    for gate in [spelt, mapped] {
        let mut rules: Value = serde_json::from_str(SERVICES).unwrap();
        let may = json!({ "do": ["look", "approve"], "environments": ["production"] });
        rules["roles"] = json!({ "keepers": { "people": ["dave"], "may": [may] } });
        let bot = Bot::with(&rules.to_string()).await;
        under_way(&bot).await;
        let id = deployment(&bot).await;
        bot.pipeline.waits_at_gates(vec![gate.clone()]);
        bot.passes(seconds(2)).await;
        let say = format!("/approve {id} --gate {}", gate.id);
        let no = bot.hears(DAVE, &say).await;
        assert!(no.contains("dave may not approve"), "{no}");
        bot.hears(CAROL, "/lock staging").await;
        let no = bot.hears(BOB, &say).await;
        assert!(no.contains("Locked by carol"), "{no}");
        assert!(bot.pipeline.told().is_empty());
        bot.hears(CAROL, "/unlock staging").await;
        bot.hears(BOB, &say).await;
        assert_eq!(bot.pipeline.told().len(), 1);
    }
}
