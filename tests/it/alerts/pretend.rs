//! An Alertmanager on this machine that keeps its alerts and silences in two lists, and holds what
//! is said to it and by it against Alertmanager's own description.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::contracts::{Checked, Contract};

/// What it is made of.
#[derive(Default)]
struct State {
    alerts: Vec<Value>,
    silences: Vec<Value>,
    /// What it answers instead, to requests with that verb.
    trouble: Option<(String, ResponseTemplate)>,
    /// Whether it does what it is asked, and loses the answer.
    loses_answers: bool,
}

#[derive(Clone)]
pub struct Pretend {
    pub server: Arc<MockServer>,
    state: Arc<Mutex<State>>,
    /// What stands before the paths of its description.
    below: &'static str,
}

impl Pretend {
    pub async fn start() -> Self {
        Self::below("").await
    }

    /// The one within a Grafana, say, below a path of its own.
    pub async fn below(below: &'static str) -> Self {
        let (server, state) = (MockServer::builder().start().await, Arc::default());
        let pretend = Self { server: Arc::new(server), state, below };
        let answers = Answers(pretend.state.clone(), below);
        Mock::given(any()).respond_with(answers).mount(&pretend.server).await;
        pretend
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// From now on it lists these, each as it is delivered.
    pub fn lists(&self, delivered: &[Value]) {
        let listed = |alert: &Value| {
            json!({
                "labels": alert["labels"], "annotations": alert["annotations"],
                "startsAt": alert["startsAt"], "endsAt": alert["startsAt"],
                "updatedAt": alert["startsAt"], "fingerprint": alert["fingerprint"],
                "generatorURL": alert["generatorURL"], "receivers": [{ "name": "pilothouse" }],
                "status": { "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [] },
            })
        };
        self.state.lock().unwrap().alerts = delivered.iter().map(listed).collect();
    }

    /// From now on it lists this one.
    pub fn lists_only(&self, delivered: &Value) {
        self.lists(std::slice::from_ref(delivered));
    }

    /// Another alert says as much as the first of them.
    pub fn inhibits(&self) {
        let status = &mut self.state.lock().unwrap().alerts[0]["status"];
        status["state"] = "suppressed".into();
        status["inhibitedBy"] = json!(["0123456789abcdef"]);
    }

    /// Somebody makes a silence there, of all alerts of that name.
    pub fn silences(&self, name: &str, by: &str, until: &str) -> String {
        let silence = json!({
            "matchers": [{ "name": "alertname", "value": name, "isRegex": false, "isEqual": true }],
            "startsAt": "2025-10-09T09:00:00.000Z", "endsAt": until, "createdBy": by,
            "comment": "by hand",
        });
        self.state.lock().unwrap().add(silence)
    }

    /// The silences that hold.
    pub fn standing(&self) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        state.silences.iter().filter(|s| s["status"]["state"] == "active").cloned().collect()
    }

    /// Somebody ends a silence there.
    pub fn ends(&self, id: &str) {
        self.state.lock().unwrap().end(id);
    }

    /// From now on requests with that verb are answered so; `None` is well again.
    pub fn fails(&self, trouble: Option<(&str, ResponseTemplate)>) {
        let trouble = trouble.map(|(verb, answer)| (verb.to_owned(), answer));
        self.state.lock().unwrap().trouble = trouble;
    }

    /// From now on it does what it is asked and says that it failed.
    pub fn loses_answers(&self, loses: bool) {
        self.state.lock().unwrap().loses_answers = loses;
    }

    /// Everything asked so far with that verb, each of it held against the description.
    pub async fn asked(&self, verb: &str) -> Vec<Request> {
        let contract = Contract::of("alertmanager-v2");
        let mut asked = self.server.received_requests().await.unwrap();
        for request in &asked {
            let Some(contract) = &contract else { continue };
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let (verb, path) = (request.method.as_str(), request.url.path());
            let path = path.strip_prefix(self.below).unwrap();
            let checked = contract.request(verb, path, &query, &request.body);
            assert_eq!(checked, Checked::Obeys, "{verb} {path} is not described");
        }
        asked.retain(|request| request.method.as_str() == verb);
        asked
    }
}

impl State {
    fn add(&mut self, mut silence: Value) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        silence["id"] = id.clone().into();
        silence["status"] = json!({ "state": "active" });
        silence["annotations"] = json!({});
        silence["updatedAt"] = silence["startsAt"].clone();
        self.silences.push(silence);
        id
    }

    fn end(&mut self, id: &str) -> bool {
        let silence = self.silences.iter_mut().find(|silence| silence["id"] == id);
        silence.map(|silence| silence["status"]["state"] = "expired".into()).is_some()
    }

    /// The alerts, each with the silences that hold for it.
    fn listed(&self) -> Value {
        let mut alerts = self.alerts.clone();
        for alert in &mut alerts {
            let of = |silence: &&Value| {
                let matches = silence["matchers"].as_array().unwrap().iter();
                let mut matches =
                    matches.map(|m| alert["labels"][m["name"].as_str().unwrap()] == m["value"]);
                silence["status"]["state"] == "active" && matches.all(|matches| matches)
            };
            let by: Vec<Value> = self.silences.iter().filter(of).map(|s| s["id"].clone()).collect();
            if !by.is_empty() {
                alert["status"]["state"] = "suppressed".into();
                alert["status"]["silencedBy"] = by.into();
            }
        }
        alerts.into()
    }

    fn answer(&mut self, request: &Request, path: &str) -> (u16, Value) {
        let path: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["alerts"]) => (200, self.listed()),
            ("GET", ["silences"]) => (200, self.silences.clone().into()),
            ("POST", ["silences"]) => {
                let silence: Value = serde_json::from_slice(&request.body).unwrap();
                if let Some(old) = silence["id"].as_str()
                    && !self.end(old)
                {
                    return (404, json!("silence not found"));
                }
                (200, json!({ "silenceID": self.add(silence) }))
            }
            ("DELETE", ["silence", id]) if self.end(id) => (200, Value::Null),
            _ => (404, Value::Null),
        }
    }
}

struct Answers(Arc<Mutex<State>>, &'static str);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        if let Some((verb, answer)) = &state.trouble
            && verb == request.method.as_str()
        {
            return answer.clone();
        }
        let path = request.url.path().strip_prefix(self.1).unwrap_or_default();
        let (status, body) = state.answer(request, path);
        if let (Some(contract), true) = (Contract::of("alertmanager-v2"), status < 300) {
            let verb = request.method.as_str();
            assert_eq!(contract.answer(verb, path, status, &body), Checked::Obeys, "{verb} {path}");
        }
        match (state.loses_answers && request.method.as_str() != "GET", body) {
            (true, _) => ResponseTemplate::new(500).set_body_string("the answer was lost"),
            (false, Value::Null) => ResponseTemplate::new(status),
            (false, body) => ResponseTemplate::new(status).set_body_json(body),
        }
    }
}
