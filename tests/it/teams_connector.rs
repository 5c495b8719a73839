//! What the bot sends through a pretend connector of Teams.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, UNIX_EPOCH},
};

use futures_util::future::join_all;
use pilothouse::{
    chat::{
        ShowError,
        teams::{
            CONVERSATION_GONE, Connector, Reference, Settings, conversation_is_gone,
            message_is_gone,
        },
    },
    clock::{Clock, Timestamp},
    outbound::Outbound,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

/// A Wednesday morning, to the second.
const NOW: Timestamp = Timestamp(1_795_000_000_000);
const CHANNEL: &str = "19:abc@thread.tacv2";
const THREAD: &str = "19:abc@thread.tacv2;messageid=17";

/// Answers these, one after the other, and the last one for ever.
struct Script(Vec<ResponseTemplate>, AtomicUsize);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let n = self.1.fetch_add(1, Ordering::SeqCst);
        self.0[n.min(self.0.len() - 1)].clone()
    }
}

/// A connector with a token endpoint beside it.
struct Teams {
    server: MockServer,
    entra: MockServer,
    connector: Connector,
    _secret: tempfile::NamedTempFile,
}

impl Teams {
    async fn answering(answers: Vec<ResponseTemplate>) -> Self {
        let server = MockServer::start().await;
        let script = Script(answers, AtomicUsize::new(0));
        Mock::given(any()).respond_with(script).mount(&server).await;
        let entra = MockServer::start().await;
        let grants = (1..9).map(|n| {
            let token = format!("bearer-of-teams-{n}");
            ResponseTemplate::new(200)
                .set_body_json(json!({ "expires_in": 3600, "access_token": token }))
        });
        let script = Script(grants.collect(), AtomicUsize::new(0));
        Mock::given(any()).respond_with(script).mount(&entra).await;
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "correct-horse-battery").unwrap();
        let settings: Settings = serde_json::from_value(json!({
            "app_id": "the-app", "tenant": "contoso",
            "credential": {
                "kind": "secret", "secret": format!("file:{}", secret.path().display()),
            },
            "addresses": { "login": entra.uri(), "service_urls": [
                server.uri(), "https://smba.trafficmanager.net", "https://*.botframework.com",
            ] },
        }))
        .unwrap();
        let (clock, outbound) = (Clock::manual(NOW), Outbound::new().unwrap());
        let addresses = settings.addresses().unwrap();
        let tokens = settings.tokens(&addresses, outbound.clone(), clock.clone()).unwrap();
        let connector = Connector::new(Some(tokens), outbound, clock, addresses.service_urls);
        Self { server, entra, connector, _secret: secret }
    }

    fn reference(&self) -> Reference {
        reference(&format!("{}/amer/", self.server.uri()))
    }

    async fn send(&self) -> Result<String, ShowError> {
        self.connector.send(&self.reference(), THREAD, &hello()).await
    }

    async fn update(&self) -> Result<(), ShowError> {
        self.connector.update(&self.reference(), THREAD, "1:m", &hello()).await
    }

    async fn asked(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }
}

fn reference(service_url: &str) -> Reference {
    Reference {
        conversation: CHANNEL.to_owned(),
        service_url: service_url.to_owned(),
        kind: "channel".to_owned(),
        tenant: "contoso".to_owned(),
        bot: "28:the-bot".to_owned(),
        team: None,
    }
}

fn hello() -> Value {
    json!({ "type": "message", "text": "hello" })
}

fn sent() -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(json!({ "id": "1:m" }))
}

fn error(status: u16, code: &str) -> ResponseTemplate {
    let body = json!({ "error": { "code": code, "message": "said Teams" } });
    ResponseTemplate::new(status).set_body_json(body)
}

fn bearer(request: &Request) -> &str {
    request.headers["authorization"].to_str().unwrap()
}

#[tokio::test]
async fn a_message_goes_to_its_thread_with_every_id_encoded_once() {
    let teams = Teams::answering(vec![sent()]).await;
    assert_eq!(teams.send().await.unwrap(), "1:m");
    teams.update().await.unwrap();
    let asked = teams.asked().await;
    let thread = "/amer/v3/conversations/19%3Aabc%40thread.tacv2%3Bmessageid%3D17/activities";
    assert_eq!((asked[0].method.as_str(), asked[0].url.path()), ("POST", thread));
    assert_eq!(asked[1].method.as_str(), "PUT");
    assert_eq!(asked[1].url.path(), format!("{thread}/1%3Am"));
    assert_eq!(asked[0].body_json::<Value>().unwrap(), hello());
    assert_eq!(bearer(&asked[0]), "Bearer bearer-of-teams-1");
}

#[tokio::test]
async fn ids_cannot_leave_their_place_in_the_address() {
    let teams = Teams::answering(vec![sent()]).await;
    let to = teams.reference();
    for bad in ["", ".", ".."] {
        assert!(teams.connector.send(&to, bad, &hello()).await.is_err(), "{bad}");
    }
    assert!(teams.asked().await.is_empty());
    for odd in ["../../evil", "a/b?c#d", "%2e%2e", "a\\b\n"] {
        teams.connector.send(&to, odd, &hello()).await.unwrap();
    }
    for request in teams.asked().await {
        let segments = request.url.path_segments().unwrap().count();
        assert_eq!((segments, request.url.query()), (5, None), "{}", request.url);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_no_more() {
    let tried = [412, 429, 502, 503, 504].map(|status| async move {
        let teams = Teams::answering(vec![error(status, "x"), error(status, "x"), sent()]).await;
        let busy = Teams::answering(vec![error(status, "x")]).await;
        let (passed, failed) = tokio::join!(teams.send(), busy.send());
        assert_eq!(passed.unwrap(), "1:m", "{status}");
        assert!(matches!(failed, Err(ShowError::Broken(_))), "{status}");
        assert_eq!((teams.asked().await.len(), busy.asked().await.len()), (3, 3), "{status}");
    });
    join_all(tried).await;
}

#[tokio::test]
async fn whatever_else_is_refused_is_tried_once() {
    for (status, code, gone) in [
        (400, "BadSyntax", true),
        (403, "BotDisabledByAdmin", true),
        (403, "ConversationBlockedByUser", true),
        (403, "InvalidBotApiHost", false),
        (404, "Whatever", false),
        (408, "", false),
        (413, "MessageSizeTooBig", true),
        (500, "", false),
        (302, "", false),
    ] {
        let teams = Teams::answering(vec![error(status, code)]).await;
        let failed = teams.send().await.unwrap_err();
        assert_eq!(matches!(failed, ShowError::Gone(_)), gone, "{status} {code}: {failed}");
        assert!(!conversation_is_gone(&failed) && !message_is_gone(&failed), "{failed}");
        assert_eq!(teams.asked().await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_lost_conversation_and_a_lost_message_are_told_apart() {
    for (status, code) in [(403, "BotNotInConversationRoster"), (404, "ConversationNotFound")] {
        let teams = Teams::answering(vec![error(status, code)]).await;
        assert!(conversation_is_gone(&teams.send().await.unwrap_err()), "{code}");
        let failed = teams.update().await.unwrap_err();
        assert!(conversation_is_gone(&failed) && !message_is_gone(&failed), "{code}");
        assert!(failed.to_string().ends_with(CONVERSATION_GONE));
    }
    let teams = Teams::answering(vec![error(404, "ActivityNotFoundInConversation")]).await;
    let failed = teams.update().await.unwrap_err();
    assert!(message_is_gone(&failed) && !conversation_is_gone(&failed));
}

#[tokio::test]
async fn a_message_whose_id_nobody_told_is_sent_once_and_never_updated() {
    let teams = Teams::answering(vec![ResponseTemplate::new(202)]).await;
    assert_eq!(teams.send().await.unwrap(), "");
    let to = teams.reference();
    let failed = teams.connector.update(&to, THREAD, "", &hello()).await.unwrap_err();
    assert!(message_is_gone(&failed));
    assert_eq!(teams.asked().await.len(), 1);
}

#[tokio::test]
async fn retry_after_is_obeyed_in_seconds_and_as_a_date() {
    let date = UNIX_EPOCH + Duration::from_millis(NOW.0.cast_unsigned()) + Duration::from_secs(30);
    for (after, wanted) in
        [("30", "for another 30 s"), (&httpdate::fmt_http_date(date), "for another 30 s")]
    {
        let busy = error(429, "Throttled").insert_header("Retry-After", after);
        let teams = Teams::answering(vec![busy, sent()]).await;
        let failed = teams.send().await.unwrap_err().to_string();
        assert!(failed.contains(wanted), "{failed}");
        // The next message to the same thread does not even ask; another thread's may.
        assert!(teams.send().await.is_err());
        assert_eq!(teams.asked().await.len(), 1);
        teams.connector.send(&teams.reference(), CHANNEL, &hello()).await.unwrap();
    }
    let soon = error(429, "Throttled").insert_header("Retry-After", "0");
    let teams = Teams::answering(vec![soon, sent()]).await;
    assert_eq!(teams.send().await.unwrap(), "1:m");
}

#[tokio::test]
async fn a_refused_token_is_renewed_exactly_once() {
    let teams = Teams::answering(vec![error(401, "x"), sent()]).await;
    assert_eq!(teams.send().await.unwrap(), "1:m");
    let asked = teams.asked().await;
    assert_eq!(asked.len(), 2);
    assert_eq!(bearer(&asked[0]), "Bearer bearer-of-teams-1");
    assert_eq!(bearer(&asked[1]), "Bearer bearer-of-teams-2");

    let teams = Teams::answering(vec![error(401, "BotNotRegistered")]).await;
    let failed = teams.send().await.unwrap_err().to_string();
    assert!(failed.contains("`teams.app_id`"), "{failed}");
    assert_eq!(teams.asked().await.len(), 2);
    assert_eq!(teams.entra.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn no_token_leaves_for_an_address_that_is_not_on_the_list() {
    let teams = Teams::answering(vec![sent()]).await;
    let port = teams.server.address().port();
    let evil = [
        "https://smba.trafficmanager.net.evil.com/amer/".to_owned(),
        "https://evil.trafficmanager.net/".to_owned(),
        "https://trafficmanager.net/".to_owned(),
        "http://smba.trafficmanager.net/amer/".to_owned(),
        "https://user@smba.trafficmanager.net/".to_owned(),
        "https://user:pw@smba.trafficmanager.net/".to_owned(),
        "https://smba.trafficmanager.net@evil.com/".to_owned(),
        "https://smba.trafficmanager.net:8443/".to_owned(),
        "https://smba.trafficmanager.net/?to=evil.com".to_owned(),
        "https://smba.trafficmanager.net/#evil".to_owned(),
        "https://evil.com/smba.trafficmanager.net".to_owned(),
        "https://evil.com#.botframework.com".to_owned(),
        "https://botframework.com.evil.com/".to_owned(),
        "https://evilbotframework.com/".to_owned(),
        "https://botframework.com/".to_owned(),
        "https://169.254.169.254/".to_owned(),
        "http://169.254.169.254/latest".to_owned(),
        "https://[::1]/".to_owned(),
        "https://xn--smb-5na.trafficmanager.net/".to_owned(),
        "https://smbа.trafficmanager.net/".to_owned(),
        "ftp://smba.trafficmanager.net/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript:alert(1)".to_owned(),
        "smba.trafficmanager.net".to_owned(),
        String::new(),
        format!("http://localhost:{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        "http://127.0.0.1:1/".to_owned(),
    ];
    let (connector, activity) = (&teams.connector, hello());
    for url in &evil {
        let to = reference(url);
        let refused = [
            connector.send(&to, THREAD, &activity).await.err(),
            connector.update(&to, THREAD, "m", &activity).await.err(),
            connector.create_personal(&to, "29:x").await.err(),
            connector.create_thread(&to, CHANNEL, &activity).await.err(),
            connector.member(&to, CHANNEL, "29:x").await.err(),
            connector.members(&to, CHANNEL).await.err(),
        ];
        for error in refused {
            let error = error.unwrap().to_string();
            assert!(error.contains("is not an address this bot may send"), "{url}: {error}");
        }
    }
    assert!(teams.asked().await.is_empty());
    // Not even fetched: the list comes first.
    assert!(teams.entra.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_takes_no_token_along() {
    let elsewhere = Teams::answering(vec![sent()]).await;
    let moved = ResponseTemplate::new(307).insert_header("Location", elsewhere.server.uri());
    let teams = Teams::answering(vec![moved]).await;
    assert!(teams.send().await.is_err());
    assert!(elsewhere.asked().await.is_empty());
}

#[tokio::test]
async fn without_a_credential_the_bot_speaks_to_this_machine_only_and_shows_no_token() {
    let teams = Teams::answering(vec![sent()]).await;
    let allowed = vec![teams.server.uri(), "https://smba.trafficmanager.net".to_owned()];
    let outbound = Outbound::new().unwrap();
    let demo = Connector::new(None, outbound, Clock::manual(NOW), allowed);
    demo.send(&teams.reference(), THREAD, &hello()).await.unwrap();
    assert!(!teams.asked().await[0].headers.contains_key("authorization"));
    let far = reference("https://smba.trafficmanager.net/amer/");
    let refused = demo.send(&far, THREAD, &hello()).await.unwrap_err().to_string();
    assert!(refused.contains("is not on this machine"), "{refused}");
}
