//! Real programs below real supervisors, and bots that are killed.

use std::{
    collections::BTreeMap,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pilothouse::{
    clock::{Clock, Timestamp},
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

    fn run_file(&self, name: &str) -> String {
        format!("runs/local/{}/{name}", order().correlation)
    }

    /// A bot on this machine whose pipeline runs `text` in the machine's home.
    fn bot(&self, text: &str) -> Arc<dyn Pipeline> {
        self.bot_with(text, json!({}))
    }

    fn bot_with(&self, text: &str, more: Value) -> Arc<dyn Pipeline> {
        self.try_bot(text, more).unwrap()
    }

    fn try_bot(&self, text: &str, more: Value) -> anyhow::Result<Arc<dyn Pipeline>> {
        let program = self.script("program.sh", text);
        let mut settings =
            json!({ "kind": "command", "program": program, "folder": self.home.path() });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let settings = serde_json::from_value(settings)?;
        pilothouse::pipelines::open(&"local".parse()?, &settings, &self.ground(PROGRAM.as_ref()))
    }

    fn ground(&self, program: &Path) -> Ground {
        Ground { clock: self.clock.clone(), folder: self.path("runs"), program: program.to_owned() }
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

#[tokio::test]
async fn an_order_reaches_the_program_as_arguments_and_as_variables() {
    let machine = Machine::new();
    let arguments =
        json!(["--to={environment}", "{service}@{version}", "{commit}", "{correlation}", "{{x}}"]);
    let bot = machine.bot_with(
        "for a; do echo \"$a\"; done > arguments; env > variables",
        json!({ "arguments": arguments, "environment": { "REGION": "north {version}" } }),
    );
    let progress = runs(&*bot).await;
    assert_eq!(progress.state, RunState::Succeeded, "{progress:?}");
    assert_eq!(
        machine.text("arguments"),
        "--to=production\ncheckout@v2.1.0\n0a1b2c3d\nph-8f2c91d4-1\n{x}\n"
    );
    let text = machine.text("variables");
    for variable in [
        "PILOTHOUSE_SERVICE=checkout",
        "PILOTHOUSE_ENVIRONMENT=production",
        "PILOTHOUSE_VERSION=v2.1.0",
        "PILOTHOUSE_COMMIT=0a1b2c3d",
        "PILOTHOUSE_CORRELATION=ph-8f2c91d4-1",
        "PILOTHOUSE_PARAM_HELM_CHART=charts/a b",
        "REGION=north {version}",
    ] {
        assert!(text.lines().any(|line| line == variable), "{variable} is not in\n{text}");
    }
}

#[tokio::test]
async fn nothing_else_of_the_bots_environment_reaches_the_program() {
    assert!(variable("CARGO_MANIFEST_DIR").is_some(), "the bot itself has this variable");
    let machine = Machine::new();
    // The program looks into its own environment and into its supervisor's.
    let bot = machine.bot("env > variables; tr '\\0' '\\n' < /proc/$PPID/environ >> variables");
    assert_eq!(runs(&*bot).await.state, RunState::Succeeded);
    let known = ["PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
    let text = machine.text("variables");
    assert!(text.contains("PATH="));
    for name in text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name) {
        assert!(known.contains(&name) || name.starts_with("PILOTHOUSE_"), "{name} got out");
    }
}

#[tokio::test]
async fn strange_arguments_arrive_as_they_are() {
    let strange = [
        "two words",
        "it's \"quoted\"",
        "$(touch pwned)",
        "`touch pwned`",
        "a\nb",
        "-rf",
        "",
        "; touch pwned",
        "*",
        "\\",
        "ü\u{202e}",
        "%s",
    ];
    let machine = Machine::new();
    let bot = machine.bot_with(
        "for a; do printf '%s\\0' \"$a\"; done > arguments",
        json!({ "arguments": strange }),
    );
    assert_eq!(runs(&*bot).await.state, RunState::Succeeded);
    let text = machine.text("arguments");
    assert_eq!(text.split_terminator('\0').collect::<Vec<_>>(), strange);
    assert!(!machine.has("pwned"));
}

#[tokio::test]
async fn steps_and_last_lines_are_told_while_it_runs() {
    let machine = Machine::new();
    let bot = machine.bot(
        "echo building; echo '::step 2/5 Pushing image'; echo pushed >&2; printf 'half a li'
         while [ ! -e go ]; do sleep 0.02; done; echo ne",
    );
    let run = the_run(bot.start(&order()).await);
    assert_eq!((run.label.as_str(), &run.url), ("#1", &None));
    let mut seen = bot.progress(&run).await.unwrap();
    for _ in 0..1000 {
        if seen.tail.len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        seen = bot.progress(&run).await.unwrap();
    }
    assert_eq!(
        seen,
        Progress {
            state: RunState::Running,
            done: 1,
            total: 5,
            step: Some("Pushing image".to_owned()),
            tail: ["building", "pushed", "half a li"].map(String::from).to_vec(),
            detail: None,
        }
    );
    std::fs::write(machine.path("go"), "").unwrap();
    let last = ended(&*bot, &run).await;
    assert_eq!(last.state, RunState::Succeeded);
    assert_eq!((last.done, last.total, last.step), (5, 5, None));
    assert_eq!(last.tail, ["building", "pushed", "half a line"]);
}

#[tokio::test]
async fn what_it_says_is_shown_without_secrets_and_without_escape_sequences() {
    keep_quiet("hunter2hunter2");
    keep_quiet("first-line\nsecond-line");
    let machine = Machine::new();
    let bot = machine.bot(
        "printf '\\033[31mred\\033[0m \\033]0;title\\007token hunter2hunter2\\n'
         printf 'first-line\\nsecond-line\\n'
         printf '::step 1/2 with hunter2hunter2\\n'
         head -c 290 /dev/zero | tr '\\0' x; echo hunter2hunter2
         exit 1",
    );
    let progress = runs(&*bot).await;
    assert_eq!(progress.tail[..2], ["red token [secret]", "[secret]"]);
    assert_eq!(progress.step.as_deref(), Some("with [secret]"));
    let cut = &progress.tail[2];
    assert!(cut.ends_with("x[secret]"), "{cut}");
}

#[rstest]
#[case::with_its_last_words("echo 'no such image' >&2; exit 3", "exit code 3: no such image")]
#[case::silently("exit 7", "exit code 7")]
#[case::killed("kill -9 $$", "ended by signal 9")]
#[tokio::test]
async fn a_failure_says_how(#[case] text: &str, #[case] detail: &str) {
    let progress = runs(&*Machine::new().bot(text)).await;
    assert_eq!((progress.state, progress.detail.as_deref()), (RunState::Failed, Some(detail)));
}

#[rstest]
#[case::gently("")]
#[case::by_force("trap '' TERM\n")]
#[tokio::test]
async fn cancelling_ends_the_program_and_its_children(#[case] deaf: &str) {
    let machine = Machine::new();
    let bot = machine.bot_with(
        &format!(
            "{deaf}sleep 300 & echo $! > child.new; (sleep 301 & echo $! > grandchild)
                  mv child.new child; wait; sleep 302"
        ),
        json!({ "grace": "1s" }),
    );
    let run = the_run(bot.start(&order()).await);
    until("children are there", || machine.has("child")).await;
    let children = [pid(&machine.text("child")), pid(&machine.text("grandchild"))];
    assert!(children.iter().all(|child| !is_gone(*child)));
    bot.cancel(&run).await.unwrap();
    let progress = ended(&*bot, &run).await;
    assert_eq!(progress.state, RunState::Cancelled);
    assert_eq!(progress.detail.as_deref(), Some("it was stopped"));
    until("no child is left", || children.iter().all(|child| is_gone(*child))).await;
    bot.cancel(&run).await.unwrap();
}

#[tokio::test]
async fn a_child_that_cleans_up_after_its_parent_gets_the_time_for_it() {
    let machine = Machine::new();
    let bot = machine.bot(
        "(trap 'sleep 0.3; echo unlocked > lock; exit' TERM; echo locked > lock
          while :; do sleep 0.02; done) & wait",
    );
    let run = the_run(bot.start(&order()).await);
    until("the lock is taken", || machine.text("lock") == "locked\n").await;
    bot.cancel(&run).await.unwrap();
    assert_eq!(ended(&*bot, &run).await.state, RunState::Cancelled);
    assert_eq!(machine.text("lock"), "unlocked\n");
}

#[tokio::test]
async fn a_supervisor_that_is_told_to_end_takes_its_program_along() {
    let machine = Machine::new();
    let bot = machine.bot("echo $PPID $$ > pids.new; mv pids.new pids; sleep 300");
    let run = the_run(bot.start(&order()).await);
    until("it runs", || machine.has("pids")).await;
    let pids = machine.text("pids");
    let (supervisor, program) = pids.split_once(' ').unwrap();
    kill_process(pid(supervisor), Signal::TERM).unwrap();
    assert_eq!(ended(&*bot, &run).await.state, RunState::Cancelled);
    until("the program is gone", || is_gone(pid(program))).await;
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped_and_says_so() {
    let machine = Machine::new();
    let bot = machine.bot_with("echo waiting; sleep 300", json!({ "timeout": "1s" }));
    let progress = runs(&*bot).await;
    assert_eq!(progress.state, RunState::Failed);
    assert_eq!(progress.detail.as_deref(), Some("stopped at its time limit of 1 s: waiting"));
}

#[tokio::test]
async fn what_is_left_in_the_background_is_left_alone() {
    let machine = Machine::new();
    let bot = machine.bot("sleep 300 & echo $! > child");
    assert_eq!(runs(&*bot).await.state, RunState::Succeeded);
    let child = pid(&machine.text("child"));
    assert!(!is_gone(child));
    kill_process(child, Signal::KILL).unwrap();
}

#[tokio::test]
async fn one_order_starts_one_program_however_many_ask() {
    let machine = Machine::new();
    let bot = machine.bot("echo ran >> count; sleep 0.2");
    let order = order();
    let asked = futures_util::future::join_all((0..8).map(|_| bot.start(&order))).await;
    let run = the_run(bot.start(&order).await);
    for started in asked {
        assert_eq!(the_run(started), run);
    }
    assert_eq!(ended(&*bot, &run).await.state, RunState::Succeeded);
    assert_eq!(the_run(bot.start(&order).await), run, "long over, and still the same run");
    assert_eq!(machine.text("count"), "ran\n");
}

#[tokio::test]
async fn each_order_has_a_number_of_its_own_and_restarts_do_not_give_it_again() {
    let machine = Machine::new();
    for number in 1..=3 {
        let mut order = order();
        order.correlation = format!("ph-8f2c91d4-{number}").parse().unwrap();
        let run = the_run(machine.bot("true").start(&order).await);
        assert_eq!(run.label, format!("#{number}"));
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_refused() {
    let machine = Machine::new();
    let missing = machine.path("missing");
    let bot = machine.bot_with("true", json!({ "program": missing }));
    match bot.start(&order()).await {
        Started::Refused(why) => assert!(why.contains("missing cannot be started"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_supervisor_nothing_is_started_and_it_may_be_later() {
    let machine = Machine::new();
    let program = machine.script("program.sh", "echo ran >> count");
    let settings =
        serde_json::from_value(json!({ "kind": "command", "program": program })).unwrap();
    let ground = machine.ground(&machine.path("no-such-pilothouse"));
    let bot = pilothouse::pipelines::open(&"local".parse().unwrap(), &settings, &ground).unwrap();
    assert!(matches!(bot.start(&order()).await, Started::NotNow(_)));
    assert!(matches!(bot.find(&order()).await.unwrap(), Found::Absent));
    assert_eq!(runs(&*machine.bot("echo ran >> count")).await.state, RunState::Succeeded);
    assert_eq!(machine.text("count"), "ran\n");
}

/// Not a test of its own: the bot that other tests kill. It starts the run and goes on living.
#[tokio::test]
#[ignore = "is run, and killed, by other tests"]
async fn a_bot_to_be_killed() {
    let Some(home) = variable("DOOMED_BOT") else { return };
    let program = Path::new(&home).join("program.sh");
    let settings =
        serde_json::from_value(json!({ "kind": "command", "program": program, "folder": home }))
            .unwrap();
    let ground = Ground {
        clock: Clock::manual(order().decided),
        folder: Path::new(&home).join("runs"),
        program: PROGRAM.into(),
    };
    let bot = pilothouse::pipelines::open(&"local".parse().unwrap(), &settings, &ground).unwrap();
    let _ = bot.start(&order()).await;
    std::future::pending().await
}

/// Lets a bot start the run, and kills it, and all that is still its own, as soon as `file` is
/// there.
fn kill_a_bot_when_there_is(machine: &Machine, file: &str) {
    let mut bot = std::process::Command::new(std::env::current_exe().unwrap());
    bot.args(["--exact", "command_pipeline::a_bot_to_be_killed", "--ignored"]);
    bot.env("DOOMED_BOT", machine.home.path()).process_group(0);
    bot.stdout(std::process::Stdio::null());
    let mut bot = bot.spawn().unwrap();
    let there = (0..60_000).any(|_| {
        std::thread::sleep(Duration::from_micros(500));
        machine.has(file)
    });
    kill_process_group(Pid::from_child(&bot), Signal::KILL).unwrap();
    bot.wait().unwrap();
    assert!(there, "{file} never came");
}

#[tokio::test]
async fn a_run_outlives_the_bot_and_is_found_again() {
    let machine = Machine::new();
    let text = "echo ran >> count; while [ ! -e go ]; do sleep 0.02; done; echo done";
    machine.script("program.sh", text);
    kill_a_bot_when_there_is(&machine, "count");
    let bot = machine.bot(text);
    let Found::Run(run) = bot.find(&order()).await.unwrap() else { panic!("the run is lost") };
    assert_eq!(run.label, "#1");
    assert_eq!(bot.progress(&run).await.unwrap().state, RunState::Running);
    std::fs::write(machine.path("go"), "").unwrap();
    let progress = ended(&*bot, &run).await;
    assert_eq!((progress.state, progress.tail), (RunState::Succeeded, vec!["done".to_owned()]));
    assert_eq!(machine.text("count"), "ran\n");
}

#[rstest]
#[case("")]
#[case("task.json")]
#[case("lock")]
#[case("started")]
#[case("said.json")]
#[tokio::test]
async fn wherever_the_bot_is_killed_the_program_runs_once(#[case] file: &str) {
    let machine = Machine::new();
    let text = "echo ran >> count";
    machine.script("program.sh", text);
    kill_a_bot_when_there_is(&machine, &machine.run_file(file));
    let bot = machine.bot(text);
    let mut found = None;
    for _ in 0..200 {
        match bot.find(&order()).await.unwrap() {
            Found::Run(run) => found = Some(run),
            Found::Absent => found = Some(the_run(bot.start(&order()).await)),
            Found::NotSeen => {
                machine.clock.advance(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        }
        break;
    }
    let progress = ended(&*bot, &found.unwrap()).await;
    assert_eq!(progress.state, RunState::Succeeded, "{progress:?}");
    assert_eq!(machine.text("count"), "ran\n");
}

#[tokio::test]
async fn a_supervisor_that_comes_too_late_starts_nothing() {
    let machine = Machine::new();
    let program = machine.script("program.sh", "echo ran >> count");
    let late = machine.script(
        "late.sh",
        &format!(
            "cd '{home}'; while [ ! -e go ]; do sleep 0.02; done; '{PROGRAM}' \"$@\"; echo > came",
            home = machine.home.path().display()
        ),
    );
    let settings = json!({ "kind": "command", "program": program, "folder": machine.home.path() });
    let settings = serde_json::from_value(settings).unwrap();
    let name = "local".parse().unwrap();
    let slow = pilothouse::pipelines::open(&name, &settings, &machine.ground(&late)).unwrap();
    assert!(matches!(slow.start(&order()).await, Started::Unclear(_)));
    assert!(matches!(slow.find(&order()).await.unwrap(), Found::NotSeen), "it may still come");
    machine.clock.advance(Duration::from_secs(11));
    assert!(matches!(slow.find(&order()).await.unwrap(), Found::Absent));

    let bot = machine.bot("echo ran >> count");
    let run = the_run(bot.start(&order()).await);
    std::fs::write(machine.path("go"), "").unwrap();
    until("the late one has come", || machine.has("came")).await;
    assert_eq!(ended(&*bot, &run).await.state, RunState::Succeeded);
    assert_eq!(machine.text("count"), "ran\n");
}

#[tokio::test]
async fn a_run_whose_supervisor_was_killed_has_failed() {
    let machine = Machine::new();
    let bot = machine.bot("echo $PPID $$ > pids.new; mv pids.new pids; exec sleep 300");
    let run = the_run(bot.start(&order()).await);
    until("it runs", || machine.has("pids")).await;
    let pids = machine.text("pids");
    let (supervisor, program) = pids.split_once(' ').unwrap();
    kill_process(pid(supervisor), Signal::KILL).unwrap();
    let progress = ended(&*bot, &run).await;
    assert_eq!(progress.state, RunState::Failed);
    let why = progress.detail.unwrap();
    assert!(why.starts_with("the supervisor was ended before the program finished"), "{why}");
    assert!(matches!(bot.find(&order()).await.unwrap(), Found::Run(_)), "never started again");
    kill_process(pid(program), Signal::KILL).unwrap();
}

#[tokio::test]
async fn an_endless_output_stays_within_bounds_and_its_end_is_told() {
    let machine = Machine::new();
    let bot = machine.bot(
        "head -c 25000000 /dev/zero; head -c 25000000 /dev/zero | tr '\\0' x
         echo; echo '::step 3/4 Late'; echo the end; exit 1",
    );
    let progress = runs(&*bot).await;
    assert_eq!(progress.detail.as_deref(), Some("exit code 1: the end"));
    assert_eq!(progress.step.as_deref(), Some("Late"));
    assert!(progress.tail.iter().all(|line| line.chars().count() <= 301));
    let kept = std::fs::metadata(machine.path(&machine.run_file("output"))).unwrap().len();
    assert!((10 << 20..(10 << 20) + 100).contains(&kept), "{kept} bytes are kept");
}

#[tokio::test]
async fn an_order_without_a_folder_is_absent_only_when_that_is_certain() {
    let machine = Machine::new();
    let bot = machine.bot("true");
    assert!(matches!(bot.find(&order()).await.unwrap(), Found::Absent));
    let mut early = order();
    early.decided = Timestamp(early.decided.0 - 1);
    let found = bot.find(&early).await.unwrap();
    assert!(matches!(found, Found::NotSeen), "decided before this folder knew anything");
    machine.clock.advance(Duration::from_hours(24));
    let found = bot.find(&order()).await.unwrap();
    assert!(matches!(found, Found::NotSeen), "its run may have been cleared away");
}

#[tokio::test]
async fn old_runs_are_cleared_away_unless_they_still_run() {
    let machine = Machine::new();
    let bot = machine
        .bot("[ $PILOTHOUSE_CORRELATION != ph-2 ] || while [ ! -e go ]; do sleep 0.02; done");
    let order_of = |name: &str| Order { correlation: name.parse().unwrap(), ..order() };
    let first = the_run(bot.start(&order_of("ph-1")).await);
    ended(&*bot, &first).await;
    let second = the_run(bot.start(&order_of("ph-2")).await);
    machine.clock.advance(Duration::from_hours(14 * 24 - 1));
    the_run(bot.start(&order_of("ph-3")).await);
    assert!(machine.has("runs/local/ph-1"));
    machine.clock.advance(Duration::from_hours(1));
    the_run(bot.start(&order_of("ph-4")).await);
    assert!(!machine.has("runs/local/ph-1"));
    assert_eq!(bot.progress(&first).await.unwrap().state, RunState::Unknown);
    assert_eq!(bot.progress(&second).await.unwrap().state, RunState::Running);
    std::fs::write(machine.path("go"), "").unwrap();
    assert_eq!(ended(&*bot, &second).await.state, RunState::Succeeded);
}

#[rstest]
#[case(json!({ "arguments": ["{verison}"] }), "`{verison}` in `{verison}` means nothing")]
#[case(json!({ "arguments": ["{version"] }), "means nothing")]
#[case(json!({ "arguments": ["a}b"] }), "closes nothing")]
#[case(json!({ "resolve": [] }), "`resolve` is empty")]
#[case(json!({ "resolve": ["x", "{commit}"] }), "means nothing")]
#[case(json!({ "program": "" }), "no name")]
#[case(json!({ "environment": { "PILOTHOUSE_VERSION": "x" } }), "taken")]
#[case(json!({ "environment": { "A=B": "x" } }), "cannot be an environment variable")]
#[case(json!({ "timeout": "0s" }), "`timeout` is zero")]
#[case(json!({ "shell": true }), "unknown field")]
#[test]
fn a_mistake_in_the_configuration_is_told(#[case] more: Value, #[case] says: &str) {
    let error = Machine::new().try_bot("true", more).err().unwrap().to_string();
    assert!(error.contains(says), "{error}");
}

#[rstest]
#[case("commit", |order: &mut Order| order.commit = None)]
#[case("rename one", |order: &mut Order| {
    order.parameters.insert("helm_chart".to_owned(), "x".to_owned());
})]
#[tokio::test]
async fn an_order_that_cannot_be_followed_is_refused(
    #[case] says: &str,
    #[case] change: fn(&mut Order),
) {
    let machine = Machine::new();
    let bot = machine.bot_with("echo ran >> count", json!({ "arguments": ["{commit}"] }));
    let mut order = order();
    change(&mut order);
    match bot.start(&order).await {
        Started::Refused(why) => assert!(why.contains(says), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(bot.find(&order).await.unwrap(), Found::Absent));
}

async fn resolve(machine: &Machine, text: &str) -> Result<String, Unresolved> {
    let words = json!([machine.script("versions.sh", text), "{service}", "{version}"]);
    let bot = machine.bot_with("true", json!({ "resolve": words }));
    let order = order();
    let wish = Wish {
        service: &order.service,
        environment: &order.environment,
        version: &order.version,
        since: Some("0ld"),
    };
    bot.resolve(&wish).await.map(|resolved| serde_json::to_string(&resolved).unwrap())
}

#[tokio::test]
async fn a_program_can_say_what_a_version_is() {
    let text = r#"[ "$1 $2 $PILOTHOUSE_SINCE" = "checkout v2.1.0 0ld" ] || exit 1
        echo '{"commit": "abc", "changes": {"commits": [{"id": "abc", "author": "Alice",
        "title": "Fix\nit"}], "url": "javascript:alert(1)"}}'"#;
    assert_eq!(
        resolve(&Machine::new(), text).await.unwrap(),
        r#"{"commit":"abc","artifact":null,"changes":{"total":1,"behind":0,"commits":[{"id":"abc","author":"Alice","title":"Fix it"}],"url":null}}"#
    );
}

#[rstest]
#[case::no_such_version(
    "echo 'no tag v2.1.0, the newest is v2.0.9'; exit 3",
    true,
    "no tag v2.1.0"
)]
#[case::on_the_other_output("echo 'no tag' >&2; exit 3", true, "no tag")]
#[case::broken("echo 'no network' >&2; exit 1", false, "exit code 1")]
#[case::no_json("echo '<html>'", false, "agreed form")]
#[case::an_option_as_commit(r#"echo '{"commit": "--force"}'"#, false, "agreed form")]
#[tokio::test]
async fn a_program_can_say_that_it_does_not_know(
    #[case] text: &str,
    #[case] none: bool,
    #[case] says: &str,
) {
    let error = resolve(&Machine::new(), text).await.unwrap_err();
    assert_eq!(matches!(error, Unresolved::NoSuchVersion(_)), none, "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
}

proptest! {
    #[test]
    fn however_output_is_cut_and_whatever_it_holds_what_is_kept_is_plain_and_the_same(
        output in proptest::collection::vec(
            prop_oneof![
                any::<Vec<u8>>(),
                Just(b"\x1b[1;31m".to_vec()),
                Just(b"::step 2/3 x\n".to_vec()),
                Just("\u{202e}\u{9b}1m\r\n".as_bytes().to_vec()),
            ],
            0..40,
        ),
        cut in 1_usize..7,
    ) {
        let output = output.concat();
        let (mut whole, mut pieces) = (Listener::default(), Listener::default());
        whole.hear(&output);
        output.chunks(cut).for_each(|piece| pieces.hear(piece));
        let said = whole.said();
        prop_assert_eq!(&said, &pieces.said());
        prop_assert!(said.tail.len() <= 20);
        for line in &said.tail {
            prop_assert!(!line.is_empty() && line.chars().count() <= 4096);
            prop_assert!(!line.chars().any(pilothouse::names::is_invisible));
            prop_assert!(Step::read(line).is_none());
        }
    }

    #[test]
    fn a_step_is_read_as_it_is_written(of in 1_u32.., part in 0.0_f64..1.0, name in "[a-z]{0,9}") {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within `of`")]
        let at = ((f64::from(of) * part) as u32).max(1);
        let read = Step::read(format!("::step {at}/{of} {name}").trim());
        prop_assert_eq!(read, Some(Step { at, of, name }));
    }

    #[test]
    fn lines_are_kept_in_order(lines in proptest::collection::vec("[a-z]{1,5}", 0..50)) {
        let mut listener = Listener::default();
        lines.iter().for_each(|line| listener.hear(format!("{line}\n").as_bytes()));
        prop_assert_eq!(&listener.said().tail, &lines[lines.len().saturating_sub(20)..]);
    }
}

#[rstest]
#[case("::step 0/5 x")]
#[case("::step 6/5 x")]
#[case("::step 2/0")]
#[case("::step +1/5")]
#[case("::step 1/99999999999")]
#[case("::step")]
#[case(" ::step 1/2")]
#[case("::stepper 1/2")]
#[test]
fn what_only_looks_like_a_step_is_none(#[case] line: &str) {
    assert_eq!(Step::read(line), None);
}

#[rstest]
#[case("\u{1b}[38;5;1mred\u{1b}[m", "red")]
#[case("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{7}", "link")]
#[case("\u{1b}(Bplain\u{1b}7", "plain")]
#[case("10%\r20%", "20%")]
#[case("\u{1b}é", "é")]
#[case("a\u{1b}[", "a")]
#[case("a\u{1b}", "a")]
#[test]
fn escape_sequences_leave_no_trace(#[case] line: &str, #[case] shown: &str) {
    let mut listener = Listener::default();
    listener.hear(line.as_bytes());
    assert_eq!(listener.said().tail.last().map(String::as_str), Some(shown));
}
