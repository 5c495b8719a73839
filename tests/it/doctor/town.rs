//! Everybody a bot has to do with, on one pretended server, and the configuration that names them.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use pilothouse::{cli::doctor, clock::Clock, store::Db};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

use crate::{contracts::Contract, world::Database};

pub const CHANNEL: &str = "19:abc@thread.tacv2";

/// Secrets of the configuration, by the name of their file.
pub const SECRETS: [(&str, &str); 7] = [
    ("teams", "correct-horse-battery"),
    ("audit", "the key of every story, which is long enough"),
    ("gitlab", "glpat-pretended-token"),
    ("alerts", "alertmanager-pretended-token"),
    ("own", "whsec_cHJldGVuZGVkLXByZXRlbmRlZA=="),
    ("pager", "the-pagers-own-secret"),
    ("grafana", "grafana-pretended-token"),
];

/// Permissions of Microsoft Graph that the app has.
pub const ROLES: [&str; 1] = ["ChannelSettings.ReadWrite.All"];

pub const TOKEN_AT: (&str, &str) =
    ("POST", "/7e4a0000-1111-4222-8333-444455556666/oauth2/v2.0/token");
pub const TIME_AT: (&str, &str) =
    ("GET", "/7e4a0000-1111-4222-8333-444455556666/v2.0/.well-known/openid-configuration");
pub const KEYS_AT: (&str, &str) = ("GET", "/keys");
pub const TEAM_AT: (&str, &str) =
    ("GET", "/v1.0/teams/57fb72d0-d811-46f4-8947-305e6072eaa5/channels");
pub const MEMBERS_AT: (&str, &str) =
    ("GET", "/teams/v3/conversations/19%3Aabc%40thread.tacv2/pagedmembers");
pub const SAY_AT: (&str, &str) =
    ("POST", "/teams/v3/conversations/19%3Aabc%40thread.tacv2/activities");
pub const EDIT_AT: (&str, &str) =
    ("PUT", "/teams/v3/conversations/19%3Aabc%40thread.tacv2/activities/1%3Am");
pub const DOOR_AT: (&str, &str) = ("POST", "/api/messages");
pub const BOT_AT: (&str, &str) = ("GET", "/readyz");
pub const PROJECT_AT: (&str, &str) = ("GET", "/api/v4/projects/shop%2Fcheckout");
pub const STATUS_AT: (&str, &str) = ("GET", "/runs/pilothouse-doctor");
pub const ALERTS_AT: (&str, &str) = ("GET", "/api/v2/alerts");
pub const HEALTH_AT: (&str, &str) = ("GET", "/health");
pub const CALENDAR_AT: (&str, &str) = ("GET", "/team.ics");

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\n\
    UID:1\r\nDTSTAMP:20200101T000000Z\r\nDTSTART:20200101T000000Z\r\nDTEND:20990101T000000Z\r\n\
    SUMMARY:bob\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const CONFIG: &str = r#"
database: {database}
listen: {address}
folder: {folder}/runs
teams:
  app_id: 9f2f1c1e-5a0b-4a63-8a3c-000000000001
  tenant: 7e4a0000-1111-4222-8333-444455556666
  credential: { kind: secret, secret: "file:{folder}/teams" }
  addresses:
    openid_metadata: {uri}/openid
    login: {uri}
    graph: {uri}
    service_urls: ["{uri}/teams/"]
  rooms:
    deployments: { conversation: "19:abc@thread.tacv2" }
app:
  developer: Example Ltd
  website: https://example.com/chatops
people:
  alice: { entra: 0b8c1d5e-7f2a-4963-8e1d-3c5a7b9f2d40 }
  bob: { entra: 91d4e6f8-2b3c-4a5d-9f70-8e1c6d2b4a57 }
roles:
  all:
    people: [alice, bob]
    may: [{ do: [look, deploy, approve, page] }]
pipelines:
  local: { kind: command, program: "{folder}/deploy.sh" }
  lab:
    kind: gitlab
    url: {uri}
    project: shop/checkout
    token: "file:{folder}/gitlab"
  own:
    kind: webhook
    url: {uri}/own
    status: {uri}/runs
    secret: "file:{folder}/own"
services:
  checkout:
    pipeline: lab
    environments:
      production:
        room: deployments
        health: [{ kind: http, url: "{uri}/health" }]
      staging: { pipeline: local }
  shop:
    pipeline: own
    environments: { production: {} }
alerts:
  prometheus:
    kind: alertmanager
    url: {uri}
    credential: { bearer: "file:{folder}/alerts" }
    webhook: { token: "file:{folder}/alerts" }
oncall:
  primary:
    time_zone: Europe/Berlin
    levels:
      - { kind: rota, people: [alice], start: 2026-01-05 }
      - { kind: ical, url: "{uri}/team.ics" }
    page: { kind: webhook, url: "{uri}/pager", secret: "file:{folder}/pager" }
tell:
  graphs: { kind: grafana, url: "{uri}/grafana", token: "file:{folder}/grafana" }
runbooks: { folder: "{folder}/books" }
audit: { key: "file:{folder}/audit" }
incidents:
  place: channel
  team: 57fb72d0-d811-46f4-8947-305e6072eaa5
  archive: 7d
"#;

/// What the doctor said.
pub struct Said {
    pub well: bool,
    pub text: String,
}

impl Said {
    /// The lines of that verdict, each with the advice below it.
    pub fn lines(&self, verdict: &str) -> Vec<String> {
        let mut found: Vec<String> = vec![];
        let mut ours = false;
        for line in self.text.lines() {
            if !line.starts_with("      ") {
                ours = line.starts_with(&format!("{verdict:<4}  "));
                if ours {
                    found.push(line.to_owned());
                }
            } else if ours && let Some(last) = found.last_mut() {
                *last = format!("{last} {}", line.trim());
            }
        }
        found
    }
}

pub struct Town {
    pub server: MockServer,
    pub database: Database,
    pub options: doctor::Options,
}

impl Town {
    /// Everybody is well, and a bot has been at work.
    pub async fn well() -> Self {
        let town = Self::empty().await;
        Db::open(&town.database.url).await.unwrap().close().await;
        town.answers(TIME_AT, 200, json!({})).await;
        town.gives(TOKEN_AT, Entra(&ROLES)).await;
        let keys = format!("{}/keys", town.server.uri());
        town.answers(("GET", "/openid"), 200, json!({ "jwks_uri": keys })).await;
        town.answers(
            KEYS_AT,
            200,
            json!({ "keys": [
            { "kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB", "endorsements": ["msteams"] },
        ] }),
        )
        .await;
        town.answers(TEAM_AT, 200, json!({ "value": [] })).await;
        let member = json!({ "id": "29:alice", "name": "Alice" });
        town.answers(MEMBERS_AT, 200, json!({ "members": [member] })).await;
        town.answers(SAY_AT, 201, json!({ "id": "1:m" })).await;
        town.answers(EDIT_AT, 200, json!({ "id": "1:m" })).await;
        town.answers(DOOR_AT, 401, json!({})).await;
        town.gives(BOT_AT, ResponseTemplate::new(200).set_body_string("ready")).await;
        let access = json!({ "project_access": { "access_level": 40 } });
        town.answers(PROJECT_AT, 200, json!({ "permissions": access })).await;
        let branch = "/api/v4/projects/shop%2Fcheckout/repository/commits/main";
        town.answers(("GET", branch), 200, json!({ "id": "x" })).await;
        town.answers(
            ("GET", "/api/v4/personal_access_tokens/self"),
            200,
            json!({
                "scopes": ["api"], "expires_at": "2098-01-01",
            }),
        )
        .await;
        town.answers(("GET", "/api/v4/projects/shop%2Fcheckout/hooks"), 200, json!([])).await;
        town.answers(("GET", "/own"), 405, json!({})).await;
        town.answers(STATUS_AT, 404, json!({})).await;
        if let Some(contract) = Contract::of("alertmanager-v2") {
            contract.answer(ALERTS_AT.0, ALERTS_AT.1, 200, &json!([]));
        }
        town.answers(ALERTS_AT, 200, json!([])).await;
        town.answers(HEALTH_AT, 200, json!({ "status": "ok" })).await;
        town.gives(CALENDAR_AT, ResponseTemplate::new(200).set_body_string(CALENDAR)).await;
        town.answers(("GET", "/pager"), 405, json!({})).await;
        town
    }

    /// Nobody answers anything but 404.
    async fn empty() -> Self {
        let server = MockServer::builder().start().await;
        let database = Database::fresh().await;
        let folder = database.folder();
        for (name, value) in SECRETS {
            std::fs::write(folder.join(name), format!("{value}\n")).unwrap();
        }
        std::fs::create_dir(folder.join("books")).unwrap();
        std::fs::write(folder.join("books/slow.md"), "---\ntitle: Slow\n---\nWait.\n").unwrap();
        program(&folder.join("deploy.sh"), 0o755);
        let text = CONFIG
            .replace("{database}", &database.url)
            .replace("{address}", &server.address().to_string())
            .replace("{folder}", &folder.display().to_string())
            .replace("{uri}", &server.uri());
        let config = folder.join("pilothouse.yaml");
        std::fs::write(&config, text).unwrap();
        let options = doctor::Options {
            config,
            canary: false,
            json: false,
            patience: "20s".parse().unwrap(),
            public: Some(server.uri().parse().unwrap()),
        };
        Self { server, database, options }
    }

    /// From now on a spot is answered so, whatever it was before.
    pub async fn answers(&self, spot: (&str, &str), status: u16, body: Value) {
        self.gives(spot, ResponseTemplate::new(status).set_body_json(body)).await;
    }

    pub async fn gives(&self, spot: (&str, &str), answer: impl Respond + 'static) {
        let mock = Mock::given(method(spot.0)).and(path(spot.1)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// As [`Town::answers`], before all that was said earlier.
    pub async fn breaks(&self, spot: (&str, &str), answer: impl Respond + 'static) {
        let mock = Mock::given(method(spot.0)).and(path(spot.1)).respond_with(answer);
        mock.with_priority(1).mount(&self.server).await;
    }

    /// The configuration, with one text in it replaced.
    pub fn rewrites(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(&self.options.config).unwrap();
        assert!(text.contains(old), "{old}");
        std::fs::write(&self.options.config, text.replace(old, new)).unwrap();
    }

    pub async fn doctor(&self) -> Said {
        self.doctor_with(&self.options).await
    }

    pub async fn doctor_with(&self, options: &doctor::Options) -> Said {
        let mut out = vec![];
        let well = doctor::examine(options, Clock::system(), &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        for (_, secret) in SECRETS {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(!text.contains("entra-token-for"), "{text}");
        Said { well, text }
    }

    /// What was asked at a spot.
    pub async fn asked(&self, spot: (&str, &str)) -> Vec<Request> {
        let mut asked = self.server.received_requests().await.unwrap();
        asked.retain(|r| r.method.as_str() == spot.0 && r.url.path() == spot.1);
        asked
    }

    /// Every file of the folder, with what is in it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.database.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let place = entry.unwrap().path();
                if place.is_dir() {
                    folders.push(place);
                } else {
                    found.insert(place.display().to_string(), std::fs::read(&place).unwrap());
                }
            }
        }
        found
    }

    /// Says something to the database itself.
    pub async fn sql(&self, sql: &'static str) {
        let pool = sqlx::AnyPool::connect(&self.database.url).await.unwrap();
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

/// Makes a program.
pub fn program(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Gives tokens that say which of these permissions their holder has.
pub struct Entra(pub &'static [&'static str]);

impl Respond for Entra {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form: BTreeMap<_, _> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        assert_eq!(form["client_secret"], SECRETS[0].1);
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({ "aud": form["scope"], "roles": self.0 });
        let token = format!("{}.{}.entra-token-for-us", part(json!({})), part(claims));
        let granted = json!({ "expires_in": 3600, "access_token": token });
        ResponseTemplate::new(200).set_body_json(granted)
    }
}
