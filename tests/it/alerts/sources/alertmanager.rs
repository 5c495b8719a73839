//! Prometheus Alertmanager, which has stories of its own too.

use async_trait::async_trait;
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::pretended::{PretendSource, Pretended};
use crate::alerts::{alert, delivery, pretend::Pretend, resolved};

pub(crate) struct Alertmanager(Pretend);

impl Alertmanager {
    pub(crate) async fn start() -> Self {
        Self(Pretend::start().await)
    }
}

fn delivered(told: &Pretended) -> Value {
    let mut alert = alert(&told.name, told.starts);
    alert["annotations"]["summary"] = told.summary.clone().into();
    alert
}

#[async_trait]
impl PretendSource for Alertmanager {
    fn settings(&self, secret: &str) -> Value {
        json!({ "kind": "alertmanager", "url": self.0.url(), "webhook": { "token": secret } })
    }

    fn fires(&self, alert: &Pretended) -> String {
        delivery(&[delivered(alert)])
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        delivery(&[resolved(&delivered(alert), at)])
    }

    fn levitates(&self, alert: &Pretended) -> String {
        let mut alert = delivered(alert);
        alert["status"] = "levitating".into();
        delivery(&[alert])
    }

    fn proves(&self, _: &str, secret: &str) -> Vec<(String, String)> {
        vec![("authorization".to_owned(), format!("Bearer {secret}"))]
    }

    fn is_asked(&self) -> bool {
        true
    }

    async fn lists(&self, alerts: &[Pretended]) {
        self.0.lists(&alerts.iter().map(delivered).collect::<Vec<_>>());
    }

    async fn answers(&self, answer: Option<ResponseTemplate>) {
        self.0.fails(answer.map(|answer| ("GET", answer)));
    }

    async fn asked(&self) -> Vec<Request> {
        [self.0.asked("GET").await, self.0.asked("POST").await].concat()
    }

    fn silences(&self) -> bool {
        true
    }
}
