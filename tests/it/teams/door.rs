//! The door itself: what it takes, what it turns away, and whom it believes where answers go.

use actix_web::{
    http::{Method, header::AUTHORIZATION},
    test::TestRequest,
};
use serde_json::{Value, json};

use super::{CHANNEL, Wire};

/// The largest body there may be.
const LARGEST: usize = 1024 * 1024;

#[tokio::test]
async fn only_posts_are_taken() {
    let wire = Wire::start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let request = TestRequest::with_uri("/api/messages").method(method.clone());
        let request = request.append_header((AUTHORIZATION, wire.token().bearer()));
        assert_eq!(wire.knocks(request).await.0, 405, "{method}");
    }
    let elsewhere = TestRequest::post().uri("/api/message");
    assert_eq!(wire.knocks(elsewhere).await.0, 404);
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn a_body_may_be_large_but_not_larger() {
    let wire = Wire::start().await;
    let mut message = wire.message("1", "hi");
    message["padding"] = json!("");
    let room = LARGEST - message.to_string().len();
    for (padding, status) in [(room, 200), (room + 1, 413), (4 * LARGEST, 413)] {
        message["padding"] = json!("x".repeat(padding));
        assert_eq!(wire.delivers(&message).await.0, status, "{padding} more");
    }
    let unreadable = "x".repeat(LARGEST + 1);
    assert_eq!(wire.gets(&[], &unreadable).await.0, 401, "a stranger's is not read at all");
    assert_eq!(wire.words().await, ["hi"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_so() {
    let wire = Wire::start().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let whole = wire.message("1", "hi").to_string();
    let twice = |field: &str| whole.replacen('{', &format!("{{{field},"), 1);
    let mut bodies: Vec<String> =
        ["", " ", "{", "[]", "null", "17", "\"hi\"", "{}", "\u{feff}{}"].map(str::to_owned).into();
    bodies.extend([
        deep.clone(),
        twice(&format!("\"value\":{deep}")),
        whole[..whole.len() - 1].to_owned(),
        format!("{whole}x"),
        format!("{whole}{whole}"),
        twice(r#""from":{"id":"29:bob","aadObjectId":"b0b"}"#),
        twice(r#""conversation":{"id":"a:1"}"#),
        twice(r#""serviceUrl":"https://smba.trafficmanager.net/""#),
        twice(r#""channelData":{"tenant":{"id":"other"}}"#),
        twice(r#""recipient":{}"#),
        whole.replacen("\"aadObjectId\"", "\"aadObjectId\":\"b0b\",\"aadObjectId\"", 1),
        whole.replacen("\"tenantId\"", "\"tenantId\":\"other\",\"tenantId\"", 1),
    ]);
    for (field, values) in [
        ("type", vec![Value::Null, json!(1), json!({})]),
        ("conversation", vec![Value::Null, json!("x"), json!([]), json!({}), json!({ "id": "" })]),
        ("conversation", vec![json!({ "id": null }), json!({ "id": 7 })]),
        ("from", vec![json!("29:alice"), json!([1]), json!({ "aadObjectId": ["a"] })]),
        ("serviceUrl", vec![json!(1), json!({})]),
        ("id", vec![json!(1), json!([])]),
    ] {
        for value in values {
            let mut message = wire.message("1", "hi");
            message[field] = value;
            bodies.push(message.to_string());
        }
    }
    for field in ["type", "conversation"] {
        let mut message = wire.message("1", "hi");
        message.as_object_mut().unwrap().remove(field);
        bodies.push(message.to_string());
    }
    for body in &bodies {
        let shown: String = body.chars().take(300).collect();
        assert_eq!(wire.gets(&[], body).await.0, 401, "{shown}");
        let (status, answer) = wire.gets(&[&wire.token().bearer()], body).await;
        assert_eq!((status, answer), (400, json!({})), "{shown}");
    }
    let token = wire.token().bearer();
    let request = TestRequest::post().uri("/api/messages").append_header((AUTHORIZATION, token));
    let no_text = [&br#"{"type":"message","text":""#[..], b"\xff\xfe\"}"].concat();
    assert_eq!(wire.knocks(request.set_payload(no_text)).await.0, 400);
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn nothing_and_null_are_the_same() {
    let wire = Wire::start().await;
    let whole = wire.message("1", "hi");
    let needed = ["type", "id", "serviceUrl", "channelId", "conversation", "channelData", "from"];
    let mut message = whole.clone();
    for (name, value) in message.as_object_mut().unwrap() {
        if !needed.contains(&name.as_str()) && name != "text" {
            *value = Value::Null;
        }
    }
    for name in ["name", "action", "value", "entities", "membersAdded", "membersRemoved"] {
        message[name] = Value::Null;
    }
    message["from"]["name"] = Value::Null;
    message["conversation"]["conversationType"] = Value::Null;
    message["channelData"] = Value::Null;
    assert_eq!(wire.delivers(&message).await, (200, json!({})));
    message["id"] = json!("2");
    message["conversation"]["tenantId"] = Value::Null;
    message["channelData"] = whole["channelData"].clone();
    message["channelData"]["team"] = Value::Null;
    assert_eq!(wire.delivers(&message).await, (200, json!({})));
    let heard = wire.hears().await;
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].actor.name, "somebody");
}

#[tokio::test]
async fn what_nobody_knows_yet_is_let_by() {
    let wire = Wire::start().await;
    for kind in [
        "typing",
        "event",
        "messageUpdate",
        "messageDelete",
        "messageReaction",
        "endOfConversation",
        "handoff",
        "trace",
        "",
        "MESSAGE",
        "somethingNew",
    ] {
        let new = json!({ "eventType": "new", "somethingNew": [{ "a": 1 }], "value": [1, 2] });
        let answer = wire.delivers(&wire.activity(kind, "1", &new)).await;
        assert_eq!(answer, (200, json!({})), "{kind}");
    }
    assert!(wire.is_untouched().await);
    let mut message = wire.message("2", "hi");
    // Far deeper than anything is read.
    let deep = format!("{{\"deep\":{}{},", "[".repeat(10_000), "]".repeat(10_000));
    let body = wire.message("1", "deep").to_string().replacen('{', &deep, 1);
    assert_eq!(wire.gets(&[&wire.token().bearer()], &body).await.0, 200);
    message["conversation"]["conversationType"] = json!("hologram");
    message["channelData"]["eventType"] = json!("somethingNew");
    message["from"]["role"] = json!({ "new": true });
    message["attachments"] = json!([null, 1, { "contentType": "text/html", "content": "<b>" }]);
    message["entities"] = json!([null, 1, "x", [], {}, { "type": "clientInfo" }]);
    assert_eq!(wire.delivers(&message).await, (200, json!({})));
    assert_eq!(wire.words().await, ["deep", "hi"]);
}

/// Where the bot's token must never go.
const EVIL: &[&str] = &[
    "",
    "x",
    "//smba.trafficmanager.net/emea/",
    "https://",
    "https://evil.example/",
    "https://evil.trafficmanager.net/emea/",
    "https://trafficmanager.net/emea/",
    "https://smba.trafficmanager.net.evil.example/emea/",
    "https://smba.trafficmanager.net./emea/",
    "https://smba.trafficmanager.net@evil.example/emea/",
    "https://evil.example@smba.trafficmanager.net/emea/",
    "https://a:b@smba.trafficmanager.net/emea/",
    "https://smba.trafficmanager.net:8443/emea/",
    "https://smba.trafficmanager.net/emea/?a=b",
    "https://smba.trafficmanager.net/emea/#a",
    "https://evil.example/#smba.trafficmanager.net",
    "https://evil.example\\@smba.trafficmanager.net/",
    "https://smba.trafficmanager.net\\.evil.example/",
    "https:\\\\smba.trafficmanager.net/emea/",
    " https://smba.trafficmanager.net/emea/",
    "https://smba.traffic\tmanager.net/emea/",
    "https://smba.trafficmanager.net/emea/\n",
    "https://smba%2etrafficmanager%2enet.evil.example/",
    "https://ѕmba.trafficmanager.net/emea/",
    "https://xsmba.trafficmanager.net/emea/",
    "http://smba.trafficmanager.net/emea/",
    "ftp://smba.trafficmanager.net/emea/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,hi",
    "https://botframework.com/",
    "https://evilbotframework.com/",
    "https://a.botframework.com.evil.example/",
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://169.254.169.254/metadata/",
    "http://169.254.169.254/metadata/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "http://localhost/",
    "http://127.0.0.1:1/",
    "http://[::1]:1/",
];

#[tokio::test]
async fn the_token_goes_nowhere_it_should_not() {
    let wire = Wire::start().await;
    for evil in EVIL {
        // Nobody is named in it, so the bot would have something to say.
        let mut message = wire.message("1", "hi");
        message["serviceUrl"] = json!(evil);
        message["from"] = json!({});
        let (body, claimed) = (message.to_string(), wire.token().with("serviceurl", *evil));
        for token in [wire.token(), claimed] {
            let (status, answer) = wire.gets(&[&token.bearer()], &body).await;
            assert_eq!((status, answer), (401, json!({})), "{evil}");
        }
    }
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn the_token_and_the_activity_name_the_same_address() {
    let wire = Wire::start().await;
    let here = wire.microsoft.connector.uri();
    let real = "https://smba.trafficmanager.net/emea/";
    for (claimed, said, status) in [
        (format!("{here}/emea"), format!("{here}/emea/"), 200),
        (format!("{here}/emea/"), format!("{here}/emea"), 200),
        (format!("{here}/emea/"), format!("{here}/emea/").replace("http:", "HTTP:"), 200),
        (real.to_owned(), "https://SMBA.TrafficManager.net/emea".to_owned(), 200),
        (real.to_owned(), "https://smba.trafficmanager.net:443/emea".to_owned(), 200),
        (real.to_owned(), "https://smba.trafficmanager.net/amer/".to_owned(), 401),
        (real.to_owned(), "https://smba.trafficmanager.net/EMEA/".to_owned(), 401),
        (real.to_owned(), "https://smba.trafficmanager.net/".to_owned(), 401),
        (real.to_owned(), "https://smba.trafficmanager.net/emea/../amer/".to_owned(), 401),
        (real.to_owned(), format!("{here}/emea/"), 401),
        (format!("{here}/emea/"), real.to_owned(), 401),
        ("https://evil.example/".to_owned(), format!("{here}/emea/"), 401),
        ("emea".to_owned(), "emea".to_owned(), 401),
    ] {
        let mut message = wire.message("1", "hi");
        message["serviceUrl"] = json!(said);
        let token = wire.token().with("serviceurl", claimed.as_str());
        let (answer, _) = wire.gets(&[&token.bearer()], &message.to_string()).await;
        assert_eq!(answer, status, "{claimed} and {said}");
    }
    let mut message = wire.message("1", "hi");
    message.as_object_mut().unwrap().remove("serviceUrl");
    assert_eq!(wire.delivers(&message).await.0, 401, "it must be said");
    message["serviceUrl"] = Value::Null;
    assert_eq!(wire.delivers(&message).await.0, 401, "it must be said");
}

#[tokio::test]
async fn only_teams_is_listened_to() {
    let wire = Wire::start().await;
    let mut message = wire.message("1", "hi");
    for channel in
        ["", "webchat", "emulator", "directline", "MSTEAMS", "msteams ", "msteams,webchat"]
    {
        message["channelId"] = json!(channel);
        assert_eq!(wire.delivers(&message).await.0, 401, "`{channel}`");
    }
    message["channelId"] = Value::Null;
    assert_eq!(wire.delivers(&message).await.0, 401);
    message.as_object_mut().unwrap().remove("channelId");
    assert_eq!(wire.delivers(&message).await.0, 401);
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn a_conversation_is_reached_where_it_last_spoke() {
    let wire = Wire::start().await;
    let mut message = wire.message("1", "hi");
    let first = wire.delivers(&message).await;
    wire.clock.advance(std::time::Duration::from_secs(1));
    let moved = format!("{}/amer/", wire.microsoft.connector.uri());
    message["serviceUrl"] = json!(moved);
    let token = wire.token().with("serviceurl", moved);
    let second = wire.gets(&[&token.bearer()], &message.to_string()).await;
    assert_eq!((first.0, second.0), (200, 200));
    wire.ears.answers(pilothouse::chat::Reply::Text("hello".to_owned()));
    wire.hears().await;
    let sent = wire.microsoft.sent().await;
    let path = "/amer/v3/conversations/19%3Aabc%40thread.tacv2%3Bmessageid%3D1/activities";
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].path, path, "{CHANNEL}");
}
