//! What others push over HTTP: who is let in, what is heard twice, and what follows from it.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod any;
mod azure;
mod door;
mod looks;
mod overload;
mod proofs;
mod samples;
mod settings;

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    App as Site,
    test::{TestRequest, call_service, init_service, read_body},
};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::{app::App, names::hex, pushes::Pushes};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{ALICE, Bot};

pub const SECRET: &str = "the-secret-of-this-hook";
pub const NEXT: &str = "the-secret-that-follows-it";
/// `pilothouse-signs-with-these-32-by`, as GitLab and Standard Webhooks write it.
pub const SIGNING: &str = "whsec_cGlsb3Rob3VzZS1zaWducy13aXRoLXRoZXNlLTMyLWJ5";

/// Secrets in files, which a story may change or take away.
pub struct Secrets(TempDir);

impl Secrets {
    pub fn new() -> Self {
        let secrets = Self(tempfile::tempdir().unwrap());
        for (name, secret) in [("own", SECRET), ("next", NEXT), ("signing", SIGNING)] {
            secrets.write(name, secret);
        }
        secrets
    }

    pub fn write(&self, name: &str, secret: &str) {
        std::fs::write(self.0.path().join(name), format!("{secret}\n")).unwrap();
    }

    pub fn loses(&self, name: &str) {
        std::fs::remove_file(self.0.path().join(name)).unwrap();
    }

    pub fn at(&self, name: &str) -> String {
        format!("file:{}", self.0.path().join(name).display())
    }
}

/// A bot with a hook of every kind, each called as its kind.
pub struct Town {
    pub bot: Bot,
    pub secrets: Secrets,
}

impl Town {
    pub async fn start() -> Self {
        let secrets = Secrets::new();
        let (own, next, signing) = (secrets.at("own"), secrets.at("next"), secrets.at("signing"));
        let services = json!({
            "checkout": { "pipeline": "pretend", "environments": {
                "staging": { "approvals": 0 }, "production": { "approvals": 0 },
            } },
            "alerts": { "monitoring": { "kind": "alertmanager", "webhook": { "token": own } } },
            "hooks": {
                "github": { "kind": "github", "secret": own, "next_secret": next, "pipelines": ["pretend"] },
                "other": { "kind": "github", "secret": own, "pipelines": ["another"] },
                "gitlab": { "kind": "gitlab", "secret": own, "next_secret": signing },
                "azure": { "kind": "azure_devops", "basic": { "user": "hook", "password": own } },
                "own": { "kind": "webhook", "secret": own },
                "jenkins": { "kind": "bearer", "token": own, "next_token": next },
            },
        });
        Self { bot: Bot::with(&services.to_string()).await, secrets }
    }

    /// A deployment runs, and has run for so long that it is looked at every fifteen seconds only.
    pub async fn running(run: &str) -> Self {
        let town = Self::start().await;
        town.bot.pipeline.calls_it(run);
        town.bot.hears(ALICE, "/deploy staging v1.0.0").await;
        town.bot.clock.advance(std::time::Duration::from_mins(11));
        town.bot.works().await;
        assert!(town.bot.shows().contains("Monitoring"), "{}", town.bot.shows());
        town
    }

    pub async fn knocks(&self, hook: &str, delivery: &Delivery) -> (u16, String) {
        knocks(&self.bot.app.pushes, hook, delivery).await
    }

    /// GitHub says this; what the door answers.
    pub async fn github(&self, event: &str, body: &Value) -> (u16, String) {
        self.knocks("github", &Delivery::github(event, body)).await
    }
}

/// What one replica's door answers.
pub async fn knocks(pushes: &Arc<Pushes>, hook: &str, delivery: &Delivery) -> (u16, String) {
    let pushes = pushes.clone();
    let site = Site::new().configure(move |doors| pilothouse::pushes::doors(doors, &pushes));
    let mut request = TestRequest::post().uri(&format!("/hooks/{hook}"));
    for (name, value) in &delivery.headers {
        request = request.append_header((name.as_str(), value.as_str()));
    }
    let request = request.set_payload(delivery.body.clone()).to_request();
    let answer = call_service(&init_service(site).await, request).await;
    let status = answer.status().as_u16();
    let told = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
    assert!(!told.contains(SECRET) && !told.contains(NEXT), "{told}");
    (status, told)
}

/// Something that somebody sends.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Delivery {
    pub fn of(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it reads better where it is said")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_owned(), value.to_string());
        self
    }

    pub fn github(event: &str, body: &Value) -> Self {
        let delivery = Self::of(body.to_string());
        let signature = format!("sha256={}", digest(SECRET, &delivery.body));
        delivery
            .with("X-GitHub-Event", event)
            .with("X-GitHub-Delivery", "0d4f8e2a-6f6c-11f0-8d0e-5c1b7a9e2f30")
            .with("X-Hub-Signature-256", signature)
    }

    /// Signed as Standard Webhooks are, so many seconds since 1970.
    pub fn standard(secret: &str, id: &str, seconds: i64, body: &Value) -> Self {
        let delivery = Self::of(body.to_string());
        let signature = standard_signature(secret, &format!("{id}.{seconds}."), &delivery.body);
        delivery
            .with("webhook-id", id)
            .with("webhook-timestamp", seconds)
            .with("webhook-signature", signature)
    }
}

/// HMAC-SHA-256 in hex digits.
pub fn digest(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, body).as_ref())
}

pub fn standard_signature(secret: &str, begin: &str, body: &[u8]) -> String {
    let key = match secret.strip_prefix("whsec_") {
        Some(text) => BASE64_STANDARD.decode(text).unwrap(),
        None => secret.as_bytes().to_vec(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = hmac::sign(&key, &[begin.as_bytes(), body].concat());
    format!("v1,{}", BASE64_STANDARD.encode(signed))
}

/// What GitHub says of a run.
pub fn run_says(run: u64) -> Value {
    json!({ "action": "completed", "workflow_run": { "id": run, "conclusion": "failure" } })
}

/// How many deliveries are remembered.
pub async fn remembered(app: &App) -> usize {
    let rows = sqlx::query("SELECT mark FROM deliveries").fetch_all(app.foundation.db.reader());
    rows.await.unwrap().len()
}
