//! What the world tells us: alerts, from the wire to the card and back.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod door;
mod life;
mod lists;
mod lost;
mod pretend;
mod real;
mod sources;
mod storm;
mod vendor;

use std::time::Duration;

use actix_web::{
    App as Site,
    http::header::AUTHORIZATION,
    test::{TestRequest, call_service, init_service, read_body},
};
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::world::Bot;

/// What the source proves itself with.
const TOKEN: &str = "the-token-of-alertmanager";

/// A bot with a source of alerts called `monitoring`.
pub struct Town {
    pub bot: Bot,
    /// Deleted with it.
    _token: NamedTempFile,
}

/// The services of the stories about alerts: one room for each.
fn services(source: &Value) -> Value {
    json!({
        "checkout": { "pipeline": "pretend", "environments": {
            "staging": { "approvals": 0, "room": "checkout" },
            "production": { "approvals": 0, "room": "checkout" },
        } },
        "shop": { "pipeline": "pretend", "environments": { "production": { "room": "shop" } } },
        "alerts": { "monitoring": source },
        "time_zone": "Europe/Berlin",
    })
}

impl Town {
    /// A source that is only heard.
    pub async fn start() -> Self {
        Self::with(&json!({})).await
    }

    /// With these settings of the source besides.
    pub async fn with(more: &Value) -> Self {
        Self::of(|token| {
            let mut source = json!({ "kind": "alertmanager", "webhook": { "token": token } });
            for (key, value) in more.as_object().unwrap() {
                source[key] = value.clone();
            }
            source
        })
        .await
    }

    /// With the source of these settings, which are told where the token is.
    pub async fn of(settings: impl FnOnce(&str) -> Value) -> Self {
        let token = NamedTempFile::new().unwrap();
        std::fs::write(token.path(), format!("{TOKEN}\n")).unwrap();
        let mut source = settings(&format!("file:{}", token.path().display()));
        source["room"] = "strays".into();
        let bot = Bot::with(&services(&source).to_string()).await;
        Self { bot, _token: token }
    }

    /// The process ends without a word, and another begins on the same database.
    pub async fn restarts(self) -> Self {
        Self { bot: self.bot.restarts().await, ..self }
    }

    /// Somebody posts this to the door of `monitoring`.
    pub async fn gets(&self, authorization: &[&str], body: &str) -> (u16, String) {
        let mut request = TestRequest::post().uri("/hooks/monitoring");
        for header in authorization {
            request = request.append_header((AUTHORIZATION, *header));
        }
        self.knocks(request.set_payload(body.to_owned())).await
    }

    pub async fn knocks(&self, request: TestRequest) -> (u16, String) {
        let alerts = self.bot.app.commands.alerts.clone();
        let site = Site::new().configure(move |doors| pilothouse::alerts::doors(doors, alerts));
        let answer = call_service(&init_service(site).await, request.to_request()).await;
        let status = answer.status().as_u16();
        (status, String::from_utf8(read_body(answer).await.to_vec()).unwrap())
    }

    /// The source delivers these alerts, and what is due at once happens.
    pub async fn delivers(&self, alerts: &[Value]) {
        let taken = self.gets(&[&format!("Bearer {TOKEN}")], &delivery(alerts)).await;
        assert_eq!(taken, (200, String::new()));
        self.bot.works().await;
    }

    /// The same for one alert.
    pub async fn brings(&self, alert: &Value) {
        self.delivers(std::slice::from_ref(alert)).await;
    }

    /// An alert of checkout in production, that has begun so long ago.
    pub fn alert(&self, name: &str, ago: Duration) -> Value {
        let starts = Timestamp(self.bot.clock.now().0 - i64::try_from(ago.as_millis()).unwrap());
        alert(name, starts)
    }

    /// The first button of the newest card whose title begins so.
    pub fn titled(&self, begin: &str) -> String {
        fn find(part: &Value, begin: &str) -> Option<String> {
            match part {
                Value::Array(parts) => parts.iter().find_map(|part| find(part, begin)),
                Value::Object(fields) => {
                    let own = fields.get("title").and_then(Value::as_str);
                    let own = own.filter(|title| title.starts_with(begin)).map(str::to_owned);
                    own.or_else(|| fields.values().find_map(|part| find(part, begin)))
                }
                _ => None,
            }
        }
        let card = self.bot.chat.newest();
        find(&card, begin).unwrap_or_else(|| panic!("no button `{begin}…` on {card:#}"))
    }

    /// The number on the newest card.
    pub fn number(&self) -> String {
        let card = self.bot.reads();
        let line = card.lines().find_map(|line| line.strip_prefix("Number: "));
        line.unwrap_or_else(|| panic!("no number on\n{card}")).to_owned()
    }
}

/// What Alertmanager posts.
pub fn delivery(alerts: &[Value]) -> String {
    let body = json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "pilothouse", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example", "alerts": alerts,
    });
    body.to_string()
}

/// An alert of checkout in production as it is delivered.
pub fn alert(name: &str, starts: Timestamp) -> Value {
    json!({
        "status": "firing",
        "labels": {
            "alertname": name, "service": "checkout", "environment": "production",
            "severity": "critical", "instance": "10.0.0.7:9100",
        },
        "annotations": { "summary": format!("{name} of checkout is too high") },
        "startsAt": written(starts),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": format!("f{}", name.to_lowercase()),
    })
}

/// The same alert, as it is delivered when it fires no more since that moment.
pub fn resolved(alert: &Value, at: Timestamp) -> Value {
    let mut alert = alert.clone();
    alert["status"] = "resolved".into();
    alert["endsAt"] = written(at).into();
    alert
}

/// The same alert with another label.
pub fn labelled(alert: &Value, name: &str, value: &str) -> Value {
    let mut alert = alert.clone();
    alert["labels"][name] = value.into();
    alert["fingerprint"] =
        format!("{}{}", alert["fingerprint"].as_str().unwrap(), value.len()).into();
    alert
}

pub fn written(moment: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(moment.0).unwrap().to_string()
}

pub fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
