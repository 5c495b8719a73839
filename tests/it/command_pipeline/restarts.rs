//! Bots and supervisors that are killed.

use super::*;

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
        outbound: pilothouse::outbound::Outbound::new().unwrap(),
        clock: Clock::manual(order().decided),
        folder: Path::new(&home).join("runs"),
        program: PROGRAM.into(),
    };
    let bot = pilothouse::pipelines::open(&"local".parse().unwrap(), &settings, &ground).unwrap();
    let _ = bot.start(&order()).await;
    std::future::pending::<()>().await;
}

/// Lets a bot start the run, and kills it, and all that is still its own, as soon as `file` is
/// there.
fn kill_a_bot_when_there_is(machine: &Machine, file: &str) {
    let mut bot = std::process::Command::new(std::env::current_exe().unwrap());
    bot.args(["--exact", "command_pipeline::restarts::a_bot_to_be_killed", "--ignored"]);
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
    kill_a_bot_when_there_is(&machine, &run_file(file));
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
