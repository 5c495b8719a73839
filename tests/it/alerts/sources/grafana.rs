//! Grafana Alerting, in the shapes its documentation shows.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::pretended::{PretendSource, Pretended, town};
use crate::alerts::{TOKEN, alert, pretend::Pretend, resolved, seconds};

pub(crate) struct Grafana(Pretend);

impl Grafana {
    pub(crate) async fn start() -> Self {
        Self(Pretend::below("/api/alertmanager/grafana").await)
    }

    fn delivered(&self, told: &Pretended) -> Value {
        let mut alert = alert(&told.name, told.starts);
        alert["annotations"]["summary"] = told.summary.clone().into();
        alert["generatorURL"] =
            format!("{}/alerting/grafana/cdeqmlhvflz4f/view", self.0.url()).into();
        alert["dashboardURL"] = format!("{}/d/checkout?from=1&to=2&orgId=1", self.0.url()).into();
        alert["panelURL"] = format!("{}/d/checkout?viewPanel=2&orgId=1", self.0.url()).into();
        alert["silenceURL"] = format!("{}/alerting/silence/new", self.0.url()).into();
        alert["ruleUID"] = "cdeqmlhvflz4f".into();
        alert["values"] = json!({ "B": 44.23, "C": 1 });
        alert["valueString"] = "[ var='B' labels={} value=44.23 ]".into();
        alert["imageURL"] = "".into();
        alert
    }

    fn delivery(alert: &Value) -> String {
        let body = json!({
            "receiver": "Pilothouse", "status": alert["status"], "orgId": 1, "alerts": [alert],
            "groupLabels": { "alertname": alert["labels"]["alertname"] },
            "commonLabels": alert["labels"], "commonAnnotations": {},
            "externalURL": "https://grafana.example.com/", "version": "1", "truncatedAlerts": 0,
            "groupKey": "{}:{alertname=\"HighErrorRate\"}", "state": "alerting",
            "title": "[FIRING:1] HighErrorRate", "message": "**Firing**",
        });
        body.to_string()
    }
}

fn signed(text: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, text.as_bytes());
    pilothouse::names::hex(tag.as_ref())
}

#[async_trait]
impl PretendSource for Grafana {
    fn settings(&self, secret: &str) -> Value {
        json!({ "kind": "grafana", "url": self.0.url(), "token": secret,
                "webhook": { "kind": "grafana", "secret": secret } })
    }

    fn fires(&self, alert: &Pretended) -> String {
        Self::delivery(&self.delivered(alert))
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        Self::delivery(&resolved(&self.delivered(alert), at))
    }

    fn levitates(&self, alert: &Pretended) -> String {
        let mut alert = self.delivered(alert);
        alert["status"] = "levitating".into();
        Self::delivery(&alert)
    }

    fn proves(&self, body: &str, secret: &str) -> Vec<(String, String)> {
        vec![("x-grafana-alerting-signature".to_owned(), signed(body, secret))]
    }

    fn is_asked(&self) -> bool {
        true
    }

    async fn lists(&self, alerts: &[Pretended]) {
        let listed = |told: &Pretended| {
            let mut alert = self.delivered(told);
            alert["labels"]["__alert_rule_uid__"] = "cdeqmlhvflz4f".into();
            alert
        };
        self.0.lists(&alerts.iter().map(listed).collect::<Vec<_>>());
    }

    async fn answers(&self, answer: Option<ResponseTemplate>) {
        self.0.fails(answer.map(|answer| ("GET", answer)));
    }

    async fn asked(&self) -> Vec<Request> {
        let asked = [self.0.asked("GET").await, self.0.asked("POST").await].concat();
        for request in &asked {
            assert!(request.url.path().starts_with("/api/alertmanager/grafana/api/v2/"));
            assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        }
        asked
    }

    fn silences(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn the_card_leads_to_the_panel_on_its_own_server_alone() {
    let grafana = Grafana::start().await;
    let town = town(&grafana).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    town.hears_from(&grafana, &grafana.fires(&alert)).await;
    let card = town.bot.chat.newest().to_string();
    assert!(card.contains("\"Open in monitoring\"") && card.contains("viewPanel=2"), "{card}");
    assert!(
        card.contains("B 44.23, C 1"),
        "what it was decided by, where nobody says more: {card}"
    );
    let elsewhere = town.pretended("Elsewhere", seconds(60));
    let body = grafana.fires(&elsewhere).replace(&grafana.0.url(), "https://evil.example");
    town.hears_from(&grafana, &body).await;
    let card = town.bot.chat.newest().to_string();
    assert!(card.contains("Elsewhere") && !card.contains("evil.example"), "{card}");
}

#[tokio::test]
async fn with_a_timestamp_a_recording_is_good_for_five_minutes() {
    let grafana = Grafana::start().await;
    let town = crate::alerts::Town::of(|secret| {
        let mut settings = grafana.settings(secret);
        settings["webhook"]["timestamp_header"] = "X-Grafana-Alerting-Timestamp".into();
        settings
    })
    .await;
    let body = grafana.fires(&town.pretended("HighErrorRate", seconds(60)));
    let now = town.bot.clock.now().0 / 1000;
    let headers = |moment: i64| {
        vec![
            ("X-Grafana-Alerting-Signature".to_owned(), signed(&format!("{moment}:{body}"), TOKEN)),
            ("X-Grafana-Alerting-Timestamp".to_owned(), moment.to_string()),
        ]
    };
    assert_eq!(town.posts(&headers(now - 301), &body).await.0, 401);
    assert_eq!(town.posts(&grafana.proves(&body, TOKEN), &body).await.0, 401, "none at all");
    assert_eq!(town.posts(&headers(now - 200), &body).await.0, 200);
}
