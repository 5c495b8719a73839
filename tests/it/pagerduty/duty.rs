//! A PagerDuty on this machine. It keeps incidents and notes, and everything said to it and by it
//! is held against PagerDuty's own description.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use pilothouse::{
    clock::Clock,
    outbound::Outbound,
    vendors::pagerduty::{Events, PagerDuty},
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::contracts::{Checked, Contract};

pub(crate) const TOKEN: &str = "pretended-pagerduty-key";
pub(crate) const ROUTING: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SERVICE: &str = "PIJ90N7";

/// What goes wrong with one request.
pub(crate) enum Trouble {
    /// It is answered so, and nothing else happens.
    Answers(ResponseTemplate),
    /// It is done, and then something breaks.
    Forgets,
    /// It is done, and the answer takes too long.
    Dawdles,
}

/// What it knows.
#[derive(Default)]
pub(crate) struct Known {
    /// Every incident, oldest first.
    pub(crate) incidents: Vec<Value>,
    /// The notes below them, newest first, as PagerDuty lists them.
    pub(crate) notes: BTreeMap<String, Vec<Value>>,
    /// What was handed in as an event: where, what.
    pub(crate) events: Vec<(String, Value)>,
    /// How every request of a verb is answered instead.
    always: BTreeMap<&'static str, ResponseTemplate>,
    troubles: Vec<(&'static str, &'static str, Trouble)>,
    answered: Vec<(String, String, u16, Value)>,
}

pub(crate) struct Duty {
    pub(crate) server: MockServer,
    known: Arc<Mutex<Known>>,
    folder: tempfile::TempDir,
    contracts: Vec<Contract>,
}

struct Desk(Arc<Mutex<Known>>, String);

impl Duty {
    pub(crate) async fn start() -> Self {
        let (server, known) = (MockServer::builder().start().await, Arc::default());
        let desk = Desk(Arc::clone(&known), server.uri());
        Mock::given(any()).respond_with(desk).mount(&server).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        std::fs::write(folder.path().join("routing"), ROUTING).unwrap();
        let described = ["pagerduty", "pagerduty-events-v2"];
        let contracts = described.into_iter().filter_map(Contract::of).collect();
        Self { server, known, folder, contracts }
    }

    /// The account, as a configuration names it.
    pub(crate) fn account(&self) -> Value {
        let token = format!("file:{}", self.folder.path().join("token").display());
        json!({ "api": self.server.uri(), "token": token, "from": "bot@acme.example",
                "timeout": "1s" })
    }

    /// The integration, as a configuration names it.
    pub(crate) fn integration(&self) -> Value {
        let key = format!("file:{}", self.folder.path().join("routing").display());
        json!({ "url": self.server.uri(), "routing_key": key, "timeout": "1s" })
    }

    pub(crate) fn client(&self, clock: &Clock) -> PagerDuty {
        let settings = serde_json::from_value(self.account()).unwrap();
        PagerDuty::new(&settings, (clock.clone(), Outbound::new().unwrap())).unwrap()
    }

    pub(crate) fn events(&self, clock: &Clock) -> Events {
        let settings = serde_json::from_value(self.integration()).unwrap();
        Events::new(&settings, (clock.clone(), Outbound::new().unwrap())).unwrap()
    }

    pub(crate) fn knows(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    /// The next request of that verb whose path ends so meets trouble.
    pub(crate) fn meets(&self, verb: &'static str, ending: &'static str, trouble: Trouble) {
        self.knows().troubles.push((verb, ending, trouble));
    }

    /// From now on every request of that verb is answered so; `None` is well again.
    pub(crate) fn always(&self, verb: &'static str, answer: Option<ResponseTemplate>) {
        let mut known = self.knows();
        known.always.remove(verb);
        known.always.extend(answer.map(|answer| (verb, answer)));
    }

    /// How often something was done there that was asked with that verb.
    pub(crate) fn done(&self, verb: &str) -> usize {
        self.knows()
            .answered
            .iter()
            .filter(|(asked, _, status, _)| asked == verb && *status < 300)
            .count()
    }

    /// Somebody changes an incident there.
    pub(crate) fn sets(&self, index: usize, status: &str) {
        self.knows().incidents[index]["status"] = json!(status);
    }

    /// What every note says, oldest first.
    pub(crate) fn notes(&self) -> Vec<String> {
        let known = self.knows();
        let notes = known.notes.values().flat_map(|notes| notes.iter().rev());
        notes.map(|note| note["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Everything asked so far, each of it and each answer held against the description.
    pub(crate) async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        for request in &asked {
            let (verb, at) = (request.method.as_str(), request.url.path());
            let header = |name: &str| {
                request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
            };
            assert_eq!(header("content-type").as_deref(), Some("application/json"), "{verb} {at}");
            if !at.starts_with("/v2/") {
                let all: Vec<_> = request.headers.get_all("accept").iter().collect();
                assert_eq!(all, ["application/vnd.pagerduty+json;version=2"], "{verb} {at}");
                assert_eq!(header("authorization"), Some(format!("Token token={TOKEN}")));
                let from = (verb != "GET").then(|| "bot@acme.example".to_owned());
                assert_eq!(header("from"), from, "{verb} {at}");
            }
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let obeys = |c: &Contract| c.request(verb, at, &query, &request.body) == Checked::Obeys;
            let described = self.contracts.is_empty() || self.contracts.iter().any(obeys);
            assert!(described, "{verb} {at} is not described");
        }
        for (verb, at, status, body) in &self.knows().answered {
            let obeys = |c: &Contract| c.answer(verb, at, *status, body) == Checked::Obeys;
            let described = self.contracts.is_empty() || self.contracts.iter().any(obeys);
            assert!(described || *status >= 400, "{verb} {at} {status} is not described");
        }
        asked
    }

    /// How often something was asked.
    pub(crate) async fn count(&self, verb: &str, ending: &str) -> usize {
        let is = |r: &&Request| r.method.as_str() == verb && r.url.path().ends_with(ending);
        self.asked().await.iter().filter(is).count()
    }
}

impl Respond for Desk {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut known = self.0.lock().unwrap();
        let (verb, at) = (request.method.as_str(), request.url.path());
        let meets = |trouble: &(&str, &str, Trouble)| trouble.0 == verb && at.ends_with(trouble.1);
        let trouble = known.troubles.iter().position(meets);
        let trouble = trouble.map(|index| known.troubles.remove(index).2);
        if let Some(Trouble::Answers(answer)) = trouble {
            return answer;
        }
        if let Some(answer) = known.always.get(verb) {
            return answer.clone();
        }
        let (status, body) = known.does(request, &self.1);
        known.answered.push((verb.to_owned(), at.to_owned(), status, body.clone()));
        let answer = ResponseTemplate::new(status).set_body_json(body);
        match trouble {
            Some(Trouble::Forgets) => ResponseTemplate::new(502),
            Some(Trouble::Dawdles) => answer.set_delay(Duration::from_secs(3)),
            _ => answer,
        }
    }
}

impl Known {
    fn does(&mut self, request: &Request, home: &str) -> (u16, Value) {
        let at = request.url.path().to_owned();
        let segments: Vec<&str> = at.split('/').skip(1).collect();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["v2", "enqueue"] | ["v2", "change", "enqueue"]) => {
                self.events.push((at.clone(), body));
                (202, json!({ "status": "success", "message": "Event processed" }))
            }
            ("GET", ["incidents"]) => (200, self.listed(request)),
            ("POST", ["incidents"]) => self.create(&body["incident"], home),
            ("GET", ["incidents", id]) => self.of(id, |incident| incident["status"].take()),
            ("PUT", ["incidents", id]) => {
                let status = body["incident"]["status"].clone();
                self.of(id, |_| status)
            }
            ("GET", ["incidents", id, "notes"]) => {
                let notes = self.notes.get(*id).cloned().unwrap_or_default();
                (200, json!({ "notes": notes }))
            }
            ("POST", ["incidents", id, "notes"]) => {
                let content = body["note"]["content"].clone();
                let note = json!({ "id": "PNOTE1", "content": content,
                                   "created_at": "2026-11-25T02:08:12Z" });
                self.notes.entry((*id).to_owned()).or_default().insert(0, note.clone());
                (200, json!({ "note": note }))
            }
            _ => (404, refusal(2100, "Not Found")),
        }
    }

    fn listed(&self, request: &Request) -> Value {
        let asked: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        let all = |name: &str| -> Vec<&str> {
            asked.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
        };
        let number =
            |name: &str| all(name).first().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        let fits = |incident: &&Value| {
            let one_of = |name: &str, value: &Value| {
                let wanted = all(name);
                wanted.is_empty() || wanted.contains(&value.as_str().unwrap_or_default())
            };
            one_of("incident_key", &incident["incident_key"])
                && one_of("statuses[]", &incident["status"])
                && one_of("service_ids[]", &incident["service"]["id"])
        };
        let found: Vec<&Value> = self.incidents.iter().filter(fits).collect();
        let (limit, offset) = (number("limit"), number("offset"));
        let page: Vec<&&Value> = found.iter().skip(offset).take(limit).collect();
        json!({ "incidents": page, "limit": limit, "offset": offset, "total": null,
                "more": offset + limit < found.len() })
    }

    fn create(&mut self, wish: &Value, home: &str) -> (u16, Value) {
        let same = |incident: &Value| {
            incident["incident_key"] == wish["incident_key"] && incident["status"] != "resolved"
        };
        if wish["incident_key"].is_string() && self.incidents.iter().any(same) {
            let said = "Open incident with matching dedup key already exists on this service";
            return (400, refusal(2002, said));
        }
        let number = self.incidents.len() + 1;
        let mut made = incident(home, number, "triggered");
        for key in ["title", "urgency", "incident_key", "service"] {
            made[key] = wish[key].clone();
        }
        self.incidents.push(made.clone());
        (201, json!({ "incident": made }))
    }

    fn of(&mut self, id: &str, then: impl FnOnce(&mut Value) -> Value) -> (u16, Value) {
        let Some(there) = self.incidents.iter_mut().find(|incident| incident["id"] == id) else {
            return (404, refusal(2100, "Not Found"));
        };
        let status = then(&mut there.clone());
        there["status"] = status;
        (200, json!({ "incident": there }))
    }
}

fn refusal(code: u32, said: &str) -> Value {
    json!({ "error": { "message": "Invalid Input Provided", "code": code, "errors": [said] } })
}

/// An incident as PagerDuty describes it.
pub(crate) fn incident(home: &str, number: usize, status: &str) -> Value {
    let id = format!("PT4KHL{number}");
    json!({
        "id": id, "type": "incident", "summary": format!("[#{number}] The server is on fire."),
        "self": format!("{home}/incidents/{id}"), "html_url": format!("{home}/incidents/{id}"),
        "incident_number": number, "title": "The server is on fire.", "status": status,
        "created_at": "2026-11-25T02:08:12Z", "updated_at": "2026-11-25T02:08:40Z",
        "incident_key": format!("key-{number}"), "urgency": "high",
        "service": { "id": SERVICE, "type": "service_reference", "summary": "Checkout",
                     "self": null, "html_url": null },
        "last_status_change_at": "2026-11-25T02:08:12Z",
        "last_status_change_by": { "id": "PXPGF42", "type": "user_reference",
                                   "summary": "Earline Greenholt", "self": null, "html_url": null }
    })
}
