//! Real programs below real supervisors, and bots that are killed.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod ends;
mod orders;
mod output;
mod restarts;
mod wishes;

use std::{
    collections::BTreeMap,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pilothouse::{
    clock::{Clock, Timestamp},
    outbound::Outbound,
    pipelines::{
        Found, Ground, Order, Pipeline, Progress, Run, RunState, Started, Unresolved, Wish,
        command::said::{Listener, Step},
    },
    secrets::{keep_quiet, variable},
};
use proptest::prelude::*;
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pilothouse");

/// A machine with a program on it.
struct Machine {
    home: tempfile::TempDir,
    clock: Clock,
}

impl Machine {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        Self { home: tempfile::tempdir().unwrap(), clock }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        script(&self.path(name), text)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A bot on this machine whose pipeline runs `text` in the machine's home.
    fn bot(&self, text: &str) -> Arc<dyn Pipeline> {
        self.bot_with(text, &json!({}))
    }

    fn bot_with(&self, text: &str, more: &Value) -> Arc<dyn Pipeline> {
        self.try_bot(text, more).unwrap()
    }

    fn try_bot(&self, text: &str, more: &Value) -> anyhow::Result<Arc<dyn Pipeline>> {
        let program = self.script("program.sh", text);
        // A test that fails leaves nothing running for long.
        let mut settings = json!({
            "kind": "command", "program": program, "folder": self.home.path(), "timeout": "2m"
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let settings = serde_json::from_value(settings)?;
        pilothouse::pipelines::open(&"local".parse()?, &settings, &self.ground(PROGRAM.as_ref()))
    }

    fn ground(&self, program: &Path) -> Ground {
        let (clock, outbound) = (self.clock.clone(), Outbound::new().unwrap());
        Ground { clock, outbound, folder: self.path("runs"), program: program.to_owned() }
    }
}

/// Written beside and moved in place, so that no other test's fork holds it open for writing.
fn script(path: &Path, text: &str) -> PathBuf {
    let new = path.with_extension("new");
    std::fs::write(&new, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&new, path).unwrap();
    path.to_owned()
}

fn order() -> Order {
    Order {
        correlation: "ph-8f2c91d4-1".parse().unwrap(),
        service: "checkout".parse().unwrap(),
        environment: "production".parse().unwrap(),
        version: "v2.1.0".parse().unwrap(),
        commit: Some("0a1b2c3d".to_owned()),
        parameters: BTreeMap::from([("helm-chart".to_owned(), "charts/a b".to_owned())]),
        decided: Timestamp(1_700_000_000_000),
    }
}

fn the_run(started: Started) -> Run {
    match started {
        Started::Run(run) => run,
        other => panic!("no run: {other:?}"),
    }
}

/// A file in the run's folder.
fn run_file(name: &str) -> String {
    format!("runs/local/{}/{name}", order().correlation)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to this: {what}");
}

/// Watches a run to its end.
async fn ended(bot: &dyn Pipeline, run: &Run) -> Progress {
    for _ in 0..3000 {
        let progress = bot.progress(run).await.unwrap();
        if !matches!(progress.state, RunState::Queued | RunState::Running) {
            return progress;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the run never ended");
}

async fn runs(bot: &dyn Pipeline) -> Progress {
    let run = the_run(bot.start(&order()).await);
    ended(bot, &run).await
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

/// Whether a process is over. One that nobody has waited for yet is.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}
