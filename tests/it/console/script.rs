//! What scripts are read as, and how they end.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use pilothouse::chat::console::script::{Line, Motion, Script};

use super::sit;

#[test]
fn each_line_of_a_script_is_read_as_what_it_asks_for() {
    let read = |line: &str| Line::read(line).unwrap();
    assert_eq!(read("  "), Line::Blank);
    assert_eq!(read("# Bob may."), Line::Heading("Bob may.".to_owned()));
    assert_eq!(read("as bob"), Line::As("bob".to_owned()));
    assert_eq!(read("press Approve"), Line::Press("Approve".to_owned()));
    let title = "There is no run: start it".to_owned();
    assert_eq!(read("press \"There is no run: start it\""), Line::Press(title));
    let fields = [("environment", "staging"), ("reason", "it is time")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(read("fill environment=staging reason=\"it is time\""), Line::Fill(fields));
    assert_eq!(read("wait"), Line::Wait);
    assert_eq!(read("wait for \"Going back\""), Line::WaitFor("Going back".to_owned()));
    assert_eq!(read("expect \"Deploy complete!\""), Line::Expect("Deploy complete!".to_owned()));
    assert_eq!(read("refused"), Line::Refused(None));
    assert_eq!(read("expect refused \"may not\""), Line::Refused(Some("may not".to_owned())));
    let said = "/deploy staging v2.1.0 --reason \"it is time\"";
    assert_eq!(read(said), Line::Say(said.to_owned()));
}

#[test]
fn a_line_that_cannot_be_meant_says_how_to_write_it() {
    for line in ["as", "press", "press \"Approve", "wait a bit", "expect", "fill", "fill staging"] {
        let why = Line::read(line).unwrap_err();
        assert!(why.contains("write it like `"), "{line}: {why}");
    }
}

/// Moves as often as there is an entry, then rests.
struct Rests(Mutex<VecDeque<()>>);

#[async_trait]
impl Motion for Rests {
    async fn moving(&self) -> anyhow::Result<bool> {
        Ok(self.0.lock().unwrap().pop_front().is_some())
    }
}

/// Plays a script; its exit code, what it prints, and what the bot heard.
async fn play(script: &str) -> (u8, String, Vec<(String, String)>) {
    let (bot, seat, shown) = sit();
    let motion = Arc::new(Rests(Mutex::new([(), ()].into())));
    let mut out = vec![];
    let code =
        Script::new(seat, shown, motion, &mut out, 70).play(script.as_bytes()).await.unwrap();
    let heard = bot.heard.lock().unwrap().clone();
    (code, String::from_utf8(out).unwrap(), heard)
}

#[tokio::test(start_paused = true)]
async fn a_script_tells_its_story_and_ends_well_when_all_was_expected() {
    let story = "\
# Alice asks
/deploy production v2.1.0
press Approve
expect refused \"someone else\"
as bob
press Approve
wait
expect \"Deploy complete!\"
hello
";
    let (code, out, heard) = play(story).await;
    insta::assert_snapshot!(out);
    assert_eq!(code, 0);
    let says = |who: &str, what: &str| (format!("console:{who}"), what.to_owned());
    let approve = "/approve 8f2c91d4";
    let deploy = "/deploy production v2.1.0";
    let said =
        [says("alice", deploy), says("alice", approve), says("bob", approve), says("bob", "hello")];
    assert_eq!(heard, said);
}

#[tokio::test(start_paused = true)]
async fn what_a_script_did_not_expect_ends_it_with_one() {
    let scripts = [
        ("/deploy p v1\npress Approve\n", "line 2 was refused: someone else must approve it"),
        ("/deploy p v1\npress Approve\nhello\nrefused\n", "line 2 was refused: someone else"),
        ("/deploy p v1\npress Approve\nexpect refused \"on holiday\"\n", "in other words"),
        ("hello\nrefused\n", "was to be refused, and was not"),
        (
            "hello\nexpect \"good bye\"\n",
            "`good bye` is not to be seen. Answered last was: you said",
        ),
        ("wait for \"good bye\"\n", "`good bye` has not come to be seen. Nothing has been shown."),
        ("/deploy p v1\nas bob\npress Decline\n", "card 1 ended badly: The pipeline failed"),
        ("press Approve\n", "No card has a button `Approve`"),
        ("as zoe\n", "There is no zoe here: speak as alice or bob."),
        (
            "/deploy\nfill environment=moon\npress Deploy\n",
            "environment is one of staging, production.",
        ),
        ("/deploy\npress Deploy\n", "version is needed."),
        ("/deploy\nfill size=1\npress Deploy\n", "The card has no field `size`."),
        ("wait a bit\n", "write it like"),
    ];
    for (script, why) in scripts {
        let (code, out, _) = play(script).await;
        let told = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(why), "{script}: {out}");
        assert_eq!(code, 1, "{script}: {out}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_stranger_may_be_expected() {
    let (code, out, _) =
        play("as zoe\nrefused\n/deploy p v1\nas bob\npress Decline\nexpect \"pipeline failed\"\n")
            .await;
    assert_eq!(code, 0, "{out}");
}

#[tokio::test(start_paused = true)]
async fn something_that_never_comes_to_rest_fails_the_script() {
    struct Restless;
    #[async_trait]
    impl Motion for Restless {
        async fn moving(&self) -> anyhow::Result<bool> {
            Ok(true)
        }
    }
    let (_, seat, shown) = sit();
    let mut out = vec![];
    let script = Script::new(seat, shown, Arc::new(Restless), &mut out, 70);
    assert_eq!(script.play(&b"wait for \"Godot\""[..]).await.unwrap(), 1);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("something still moves") && out.contains("`Godot` has not come"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_filled_form_says_the_finished_command_with_every_value_one_word() {
    let script = "/deploy\nfill version=\"v1 --approve\" reason=\"it is time\"\npress Deploy\n";
    let (_, out, heard) = play(script).await;
    let said = "/deploy \"staging\" \"v1 --approve\" --reason \"it is time\"";
    assert_eq!(heard.last().unwrap().1, said, "{out}");
}

#[test]
fn every_line_of_the_tour_can_be_read() {
    let tour = include_str!("../../../deploy/demo/tour.txt");
    for line in tour.lines() {
        let read = Line::read(line).unwrap();
        if let Line::Say(said) = read {
            assert!(said.starts_with('/'), "{said}");
        }
    }
}
