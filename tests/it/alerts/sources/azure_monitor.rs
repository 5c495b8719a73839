//! Azure Monitor, in the shapes its documentation shows.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::pretended::{PretendSource, Pretended, town};
use crate::{
    alerts::{TOKEN, minutes, seconds, written},
    teams::microsoft::{Token, stranger, today},
    world::CAROL,
};

const TENANT: &str = "7b0e4c9d-1a6f-4e38-b2d5-90c8f3a7e614";
const APP: &str = "3f1c2b7a-9d44-4c1e-8a52-6f0e7d9b1a23";
const AZNS: &str = "461e8683-5575-4561-ac7f-899cc907d62a";
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const OURS: &str = "the-bots-own-token-for-azure";

/// The second all stories begin in.
const MORNING: i64 = 1_760_001_300;

pub(crate) struct AzureMonitor {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Everything that fires there, as the API shows it.
    alerts: Vec<Value>,
    /// What is answered instead of the list.
    answer: Option<ResponseTemplate>,
    /// What is answered when somebody has an alert.
    refusal: Option<ResponseTemplate>,
    told: usize,
}

impl AzureMonitor {
    pub(crate) async fn start() -> Self {
        let (server, state) = (MockServer::start().await, Arc::<Mutex<State>>::default());
        let (uri, known) = (server.uri(), state.clone());
        let answer = move |asked: &Request| known.lock().unwrap().answers(asked, &uri);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self { server, state }
    }

    fn token(&self) -> Token {
        Token::good(MORNING, "").saying(json!({
            "iss": format!("{}/{TENANT}/v2.0", self.server.uri()), "aud": APP, "azp": AZNS,
            "nbf": MORNING - 60, "exp": MORNING + 7200, "ver": "2.0",
        }))
    }

    fn delivery(alert: &Pretended, condition: &str, ended: Option<Timestamp>) -> String {
        let id = id(&alert.name);
        let body = json!({
            "schemaId": "azureMonitorCommonAlertSchema",
            "data": {
                "essentials": {
                    "alertId": id, "alertRule": alert.name, "severity": "Sev0",
                    "targetResourceType": "microsoft.web/sites",
                    "alertTargetIDs": [target()], "configurationItems": ["shop-web"],
                    "signalType": "Metric", "monitorCondition": condition,
                    "monitoringService": "Platform", "originAlertId": "an-id_of_its_own",
                    "firedDateTime": written(alert.starts),
                    "resolvedDateTime": ended.map(written), "description": alert.summary,
                    "essentialsVersion": "1.0", "alertContextVersion": "1.0",
                    "investigationLink": format!("https://portal.azure.com/#view/x/alertId/{id}"),
                },
                "alertContext": { "properties": null, "condition": { "windowSize": "PT5M" } },
                "customProperties": { "team": "payments", "environment": "production" },
            },
        });
        body.to_string()
    }
}

/// The same number for the same name.
fn number(name: &str) -> String {
    uuid::Uuid::from_bytes(std::array::from_fn(|at| name.as_bytes()[at % name.len()])).to_string()
}

fn id(name: &str) -> String {
    let number = number(name).to_uppercase();
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{number}")
}

fn target() -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/Checkout/providers/microsoft.web/sites/Shop-Web"
    )
}

fn listed(alert: &Pretended) -> Value {
    json!({
        "id": id(&alert.name), "name": alert.name, "type": "Microsoft.AlertsManagement/alerts",
        "properties": { "essentials": {
            "severity": "Sev0", "signalType": "Metric", "alertState": "New",
            "monitorCondition": "Fired", "monitorService": "Platform",
            "targetResource": target(), "targetResourceName": "shop-web",
            "targetResourceGroup": "checkout", "targetResourceType": "sites",
            "alertRule": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/x/providers/microsoft.insights/metricAlerts/{}", alert.name),
            "startDateTime": written(alert.starts), "lastModifiedUserName": "System",
            "lastModifiedDateTime": written(alert.starts), "description": alert.summary,
        } },
    })
}

impl State {
    fn find(&mut self, number: &str) -> Option<&mut Value> {
        self.alerts.iter_mut().find(|alert| {
            alert["id"].as_str().unwrap().to_lowercase().ends_with(&number.to_lowercase())
        })
    }

    fn answers(&mut self, asked: &Request, uri: &str) -> ResponseTemplate {
        let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
        let path: Vec<&str> = asked.url.path().trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                ok(json!({ "jwks_uri": format!("{uri}/{tenant}/discovery/v2.0/keys") }))
            }
            ("GET", [_, "discovery", "v2.0", "keys"]) => {
                ok(json!({ "keys": [today().announced()] }))
            }
            ("POST", [_, "oauth2", "v2.0", "token"]) => {
                let told = String::from_utf8_lossy(&asked.body).into_owned();
                assert!(told.contains("%2F.default"), "{told}");
                ok(json!({ "access_token": OURS, "expires_in": 3599, "token_type": "Bearer" }))
            }
            ("GET", ["subscriptions", _, "providers", "Microsoft.AlertsManagement", "alerts"]) => {
                if let Some(answer) = &self.answer {
                    return answer.clone();
                }
                // Two pages, so that none is forgotten.
                let second = asked.url.query_pairs().any(|(name, _)| name == "skip");
                let next =
                    format!("{uri}{}?{}&skip=1", asked.url.path(), asked.url.query().unwrap());
                if second {
                    ok(json!({ "value": self.alerts }))
                } else {
                    ok(json!({ "value": [], "nextLink": next }))
                }
            }
            ("GET", [.., "alerts", number]) => {
                self.find(number).map_or(ResponseTemplate::new(404), |alert| ok(alert.clone()))
            }
            ("POST", [.., "alerts", number, "changestate"]) => {
                if let Some(refusal) = &self.refusal {
                    return refusal.clone();
                }
                assert!(asked.url.query().unwrap().ends_with("&newState=Acknowledged"));
                let Some(alert) = self.find(number) else { return ResponseTemplate::new(404) };
                let state = &mut alert["properties"]["essentials"];
                state["alertState"] = "Acknowledged".into();
                state["lastModifiedUserName"] = "pilothouse".into();
                let answer = ok(alert.clone());
                self.told += 1;
                answer
            }
            _ => panic!("{} {}", asked.method, asked.url),
        }
    }
}

#[async_trait]
impl PretendSource for AzureMonitor {
    fn settings(&self, secret: &str) -> Value {
        let login = self.server.uri();
        json!({
            "kind": "azure_monitor", "subscription": SUBSCRIPTION, "management": login,
            "credential": { "app_id": APP, "tenant": TENANT, "login": login,
                            "proof": { "kind": "secret", "secret": secret } },
            "webhook": { "kind": "entra", "tenant": TENANT, "audience": APP, "login": login },
            "labels": { "service": "resource_group" }, "environment": "production",
        })
    }

    fn fires(&self, alert: &Pretended) -> String {
        Self::delivery(alert, "Fired", None)
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        Self::delivery(alert, "Resolved", Some(at))
    }

    fn levitates(&self, alert: &Pretended) -> String {
        Self::delivery(alert, "levitating", None)
    }

    fn proves(&self, _: &str, secret: &str) -> Vec<(String, String)> {
        let token = if secret == TOKEN { self.token() } else { self.token().by(stranger()) };
        vec![("authorization".to_owned(), token.bearer())]
    }

    fn is_asked(&self) -> bool {
        true
    }

    async fn lists(&self, alerts: &[Pretended]) {
        self.state.lock().unwrap().alerts = alerts.iter().map(listed).collect();
    }

    async fn answers(&self, answer: Option<ResponseTemplate>) {
        self.state.lock().unwrap().answer = answer;
    }

    async fn asked(&self) -> Vec<Request> {
        let mut asked = self.server.received_requests().await.unwrap();
        asked.retain(|asked| asked.url.path().starts_with("/subscriptions/"));
        for asked in &asked {
            assert_eq!(asked.headers["authorization"], format!("Bearer {OURS}"));
            assert!(asked.url.query().unwrap().starts_with("api-version=2019-03-01"));
        }
        asked
    }

    fn carries(&self) -> bool {
        true
    }

    async fn is_over(&self, alert: &Pretended) {
        let mut state = self.state.lock().unwrap();
        let found = state.find(&number(&alert.name)).unwrap();
        found["properties"]["essentials"]["monitorCondition"] = "Resolved".into();
    }

    async fn refuses(&self, answer: Option<ResponseTemplate>) {
        self.state.lock().unwrap().refusal = answer;
    }

    async fn told(&self) -> usize {
        self.state.lock().unwrap().told
    }
}

#[tokio::test]
async fn the_card_shows_what_azure_knows_and_leads_to_its_portal() {
    let azure = AzureMonitor::start().await;
    let town = town(&azure).await;
    let alert = town.pretended("High CPU of the shop", seconds(60));
    town.hears_from(&azure, &azure.fires(&alert)).await;
    let card = town.bot.reads();
    assert!(card.contains("resource shop-web, signal Metric, team payments"), "{card}");
    let drawn = town.bot.chat.newest().to_string();
    assert!(drawn.contains("https://portal.azure.com/#view"), "{drawn}");
    let evil = azure.fires(&town.pretended("Evil", seconds(60)));
    let evil = evil.replace("https://portal.azure.com", "https://portal.azure.com.evil.example");
    town.hears_from(&azure, &evil).await;
    let drawn = town.bot.chat.newest().to_string();
    assert!(drawn.contains("Evil") && !drawn.contains("evil.example"), "{drawn}");
}

#[tokio::test]
async fn what_others_acknowledge_and_close_in_the_portal_is_taken_over() {
    let azure = AzureMonitor::start().await;
    let town = town(&azure).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    azure.lists(std::slice::from_ref(&alert)).await;
    town.hears_from(&azure, &azure.fires(&alert)).await;
    let change = |key: &str, value: &str| {
        let mut state = azure.state.lock().unwrap();
        state.alerts[0]["properties"]["essentials"][key] = value.into();
    };
    change("lastModifiedUserName", "dana <at>all</at>");
    change("alertState", "Acknowledged");
    town.bot.passes(minutes(2)).await;
    let card = town.bot.reads();
    assert!(card.contains("Acknowledged by dana ‹at›all‹/at›"), "{card}");
    let told = town.bot.hears(CAROL, "/ack HighErrorRate").await;
    assert!(told.contains("has acknowledged alert"), "{told}");
    change("alertState", "Closed");
    town.bot.passes(minutes(5)).await;
    let list = town.bot.hears(CAROL, "/alerts").await;
    assert!(list.starts_with("No alerts"), "{list}");
}

#[tokio::test]
async fn only_the_common_schema_is_taken() {
    let azure = AzureMonitor::start().await;
    let town = town(&azure).await;
    let body = azure.fires(&town.pretended("HighErrorRate", seconds(60)));
    let body = body.replace("azureMonitorCommonAlertSchema", "AzureMonitorMetricAlert");
    let (status, told) = town.posts(&azure.proves(&body, TOKEN), &body).await;
    assert_eq!(status, 400);
    assert!(told.contains("enable it in the action group"), "{told}");
}

/// Nobody asks for the alerts of that subscription: that it is not listed says nothing.
#[tokio::test]
async fn what_another_subscription_brings_is_over_when_it_says_so() {
    let azure = AzureMonitor::start().await;
    let town = town(&azure).await;
    azure.lists(&[]).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    let elsewhere =
        |body: String| body.replace(SUBSCRIPTION, "5b1f6471-1bf0-4dda-aec3-cb9272f09599");
    town.hears_from(&azure, &elsewhere(azure.fires(&alert))).await;
    town.bot.passes(minutes(10)).await;
    let card = town.bot.reads();
    assert!(card.contains("Fires since") && card.contains("subscription 5b1f6471"), "{card}");
    town.hears_from(&azure, &elsewhere(azure.ends(&alert, town.bot.clock.now()))).await;
    assert!(town.bot.reads().contains("Resolved at"), "{}", town.bot.reads());
}
