//! The bot under load: the program itself, `pilothouse serve`, as its own process.

use std::{
    fs::{self, File},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    microsoft::{APP, Microsoft, TENANT},
    wire::Line,
};

/// People who ask for deployments. One has at most one request waiting per service.
pub const REQUESTERS: usize = 40;
/// Services; with [`REQUESTERS`] this bounds how many deployments can wait at once.
pub const SERVICES: usize = 50;
/// May approve everything.
pub const APPROVER: &str = "00000000-0000-4000-8000-aaaaaaaaaaaa";
/// May approve everything as well, and never does: two must, so that no approval starts a run.
const OTHER_APPROVER: &str = "00000000-0000-4000-8000-bbbbbbbbbbbb";

/// A bot that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the kernel counts a process's time in, everywhere Linux runs today.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running bot, on a database of its own.
pub struct Bot {
    /// Where it listens.
    pub port: u16,
    /// From nothing to ready.
    pub started_in: Duration,
    process: Child,
    _folder: TempDir,
}

/// The id in Entra of one of the requesters.
pub fn requester(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

impl Bot {
    /// Starts it on an empty database, and waits until it is ready.
    pub async fn start(microsoft: &Microsoft) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.path().join("pilothouse.yaml");
        fs::write(folder.path().join("secret"), "correct-horse-battery")?;
        fs::write(&config, configuration(microsoft, port, &folder).to_string())?;
        let log = folder.path().join("log");
        let began = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_pilothouse"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("the bot cannot be started")?;
        loop {
            if Line::is_ready(port).await {
                break;
            }
            let gone = process.try_wait()?.is_some() || began.elapsed() > PATIENCE;
            ensure!(!gone, "the bot did not get ready: {}", fs::read_to_string(&log)?);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { port, started_in: began.elapsed(), process, _folder: folder })
    }

    /// Seconds of processor time it has used, of all cores together.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("no process name")?;
        // User and system time are the 14th and 15th field; the first two are cut off.
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    /// A figure of its memory in MiB: `VmRSS` is what it holds now, `VmHWM` the most it ever held.
    pub fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()).context("no such figure")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Stops it as an operator does, and waits until it is gone.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("a process has a number")?, Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It is usually gone already; a failed run must not leave it behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(microsoft: &Microsoft, port: u16, folder: &TempDir) -> Value {
    let folder = folder.path().display();
    let mut people = json!({
        "approver": { "entra": APPROVER }, "other": { "entra": OTHER_APPROVER },
    });
    for number in 0..REQUESTERS {
        people[format!("p{number}")] = json!({ "entra": requester(number) });
    }
    let requesters: Vec<String> = (0..REQUESTERS).map(|number| format!("p{number}")).collect();
    let environment = json!({ "production": { "approvals": 2, "health": [] } });
    let mut services = json!({
        "stuck": { "pipeline": "hangs", "environments": environment },
    });
    for number in 0..SERVICES {
        services[format!("s{number}")] =
            json!({ "pipeline": "local", "environments": environment });
    }
    json!({
        "database": format!("sqlite://{folder}/bot.db"),
        "listen": format!("127.0.0.1:{port}"),
        "teams": {
            "app_id": APP, "tenant": TENANT,
            "credential": { "kind": "secret", "secret": format!("file:{folder}/secret") },
            "addresses": {
                "openid_metadata": format!("{}/openid", microsoft.url()),
                "login": microsoft.url(),
                "service_urls": [microsoft.service_url()],
            },
        },
        "people": people,
        "roles": {
            "requesters": { "people": requesters, "may": [{ "do": ["look", "deploy"] }] },
            "approvers": {
                "people": ["approver", "other"], "may": [{ "do": ["look", "approve"] }],
            },
        },
        "pipelines": {
            "local": { "kind": "command", "program": "/bin/true" },
            "hangs": {
                "kind": "command", "program": "/bin/true", "resolve": ["/bin/sleep", "30"],
            },
        },
        "services": services,
    })
}
