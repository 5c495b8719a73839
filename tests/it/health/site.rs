//! A server on this machine that a probe asks.

use std::sync::Arc;

use pilothouse::{
    clock::{Clock, Timestamp},
    health::{self, Answer, Ground, Post, Probe},
    outbound::Outbound,
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use crate::contracts::{Checked, Contract};

pub(crate) const TOKEN: &str = "pretended-probe-token-one";

/// What time it is on every stage: 2026-11-25 02:08:10 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_572_490_000);

/// A patience short enough for a test, and long enough for a busy machine to send a request.
pub(crate) const HASTE: &str = "1s";

/// One kind of probe and what it asks.
pub(crate) trait Site: Send + Sync {
    /// The probe's settings at this stage.
    fn settings(&self, stage: &Stage) -> Value;

    /// The path it asks.
    fn path(&self) -> &'static str;

    /// What is said when all is well.
    fn well(&self) -> Value;

    /// What is said when it is not, and what people read of it.
    fn unwell(&self) -> Vec<(Value, &'static str)>;

    /// What is said when nothing is known.
    fn no_data(&self) -> Vec<Value>;

    /// An answer that says this where it is told to people.
    fn saying(&self, text: &str) -> Value;

    /// Settings that cannot be, and what is wrong.
    fn mistakes(&self) -> Vec<(Value, &'static str)>;

    /// The description that requests and answers are held against.
    fn described_in(&self) -> Option<&'static str> {
        None
    }

    /// Whether it proves who asks.
    fn has_secret(&self) -> bool {
        true
    }

    /// Whether it leaves a server alone that asks for it.
    fn keeps_quiet(&self) -> bool {
        true
    }
}

pub(crate) struct Stage {
    pub(crate) server: MockServer,
    pub(crate) clock: Clock,
    folder: tempfile::TempDir,
    path: &'static str,
    contract: Option<Contract>,
}

impl Stage {
    pub(crate) async fn of(site: &dyn Site) -> Self {
        let stage = Self {
            server: MockServer::start().await,
            clock: Clock::manual(NOW),
            folder: tempfile::tempdir().unwrap(),
            path: site.path(),
            contract: site.described_in().and_then(Contract::of),
        };
        stage.token(TOKEN);
        stage
    }

    /// From now on this is the token.
    pub(crate) fn token(&self, token: &str) {
        std::fs::write(self.folder.path().join("token"), format!("{token}\n")).unwrap();
    }

    /// The reference to the token, as a configuration holds it.
    pub(crate) fn secret(&self) -> String {
        format!("file:{}", self.folder.path().join("token").display())
    }

    pub(crate) fn open(&self, settings: Value) -> anyhow::Result<Arc<dyn Probe>> {
        let (clock, outbound) = (self.clock.clone(), Outbound::new().unwrap());
        let ground = Ground { clock, outbound, post: Post::default() };
        let (service, environment) = ("checkout".parse().unwrap(), "production".parse().unwrap());
        health::open(&serde_json::from_value(settings)?, (&service, &environment), &ground)
    }

    pub(crate) fn probe(&self, site: &dyn Site) -> Arc<dyn Probe> {
        self.open(hasty(site.settings(self))).unwrap()
    }

    /// From now on it is answered so; a good answer is held against the description.
    pub(crate) async fn says(&self, body: &Value) {
        if let Some(contract) = &self.contract {
            let checked = contract.answer("GET", self.path, 200, body);
            assert_eq!(checked, Checked::Obeys, "{} is not described", self.path);
        }
        self.answers(ResponseTemplate::new(200).set_body_json(body)).await;
    }

    /// From now on it is answered so, whatever the description says.
    pub(crate) async fn answers(&self, answer: ResponseTemplate) {
        self.server.reset().await;
        let mock = Mock::given(method("GET")).and(path(self.path)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// Everything asked since the last answer was given to it.
    pub(crate) async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        for request in &asked {
            assert_eq!((request.method.as_str(), request.url.path()), ("GET", self.path));
            if let Some(contract) = &self.contract {
                let pairs = request.url.query_pairs();
                let query: Vec<String> = pairs.map(|(name, _)| name.into_owned()).collect();
                let checked = contract.request("GET", self.path, &query, &request.body);
                assert_eq!(checked, Checked::Obeys, "{} is not described", request.url);
            }
        }
        asked
    }
}

/// What a probe finds that has this answer.
pub(crate) async fn finds(site: &dyn Site, body: &Value) -> Answer {
    let stage = Stage::of(site).await;
    stage.says(body).await;
    stage.probe(site).check(None).await
}

/// Settings with [`HASTE`].
pub(crate) fn hasty(mut settings: Value) -> Value {
    settings["timeout"] = json!(HASTE);
    settings
}

/// The settings with other values in place of some.
pub(crate) fn with(mut settings: Value, other: &Value) -> Value {
    for (key, value) in other.as_object().unwrap() {
        if value.is_null() {
            settings.as_object_mut().unwrap().remove(key);
        } else {
            settings[key] = value.clone();
        }
    }
    settings
}
