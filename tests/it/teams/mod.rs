//! Teams speaks to the bot over the wire: signed tokens and activities to `/api/messages`, and a
//! pretend Microsoft behind it.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod door;
mod ears;
mod install;
mod invokes;
pub mod microsoft;
mod paging;
mod tenants;
mod time;
mod token;
mod whole;
mod words;

use std::sync::Arc;

use actix_web::{
    App as Site,
    http::header::AUTHORIZATION,
    test::{TestRequest, call_service, init_service, read_body},
};
use pilothouse::{
    app::Foundation,
    chat::{Answering, Channel, Channels, Incoming, Listener, teams::Teams},
    clock::{Clock, Timestamp},
    jobs::Worker,
    outbound::Outbound,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::world::Database;
use ears::Ears;
use microsoft::{Microsoft, Token};

/// The bot.
const APP: &str = "9f2f1c1e-5a0b-4a63-8a3c-000000000001";
/// Its organisation.
const TENANT: &str = "7e4a0000-1111-4222-8333-444455556666";
/// Somebody in it.
const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
/// A channel she writes in.
const CHANNEL: &str = "19:abc@thread.tacv2";
/// A Wednesday morning, to the second.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// A bot of Teams, with a listener that only listens.
pub struct Wire {
    pub microsoft: Microsoft,
    pub clock: Clock,
    pub ears: Arc<Ears>,
    pub foundation: Foundation,
    teams: Arc<Teams>,
    worker: Worker,
    /// Deleted with it.
    _kept: (Database, NamedTempFile),
}

impl Wire {
    pub async fn start() -> Self {
        let microsoft = Microsoft::start().await;
        let (clock, database) = (Clock::manual(NOW), Database::fresh().await);
        let foundation = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let secret = secret();
        let teams = teams(&microsoft, &foundation, &secret);
        let ears = Arc::new(Ears::default());
        let channels: Arc<dyn Channel> = teams.clone();
        let channels = Arc::new(Channels::new(foundation.db.clone(), [channels]));
        let answering = Answering { listener: ears.clone(), channels };
        let worker = Worker::new(
            foundation.db.clone(),
            clock.clone(),
            vec![Arc::new(answering)],
            foundation.bell.clone(),
        );
        let kept = (database, secret);
        Self { microsoft, clock, ears, foundation, teams, worker, _kept: kept }
    }

    /// The address the connector gives for answers.
    pub fn service_url(&self) -> String {
        format!("{}/emea/", self.microsoft.connector.uri())
    }

    /// A token as Microsoft would send it now.
    pub fn token(&self) -> Token {
        Token::good(self.clock.now().0 / 1000, &self.service_url())
    }

    /// Alice's words in a channel, as Teams sends them.
    pub fn message(&self, id: &str, text: &str) -> Value {
        self.activity("message", id, &json!({ "text": text, "textFormat": "plain" }))
    }

    /// Any activity of Alice's, with these fields besides.
    pub fn activity(&self, kind: &str, id: &str, more: &Value) -> Value {
        let mut activity = activity(&self.service_url(), kind, id);
        for (name, value) in more.as_object().unwrap() {
            activity[name] = value.clone();
        }
        activity
    }

    /// A pressed button, or a card that asks to be drawn anew.
    pub fn invoke(&self, id: &str, action: &Value) -> Value {
        let value = json!({ "action": action, "trigger": "manual" });
        let name = "adaptiveCard/action";
        self.activity("invoke", id, &json!({ "name": name, "value": value, "replyToId": "1:9" }))
    }

    /// Microsoft delivers this; the status of the answer and its body.
    pub async fn delivers(&self, activity: &Value) -> (u16, Value) {
        self.gets(&[&self.token().bearer()], &activity.to_string()).await
    }

    /// Somebody posts this with these `Authorization` headers.
    pub async fn gets(&self, authorization: &[&str], body: &str) -> (u16, Value) {
        let mut request = TestRequest::post().uri("/api/messages");
        for header in authorization {
            request = request.append_header((AUTHORIZATION, *header));
        }
        self.knocks(request.set_payload(body.to_owned())).await
    }

    /// Somebody makes this request.
    pub async fn knocks(&self, request: TestRequest) -> (u16, Value) {
        knock(&self.teams, &self.ears, request).await
    }

    /// What is due is done; what was heard since, oldest first.
    pub async fn hears(&self) -> Vec<Incoming> {
        self.worker.run_due().await.unwrap();
        self.ears.heard()
    }

    /// The words of what was heard.
    pub async fn words(&self) -> Vec<String> {
        self.hears().await.into_iter().map(|heard| heard.text).collect()
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &str) -> i64 {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(count).fetch_one(self.foundation.db.reader()).await.unwrap()
    }

    /// That nothing was stored, nothing heard and nothing sent.
    pub async fn is_untouched(&self) -> bool {
        self.hears().await.is_empty()
            && self.ears.looked().is_empty()
            && self.rows("conversations").await == 0
            && self.rows("heard").await == 0
            && self.microsoft.sent().await.is_empty()
            && self.microsoft.was_asked_for_keys_only().await
    }
}

/// A file with the bot's secret.
fn secret() -> NamedTempFile {
    let secret = NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "correct-horse-battery").unwrap();
    secret
}

/// The bot in Teams, with this Microsoft in place of the real one.
fn teams(microsoft: &Microsoft, foundation: &Foundation, secret: &NamedTempFile) -> Arc<Teams> {
    let settings = serde_json::from_value(json!({
        "app_id": APP, "tenant": TENANT,
        "credential": { "kind": "secret", "secret": format!("file:{}", secret.path().display()) },
        "addresses": {
            "openid_metadata": format!("{}/v1/openid", microsoft.login.uri()),
            "login": microsoft.login.uri(),
            "service_urls": [
                microsoft.connector.uri(), "https://smba.trafficmanager.net",
                "https://*.botframework.com",
            ],
        },
    }))
    .unwrap();
    Arc::new(Teams::new(&settings, foundation.chat(), &Outbound::new().unwrap()).unwrap())
}

/// One request through the doors of Teams.
async fn knock<L: Listener + 'static>(
    teams: &Arc<Teams>,
    listener: &Arc<L>,
    request: TestRequest,
) -> (u16, Value) {
    let (teams, listener) = (teams.clone(), listener.clone());
    let site = Site::new().configure(move |doors| teams.doors(doors, listener));
    let site = init_service(site).await;
    let answer = call_service(&site, request.to_request()).await;
    let status = answer.status().as_u16();
    let body = read_body(answer).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// An activity of Alice's in the channel.
fn activity(service_url: &str, kind: &str, id: &str) -> Value {
    json!({
        "type": kind, "id": id, "timestamp": "2026-11-18T08:26:40.000Z", "channelId": "msteams",
        "serviceUrl": service_url, "locale": "en-GB",
        "from": { "id": "29:alice", "name": "Alice Adams", "aadObjectId": ALICE },
        "recipient": { "id": format!("28:{APP}"), "name": "Pilothouse" },
        "conversation": {
            "id": CHANNEL, "conversationType": "channel", "tenantId": TENANT, "isGroup": true,
        },
        "channelData": {
            "tenant": { "id": TENANT }, "team": { "id": "19:team@thread.tacv2" },
            "channel": { "id": CHANNEL },
        },
    })
}
