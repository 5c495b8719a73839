//! A whole deployment over the wire: alice asks in a channel, bob presses Approve, and one message
//! tells the story.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix_web::{http::header::AUTHORIZATION, test::TestRequest};
use pilothouse::{
    app::{App, Foundation, World},
    chat::teams::Teams,
    clock::Clock,
    deployments::Probes,
    health::Probe,
    pipelines::{Pipeline, RunState},
};
use serde_json::{Value, json};

use super::{
    ALICE, APP, CHANNEL, NOW, TENANT, activity, knock,
    microsoft::{BEARER, Microsoft, Sent, Token},
    secret, teams,
};
use crate::world::{Database, PretendHealth, PretendPipeline, SERVICES};

pub(super) const BOB: &str = "b0b00000-0000-4000-8000-000000000002";

/// The whole bot, with Teams as its only chat.
pub(super) struct Whole {
    pub(super) microsoft: Microsoft,
    app: App,
    teams: Arc<Teams>,
    pipeline: Arc<PretendPipeline>,
    clock: Clock,
    /// Deleted with it.
    _kept: (Database, tempfile::NamedTempFile),
}

impl Whole {
    pub(super) async fn start() -> Self {
        let microsoft = Microsoft::start().await;
        let (clock, database) = (Clock::manual(NOW), Database::fresh().await);
        let foundation = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let secret = secret();
        let teams = teams(&microsoft, &foundation, &secret);
        let pipeline = Arc::new(PretendPipeline::default());
        let world = world(&teams, &pipeline, &database);
        let app = App::build(foundation, world).await.unwrap();
        let kept = (database, secret);
        Self { microsoft, app, teams, pipeline, clock, _kept: kept }
    }

    /// Microsoft delivers an activity of this person; what is due at once is done.
    pub(super) async fn delivers(&self, mut activity: Value, who: (&str, &str)) -> (u16, Value) {
        activity["from"] =
            json!({ "id": format!("29:{}", who.0), "name": who.0, "aadObjectId": who.1 });
        let token = Token::good(self.clock.now().0 / 1000, &self.service_url()).bearer();
        let request = TestRequest::post().uri("/api/messages");
        let request = request.append_header((AUTHORIZATION, token)).set_json(activity);
        let answer = knock(&self.teams, &self.app.commands, request).await;
        self.app.worker.run_due().await.unwrap();
        answer
    }

    pub(super) fn service_url(&self) -> String {
        format!("{}/emea/", self.microsoft.connector.uri())
    }

    /// Somebody types into the channel.
    pub(super) async fn types(&self, who: (&str, &str), id: &str, text: &str) {
        let mut message = activity(&self.service_url(), "message", id);
        message["text"] = json!(format!("<at>Pilothouse</at>&nbsp;{text}"));
        let bot = json!({ "id": format!("28:{APP}"), "name": "Pilothouse" });
        message["entities"] =
            json!([{ "type": "mention", "mentioned": bot, "text": "<at>Pilothouse</at>" }]);
        assert_eq!(self.delivers(message, who).await, (200, json!({})));
    }

    /// Somebody presses that button on the card everybody sees.
    async fn presses(&self, who: (&str, &str), id: &str, title: &str) -> Value {
        let card = self.newest_card().await;
        let buttons = card["actions"].as_array().unwrap();
        let button = buttons.iter().find(|button| button["title"] == title);
        let button = button.unwrap_or_else(|| panic!("no `{title}` on {card:#}"));
        let mut press = activity(&self.service_url(), "invoke", id);
        press["name"] = json!("adaptiveCard/action");
        press["value"] = json!({ "trigger": "manual", "action": {
            "type": button["type"], "verb": button["verb"], "data": button["data"],
        } });
        press["conversation"]["id"] = json!(format!("{CHANNEL};messageid=1700"));
        press["replyToId"] = json!("1:1");
        let (status, body) = self.delivers(press, who).await;
        assert_eq!(status, 200);
        body
    }

    pub(super) async fn newest_card(&self) -> Value {
        let sent = self.microsoft.sent().await;
        sent.last().expect("nothing was sent").body["attachments"][0]["content"].clone()
    }

    pub(super) async fn passes(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            self.app.worker.run_due().await.unwrap();
        }
    }
}

fn world(teams: &Arc<Teams>, pipeline: &Arc<PretendPipeline>, database: &Database) -> World {
    let services: pilothouse::deployments::Settings = serde_json::from_str(SERVICES).unwrap();
    let health: Arc<dyn Probe> = Arc::new(PretendHealth::default());
    let mut probes = Probes::new();
    for (name, service) in &services {
        for environment in service.environments.keys() {
            probes.insert((name.clone(), environment.clone()), vec![health.clone()]);
        }
    }
    let access = pilothouse::access::Settings {
        people: serde_json::from_value(json!({
            "alice": { "entra": ALICE }, "bob": { "entra": BOB },
        }))
        .unwrap(),
        roles: serde_json::from_value(json!({
            "developer": { "people": ["alice"], "may": [{ "do": ["look", "deploy"] }] },
            "approver": { "people": ["bob"], "may": [{ "do": ["look", "approve", "page"] }] },
        }))
        .unwrap(),
        tenant: Some(TENANT.to_owned()),
    };
    let pipeline: Arc<dyn Pipeline> = pipeline.clone();
    let pipelines = BTreeMap::from([("pretend".parse().unwrap(), pipeline)]);
    let channels = vec![teams.clone() as _];
    World {
        access,
        services,
        pipelines,
        probes,
        channels,
        oncall: serde_json::from_value(json!({ "primary": {
            "services": ["checkout"],
            "time_zone": "UTC",
            "levels": [{ "kind": "rota", "people": ["alice"], "start": "2026-01-05" }],
        } }))
        .unwrap(),
        checkpoints: Some(database.checkpoints()),
        ..World::default()
    }
}

/// Every text on a card, in one.
pub(super) fn reads(card: &Value) -> String {
    card["body"].to_string().replace("\\\\", "")
}

#[tokio::test]
async fn one_deployment_over_the_wire_is_one_message() {
    let (alice, bob) = (("alice", ALICE), ("bob", BOB));
    let bot = Whole::start().await;
    bot.types(alice, "1700", "/deploy production v2.1.0").await;
    assert_eq!(bot.microsoft.sent().await.len(), 1);
    let card = bot.newest_card().await;
    assert!(reads(&card).contains("Waiting for 1 approval"), "{card:#}");
    assert_eq!(card["refresh"]["action"]["verb"], "look");

    let told = bot.presses(alice, "f:1", "Approve").await;
    assert_eq!(told["type"], "application/vnd.microsoft.activity.message", "{told}");
    assert_eq!(bot.pipeline.asked(), 0, "nobody approves their own");

    let told = bot.presses(bob, "f:2", "Approve").await;
    assert_eq!(told["type"], "application/vnd.microsoft.card.adaptive", "{told}");
    assert_eq!(told["value"]["refresh"], card["refresh"]);
    assert_eq!(bot.pipeline.asked(), 1);
    bot.passes(10).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(60).await;
    let card = bot.newest_card().await;
    assert!(reads(&card).contains("All health checks passing"), "{card:#}");
    is_one_message(&bot.microsoft.sent().await);
    is_discreet(&bot.microsoft).await;
}

/// Posted once, into the thread; from then on put in its place.
fn is_one_message(sent: &[Sent]) {
    let thread = "/emea/v3/conversations/19%3Aabc%40thread.tacv2%3Bmessageid%3D1700/activities";
    assert!(sent.len() >= 3, "waiting, running, live: {}", sent.len());
    for (n, sent) in sent.iter().enumerate() {
        let (method, path) =
            if n == 0 { ("POST", thread.to_owned()) } else { ("PUT", format!("{thread}/1%3A1")) };
        assert_eq!((sent.method.as_str(), &sent.path), (method, &path), "message {n}");
        assert_eq!(sent.path.matches("messageid").count(), 1);
        assert!(sent.body.get("text").is_none(), "a text beside a card is a second message");
        assert_eq!(sent.body["attachments"].as_array().unwrap().len(), 1);
        assert!(sent.body["summary"].is_string());
        assert!(sent.body.get("recipient").is_none());
        assert_eq!(sent.authorization.as_deref(), Some(format!("Bearer {BEARER}").as_str()));
    }
}

/// The bot's token is for the connector alone.
async fn is_discreet(microsoft: &Microsoft) {
    let token = format!("/{TENANT}/oauth2/v2.0/token");
    assert_eq!(microsoft.asked(&token).await, 1, "one token serves for all");
    for asked in microsoft.login.received_requests().await.unwrap() {
        assert!(!asked.headers.contains_key("authorization"), "{}", asked.url);
        assert!(!String::from_utf8_lossy(&asked.body).contains(BEARER), "{}", asked.url);
    }
}

#[tokio::test]
async fn over_the_wire_the_same_press_counts_once() {
    let (alice, bob) = (("alice", ALICE), ("bob", BOB));
    let bot = Whole::start().await;
    bot.types(alice, "1700", "/deploy production v2.1.0").await;
    bot.types(alice, "1700", "/deploy production v2.1.0").await;
    assert_eq!(bot.microsoft.sent().await.len(), 1, "asked once");
    let first = bot.presses(bob, "f:2", "Approve").await;
    let card = bot.newest_card().await;
    assert!(!reads(&card).contains("Waiting for 1 approval"), "{card:#}");
    let mut again = activity(&bot.service_url(), "invoke", "f:2");
    again["name"] = json!("adaptiveCard/action");
    again["conversation"]["id"] = json!(format!("{CHANNEL};messageid=1700"));
    assert_eq!(bot.delivers(again, bob).await.1, first, "the answer it had");
    assert_eq!(bot.pipeline.asked(), 1);
}
