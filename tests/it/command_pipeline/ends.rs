//! How runs end, and what ends with them.

use super::*;

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
        &json!({ "grace": "1s" }),
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
    let bot = machine.bot_with("echo waiting; sleep 300", &json!({ "timeout": "1s" }));
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

#[tokio::test]
async fn at_most_two_hundred_finished_runs_are_kept_and_none_is_cleared_away_on_its_first_day() {
    let machine = Machine::new();
    let bot = machine.bot("true");
    runs(&*bot).await;
    let first = machine.path(&run_file(""));
    for number in 0..205 {
        let copy = machine.path(&format!("runs/local/ph-{number}"));
        std::fs::create_dir(&copy).unwrap();
        for file in ["task.json", "started", "ended.json"] {
            std::fs::copy(first.join(file), copy.join(file)).unwrap();
        }
    }
    let folders = || {
        let entries = std::fs::read_dir(machine.path("runs/local")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    };
    let order_of = |name: &str| Order { correlation: name.parse().unwrap(), ..order() };
    the_run(bot.start(&order_of("next-1")).await);
    assert_eq!(folders(), 207);
    machine.clock.advance(Duration::from_hours(24));
    the_run(bot.start(&order_of("next-2")).await);
    assert_eq!(folders(), 201, "two hundred and the new one");
}
