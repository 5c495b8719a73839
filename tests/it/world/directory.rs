//! A pretended Microsoft Entra and Graph: who is in which group.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use pilothouse::{
    chat::teams::Settings, clock::Clock, outbound::Outbound, secrets::keep_quiet,
    vendors::graph::Graph,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

const TOKEN: &str = "pretended-graph-token";

/// Graph at that address, as the bot of the tenant `t`.
pub(super) fn graph(url: &str, outbound: &Outbound, clock: &Clock) -> Graph {
    let settings = json!({
        "app_id": "9f2f1c1e-5a0b-4a63-8a3c-000000000001", "tenant": "t",
        "credential": { "kind": "secret", "secret": "file:tests/fixtures/client-secret" },
        "addresses": { "login": url, "graph": url },
    });
    let settings: Settings = serde_json::from_value(settings).unwrap();
    settings.graph(outbound, clock).unwrap()
}

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// After so long.
    Slow(Duration),
    /// With this status.
    Status(u16),
    /// With something else.
    Garbage,
    /// It gives nobody a token.
    NoToken,
}

struct Inner {
    /// Pairs of a person and a group.
    members: BTreeSet<(String, String)>,
    mood: Mood,
    /// How many groups each question was about, and about whom.
    asked: Vec<(String, usize)>,
}

pub struct Directory {
    server: MockServer,
    inner: Arc<Mutex<Inner>>,
}

impl Directory {
    pub async fn start() -> Self {
        keep_quiet(TOKEN);
        let inner = Inner { members: BTreeSet::new(), mood: Mood::Well, asked: vec![] };
        let inner = Arc::new(Mutex::new(inner));
        let server = MockServer::start().await;
        let (for_tokens, for_groups) = (inner.clone(), inner.clone());
        let token = move |_: &Request| match for_tokens.lock().unwrap().mood {
            Mood::NoToken => ResponseTemplate::new(401),
            _ => ResponseTemplate::new(200)
                .set_body_json(json!({ "expires_in": 3600, "access_token": TOKEN })),
        };
        let mock = Mock::given(matchers::path("/t/oauth2/v2.0/token")).respond_with(token);
        mock.mount(&server).await;
        let asked = matchers::path_regex("^/v1.0/users/[^/]+/checkMemberGroups$");
        let answer = move |request: &Request| answer(&mut for_groups.lock().unwrap(), request);
        Mock::given(asked).respond_with(answer).mount(&server).await;
        Self { server, inner }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Somebody is let into a group.
    pub fn lets_in(&self, person: &str, group: &str) {
        self.inner.lock().unwrap().members.insert((person.to_owned(), group.to_owned()));
    }

    /// Somebody is taken out of a group.
    pub fn takes_out(&self, person: &str, group: &str) {
        self.inner.lock().unwrap().members.remove(&(person.to_owned(), group.to_owned()));
    }

    /// From now on it answers so.
    pub fn is(&self, mood: Mood) {
        self.inner.lock().unwrap().mood = mood;
    }

    /// How many groups each question was about, and about whom.
    pub fn asked(&self) -> Vec<(String, usize)> {
        self.inner.lock().unwrap().asked.clone()
    }
}

fn answer(inner: &mut Inner, request: &Request) -> ResponseTemplate {
    let person = request.url.path().split('/').nth(3).unwrap().to_owned();
    let body: Value = request.body_json().unwrap();
    let groups = body["groupIds"].as_array().unwrap();
    assert!((1..=20).contains(&groups.len()), "Graph takes 20 at most");
    assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
    inner.asked.push((person.clone(), groups.len()));
    let is_in = |group: &&Value| {
        let group = group.as_str().unwrap().to_owned();
        inner.members.contains(&(person.clone(), group))
    };
    let theirs: Vec<&Value> = groups.iter().filter(is_in).collect();
    let well = ResponseTemplate::new(200).set_body_json(json!({ "value": theirs }));
    match inner.mood {
        Mood::Well | Mood::NoToken => well,
        Mood::Slow(delay) => well.set_delay(delay),
        Mood::Garbage => ResponseTemplate::new(200).set_body_string("<html>sign in</html>"),
        Mood::Status(status) => ResponseTemplate::new(status).set_body_json(
            json!({ "error": { "code": "x", "message": "**@everyone** [a](javascript:b)" } }),
        ),
    }
}
