//! How cards look in the terminal.

use pilothouse::{
    cards::{Card, Renderer},
    chat::console::{
        draw::draw,
        drawing::{Drawing, Input, Pressable},
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::{deployment, form, waiting};

fn letters(card: &Value, columns: usize) -> String {
    let drawing = Drawing::read(card);
    let lines: Vec<_> = draw(&drawing, 3, columns)
        .iter()
        .map(pilothouse::chat::console::draw::Line::text)
        .collect();
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
