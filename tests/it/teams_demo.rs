//! Teams on this very machine, for trying out: Microsoft's Playground knocks without any proof, so
//! nobody else may; and what leaves the bot for any Teams.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App as Site,
    test::{TestRequest, call_service, init_service, read_body},
};
use async_trait::async_trait;
use pilothouse::{
    access::Actor,
    app::Foundation,
    cards::{Card, View},
    chat::teams::Teams,
    chat::{Answering, Channel, Channels, Incoming, Listener, Place, Reply, Showing, Subject},
    clock::{Clock, Timestamp},
    jobs::Worker,
    secrets::keep_quiet,
};
use serde::Serialize;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::world::Database;

const HERE: &str = "127.0.0.1:50000";
const PERSONAL: &str = "a:1";

/// Hears everything; never gets to see a card.
#[derive(Default)]
struct Ears(Mutex<Vec<Incoming>>);

#[async_trait]
impl Listener for Ears {
    async fn hear(&self, message: Incoming) -> Reply {
        let shown = message.text == "/show";
        self.0.lock().unwrap().push(message);
        if shown {
            return Reply::Shown(Subject::new("deployment", "8f2c91d4"));
        }
        Reply::Text("Hello.".to_owned())
    }

    async fn look(&self, _: &Actor, _: &Subject) -> Option<Card> {
        std::future::pending().await
    }
}

/// The bot, and a pretend Playground on another port of this machine.
struct Demo {
    playground: MockServer,
    ears: Arc<Ears>,
    teams: Arc<Teams>,
    worker: Worker,
    _database: Database,
}

impl Demo {
    async fn start() -> Self {
        let playground = MockServer::start().await;
        let taken = ResponseTemplate::new(201).set_body_json(json!({ "id": "m1" }));
        Mock::given(any()).respond_with(taken).mount(&playground).await;
        let (clock, database) =
            (Clock::manual(Timestamp(1_795_000_000_000)), Database::fresh().await);
        let ground = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let teams = Arc::new(Teams::demo(ground.chat(), &ground.outbound));
        let ears = Arc::new(Ears::default());
        let channels: Arc<dyn Channel> = teams.clone();
        let channels = Arc::new(Channels::new(ground.db.clone(), [channels]));
        let answering = Arc::new(Answering { listener: ears.clone(), channels });
        let worker = Worker::new(ground.db.clone(), clock, vec![answering], ground.bell.clone());
        Self { playground, ears, teams, worker, _database: database }
    }

    fn message(&self, id: &str, text: &str) -> Value {
        json!({
            "type": "message", "id": id, "text": text, "channelId": "emulator",
            "serviceUrl": format!("{}/_connector", self.playground.uri()),
            "from": { "id": "alice", "name": "Alice" }, "recipient": { "id": "bot" },
            "conversation": { "id": PERSONAL, "conversationType": "personal" },
        })
    }

    fn invoke(&self, id: &str, say: &str, trigger: &str) -> Value {
        let mut invoke = self.message(id, "");
        invoke["type"] = json!("invoke");
        invoke["name"] = json!("adaptiveCard/action");
        let action = json!({ "type": "Action.Execute", "verb": "say", "data": { "say": say } });
        invoke["value"] = json!({ "action": action, "trigger": trigger });
        invoke
    }

    /// A process on this machine posts this.
    async fn gets(&self, activity: &Value) -> (u16, Value) {
        self.knocks(activity, Some(HERE), &[]).await
    }

    async fn knocks(&self, activity: &Value, peer: Option<&str>, origins: &[&str]) -> (u16, Value) {
        let (teams, ears) = (self.teams.clone(), self.ears.clone());
        let site = Site::new().configure(move |doors| teams.doors(doors, ears));
        let site = init_service(site).await;
        let mut request =
            TestRequest::post().uri("/api/messages").set_payload(activity.to_string());
        for origin in origins {
            request = request.append_header(("Origin", *origin));
        }
        if let Some(peer) = peer {
            request = request.peer_addr(peer.parse::<SocketAddr>().unwrap());
        }
        let answer = call_service(&site, request.to_request()).await;
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&read_body(answer).await).unwrap_or_default())
    }

    async fn hears(&self) -> Vec<Incoming> {
        self.worker.run_due().await.unwrap();
        self.ears.0.lock().unwrap().clone()
    }

    /// What the bot sent, oldest first: the path and the activity.
    async fn sent(&self) -> Vec<(String, Value)> {
        let sent = self.playground.received_requests().await.unwrap();
        let read = |body: &[u8]| serde_json::from_slice(body).unwrap();
        sent.iter().map(|asked| (asked.url.path().to_owned(), read(&asked.body))).collect()
    }

    /// The card is shown; the activity that was sent for it.
    async fn shows(&self, card: &Card) -> Value {
        let place = Place { channel: "teams".to_owned(), conversation: PERSONAL.to_owned() };
        let subject = Subject::new("deployment", "8f2c91d4");
        let showing = Showing { place: &place, subject: Some(&subject), card, message: None };
        self.teams.show(showing).await.unwrap();
        self.sent().await.pop().unwrap().1
    }
}

#[tokio::test]
async fn whoever_is_on_this_machine_is_heard_and_answered() {
    let demo = Demo::start().await;
    assert_eq!(demo.gets(&demo.message("1", "/help")).await, (200, json!({})));
    let heard = demo.hears().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].actor.id.to_string().rsplit(':').next(), Some("alice"));
    let sent = demo.sent().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, "/_connector/v3/conversations/a%3A1/activities");
    assert_eq!(sent[0].1["text"], "Hello.");
    let places = demo.teams.room(None).await;
    assert_eq!(places.len(), 1, "whoever has spoken sees every deployment");
    assert_eq!(places[0].conversation, PERSONAL);
}

#[tokio::test]
async fn nobody_else_is() {
    let demo = Demo::start().await;
    let message = demo.message("1", "/deploy production v1");
    for peer in [None, Some("192.0.2.7:50000"), Some("10.0.0.1:1"), Some("[2001:db8::1]:1")] {
        assert_eq!(demo.knocks(&message, peer, &[]).await, (401, json!({})), "{peer:?}");
    }
    assert!(demo.hears().await.is_empty());
    assert!(demo.teams.room(None).await.is_empty());
}

#[tokio::test]
async fn a_web_page_elsewhere_cannot_speak_through_the_browser() {
    let demo = Demo::start().await;
    let message = demo.message("1", "/deploy production v1");
    for origins in [
        &["https://evil.example"][..],
        &["null"],
        &[""],
        &["http://localhost.evil.example:56150"],
        &["http://localhost:56150", "https://evil.example"],
        &["http://192.0.2.7"],
    ] {
        assert_eq!(demo.knocks(&message, Some(HERE), origins).await.0, 401, "{origins:?}");
    }
    assert!(demo.hears().await.is_empty());
    let own = ["http://localhost:56150"];
    assert_eq!(demo.knocks(&message, Some(HERE), &own).await.0, 200);
    assert_eq!(demo.hears().await.len(), 1, "a page of this machine may");
}

#[tokio::test]
async fn answers_stay_on_this_machine() {
    let demo = Demo::start().await;
    let port = demo.playground.address().port();
    for (n, address) in [
        "https://smba.trafficmanager.net/teams/".to_owned(),
        "http://evil.example/".to_owned(),
        format!("http://localhost.evil.example:{port}/"),
        format!("http://localhost@evil.example:{port}/"),
        "http://192.0.2.7/".to_owned(),
        String::new(),
    ]
    .iter()
    .enumerate()
    {
        let mut message = demo.message(&n.to_string(), "/help");
        message["serviceUrl"] = json!(address);
        assert_eq!(demo.gets(&message).await.0, 401, "{address}");
    }
    assert!(demo.hears().await.is_empty());
    assert!(demo.sent().await.is_empty());
}

#[tokio::test]
async fn a_card_that_is_drawn_anew_by_itself_says_nothing() {
    let demo = Demo::start().await;
    let (status, body) = demo.gets(&demo.invoke("f:1", "/approve 1", "automatic")).await;
    assert_eq!((status, &body["statusCode"]), (200, &json!(400)));
    assert_eq!(body["type"], "application/vnd.microsoft.error");
    assert!(demo.hears().await.is_empty());
    let (_, body) = demo.gets(&demo.invoke("f:2", "/approve 1", "manual")).await;
    assert_eq!(body["value"], "Hello.");
}

#[tokio::test]
async fn a_command_is_answered_though_its_card_cannot_be_had() {
    let demo = Demo::start().await;
    let pressed = demo.invoke("f:1", "/show", "manual");
    let patience = Duration::from_mins(1);
    let answer = tokio::time::timeout(patience, demo.gets(&pressed)).await;
    let (status, body) = answer.expect("Teams gets an answer");
    assert_eq!((status, &body["statusCode"]), (200, &json!(200)));
    assert_eq!(body["type"], "application/vnd.microsoft.activity.message");
}

#[tokio::test]
async fn an_upgrade_told_in_the_wrong_order_loses_nothing() {
    let demo = Demo::start().await;
    let installation = |id: &str, action: &str| {
        let mut activity = demo.message(id, "");
        activity["type"] = json!("installationUpdate");
        activity["action"] = json!(action);
        activity
    };
    for (id, action) in [("1", "add-upgrade"), ("2", "remove-upgrade")] {
        assert_eq!(demo.gets(&installation(id, action)).await.0, 200);
    }
    assert_eq!(demo.teams.room(None).await.len(), 1);
    assert_eq!(demo.gets(&installation("3", "remove")).await.0, 200);
    assert!(demo.teams.room(None).await.is_empty());
}

#[tokio::test]
async fn spaces_and_quotes_of_every_kind_are_those_of_a_terminal() {
    let demo = Demo::start().await;
    let typed = "/deploy\u{202f}staging\u{3000}v1&#160;\u{2014}reason &#34;it&apos;s&#34;";
    assert_eq!(demo.gets(&demo.message("1", typed)).await.0, 200);
    assert_eq!(demo.hears().await[0].text, "/deploy staging v1 --reason \"it's\"");
}

/// A card Teams has no look for.
#[derive(Serialize)]
struct Unknown(String);

impl View for Unknown {
    const NAME: &'static str = "not-drawn-by-anybody";

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A card Teams has a look for.
#[derive(Serialize)]
struct Help {
    title: String,
    text: String,
    entries: Vec<Value>,
}

impl View for Help {
    const NAME: &'static str = "help";

    fn text(&self) -> String {
        self.title.clone()
    }
}

fn help(title: &str, text: String) -> Card {
    Help { title: title.to_owned(), text, entries: vec![] }.into()
}

#[tokio::test]
async fn a_card_without_a_look_is_sent_as_its_text() {
    let demo = Demo::start().await;
    demo.gets(&demo.message("1", "/help")).await;
    let sent = demo.shows(&Unknown("Three alerts are open.".to_owned()).into()).await;
    assert_eq!(sent["text"], "Three alerts are open.");
    assert!(sent.get("attachments").is_none());
}

#[tokio::test]
async fn a_card_of_too_many_words_is_shortened_one_of_too_many_parts_is_sent_as_its_text() {
    let demo = Demo::start().await;
    demo.gets(&demo.message("1", "/help")).await;
    let sent = demo.shows(&help("The help.", "a".repeat(100_000))).await;
    assert_eq!(sent["attachments"][0]["content"]["type"], "AdaptiveCard");
    assert_eq!(sent["attachments"][0]["content"]["refresh"]["action"]["verb"], "look");
    assert!(sent.get("text").is_none(), "text and card would become two messages");
    assert!(sent.to_string().len() < 29 * 1024);
    let entry = json!({ "usage": "/help", "summary": "Help.", "more": [] });
    let endless = Help { entries: vec![entry; 400], title: "The help.".into(), text: "x".into() };
    let sent = demo.shows(&endless.into()).await;
    assert!(sent.get("attachments").is_none());
    let text = sent["text"].as_str().unwrap();
    assert!(text.starts_with("The help.") && text.contains("too large"), "{text}");
}

#[tokio::test]
async fn no_secret_leaves_in_a_text_or_a_summary() {
    let demo = Demo::start().await;
    demo.gets(&demo.message("1", "/help")).await;
    keep_quiet("teams-demo-secret-value");
    let said = "It is teams-demo-secret-value today";
    for card in [Unknown(said.to_owned()).into(), help(said, String::new())] {
        let sent = demo.shows(&card).await.to_string();
        assert!(sent.contains("It is"), "{sent}");
        assert!(!sent.contains("secret-value"), "{sent}");
        assert!(!sent.contains("secret\\\\-value"), "{sent}");
    }
}
