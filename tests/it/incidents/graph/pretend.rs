//! A pretend Microsoft Graph that answers in the shapes its documentation shows, and a connector
//! beside it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::TEAM;

/// What goes wrong with the next request that would make something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// It is made, and the answer is lost.
    Lost,
    /// It is made, and the answer is no JSON.
    Garbage,
    /// It is made, and the answer takes longer than anybody waits.
    Slow,
    /// It is made, and is not in any list yet; so is everything after it.
    Unlisted,
    /// It is not made: the app is not allowed to.
    Forbidden,
    /// It is not made: there is no such team.
    Gone,
    /// It is not made: too many requests.
    Throttled,
    /// It is not made: a team has a thousand channels already.
    Full,
}

/// What there is.
#[derive(Default)]
pub struct State {
    pub channels: Vec<Value>,
    pub chats: Vec<Value>,
    pub troubles: VecDeque<Trouble>,
    /// Lists do not show what was made last.
    pub unlisted: bool,
    /// Whoever asks for a list is not allowed to.
    pub secretive: bool,
    /// The catalogue has the app.
    pub catalogued: bool,
    /// Tokens that are refused.
    pub refused: Vec<String>,
    tokens: usize,
}

/// The servers.
pub struct Graph {
    pub server: MockServer,
    pub login: MockServer,
    pub connector: MockServer,
    pub state: Arc<Mutex<State>>,
}

impl Graph {
    pub async fn start() -> Self {
        let (server, login, connector) =
            (MockServer::start().await, MockServer::start().await, MockServer::start().await);
        let state = Arc::new(Mutex::new(State { catalogued: true, ..State::default() }));
        let (asked, base) = (state.clone(), server.uri());
        let answer = move |request: &Request| answer(&mut asked.lock().unwrap(), &base, request);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let counted = state.clone();
        let grant = move |_: &Request| {
            let mut state = counted.lock().unwrap();
            state.tokens += 1;
            let token = format!("graph-token-number-{}", state.tokens);
            let granted = json!({ "expires_in": 3600, "access_token": token });
            ResponseTemplate::new(200).set_body_json(granted)
        };
        Mock::given(any()).respond_with(grant).mount(&login).await;
        let number = std::sync::atomic::AtomicUsize::new(1_700_000_000_001);
        let sent = move |request: &Request| match request.method.as_str() {
            "GET" => ResponseTemplate::new(200).set_body_json(json!({
                "id": "29:carol", "name": "Caroline", "aadObjectId": super::CAROL,
                "tenantId": super::TENANT,
            })),
            "POST" => {
                let id = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_string();
                ResponseTemplate::new(201).set_body_json(json!({ "id": id }))
            }
            _ => ResponseTemplate::new(200).set_body_json(json!({})),
        };
        Mock::given(any()).respond_with(sent).mount(&connector).await;
        Self { server, login, connector, state }
    }

    /// This goes wrong next.
    pub fn troubles(&self, troubles: &[Trouble]) {
        self.state.lock().unwrap().troubles.extend(troubles);
    }

    /// How many channels and chats there are.
    pub fn made(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.channels.len(), state.chats.len())
    }

    /// What Graph was asked: method, path and body.
    pub async fn asked(&self) -> Vec<(String, String, Value)> {
        let requests = self.server.received_requests().await.unwrap();
        let asked = requests.iter().map(|request| {
            let body = serde_json::from_slice(&request.body).unwrap_or_default();
            (request.method.to_string(), request.url.path().to_owned(), body)
        });
        asked.collect()
    }

    /// How often something was to be made.
    pub async fn posts(&self) -> usize {
        self.asked().await.iter().filter(|(method, ..)| method == "POST").count()
    }
}

fn error(status: u16, code: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": {
        "code": code, "message": message,
        "innerError": {
            "date": "2026-11-18T08:26:40", "request-id": "c7a2f5b9-4e1d-4836-a0f9-5d8b3e6c1f72",
        },
    } }))
}

fn answer(state: &mut State, base: &str, request: &Request) -> ResponseTemplate {
    let bearer = request.headers.get("authorization").map_or("", |v| v.to_str().unwrap());
    let token = bearer.strip_prefix("Bearer ").unwrap_or_default();
    if !token.starts_with("graph-token-number-") || state.refused.iter().any(|t| t == token) {
        return error(401, "InvalidAuthenticationToken", "Access token has expired.");
    }
    let path: Vec<&str> = request.url.path().trim_start_matches("/v1.0/").split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["teams", TEAM, "channels"]) => list(state, &state.channels, base, request),
        ("GET", ["users", _, "chats"]) => list(state, &state.chats, base, request),
        ("POST", ["teams", TEAM, "channels"]) => {
            let wanted: Value = serde_json::from_slice(&request.body).unwrap();
            if state.channels.iter().any(|c| c["displayName"] == wanted["displayName"]) {
                let said = "Channel name already existed, please use other name";
                return error(400, "NameAlreadyExists", said);
            }
            let id = format!("19:{:032}@thread.tacv2", state.channels.len() + 1);
            let made = json!({
                "@odata.context": format!("{base}/v1.0/$metadata#teams('{TEAM}')/channels/$entity"),
                "id": id, "displayName": wanted["displayName"],
                "description": wanted["description"], "isFavoriteByDefault": null, "email": "",
                "webUrl": format!("https://teams.microsoft.com/l/channel/{id}?groupId={TEAM}"),
                "membershipType": wanted["membershipType"],
            });
            make(state, |state| &mut state.channels, made)
        }
        ("POST", ["chats"]) => {
            let wanted: Value = serde_json::from_slice(&request.body).unwrap();
            let id = format!("19:{:032}@thread.v2", state.chats.len() + 1);
            let made = json!({
                "id": id, "topic": wanted["topic"], "chatType": "group",
                "webUrl": format!("https://teams.microsoft.com/l/chat/{id}/0?tenantId=t"),
            });
            make(state, |state| &mut state.chats, made)
        }
        ("GET", ["appCatalogs", "teamsApps"]) => {
            let app = json!({ "id": "b1c5353a-7aca-41b3-830f-27d5218fe0e5", "displayName": "P" });
            let known = if state.catalogued { vec![app] } else { vec![] };
            ResponseTemplate::new(200).set_body_json(json!({ "value": known }))
        }
        ("POST", ["chats", _, "installedApps"]) => error(409, "Conflict", "App already installed."),
        ("POST", ["teams", TEAM, "channels", _, "archive" | "unarchive"]) => {
            ResponseTemplate::new(202)
        }
        _ => error(404, "NotFound", "No such thing."),
    }
}

/// A list, one thing a page.
fn list(state: &State, all: &[Value], base: &str, request: &Request) -> ResponseTemplate {
    if state.secretive {
        return error(403, "Forbidden", "Missing role permissions on the request.");
    }
    let all = if state.unlisted { &[] } else { all };
    let page = request.url.query_pairs().find(|(name, _)| name == "$skiptoken");
    let page: usize = page.map_or(0, |(_, page)| page.parse().unwrap());
    let mut body = json!({ "value": all.get(page).into_iter().collect::<Vec<_>>() });
    if page + 1 < all.len() {
        let path = request.url.path();
        body["@odata.nextLink"] = format!("{base}{path}?$skiptoken={}", page + 1).into();
    }
    ResponseTemplate::new(200).set_body_json(body)
}

fn make(
    state: &mut State,
    list: impl Fn(&mut State) -> &mut Vec<Value>,
    made: Value,
) -> ResponseTemplate {
    let trouble = state.troubles.pop_front();
    match trouble {
        Some(Trouble::Forbidden) => {
            return error(403, "Forbidden", "Missing role permissions on the request.");
        }
        Some(Trouble::Gone) => return error(404, "NotFound", "No team found with Group Id."),
        Some(Trouble::Throttled) => {
            return error(429, "TooManyRequests", "Too many requests.")
                .insert_header("Retry-After", "40");
        }
        Some(Trouble::Full) => {
            return error(400, "BadRequest", "The limit of channels in this team is reached.");
        }
        _ => {}
    }
    list(state).push(made.clone());
    let created = ResponseTemplate::new(201).set_body_json(made);
    match trouble {
        Some(Trouble::Lost) => error(504, "GatewayTimeout", ""),
        Some(Trouble::Garbage) => ResponseTemplate::new(201).set_body_string("<html>Hi</html>"),
        Some(Trouble::Slow) => created.set_delay(Duration::from_secs(9)),
        Some(Trouble::Unlisted) => {
            state.unlisted = true;
            error(504, "GatewayTimeout", "")
        }
        _ => created,
    }
}
