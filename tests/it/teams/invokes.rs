//! Buttons and cards that are drawn anew: what Teams waits for an answer to.

use std::time::Duration;

use futures_util::future::join_all;
use pilothouse::chat::{Reply, Subject};
use serde_json::{Value, json};

use super::{ALICE, CHANNEL, TENANT, Wire, ears::note};

const CARD: &str = "application/vnd.microsoft.card.adaptive";
const TOAST: &str = "application/vnd.microsoft.activity.message";
const ERROR: &str = "application/vnd.microsoft.error";

fn say(text: &str) -> Value {
    json!({ "type": "Action.Execute", "id": "x", "verb": "say", "data": { "say": text } })
}

fn look(subject: &str) -> Value {
    json!({ "type": "Action.Execute", "verb": "look", "data": { "subject": subject } })
}

fn toast(text: &str) -> (u16, Value) {
    (200, json!({ "statusCode": 200, "type": TOAST, "value": text }))
}

#[tokio::test]
async fn a_button_says_its_command_where_it_was_pressed() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Done.".to_owned()));
    let mut pressed = wire.invoke("f:1", &say("/approve 8f2c91d4 --plan {plan}"));
    pressed["value"]["action"]["data"]["plan"] = json!("7c1d");
    pressed["conversation"]["id"] = json!(format!("{CHANNEL};messageid=17"));
    assert_eq!(wire.delivers(&pressed).await, toast("Done."));
    let heard = wire.ears.heard().pop().unwrap();
    assert_eq!(heard.text, "/approve 8f2c91d4 --plan \"7c1d\"");
    assert_eq!(heard.actor.id.to_string(), format!("entra:{TENANT}:{ALICE}"));
    assert_eq!(heard.place.conversation, format!("{CHANNEL};messageid=17"));
    assert_eq!(wire.rows("conversations").await, 1, "it is known how to answer later");
    assert!(wire.microsoft.sent().await.is_empty(), "the answer is in the answer");
}

#[tokio::test]
async fn every_reply_has_a_shape_teams_understands() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Refused("You may not.".to_owned()));
    assert_eq!(wire.delivers(&wire.invoke("1", &say("/x"))).await, toast("You may not."));
    wire.ears.answers(Reply::Card(note("A form")));
    let (status, body) = wire.delivers(&wire.invoke("2", &say("/x"))).await;
    assert_eq!((status, &body["statusCode"], &body["type"]), (200, &json!(200), &json!(CARD)));
    assert_eq!(body["value"]["body"][0]["text"], "A form");
    assert!(body["value"].get("refresh").is_none(), "it is about nothing lasting");
    wire.ears.answers(Reply::Shown(Subject::new("deployment", "8f2c91d4")));
    let (status, body) = wire.delivers(&wire.invoke("3", &say("/x"))).await;
    assert_eq!((status, &body["statusCode"], &body["type"]), (200, &json!(200), &json!(CARD)));
    assert_eq!(body["value"]["type"], "AdaptiveCard");
    let personal = "Alice Adams sees deployment/8f2c91d4";
    assert_eq!(body["value"]["body"][0]["text"], personal);
    assert_eq!(body["value"]["refresh"]["action"], look("deployment/8f2c91d4"));
    wire.ears.answers(Reply::Shown(Subject::new("alert", "1")));
    let nothing = toast("There is nothing here for you to see.");
    assert_eq!(wire.delivers(&wire.invoke("4", &say("/x"))).await, nothing);
}

#[tokio::test]
async fn looking_changes_nothing() {
    let wire = Wire::start().await;
    let mut refreshed = wire.invoke("1", &look("deployment/8f2c91d4"));
    refreshed["value"]["trigger"] = json!("automatic");
    for round in 0..3 {
        refreshed["id"] = json!(format!("f:{round}"));
        let (status, body) = wire.delivers(&refreshed).await;
        assert_eq!((status, &body["type"]), (200, &json!(CARD)));
        assert_eq!(body["value"]["refresh"]["action"], look("deployment/8f2c91d4"));
    }
    let looked = wire.ears.looked();
    assert_eq!(looked.len(), 3);
    assert_eq!(looked[0].0.id.to_string(), format!("entra:{TENANT}:{ALICE}"));
    for table in ["conversations", "heard", "jobs", "messages", "audit"] {
        assert_eq!(wire.rows(table).await, 0, "{table}");
    }
    assert!(wire.ears.heard().is_empty() && wire.microsoft.sent().await.is_empty());
    // Not even a database is needed for it.
    wire.foundation.db.close().await;
    refreshed["id"] = json!("f:4");
    assert_eq!(wire.delivers(&refreshed).await.1["type"], CARD);
}

#[tokio::test]
async fn what_is_no_action_of_ours_is_an_error_in_the_body() {
    let wire = Wire::start().await;
    let execute = |fields: Value| {
        let mut action = fields;
        action["type"] = json!("Action.Execute");
        json!({ "action": action })
    };
    for (n, value) in [
        Value::Null,
        json!("x"),
        json!([]),
        json!({}),
        json!({ "action": null }),
        json!({ "action": "say" }),
        json!({ "action": { "verb": "say", "data": { "say": "/x" } } }),
        json!({ "action": { "type": "Action.Submit", "verb": "say", "data": { "say": "/x" } } }),
        json!({ "action": { "type": 7, "verb": "say", "data": { "say": "/x" } } }),
        execute(json!({})),
        execute(json!({ "verb": null })),
        execute(json!({ "verb": "", "data": { "say": "/x" } })),
        execute(json!({ "verb": "SAY", "data": { "say": "/x" } })),
        execute(json!({ "verb": "approve", "data": { "say": "/x" } })),
        execute(json!({ "verb": ["say"], "data": { "say": "/x" } })),
        execute(json!({ "verb": "say" })),
        execute(json!({ "verb": "say", "data": null })),
        execute(json!({ "verb": "say", "data": "/x" })),
        execute(json!({ "verb": "say", "data": { "say": 7 } })),
        execute(json!({ "verb": "look" })),
        execute(json!({ "verb": "look", "data": { "subject": "" } })),
        execute(json!({ "verb": "look", "data": { "subject": "deployment" } })),
        execute(json!({ "verb": "look", "data": { "subject": "deployment/a/b" } })),
        execute(json!({ "verb": "look", "data": { "subject": { "kind": "deployment" } } })),
        execute(json!({ "verb": "look", "data": { "subject": "deployment/../x" } })),
    ]
    .into_iter()
    .enumerate()
    {
        let mut pressed = wire.invoke(&n.to_string(), &Value::Null);
        pressed["value"] = value.clone();
        let (status, body) = wire.delivers(&pressed).await;
        assert_eq!((status, &body["statusCode"], &body["type"]), (200, &json!(400), &json!(ERROR)));
        assert_eq!(body["value"]["code"], "BadRequest", "{value}");
        assert!(body["value"]["message"].is_string(), "{value}");
    }
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn other_invokes_are_not_implemented() {
    let wire = Wire::start().await;
    for name in
        ["", "task/fetch", "composeExtension/query", "signin/verifyState", "x", "adaptiveCard"]
    {
        let mut other = wire.invoke("1", &say("/x"));
        other["name"] = json!(name);
        assert_eq!(wire.delivers(&other).await, (501, json!({})), "{name}");
    }
    let mut unnamed = wire.invoke("1", &say("/x"));
    unnamed.as_object_mut().unwrap().remove("name");
    assert_eq!(wire.delivers(&unnamed).await.0, 501);
    assert!(wire.is_untouched().await);
    let mut shouted = wire.invoke("1", &say("/x"));
    shouted["name"] = json!("ADAPTIVECARD/ACTION");
    assert_eq!(wire.delivers(&shouted).await.0, 200);
}

#[tokio::test]
async fn somebody_teams_does_not_vouch_for_presses_in_vain() {
    let wire = Wire::start().await;
    for (n, action) in [say("/approve"), look("deployment/8f2c91d4")].iter().enumerate() {
        let mut pressed = wire.invoke(&n.to_string(), action);
        pressed["from"] = json!({ "id": "29:x", "name": "Alice Adams" });
        let told = toast("Teams did not say who you are, so nothing was done.");
        assert_eq!(wire.delivers(&pressed).await, told);
    }
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn what_takes_long_is_answered_now_and_again_later() {
    let wire = Wire::start().await;
    wire.ears.thinks();
    wire.ears.answers(Reply::Text("Done at last.".to_owned()));
    let mut pressed = wire.invoke("f:1", &say("/x"));
    pressed["conversation"]["id"] = json!(format!("{CHANNEL};messageid=17"));
    let working = toast("Working on it. The card changes when it is done.");
    assert_eq!(wire.delivers(&pressed).await, working);
    assert_eq!(wire.delivers(&pressed).await, working, "the same again is answered the same");
    assert!(wire.microsoft.sent().await.is_empty());
    wire.ears.is_done_thinking();
    let sent = wire.microsoft.sent_when(|sent| !sent.is_empty()).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body["text"], "Done at last.");
    let path = "/emea/v3/conversations/19%3Aabc%40thread.tacv2%3Bmessageid%3D17/activities";
    assert_eq!(sent[0].path, path);
    assert_eq!(wire.ears.heard().len(), 1);
}

#[tokio::test]
async fn a_late_card_arrives_as_a_message_and_one_with_a_subject_by_itself() {
    let wire = Wire::start().await;
    wire.ears.thinks();
    wire.ears.answers(Reply::Shown(Subject::new("deployment", "8f2c91d4")));
    wire.delivers(&wire.invoke("f:1", &say("/x"))).await;
    wire.ears.is_done_thinking();
    wire.ears.thinks();
    wire.ears.answers(Reply::Card(note("A form")));
    wire.delivers(&wire.invoke("f:2", &say("/x"))).await;
    wire.ears.is_done_thinking();
    let sent = wire.microsoft.sent_when(|sent| !sent.is_empty()).await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0].body["attachments"][0]["content"]["body"][0]["text"], "A form");
}

#[tokio::test]
async fn a_slow_look_is_answered_in_time_as_well() {
    let wire = Wire::start().await;
    wire.ears.thinks();
    let invoke = wire.invoke("f:1", &look("deployment/8f2c91d4"));
    let patience = Duration::from_mins(1);
    let answer = tokio::time::timeout(patience, wire.delivers(&invoke)).await;
    let (status, body) = answer.expect("whatever happens, Teams gets an answer");
    assert_eq!((status, &body["type"]), (200, &json!(TOAST)));
}

#[tokio::test]
async fn the_same_press_sent_again_is_heard_once_and_answered_the_same() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Done.".to_owned()));
    wire.ears.thinks();
    let pressed = wire.invoke("f:1", &say("/x"));
    let opens = async {
        for _ in 0..500 {
            if !wire.ears.heard().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        wire.ears.answers(Reply::Text("Done twice.".to_owned()));
        wire.ears.is_done_thinking();
    };
    let (answers, ()) = tokio::join!(join_all((0..3).map(|_| wire.delivers(&pressed))), opens);
    assert_eq!(answers, vec![toast("Done."); 3]);
    assert_eq!(wire.delivers(&pressed).await, toast("Done."), "later as well");
    assert_eq!(wire.ears.heard().len(), 1);
    let mut elsewhere = pressed.clone();
    elsewhere["conversation"]["id"] = json!("19:other@thread.tacv2");
    assert_eq!(wire.delivers(&elsewhere).await, toast("Done twice."), "ids are per conversation");
    assert_eq!(wire.ears.heard().len(), 2);
}

#[tokio::test]
async fn a_press_whose_sender_hung_up_is_heard_once_too() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Done.".to_owned()));
    wire.ears.thinks();
    let pressed = wire.invoke("f:1", &say("/x"));
    let is_heard = async {
        while wire.ears.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        answer = wire.delivers(&pressed) => panic!("it is still thinking: {answer:?}"),
        () = is_heard => {}
    }
    let thought = async { wire.ears.is_done_thinking() };
    let (answer, ()) = tokio::join!(wire.delivers(&pressed), thought);
    assert_eq!(answer, toast("Done."));
    assert_eq!(wire.ears.heard().len(), 1);
}

#[tokio::test]
async fn presses_without_an_id_are_each_their_own() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Done.".to_owned()));
    let pressed = wire.invoke("", &say("/x"));
    for _ in 0..2 {
        assert_eq!(wire.delivers(&pressed).await, toast("Done."));
    }
    let heard = wire.ears.heard();
    assert_eq!(heard.len(), 2);
    assert_ne!(heard[0].origin, heard[1].origin, "so they may ask for two deployments");
    for _ in 0..2 {
        assert_eq!(wire.delivers(&wire.message("", "hi")).await.0, 200);
    }
    assert_eq!(wire.hears().await.len(), 4);
}

#[tokio::test]
async fn what_breaks_is_answered_all_the_same() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Shown(Subject::new("broken", "1")));
    for (n, action) in [say("/x"), look("broken/1")].iter().enumerate() {
        let told = toast("Something broke on my side; it has been logged.");
        assert_eq!(wire.delivers(&wire.invoke(&n.to_string(), action)).await, told);
    }
}
