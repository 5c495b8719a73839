//! A real Prometheus, which scrapes itself and has two rules: one that fires, one that does not.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use pilothouse::{
    clock::{Clock, Timestamp},
    health::{self, Answer, Ground, Post, Probe},
    outbound::Outbound,
};
use serde_json::{Value, json};

/// How long anything may take; a server that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_mins(1);

const RULES: &str = r"
groups:
  - name: stories
    interval: 1s
    rules:
      - { alert: Fires, expr: up == 1, labels: { service: checkout } }
      - { alert: Waits, expr: up == 1, for: 1h, labels: { service: shop } }
      - { alert: Rests, expr: up == 7, labels: { service: blog } }
";

/// A server that is ended with the test, however that ends.
struct Prometheus {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = pilothouse::secrets::variable("PATH")?;
    path.split(':').map(|folder| Path::new(folder).join("prometheus")).find(|file| file.is_file())
}

impl Prometheus {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        std::fs::write(at.join("rules.yml"), RULES).unwrap();
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules.yml]\n\
             scrape_configs:\n  - job_name: itself\n    static_configs:\n      - targets: \
             ['{address}']\n"
        );
        std::fs::write(at.join("prometheus.yml"), config).unwrap();
        let process = Command::new(program)
            .arg(format!("--config.file={}", at.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", at.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, url: format!("http://{address}"), _folder: folder }
    }

    fn probe(&self, mut settings: Value) -> Arc<dyn Probe> {
        settings["url"] = json!(self.url);
        let (clock, outbound) = (Clock::system(), Outbound::new().unwrap());
        let ground = Ground { clock, outbound, post: Post::default() };
        let place = ("checkout".parse().unwrap(), "production".parse().unwrap());
        let settings = serde_json::from_value(settings).unwrap();
        health::open(&settings, (&place.0, &place.1), &ground).unwrap()
    }

    async fn finds(&self, query: &str, rule: &str, number: f64) -> Answer {
        let mut settings = json!({ "kind": "prometheus", "query": query });
        settings[rule] = json!(number);
        self.probe(settings).check(None).await
    }

    fn alerts(&self, service: &str) -> Arc<dyn Probe> {
        let labels = json!({ "service": service });
        self.probe(json!({ "kind": "alerts", "from": "prometheus", "labels": labels }))
    }
}

/// Waits for what the other process has to do.
async fn until(what: &str, mut seen: impl AsyncFnMut() -> Result<(), Answer>) {
    let began = Instant::now();
    while let Err(found) = seen().await {
        assert!(began.elapsed() < PATIENCE, "{what} did not come to be: {found:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn wanted(answer: Answer, healthy: bool) -> Result<(), Answer> {
    if answer.healthy == healthy { Ok(()) } else { Err(answer) }
}

#[tokio::test]
async fn a_real_prometheus_is_asked_for_numbers_and_alerts() {
    let Some(program) = program() else {
        let note = "note: prometheus is not installed, so nothing is tried against a real one\n";
        _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
        return;
    };
    let server = Prometheus::start(&program);
    until("a scrape", async || wanted(server.finds("up", "equals", 1.0).await, true)).await;
    let answer = server.finds("up", "equals", 0.0).await;
    assert_eq!(answer.detail, "Prometheus: 1 instead of exactly 0");
    let answer = server.finds("no_such_metric", "below", 1.0).await;
    assert!(!answer.healthy && answer.detail.contains("no data"), "{answer:?}");
    let answer = server.finds("vector(0) / 0", "below", 1.0).await;
    assert!(!answer.healthy && answer.detail.contains("NaN"), "{answer:?}");
    let answer = server.finds("scalar(vector(1)) / 0", "above", 1.0).await;
    assert!(!answer.healthy && answer.detail.contains("infinite"), "{answer:?}");
    let answer = server.finds("vector(0.5) > bool 1", "equals", 0.0).await;
    assert!(answer.healthy, "{answer:?}");
    let answer = server.finds("sum(", "equals", 0.0).await;
    assert!(answer.detail.contains("Prometheus says (bad_data): "), "{answer:?}");
    let answer = server.finds("up[1m]", "equals", 0.0).await;
    assert_eq!(
        answer.detail,
        "Prometheus: the query gives a matrix, and no scalar or instant vector"
    );
    let answer = server.finds("\"text\"", "equals", 0.0).await;
    assert!(answer.detail.contains("gives a string"), "{answer:?}");
    let answer = server.finds("count by (le) (up) or up", "above", 0.5).await;
    assert_eq!(answer.detail, "Prometheus: 2 series, each above 0.5");

    let fires = server.alerts("checkout");
    until("the alert", async || wanted(fires.check(None).await, false)).await;
    assert!(fires.check(None).await.detail.starts_with("Fires fires since 20"));
    let now = Clock::system().now();
    let before = fires.check(Some(Timestamp(now.0 - 3_600_000))).await;
    assert!(!before.healthy, "it began to fire after that: {before:?}");
    let after = fires.check(Some(Timestamp(now.0 + 1000))).await;
    assert!(after.healthy && after.detail.contains("1 fired before"), "{after:?}");
    for service in ["shop", "blog"] {
        let answer = server.alerts(service).check(None).await;
        assert_eq!((answer.healthy, answer.detail.as_str()), (true, "no alert fires"));
    }
}
