//! Whose people may talk to the bot, and who somebody is.

use serde_json::{Value, json};

use super::{ALICE, TENANT, Wire};

#[tokio::test]
async fn people_of_other_organisations_leave_no_trace() {
    let wire = Wire::start().await;
    let other = "0000dead-0000-4000-8000-000000000000";
    for (tenant, conversation) in [
        (json!(other), json!(other)),
        (json!(other), Value::Null),
        (Value::Null, json!(other)),
        (json!(other), json!(TENANT)),
        (json!(TENANT), json!(other)),
        (json!(""), json!("")),
        (Value::Null, Value::Null),
        (json!(format!("{TENANT} ")), json!(format!("{TENANT} "))),
        (json!(TENANT), json!(format!(" {TENANT}"))),
        (json!("*"), json!("*")),
    ] {
        let look = json!({
            "type": "Action.Execute", "verb": "look", "data": { "subject": "deployment/1" },
        });
        let say = json!({ "type": "Action.Execute", "verb": "say", "data": { "say": "/help" } });
        let bot = json!([{ "id": format!("28:{}", super::APP) }]);
        for mut activity in [
            wire.message("1", "hi"),
            wire.invoke("2", &look),
            wire.invoke("3", &say),
            wire.activity("installationUpdate", "4", &json!({ "action": "add" })),
            wire.activity("conversationUpdate", "5", &json!({ "membersAdded": bot })),
        ] {
            activity["channelData"]["tenant"]["id"] = tenant.clone();
            activity["conversation"]["tenantId"] = conversation.clone();
            let kind = activity["type"].clone();
            let answer = wire.delivers(&activity).await;
            assert_eq!(answer, (200, json!({})), "{kind}: {tenant} and {conversation}");
        }
    }
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn one_of_two_places_is_enough_to_name_the_tenant() {
    let wire = Wire::start().await;
    for (id, tenant, conversation) in [
        ("1", json!(TENANT), Value::Null),
        ("2", Value::Null, json!(TENANT)),
        ("3", json!(TENANT.to_uppercase()), json!(TENANT)),
    ] {
        let mut message = wire.message(id, "hi");
        message["channelData"]["tenant"]["id"] = tenant;
        message["conversation"]["tenantId"] = conversation;
        assert_eq!(wire.delivers(&message).await.0, 200);
    }
    let heard = wire.hears().await;
    let people: Vec<_> = heard.iter().map(|heard| heard.actor.id.to_string()).collect();
    assert_eq!(people, vec![format!("entra:{TENANT}:{ALICE}"); 3], "one tenant, one person");
}

#[tokio::test]
async fn somebody_teams_does_not_vouch_for_is_told_once_and_not_heard() {
    for from in [
        json!({ "id": "29:x", "name": "Alice Adams" }),
        json!({ "id": ALICE, "name": ALICE, "aadObjectId": "" }),
        json!({ "id": "29:alice", "aadObjectId": null, "userPrincipalName": "alice@contoso" }),
        json!({}),
        Value::Null,
    ] {
        let wire = Wire::start().await;
        let mut message = wire.message("1", "/deploy production v1");
        message["from"] = from.clone();
        message["value"] = json!({ "aadObjectId": ALICE, "say": "/deploy production v1" });
        let body = message.to_string();
        let token = wire.token().bearer();
        let headers = [token.as_str()];
        // Teams repeats itself.
        let knocks = std::iter::repeat_with(|| wire.gets(&headers, &body)).take(3);
        for (status, body) in futures_util::future::join_all(knocks).await {
            assert_eq!((status, body), (200, json!({})), "{from}");
        }
        assert!(wire.hears().await.is_empty(), "{from}");
        let sent = wire.microsoft.sent_when(|sent| !sent.is_empty()).await;
        assert_eq!(sent.len(), 1, "{from}: {sent:#?}");
        let text = sent[0].body["text"].as_str().unwrap();
        assert!(text.starts_with("Teams did not say who you are"), "{text}");
    }
}

#[tokio::test]
async fn nobody_waits_until_a_stranger_has_been_told() {
    let wire = Wire::start().await;
    let silence = wiremock::ResponseTemplate::new(201)
        .set_body_json(json!({ "id": "1:1" }))
        .set_delay(std::time::Duration::from_mins(10));
    let silent = wiremock::Mock::given(wiremock::matchers::any()).respond_with(silence);
    silent.with_priority(1).mount(&wire.microsoft.connector).await;
    let mut message = wire.message("1", "hi");
    message["from"] = json!({ "id": "29:x" });
    let patience = std::time::Duration::from_secs(5);
    let answer = tokio::time::timeout(patience, wire.delivers(&message)).await;
    assert_eq!(answer.expect("it is acknowledged at once").0, 200);
}

#[tokio::test]
async fn a_person_is_who_entra_says_whatever_they_call_themselves() {
    let wire = Wire::start().await;
    let names = [
        ("Bob", "Bob"),
        ("", "somebody"),
        ("  \u{202e}nimda\u{202c} ", "nimda"),
        ("a\u{0}b\nc", "abc"),
        ("\u{200b}\u{feff}", "somebody"),
    ];
    let long = "é".repeat(300);
    let shown = "é".repeat(80);
    let names = names.into_iter().chain([(long.as_str(), shown.as_str())]);
    for (n, (name, shown)) in names.enumerate() {
        let mut message = wire.message(&n.to_string(), "hi");
        message["from"]["name"] = json!(name);
        message["from"]["aadObjectId"] = json!(ALICE.to_uppercase());
        message["from"]["role"] = json!("admin");
        assert_eq!(wire.delivers(&message).await.0, 200);
        let heard = wire.hears().await.pop().unwrap();
        assert_eq!(heard.actor.name, shown);
        assert_eq!(heard.actor.id.to_string(), format!("entra:{TENANT}:{ALICE}"));
    }
}
