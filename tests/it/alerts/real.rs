//! A real Alertmanager, in both directions: what it delivers, what it is asked, what it is told.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use actix_web::{App as Site, HttpServer};
use serde_json::{Value, json};

use super::{TOKEN, Town};
use crate::world::{BOB, CAROL};

/// How long anything may take; a server that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// Debian's name for it, and its own.
const NAMES: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];

/// A server that is ended with the test, however that ends.
struct Alertmanager {
    process: Child,
    url: String,
    /// Since when its alert fires.
    since: String,
    _folder: tempfile::TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = pilothouse::secrets::variable("PATH")?;
    let folders: Vec<&Path> = path.split(':').map(Path::new).collect();
    let all = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.into_iter().find(|file| file.is_file())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Alertmanager {
    /// Starts one that delivers to that address.
    async fn start(program: &Path, hook: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yml");
        let text = format!(
            "route:\n  receiver: bot\n  group_by: [alertname]\n  group_wait: 1s\n  \
             group_interval: 1s\n  repeat_interval: 1h\nreceivers:\n  - name: bot\n    \
             webhook_configs:\n      - url: {hook}\n        send_resolved: true\n        \
             http_config:\n          authorization:\n            credentials: {TOKEN}\n"
        );
        std::fs::write(&config, text).unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let process = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let since = super::written(pilothouse::clock::Clock::system().now());
        let server = Self { process, url: format!("http://{address}"), since, _folder: folder };
        let began = Instant::now();
        while server.get("/-/ready").await.is_none() {
            assert!(began.elapsed() < PATIENCE, "the real Alertmanager did not become ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn get(&self, path: &str) -> Option<String> {
        let answer = reqwest::get(format!("{}{path}", self.url)).await.ok()?;
        let answer = answer.error_for_status().ok()?;
        answer.text().await.ok()
    }

    async fn silences(&self) -> Vec<Value> {
        let text = self.get("/api/v2/silences").await.unwrap();
        let silences: Vec<Value> = serde_json::from_str(&text).unwrap();
        silences.into_iter().filter(|silence| silence["status"]["state"] == "active").collect()
    }

    /// An alert is posted to it, as Prometheus does; `over` is the end of it.
    async fn hears(&self, over: bool) {
        let now = pilothouse::clock::Clock::system().now();
        let moment = |ahead: i64| super::written(pilothouse::clock::Timestamp(now.0 + ahead));
        let mut alert = json!({
            "labels": {
                "alertname": "HighErrorRate", "service": "checkout", "environment": "production",
                "severity": "critical", "path": "/a \"quoted\\path\" {x=~\".*\"}",
            },
            "annotations": { "summary": "Every third order fails" },
            "generatorURL": "http://prometheus.example/graph", "startsAt": self.since,
        });
        alert["endsAt"] = moment(if over { -1 } else { 600_000 }).into();
        let client = reqwest::ClientBuilder::new().build().unwrap();
        let url = format!("{}/api/v2/alerts", self.url);
        let answer = client.post(url).json(&json!([alert])).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// Waits for what the other process has to do, while ours works.
async fn until(town: &Town, what: &str, mut seen: impl AsyncFnMut(&Town) -> bool) {
    let began = Instant::now();
    loop {
        town.bot.passes(Duration::from_secs(1)).await;
        if seen(town).await {
            return;
        }
        let card = if town.bot.messages() > 0 { town.bot.reads() } else { String::new() };
        assert!(began.elapsed() < PATIENCE, "{what} did not come to be; the card says:\n{card}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_alertmanager_is_heard_asked_and_told() {
    let Some(program) = program() else {
        let note = "note: prometheus-alertmanager is not installed, so nothing is tried against a \
                    real one";
        _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{note}\n").as_bytes());
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hooks/monitoring", listener.local_addr().unwrap());
    let server = Alertmanager::start(&program, &hook).await;
    // Long between two questions: what comes soon was delivered.
    let town = Town::with(&json!({ "url": server.url, "every": "5m" })).await;
    let alerts = town.bot.app.commands.alerts.clone();
    let site = move || {
        let alerts = alerts.clone();
        Site::new().configure(move |doors| pilothouse::alerts::doors(doors, alerts))
    };
    let doors = HttpServer::new(site).workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = doors.handle();
    tokio::spawn(doors);
    town.bot.works().await;
    server.hears(false).await;
    until(&town, "the alert", async |town: &Town| town.bot.messages() == 1).await;
    assert!(town.bot.shows().starts_with("HighErrorRate · checkout · production\nFires since"));
    assert!(town.bot.reads().contains("Every third order fails"), "{}", town.bot.reads());
    town.bot.presses(CAROL, "Acknowledge").await;
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());

    // The bot's clock stands in 2025; a silence is asked for until a moment that is yet to come.
    town.bot.hears(BOB, "/silence HighErrorRate 3000d the pager is broken").await;
    assert!(town.bot.shows().contains("Silenced until"), "{}", town.bot.shows());
    let silences = server.silences().await;
    assert_eq!(silences.len(), 1, "{silences:#?}");
    assert_eq!(silences[0]["createdBy"], "bob (entra:t:b0b)");
    let listed = server.get("/api/v2/alerts?silenced=true&active=false").await.unwrap();
    assert!(listed.contains("HighErrorRate"), "that very alert is silenced: {listed}");
    town.bot.passes(Duration::from_mins(6)).await;
    assert!(town.bot.shows().contains("by bob: the pager is broken"), "{}", town.bot.shows());

    town.bot.hears(CAROL, "/unsilence HighErrorRate").await;
    assert_eq!(server.silences().await, [json!(null); 0]);
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
    server.hears(true).await;
    until(&town, "its end", async |town: &Town| town.bot.shows().contains("Resolved at")).await;
    assert_eq!(town.bot.messages(), 1, "all of it on one message");
    handle.stop(false).await;
}
