//! The demo, as a newcomer starts it: the whole program, its real pipeline and its sample service.

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const TOUR: &str = include_str!("../../deploy/demo/tour.txt");

/// Long enough for any machine; a demo that hangs is ended.
const PATIENCE: Duration = Duration::from_mins(2);

fn demo(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .args(["demo", "--port", "0", "--folder"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a demo prints that is given a script to its end.
fn play(folder: &Path, script: &str) -> (i32, String) {
    let mut child = demo(folder);
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), said)
}

#[test]
fn the_tour_tells_the_whole_story() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = play(folder.path(), TOUR);
    assert_eq!(code, 0, "{said}");
    for sentence in [
        "Deploying v2.1.0 to production…",
        "started. Monitoring…",
        "Deploy complete! All health checks passing.",
        "Ships 3 commits since v2.0.4",
    ] {
        assert!(said.contains(sentence), "`{sentence}` is missing in\n{said}");
    }
}

#[test]
fn what_a_script_did_not_expect_ends_it_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = play(folder.path(), "as mallory\n/deploy staging v2.1.0\n");
    assert_eq!(code, 1, "{said}");
}

/// The states a deployment to production comes through, as its card names them.
const STATES: &[&str] = &[
    "Waiting for 1 approval",
    "Waiting for its turn in production",
    "Deploying v2.1.0 to production…",
    "started. Monitoring…",
    "Checking health",
];

#[test]
fn killed_in_every_state_it_reaches_the_same_end_and_the_program_ran_once() {
    for state in STATES {
        let folder = tempfile::tempdir().unwrap();
        let mut child = demo(folder.path());
        let approval = "as bob\npress Approve\n";
        let waits = state.contains("1 approval");
        let then = if waits { "" } else { approval };
        let script = format!("as alice\n/deploy production v2.1.0\n{then}");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        stdin.flush().unwrap();
        wait_for(folder.path(), state);
        child.kill().unwrap();
        child.wait().unwrap();
        let rest = if waits { approval } else { "" };
        let script =
            format!("wait for \"checkout\"\n{rest}wait\nexpect \"All health checks passing\"\n");
        let (code, said) = play(folder.path(), &script);
        assert_eq!(code, 0, "killed at `{state}`:\n{said}");
        let runs = std::fs::read_dir(folder.path().join("runs/demo")).unwrap();
        let runs = runs.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(runs, 1, "killed at `{state}`: the program was started once");
    }
}

/// Waits until the deployment has come as far as `state`, by what is written down about it.
fn wait_for(folder: &Path, state: &str) {
    let began = Instant::now();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let wanted = match state {
        "Waiting for 1 approval" => "awaiting_approval",
        "Waiting for its turn in production" => "queued",
        "Deploying v2.1.0 to production…" => "starting",
        "started. Monitoring…" => "running",
        _ => "verifying",
    };
    // A state may be over before it is seen: any later one will do then.
    let order = ["awaiting_approval", "queued", "starting", "running", "verifying", "ended"];
    let from = order.iter().position(|name| *name == wanted).unwrap();
    while began.elapsed() < PATIENCE {
        let seen = runtime.block_on(state_of(folder));
        if seen.is_some_and(|seen| order[from..].contains(&seen.as_str())) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never came as far as `{state}`");
}

async fn state_of(folder: &Path) -> Option<String> {
    use sqlx::Row;
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=ro", folder.join("demo.db").display());
    let pool = sqlx::any::AnyPoolOptions::new().max_connections(1).connect(&url).await.ok()?;
    let row = sqlx::query("SELECT data FROM deployments").fetch_optional(&pool).await.ok()??;
    let data: serde_json::Value = serde_json::from_str(row.try_get("data").ok()?).ok()?;
    pool.close().await;
    match &data["state"] {
        serde_json::Value::Object(state) => state.keys().next().cloned(),
        other => other.as_str().map(str::to_owned),
    }
}

#[test]
fn a_step_that_is_running_when_the_bot_is_killed_ends_and_ran_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path());
    let script = "as carol\n/runbook run checkout-is-slow restart-checkout\n\
                  press Run restart-checkout now\nwait for \"Running\"\n";
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let runs = folder.path().join("runs/_runbooks");
    let began = Instant::now();
    while began.elapsed() < PATIENCE && count(&runs) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, said) =
        play(folder.path(), "wait for \"Done, after\"\nexpect \"takes requests again\"\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(count(&runs), 1, "{said}");
    let restarts =
        std::fs::read_to_string(folder.path().join("running/checkout/restarts")).unwrap();
    assert_eq!(restarts.lines().count(), 1, "the program ran once");
}

/// How many runs lie in a folder.
fn count(runs: &Path) -> usize {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().join("started").exists()).count()
}
