//! What a program says, as people get to see it.

use super::*;

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
            gates: vec![],
            gates_unknown: false,
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
    let kept = std::fs::metadata(machine.path(&run_file("output"))).unwrap().len();
    assert!((10 << 20..(10 << 20) + 100).contains(&kept), "{kept} bytes are kept");
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
        for line in &lines {
            listener.hear(format!("{line}\n").as_bytes());
        }
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
