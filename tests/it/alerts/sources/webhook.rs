//! A sender of one's own, with names nobody else has.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};

use super::pretended::{PretendSource, Pretended, town};
use crate::alerts::{TOKEN, Town, seconds, written};

pub(crate) struct Webhook;

/// The moment of every signature: the morning all stories begin in, and some minutes after.
const MORNING: i64 = 1_760_001_300;

impl Webhook {
    #[expect(clippy::unused_async, reason = "the others start a server")]
    pub(crate) async fn start() -> Self {
        Self
    }

    fn delivery(told: &Pretended, state: &str, more: &Value) -> String {
        let mut alarm = json!({
            "key": format!("k-{}", told.name), "state": state, "since": told.starts.0 / 1000,
            "what": { "title": told.name, "text": told.summary, "how_bad": "critical" },
            "where": ["production", "checkout"], "tags": { "host": "web-7", "cpu": 8, "x": null },
        });
        for (key, value) in more.as_object().unwrap() {
            alarm[key] = value.clone();
        }
        json!({ "sender": "our own", "alarms": [alarm] }).to_string()
    }
}

/// Standard Webhooks, version 1.
fn stamped(body: &str, secret: &str) -> Vec<(String, String)> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("msg_1.{MORNING}.{body}").as_bytes());
    let header = |name: &str, value: String| (name.to_owned(), value);
    vec![
        header("webhook-id", "msg_1".to_owned()),
        header("webhook-timestamp", MORNING.to_string()),
        header("webhook-signature", format!("v1,{}", BASE64_STANDARD.encode(tag))),
    ]
}

#[async_trait]
impl PretendSource for Webhook {
    fn settings(&self, secret: &str) -> Value {
        json!({
            "kind": "webhook",
            "webhook": { "kind": "standard", "secret": secret },
            "labels": { "service": "app" },
            "fields": {
                "alerts": "/alarms", "fingerprint": "/key", "name": "/what/title",
                "status": { "at": "/state", "firing": ["red"], "resolved": ["green", "gone"] },
                "service": "/where/1", "environment": "/where/0", "severity": "/what/how_bad",
                "summary": "/what/text", "labels": "/tags", "starts": "/since", "ends": "/until",
            },
        })
    }

    fn fires(&self, alert: &Pretended) -> String {
        Self::delivery(alert, "Red", &json!({}))
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        Self::delivery(alert, "GREEN", &json!({ "until": written(at) }))
    }

    fn levitates(&self, alert: &Pretended) -> String {
        Self::delivery(alert, "levitating", &json!({}))
    }

    fn proves(&self, body: &str, secret: &str) -> Vec<(String, String)> {
        stamped(body, secret)
    }
}

#[tokio::test]
async fn labels_are_what_can_be_written_as_text() {
    let town = town(&Webhook).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    town.hears_from(&Webhook, &Webhook.fires(&alert)).await;
    let card = town.bot.reads();
    assert!(card.contains("Labels: cpu 8, host web-7"), "{card}");
}

#[tokio::test]
async fn what_is_missing_is_said_by_the_place_it_was_looked_for() {
    let town = town(&Webhook).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    for (more, said) in [
        (json!({ "key": null }), "alert 1 of this delivery has no text where `fingerprint` says"),
        (json!({ "key": {} }), "no text where `fingerprint` says"),
        (json!({ "state": "" }), "no word where `status` says"),
        (json!({ "what": "x" }), "no name where `name` says"),
    ] {
        let body = Webhook::delivery(&alert, "red", &more);
        let (status, told) = town.posts(&stamped(&body, TOKEN), &body).await;
        assert_eq!(status, 400, "{told}");
        assert!(told.contains(said), "{told}");
    }
    let body = json!({ "alarms": {} }).to_string();
    let (status, told) = town.posts(&stamped(&body, TOKEN), &body).await;
    assert_eq!((status, told.as_str()), (400, "there is no list of alerts at `/alarms`"));
    let body = json!({ "alarms": [] }).to_string();
    assert_eq!(town.posts(&stamped(&body, TOKEN), &body).await.0, 200, "nothing is nothing");
}

/// As little as can be said: one alert, a name, a word.
#[tokio::test]
async fn who_says_little_is_understood_too() {
    let town = Town::of(|secret| {
        json!({
            "kind": "webhook", "webhook": { "kind": "header", "name": "X-Key", "secret": secret },
            "fields": { "name": "/name", "status": { "at": "/is" } }, "environment": "staging",
        })
    })
    .await;
    let proof = [("x-key".to_owned(), TOKEN.to_owned())];
    let says = async |word: &str| {
        let body = json!({ "name": "Backup", "is": word }).to_string();
        assert_eq!(town.posts(&proof, &body).await, (200, String::new()));
        town.bot.works().await;
        town.bot.reads()
    };
    let card = says("firing").await;
    assert!(card.starts_with("Backup · staging\nFires since 09:15 UTC"), "{card}");
    assert_eq!(says("firing").await, card);
    let card = says("resolved").await;
    assert!(card.contains("Resolved at 09:15 UTC"), "{card}");
    assert_eq!(says("resolved").await, card);
    let card = says("firing").await;
    assert!(card.contains("Fires since") && card.contains("begun 2 times"), "{card}");
    assert_eq!(town.bot.messages(), 1);
}

/// Without its beginning, an alert is only as new as its delivery.
#[tokio::test]
async fn what_was_recorded_begins_nothing_anew() {
    let town = Town::of(|secret| {
        json!({
            "kind": "webhook", "webhook": { "kind": "standard", "secret": secret },
            "fields": { "name": "/name", "status": { "at": "/is" } }, "environment": "staging",
        })
    })
    .await;
    let body = |word: &str| json!({ "name": "Backup", "is": word }).to_string();
    town.hears_from(&Webhook, &body("firing")).await;
    town.bot.clock.advance(seconds(60));
    town.hears_from(&Webhook, &body("resolved")).await;
    let over = town.bot.reads();
    assert!(over.contains("Resolved at 09:16 UTC"), "{over}");
    town.bot.clock.advance(seconds(60));
    let town = town.restarts().await;
    town.hears_from(&Webhook, &body("firing")).await;
    assert_eq!(town.bot.reads(), over, "somebody has recorded it, and sent it again");
    assert_eq!(town.bot.messages(), 1);
}
