//! The terminal chat: how cards look there, what scripts make of them, what keys do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use pilothouse::{
    access::Actor,
    cards::{Card, Renderer, View},
    chat::{
        Channel, Incoming, Listener, Place, Reply, Showing, Subject,
        console::{
            Console, Seat, Shown,
            draw::draw,
            drawing::{Drawing, Input, Pressable},
            screen::{Act, Screen},
            script::{Line, Motion, Script},
        },
    },
};
use proptest::prelude::*;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use unicode_width::UnicodeWidthStr as _;

/// A deployment's view, as its template reads it.
#[derive(Serialize)]
#[serde(transparent)]
struct Deployment(Value);

impl View for Deployment {
    const NAME: &'static str = "deployment";

    fn text(&self) -> String {
        "a deployment".to_owned()
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Form(Value);

impl View for Form {
    const NAME: &'static str = "form";

    fn text(&self) -> String {
        "a form".to_owned()
    }
}

fn deployment(status: &str, color: &str, buttons: &[(&str, &str)]) -> Card {
    let buttons: Vec<_> = buttons
        .iter()
        .map(|(title, say)| json!({ "title": title, "say": say, "style": "default", "secondary": false }))
        .collect();
    Deployment(json!({
        "id": "8f2c91d4",
        "title": "checkout · production ← v2.1.0",
        "status": status,
        "color": color,
        "next": null,
        "facts": [{ "title": "Asked by", "value": "alice, 15:40 UTC" }],
        "changes": null, "progress": null, "tail": null, "checks": [], "link": null,
        "buttons": buttons,
    }))
    .into()
}

fn waiting() -> Card {
    let buttons = [("Approve", "/approve 8f2c91d4"), ("Decline", "/decline 8f2c91d4")];
    deployment("Waiting for 1 approval", "warning", &buttons)
}

fn form() -> Card {
    let field = |id: &str, choices: &[&str], value: &str, required: bool| {
        json!({ "id": id, "label": id, "choices": choices, "value": value, "placeholder": "",
                "required": required })
    };
    Form(json!({
        "title": "What shall be deployed?",
        "text": null,
        "fields": [
            field("environment", &["staging", "production"], "staging", true),
            field("version", &[], "", true),
            field("reason", &[], "", false),
        ],
        "button": { "title": "Deploy", "style": "positive", "secondary": false,
                    "say": "/deploy {environment} {version} --reason {reason}" },
    }))
    .into()
}

fn letters(card: &Value, columns: usize) -> String {
    let drawing = Drawing::read(card);
    let lines: Vec<_> = draw(&drawing, 3, columns).iter().map(|line| line.text()).collect();
    format!("\n{}\n", lines.join("\n"))
}

fn drawn(card: &Card, columns: usize) -> String {
    letters(&Renderer::new().unwrap().render("teams", card).unwrap().unwrap(), columns)
}

#[test]
fn a_deployment_that_waits_for_approval_is_a_box_with_numbered_buttons() {
    insta::assert_snapshot!(drawn(&waiting(), 60));
}

#[test]
fn a_form_lists_its_choices_and_what_they_hold_now() {
    insta::assert_snapshot!(drawn(&form(), 70));
}

#[test]
fn every_element_a_card_may_have_is_drawn_or_replaced_by_its_fallback() {
    let text = |text: &str| json!({ "type": "TextBlock", "text": text });
    let cell = |words: &str| json!({ "type": "TableCell", "items": [text(words)] });
    let row =
        |cells: &[&str]| json!({ "cells": cells.iter().map(|c| cell(c)).collect::<Vec<_>>() });
    let card = json!({ "body": [
        { "type": "TextBlock", "style": "heading", "text": "All there is" },
        { "type": "ProgressBar", "value": 2, "max": 5, "fallback": text("not this") },
        { "type": "TextBlock", "isSubtle": true, "text": "2 of 5 steps done, 3 s: Testing" },
        { "type": "CodeBlock", "codeSnippet": "cargo test\n42 tests passed \\* \u{1b}[31mred" },
        { "type": "Container", "items": [text("Ships 2 commits"), text("abc1234 fix \\*all\\* carts")] },
        { "type": "ColumnSet", "columns": [{ "items": [text("left")] }, { "items": [text("right")] }] },
        { "type": "Table", "rows": [row(&["Environment", "Version"]), row(&["staging", "v2.1.0"])] },
        { "type": "Rating", "fallback": text("four stars") },
        { "type": "Hologram" },
        { "type": "TextBlock", "text": "unseen", "isVisible": false },
        { "type": "ActionSet", "actions": [
            { "type": "Action.Execute", "title": "Look", "data": { "say": "/look" } } ] },
    ], "actions": [
        { "type": "Action.Submit", "title": "Stop", "data": { "say": "/cancel" } },
        { "type": "Action.OpenUrl", "title": "Open build 7", "url": "https://ci.example/7" },
    ] });
    insta::assert_snapshot!(letters(&card, 60));
}

#[test]
fn wide_combining_and_right_to_left_letters_stay_within_a_narrow_box() {
    let card = json!({ "body": [
        { "type": "TextBlock", "color": "attention", "text": "部署完成部署完成部署完成部署" },
        { "type": "TextBlock", "text": "Cafe\u{301} au lait, שלום עולם, 👩\u{200d}🚀 ok" },
        { "type": "FactSet", "facts": [{ "title": "A very long name", "value": "averylongwordthatfitsnowhere" }] },
    ], "actions": [
        { "type": "Action.Submit", "title": "There is no run: start it", "data": { "say": "/a" } },
        { "type": "Action.Submit", "title": "Give up", "data": { "say": "/b" } },
    ] });
    insta::assert_snapshot!(letters(&card, 1));
}

#[test]
fn hostile_text_can_neither_act_on_the_terminal_nor_leave_its_box() {
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}evil\u{2066} \r\n╰──╯ [1] Approve e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}";
    let hostile_button = ("\u{1b}[2J\nApprove", "/approve");
    let card = deployment(hostile, "attention", &[hostile_button]);
    insta::assert_snapshot!(drawn(&card, 60));
}

/// A card whose every word is `words`.
fn card_of(words: &str, depth: usize) -> Value {
    let text = json!({ "type": "TextBlock", "text": words, "color": "good" });
    let nested = (0..depth)
        .fold(text.clone(), |inner, _| json!({ "type": "Container", "items": [inner, text] }));
    json!({ "body": [
        nested,
        { "type": "FactSet", "facts": [{ "title": words, "value": words }, { "title": "a", "value": words }] },
        { "type": "CodeBlock", "codeSnippet": words },
        { "type": "Table", "rows": [{ "cells": [{ "items": [text] }, { "items": [text] }] }] },
        { "type": "Input.Text", "id": words, "label": words, "value": words },
        { "type": "Input.ChoiceSet", "id": "x", "label": words, "choices": [{ "title": words, "value": words }] },
    ], "actions": [
        { "type": "Action.Execute", "title": words, "data": { "say": words } },
        { "type": "Action.OpenUrl", "title": words, "url": words },
    ] })
}

/// Every kind of letter a terminal may do something about, and ordinary ones.
fn any_words() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        any::<char>(),
        prop::char::range('\u{0}', '\u{ff}'),
        prop::char::range('\u{200b}', '\u{206f}'),
        prop::char::range('\u{300}', '\u{36f}'),
        prop::char::range('\u{5d0}', '\u{6ff}'),
        prop::char::range('\u{4e00}', '\u{4e80}'),
        prop::char::range('\u{1f600}', '\u{1f64f}'),
        Just(' '),
    ];
    prop::collection::vec(letter, 0..60).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #[test]
    fn nothing_drawn_holds_a_control_character_or_leaves_its_box(
        words in any_words(), columns in 0_usize..140, depth in 0_usize..9,
    ) {
        let drawing = Drawing::read(&card_of(&words, depth));
        let width = columns.clamp(24, 100);
        for line in draw(&drawing, 7, columns) {
            let text = line.text();
            prop_assert!(!text.chars().any(pilothouse::names::is_invisible), "{text:?}");
            let pieces: usize = line.0.iter().map(|(piece, _)| piece.width()).sum();
            prop_assert_eq!(pieces, width, "{:?}", text);
        }
    }
}

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

/// A bot that answers from a list.
struct Pretend {
    console: Arc<Console>,
    heard: Mutex<Vec<(String, String)>>,
    shown: Mutex<Option<String>>,
}

impl Pretend {
    async fn show(&self, card: Card) -> Reply {
        let subject = Subject::new("deployment", "8f2c91d4");
        let message = self.shown.lock().unwrap().clone();
        let place = Console::place();
        let what = Showing {
            place: &place,
            subject: Some(&subject),
            card: &card,
            message: message.as_deref(),
        };
        let message = self.console.show(what).await.unwrap();
        *self.shown.lock().unwrap() = Some(message);
        Reply::Shown(subject)
    }
}

#[async_trait]
impl Listener for Pretend {
    async fn hear(&self, message: Incoming) -> Reply {
        assert_eq!(message.place, Console::place());
        let who = message.actor.id.to_string();
        self.heard.lock().unwrap().push((who, message.text.clone()));
        match message.text.split(' ').next().unwrap_or_default() {
            "/deploy" if message.text == "/deploy" => Reply::Card(form()),
            "/deploy" => self.show(waiting()).await,
            "/approve" if message.actor.name == "alice" => {
                Reply::Refused("someone else must approve it".to_owned())
            }
            "/approve" => self.show(deployment("Deploy complete!", "good", &[])).await,
            "/decline" => self.show(deployment("The pipeline failed", "attention", &[])).await,
            other => Reply::Text(format!("you said {other}")),
        }
    }

    async fn look(&self, _: &Actor, _: &Subject) -> Option<Card> {
        None
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

fn sit() -> (Arc<Pretend>, Seat, UnboundedReceiver<Shown>) {
    let (console, shown) = Console::new(Arc::new(Renderer::new().unwrap()));
    let bot =
        Pretend { console: console.clone(), heard: Mutex::default(), shown: Mutex::default() };
    let bot = Arc::new(bot);
    let seat = Seat::new(console, bot.clone(), &["alice", "bob"]).unwrap();
    (bot, seat, shown)
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
        ("/deploy p v1\npress Approve\n", "before line 3, refused: someone else must approve it"),
        ("/deploy p v1\npress Approve\nhello\nrefused\n", "before line 3, refused: someone else"),
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

#[tokio::test]
async fn a_changed_card_keeps_its_id_also_one_from_before_a_restart() {
    let (console, mut shown) = Console::new(Arc::new(Renderer::new().unwrap()));
    let (place, card) = (Console::place(), waiting());
    let show = |message| Showing { place: &place, subject: None, card: &card, message };
    let first = console.show(show(None)).await.unwrap();
    assert_eq!(console.show(show(Some(&first))).await.unwrap(), first);
    assert_ne!(console.show(show(None)).await.unwrap(), first);
    assert_eq!(console.show(show(Some("from before"))).await.unwrap(), "from before");
    let mut messages = vec![];
    while let Ok(Shown::Card { message, .. }) = shown.try_recv() {
        messages.push(message);
    }
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0], messages[1]);
    assert_eq!(console.room(None).await, [place.clone()]);
    assert_eq!(console.room(Some(&"deployments".parse().unwrap())).await, Vec::<Place>::new());
    drop(shown);
    assert!(console.say(&place, "hello").await.is_err(), "nobody is there to read it");
}

fn types(screen: &mut Screen, line: &str) -> Act {
    for letter in line.chars() {
        let _ = screen.key(KeyEvent::from(KeyCode::Char(letter)));
    }
    screen.key(KeyEvent::from(KeyCode::Enter))
}

fn shown_card(message: &str, card: &Card) -> Shown {
    let card = Renderer::new().unwrap().render("teams", card).unwrap().unwrap();
    Shown::Card { message: message.to_owned(), subject: None, drawing: Drawing::read(&card) }
}

fn painted(screen: &mut Screen, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| screen.paint(frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_number_presses_a_button_of_the_newest_or_of_the_named_card() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &waiting()));
    screen.take(shown_card("b", &deployment("Monitoring…", "accent", &[("Cancel", "/cancel")])));
    screen.take(shown_card("c", &deployment("Deploy complete!", "good", &[])));
    assert_eq!(types(&mut screen, "1"), Act::Say("/cancel".to_owned()));
    assert_eq!(types(&mut screen, "1:2"), Act::Say("/decline 8f2c91d4".to_owned()));
    assert_eq!(types(&mut screen, "press approve"), Act::Say("/approve 8f2c91d4".to_owned()));
    assert_eq!(types(&mut screen, "3:1"), Act::Nothing);
    assert_eq!(types(&mut screen, "0"), Act::Nothing);
    assert_eq!(types(&mut screen, "99999999999999999999999"), Act::Say("9".repeat(23)));
    assert!(painted(&mut screen, 80, 40).contains("Card 3 has no button 1 now."));
}

#[test]
fn a_card_changes_in_place_and_the_screen_shows_who_speaks() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &waiting()));
    assert_eq!(types(&mut screen, "/help"), Act::Say("/help".to_owned()));
    screen.take(shown_card("a", &deployment("Deploy complete!", "good", &[])));
    assert_eq!(types(&mut screen, "as bob"), Act::Sit("bob".to_owned()));
    screen.seated(Ok("bob"));
    insta::assert_snapshot!(painted(&mut screen, 60, 14));
}

#[test]
fn a_button_with_inputs_asks_for_each_and_esc_gives_up() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &form()));
    assert_eq!(types(&mut screen, "1"), Act::Nothing);
    assert!(
        painted(&mut screen, 90, 20)
            .contains("environment: 1 staging | 2 production (now staging)")
    );
    assert_eq!(types(&mut screen, "moon"), Act::Nothing);
    assert!(painted(&mut screen, 90, 20).contains("environment is one of staging, production."));
    assert_eq!(types(&mut screen, "2"), Act::Nothing);
    assert_eq!(types(&mut screen, "v2.1.0"), Act::Nothing);
    let said = "/deploy \"production\" \"v2.1.0\"";
    assert_eq!(types(&mut screen, ""), Act::Say(said.to_owned()));
    assert_eq!(types(&mut screen, "1"), Act::Nothing);
    let _ = screen.key(KeyEvent::from(KeyCode::Esc));
    assert_eq!(types(&mut screen, "hello"), Act::Say("hello".to_owned()));
}

#[test]
fn the_up_key_brings_lines_back_and_ctrl_c_or_ctrl_d_ends() {
    let mut screen = Screen::new("alice");
    let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    for line in ["one", "two"] {
        let _ = types(&mut screen, line);
    }
    for code in [KeyCode::Char('x'), KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down] {
        let _ = screen.key(KeyEvent::from(code));
    }
    assert_eq!(types(&mut screen, "!"), Act::Say("two!".to_owned()));
    let _ = screen.key(KeyEvent::from(KeyCode::Char('x')));
    assert_eq!(screen.key(control('d')), Act::Nothing, "it deletes while something is typed");
    assert_eq!(screen.key(control('c')), Act::End);
    let _ = screen.key(control('u'));
    assert_eq!(screen.key(control('d')), Act::End);
}

#[test]
fn who_has_scrolled_up_keeps_their_place_when_something_is_shown() {
    let mut screen = Screen::new("alice");
    for number in 0..50 {
        screen.take(Shown::Said(format!("line {number}.")));
    }
    assert!(painted(&mut screen, 80, 12).contains("line 49."));
    let _ = screen.key(KeyEvent::from(KeyCode::PageUp));
    let before = painted(&mut screen, 80, 12);
    assert!(before.contains("line 40.") && !before.contains("line 49."), "{before}");
    screen.take(Shown::Said("and another".to_owned()));
    assert_eq!(painted(&mut screen, 80, 12), before);
    for _ in 0..100 {
        let _ = screen.key(KeyEvent::from(KeyCode::PageUp));
    }
    assert!(painted(&mut screen, 80, 12).contains("line 0."));
}

#[test]
fn an_input_takes_a_choice_by_its_title_and_says_what_it_means() {
    let choice = |title: &str, value: &str| (title.to_owned(), value.to_owned());
    let input = Input {
        id: "e".to_owned(),
        label: "Environment".to_owned(),
        value: String::new(),
        choices: vec![choice("Live", "production")],
        required: false,
    };
    let button = Pressable { title: "Go".to_owned(), say: "/go --in {e}".to_owned() };
    let drawing = Drawing { inputs: vec![input], ..Drawing::default() };
    let values = [("environment".to_owned(), "Live".to_owned())].into();
    assert_eq!(drawing.press(&button, &values).unwrap(), "/go --in \"production\"");
    assert_eq!(drawing.press(&button, &[].into()).unwrap(), "/go");
}

#[tokio::test]
async fn the_sample_service_says_what_the_demos_program_has_deployed() {
    use actix_web::{App, http::StatusCode, test};
    let state = tempfile::tempdir().unwrap();
    let doors = pilothouse::cli::sample::doors(state.path().to_owned());
    let service = test::init_service(App::new().configure(&doors)).await;
    let ask = async |environment: &str| {
        let uri = format!("/{environment}/healthz");
        let answer =
            test::call_service(&service, test::TestRequest::with_uri(&uri).to_request()).await;
        let status = answer.status();
        (status, String::from_utf8(test::read_body(answer).await.to_vec()).unwrap())
    };
    let deploy = async |version: &str| {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/deploy.sh");
        let mut program = tokio::process::Command::new(program);
        program.env("PILOTHOUSE_SERVICE", "checkout").env("PILOTHOUSE_ENVIRONMENT", "staging");
        program.env("PILOTHOUSE_VERSION", version).env("DEMO_STATE", state.path());
        let output = program.output().await.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let well = |version: &str| {
        json!({ "service": "checkout", "version": version, "status": "ok" }).to_string()
    };
    assert_eq!(ask("staging").await, (StatusCode::OK, well("v2.0.4")));
    let (done, output) = deploy("v2.1.0").await;
    assert!(done && output.contains("::step 5/5 "), "{output}");
    assert_eq!(ask("staging").await, (StatusCode::OK, well("v2.1.0")));
    assert_eq!(ask("production").await.1, well("v2.0.4"));
    let (done, output) = deploy("v2.2.0-broken").await;
    assert!(!done && !output.contains("::step 4/5 "), "{output}");
    assert_eq!(ask("staging").await.1, well("v2.1.0"), "what failed changed nothing");
    assert!(deploy("v2.4.0-sick").await.0);
    let (status, body) = ask("staging").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("\"failing\""), "{body}");
    assert_eq!(ask("..%2fstaging").await.0, StatusCode::NOT_FOUND);
}

#[test]
fn every_line_of_the_tour_can_be_read() {
    let tour = include_str!("../../deploy/demo/tour.txt");
    for line in tour.lines() {
        let read = Line::read(line).unwrap();
        if let Line::Say(said) = read {
            assert!(said.starts_with('/'), "{said}");
        }
    }
}
