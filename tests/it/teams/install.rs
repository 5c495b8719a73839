//! The bot comes and goes; and Teams says some things several times.

use futures_util::future::join_all;
use pilothouse::chat::Reply;
use serde_json::{Value, json};

use super::{APP, CHANNEL, Wire};

fn bot() -> Value {
    json!([{ "id": format!("28:{APP}"), "name": "Pilothouse" }])
}

/// An installation, or the end of one.
fn installation(wire: &Wire, id: &str, action: &str) -> Value {
    wire.activity("installationUpdate", id, &json!({ "action": action }))
}

#[tokio::test]
async fn one_who_installs_it_is_greeted_once() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Hello.".to_owned()));
    let added = installation(&wire, "f:1", "add");
    let joined = wire.activity("conversationUpdate", "f:2", &json!({ "membersAdded": bot() }));
    for activity in [&joined, &added, &joined, &added] {
        assert_eq!(wire.delivers(activity).await, (200, json!({})));
    }
    let heard = wire.hears().await;
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].text.as_str(), heard[0].actor.name.as_str()), ("/help", "Alice Adams"));
    let sent = wire.microsoft.sent().await;
    assert_eq!(sent.len(), 1);
    let path = "/emea/v3/conversations/19%3Aabc%40thread.tacv2/activities";
    assert_eq!(sent[0].path, path, "an installation is no message one could answer in a thread");
}

#[tokio::test]
async fn only_a_first_installation_is_greeted() {
    let wire = Wire::start().await;
    for (n, action) in ["add-upgrade", "upgrade", "", "somethingNew"].iter().enumerate() {
        let activity = installation(&wire, &format!("f:{n}"), action);
        assert_eq!(wire.delivers(&activity).await.0, 200);
    }
    let others = json!([{ "id": "29:bob", "aadObjectId": "b0b" }]);
    let joined = wire.activity("conversationUpdate", "f:9", &json!({ "membersAdded": others }));
    assert_eq!(wire.delivers(&joined).await.0, 200);
    let mut guest = installation(&wire, "f:10", "add");
    guest["from"] = json!({ "id": "29:x" });
    assert_eq!(wire.delivers(&guest).await.0, 200);
    assert!(wire.hears().await.is_empty());
    assert_eq!(wire.rows("conversations").await, 1, "it is known how to reach them");
}

#[tokio::test]
async fn where_it_was_thrown_out_it_is_forgotten() {
    let wire = Wire::start().await;
    let left = wire.activity("conversationUpdate", "f:2", &json!({ "membersRemoved": bot() }));
    for gone in [installation(&wire, "f:1", "remove"), left] {
        assert_eq!(wire.delivers(&wire.message("1", "hi")).await.0, 200);
        assert_eq!(wire.rows("conversations").await, 1);
        assert_eq!(wire.delivers(&gone).await.0, 200);
        assert_eq!(wire.rows("conversations").await, 0);
    }
    assert_eq!(wire.delivers(&wire.message("2", "hi")).await.0, 200);
    let others = json!([{ "id": "29:bob" }, {}]);
    let left = wire.activity("conversationUpdate", "f:3", &json!({ "membersRemoved": others }));
    assert_eq!(wire.delivers(&left).await.0, 200);
    assert_eq!(wire.rows("conversations").await, 1, "bob left, not the bot");
}

#[tokio::test]
async fn what_teams_says_three_times_is_heard_once() {
    let wire = Wire::start().await;
    wire.ears.answers(Reply::Text("Hello.".to_owned()));
    let message = wire.message("1700", "hi");
    let answers = join_all((0..3).map(|_| wire.delivers(&message))).await;
    assert_eq!(answers, vec![(200, json!({})); 3]);
    assert_eq!(wire.words().await, ["hi"]);
    assert_eq!(wire.delivers(&message).await.0, 200);
    assert_eq!(wire.words().await, ["hi"], "later as well");
    let sent = wire.microsoft.sent().await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    let mut elsewhere = message.clone();
    elsewhere["conversation"]["id"] = json!("19:other@thread.tacv2");
    assert_eq!(wire.delivers(&elsewhere).await.0, 200);
    assert_eq!(wire.words().await, ["hi", "hi"], "ids are per conversation");
}

#[tokio::test]
async fn what_could_not_be_written_down_is_not_acknowledged() {
    let wire = Wire::start().await;
    wire.foundation.db.close().await;
    assert_eq!(wire.delivers(&wire.message("1", "hi")).await, (503, json!({})));
}

#[tokio::test]
async fn an_answer_goes_into_the_thread_it_belongs_to() {
    for (kind, conversation, id, path) in [
        ("channel", CHANNEL.to_owned(), "17", "19%3Aabc%40thread.tacv2%3Bmessageid%3D17"),
        (
            "channel",
            format!("{CHANNEL};messageid=5"),
            "17",
            "19%3Aabc%40thread.tacv2%3Bmessageid%3D5",
        ),
        ("channel", CHANNEL.to_owned(), "f:abc", "19%3Aabc%40thread.tacv2"),
        ("personal", "a:1".to_owned(), "17", "a%3A1"),
        ("groupChat", "19:g@thread.v2".to_owned(), "17", "19%3Ag%40thread.v2"),
        ("hologram", "19:h@thread.v9".to_owned(), "17", "19%3Ah%40thread.v9"),
    ] {
        let wire = Wire::start().await;
        wire.ears.answers(Reply::Text("Hello.".to_owned()));
        let mut message = wire.message(id, "hi");
        message["conversation"]["id"] = json!(conversation);
        message["conversation"]["conversationType"] = json!(kind);
        assert_eq!(wire.delivers(&message).await.0, 200);
        wire.hears().await;
        let sent = wire.microsoft.sent().await;
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].path, format!("/emea/v3/conversations/{path}/activities"));
    }
}
