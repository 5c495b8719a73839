//! A Grafana, and somebody who takes signed messages, on this machine.

use pilothouse::{clock::Clock, telling};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use crate::pagerduty::duty::Duty;

pub(crate) const SECRET: &str = "pretended-secret-of-whoever-is-told";

/// Everybody who can be told.
pub(crate) struct Post {
    pub(crate) duty: Duty,
    pub(crate) server: MockServer,
    folder: tempfile::TempDir,
}

impl Post {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { duty: Duty::start().await, server: MockServer::builder().start().await, folder }
    }

    fn secret(&self) -> String {
        format!("file:{}", self.folder.path().join("secret").display())
    }

    /// PagerDuty, as `tell` names it.
    pub(crate) fn pagerduty(&self) -> Value {
        json!({ "kind": "pagerduty", "integration": self.duty.integration() })
    }

    pub(crate) fn grafana(&self) -> Value {
        json!({ "kind": "grafana", "url": format!("{}/graphs", self.server.uri()),
                "token": self.secret() })
    }

    pub(crate) fn webhook(&self) -> Value {
        json!({ "kind": "webhook", "url": format!("{}/hook", self.server.uri()),
                "secret": self.secret(), "timeout": "1s" })
    }

    pub(crate) async fn answers(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    pub(crate) async fn once(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
        mock.up_to_n_times(1).with_priority(1).mount(&self.server).await;
    }

    pub(crate) async fn asked(&self, verb: &str, at: &str) -> Vec<Request> {
        let mut asked = self.server.received_requests().await.unwrap();
        asked.retain(|request| request.method.as_str() == verb && request.url.path() == at);
        asked
    }

    /// What PagerDuty was handed in, in a line each.
    pub(crate) fn summaries(&self) -> Vec<String> {
        let known = self.duty.knows();
        let events = known.events.iter().map(|(_, event)| &event["payload"]["summary"]);
        events.map(|summary| summary.as_str().unwrap().to_owned()).collect()
    }
}

/// The rules of every story, with those who are told.
pub(crate) fn rules(tell: &Value) -> String {
    let mut rules: Value = serde_json::from_str(crate::world::SERVICES).unwrap();
    rules["tell"] = tell.clone();
    rules.to_string()
}

pub(crate) fn open(tell: &Value, clock: &Clock) -> telling::Subscribers {
    let settings = serde_json::from_value(tell.clone()).unwrap();
    telling::open(&settings, clock, &pilothouse::outbound::Outbound::new().unwrap()).unwrap()
}
