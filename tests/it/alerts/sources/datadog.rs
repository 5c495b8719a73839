//! Datadog, in the template we give people, and in the shapes its own description has.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pilothouse::clock::Timestamp;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::pretended::{PretendSource, Pretended, town};
use crate::{
    alerts::{TOKEN, Town, minutes, seconds},
    contracts::{Checked, Contract},
    world::BOB,
};

pub(crate) struct Datadog {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    monitors: Vec<Value>,
    answer: Option<ResponseTemplate>,
}

impl Datadog {
    pub(crate) async fn start() -> Self {
        let (server, state) = (MockServer::start().await, Arc::<Mutex<State>>::default());
        let known = state.clone();
        let answer = move |asked: &Request| {
            let state = known.lock().unwrap();
            if let Some(answer) = &state.answer {
                return answer.clone();
            }
            let body = Value::from(state.monitors.clone());
            if let Some(contract) = Contract::of("datadog-v1") {
                let checked = contract.answer("GET", asked.url.path(), 200, &body);
                assert_eq!(checked, Checked::Obeys, "{}", asked.url);
            }
            ResponseTemplate::new(200).set_body_json(body)
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self { server, state }
    }

    fn delivery(&self, alert: &Pretended, transition: &str, at: Timestamp) -> String {
        template()
            .replace("$ALERT_ID", &number(&alert.name).to_string())
            .replace("$ALERT_TRANSITION", transition)
            .replace("$ALERT_TITLE", &format!("[{transition} on {{host:web-7}}] {}", alert.name))
            .replace("$ALERT_SCOPE", "host:web-7, availability-zone:eu-1a")
            .replace("$TAGS", "env:production,host:web-7,monitor,service:checkout,team:shop")
            .replace("$ALERT_PRIORITY", "P1")
            .replace("$TEXT_ONLY_MSG", &escaped(&alert.summary))
            .replace("$LINK", &format!("{}/monitors/7", self.server.uri()))
            .replace("$DATE", &at.0.to_string())
    }

    fn changes(&self, change: impl Fn(&mut Value)) {
        change(&mut self.state.lock().unwrap().monitors[0]);
    }
}

/// The template that the example of the configuration tells people to paste.
fn template() -> String {
    let example = include_str!("../../../../deploy/pilothouse.example.yaml");
    let (_, after) = example.split_once("#     {\"monitor\": \"$ALERT_ID\"").unwrap();
    let (inside, _) = after.split_once('}').unwrap();
    format!(
        "{{\"monitor\": \"$ALERT_ID\"{}}}",
        inside.replace("\n    #     ", " ").replace("\n  #     ", " ")
    )
}

fn escaped(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn number(name: &str) -> usize {
    name.bytes().map(usize::from).sum()
}

fn monitor(alert: &Pretended) -> Value {
    let triggered = alert.starts.0 / 1000 + 7;
    json!({
        "id": number(&alert.name), "name": alert.name, "type": "metric alert", "multi": true,
        "query": "avg(last_5m):avg:errors{*} by {host} > 1", "message": alert.summary,
        "overall_state": "Alert", "priority": 1, "options": { "notify_no_data": false },
        "tags": ["service:checkout", "env:production", "team:shop"], "matching_downtimes": [],
        "state": { "groups": { "availability-zone:eu-1a,host:web-7": {
            "name": "availability-zone:eu-1a,host:web-7", "status": "Alert",
            "last_triggered_ts": triggered, "last_notified_ts": triggered,
        } } },
    })
}

#[async_trait]
impl PretendSource for Datadog {
    fn settings(&self, secret: &str) -> Value {
        json!({
            "kind": "datadog", "url": self.server.uri(), "api_key": secret,
            "application_key": secret, "tags": ["team:shop"], "labels": { "environment": "env" },
            "webhook": { "kind": "header", "name": "X-Pilothouse-Secret", "secret": secret },
        })
    }

    fn fires(&self, alert: &Pretended) -> String {
        self.delivery(alert, "Triggered", alert.starts)
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        self.delivery(alert, "Recovered", at)
    }

    fn levitates(&self, alert: &Pretended) -> String {
        self.delivery(alert, "levitating", alert.starts)
    }

    fn proves(&self, _: &str, secret: &str) -> Vec<(String, String)> {
        vec![("x-pilothouse-secret".to_owned(), secret.to_owned())]
    }

    fn is_asked(&self) -> bool {
        true
    }

    fn lists_beginnings(&self) -> bool {
        false
    }

    async fn lists(&self, alerts: &[Pretended]) {
        self.state.lock().unwrap().monitors = alerts.iter().map(monitor).collect();
    }

    async fn answers(&self, answer: Option<ResponseTemplate>) {
        self.state.lock().unwrap().answer = answer;
    }

    async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        let contract = Contract::of("datadog-v1");
        for request in &asked {
            assert_eq!(request.headers["dd-api-key"], TOKEN);
            assert_eq!(request.headers["dd-application-key"], TOKEN);
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let Some(contract) = &contract else { continue };
            let checked = contract.request("GET", request.url.path(), &query, &request.body);
            assert_eq!(checked, Checked::Obeys, "{}", request.url);
        }
        asked
    }
}

async fn fired(datadog: &Datadog) -> Town {
    let town = town(datadog).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    datadog.lists(std::slice::from_ref(&alert)).await;
    town.hears_from(datadog, &datadog.fires(&alert)).await;
    town.bot.passes(minutes(3)).await;
    town
}

#[tokio::test]
async fn what_is_asked_for_is_the_same_alert_as_what_was_delivered() {
    let datadog = Datadog::start().await;
    let town = fired(&datadog).await;
    let card = town.bot.reads();
    assert!(card.contains("Labels: availability-zone eu-1a, host web-7"), "{card}");
    assert!(card.contains("Fires since 09:14 UTC") && !card.contains("begun"), "{card}");
    assert_eq!(town.bot.messages(), 1);
    let again = town.pretended("HighErrorRate", seconds(0));
    town.hears_from(&datadog, &datadog.delivery(&again, "Renotify", again.starts)).await;
    town.hears_from(&datadog, &datadog.delivery(&again, "Re-Triggered", again.starts)).await;
    assert!(!town.bot.reads().contains("begun"), "a reminder is no new beginning");
}

#[tokio::test]
async fn a_downtime_of_its_group_is_a_silence_of_somebody_else() {
    let datadog = Datadog::start().await;
    let town = fired(&datadog).await;
    let end = town.bot.clock.now().0 / 1000 + 3600;
    let downtime = |scope: &str| json!([{ "id": 12, "start": 1, "end": end, "scope": [scope] }]);
    datadog.changes(|monitor| monitor["matching_downtimes"] = downtime("host:web-8"));
    town.bot.passes(minutes(2)).await;
    assert!(town.bot.shows().contains("Fires since"), "of another host: {}", town.bot.shows());
    datadog.changes(|monitor| monitor["matching_downtimes"] = downtime("host:web-7"));
    town.bot.passes(minutes(2)).await;
    let shown = town.bot.shows();
    assert!(shown.contains("Silenced until 10:18 UTC by a downtime in Datadog"), "{shown}");
    datadog.changes(|monitor| monitor["matching_downtimes"] = json!([]));
    town.bot.passes(minutes(2)).await;
    assert!(town.bot.shows().contains("Fires since"), "{}", town.bot.shows());
}

#[tokio::test]
async fn no_data_is_an_alert_only_where_people_want_to_be_told() {
    let datadog = Datadog::start().await;
    let town = town(&datadog).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    datadog.lists(std::slice::from_ref(&alert)).await;
    datadog.changes(|monitor| {
        monitor["overall_state"] = "No Data".into();
        monitor["state"] = json!({});
    });
    town.bot.passes(minutes(2)).await;
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("No alerts"));
    datadog.changes(|monitor| monitor["options"]["notify_no_data"] = true.into());
    town.bot.passes(minutes(2)).await;
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("1 alert\n"));
}

#[tokio::test]
async fn a_variable_that_was_not_filled_in_is_said_by_name() {
    let datadog = Datadog::start().await;
    let town = town(&datadog).await;
    let (status, told) = town.posts(&datadog.proves("", TOKEN), &template()).await;
    assert_eq!(status, 400);
    assert!(told.contains("`$ALERT_ID`"), "{told}");
}
