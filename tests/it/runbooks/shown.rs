//! What of a file gets onto a card: headings, lists, code and links; and nothing that acts.

use std::collections::BTreeMap;

use pilothouse::{
    cards::{Card, Renderer},
    names::{StepName, is_invisible},
    runbooks::{May, Runbook, RunbookView, Settings, read_book},
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Parser, Tag};
use serde_json::Value;

use super::{folder, library};
use crate::world::{ALICE, CAROL};

fn book(text: &str) -> Runbook {
    let settings = Settings { folder: "x".into(), steps: BTreeMap::new() };
    read_book(&"a-book".parse().unwrap(), text, &settings, &mut vec![]).unwrap()
}

fn drawn(book: &Runbook, part: usize) -> Value {
    let may = |_: &StepName| May::Run;
    let card: Card = RunbookView::of(book, part, may).into();
    Renderer::new().unwrap().render("teams", &card).unwrap().unwrap()
}

/// Every text of a card that Teams reads as Markdown.
fn markdown(card: &Value) -> Vec<String> {
    let mut texts = vec![];
    collect(card, &mut texts);
    texts
}

fn collect(part: &Value, texts: &mut Vec<String>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, texts)),
        Value::Object(fields) => {
            texts.extend(fields.get("text").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|part| collect(part, texts));
        }
        _ => {}
    }
}

#[test]
fn headings_lists_code_tables_and_links_survive() {
    let card = drawn(
        &book(
            "# The title\n\nFirst *this* and **that**, then `systemctl`.\n\n## Look\n\n- one\n  - deeper\n\
             - [x] done\n\n3. third\n4. fourth\n\n> quoted\n\n```json\n{\"a\": [1, \"<b>\"]}\n```\n\n\
             | name | value |\n|---|---|\n| cpu | 90 % |\n\n[docs](https://example.com/a_(b)?q=1) \
             ![picture](https://example.com/p.png)\n",
        ),
        1,
    );
    let texts: Vec<String> = card["body"]
        .as_array()
        .unwrap()
        .iter()
        .map(|element| {
            element["text"].as_str().or(element["codeSnippet"].as_str()).unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        texts,
        [
            "The title",
            "Runbook a-book",
            "First this and that, then \\`systemctl\\`.",
            "Look",
            "• one",
            "\u{a0}\u{a0}\u{a0}• deeper",
            "• ☑ done",
            "3\\. third",
            "4\\. fourth",
            "▏ quoted",
            "{\"a\": [1, \"<b>\"]}",
            "name  value\n----  -----\ncpu   90 %",
            "[docs](https://example.com/a_%28b%29?q=1) [picture](https://example.com/p.png)",
        ]
    );
    assert_eq!(card["body"][10]["language"], "Json");
    assert_eq!(card["body"][3]["style"], "heading");
}

#[test]
fn only_links_to_the_web_are_links_and_a_false_address_says_where_it_leads() {
    let said = |text: &str| markdown(&drawn(&book(text), 1)).pop().unwrap();
    for address in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "msteams:x",
        "https://user:pw@evil.example/",
        "data:text/html,x",
        "//evil.example",
        "mailto:x@y.z",
        "https://",
    ] {
        let text = said(&format!("[click]({address})"));
        assert!(!text.contains("]("), "{address}: {text}");
        assert!(text.starts_with("click"), "{text}");
    }
    assert_eq!(
        said("[https://good.example](https://evil.example/)"),
        "[https://good.example](https://evil.example/) \\(leads to evil.example\\)"
    );
    assert_eq!(
        said("<https://good.example/x>"),
        "[https://good.example/x](https://good.example/x)"
    );
    let html = said("<a href=\"https://x\">x</a> <at>everyone</at> <!-- gone -->");
    assert!(!html.contains('<') && html.contains("‹at›everyone‹/at›"), "{html}");
    assert!(!said("{{DATE(2026-01-01T00:00:00Z,SHORT)}} ${x}").contains("{{DATE("));
}

#[tokio::test]
async fn a_long_one_comes_in_parts_with_buttons_between_them() {
    let chapters: Vec<String> = (1..=30)
        .map(|n| format!("## Chapter {n}\n\n{}\n", "Words (with brackets) and more. ".repeat(20)))
        .collect();
    let text = format!("# A long one\n{}", chapters.join("\n"));
    let folder = folder(&[("long.md", &text)]);
    let bot = library(&folder).await;
    bot.hears(ALICE, "/runbook long").await;
    assert!(bot.reads().contains("Part 1 of 3"), "{}", bot.reads());
    let mut seen = String::new();
    for _ in 1..3 {
        seen += &bot.reads();
        let size = bot.chat.newest().to_string().encode_utf16().count() * 2;
        assert!(size < 56_000, "{size}");
        bot.presses(ALICE, "Next").await;
    }
    seen += &bot.reads();
    for n in 1..=30 {
        assert!(seen.contains(&format!("Chapter {n}\n")), "chapter {n} is missing");
    }
    assert!(
        bot.shows().contains("[Previous]") && !bot.shows().contains("[Next]"),
        "{}",
        bot.shows()
    );
    bot.hears(ALICE, "/runbook long --part 999").await;
    assert!(bot.reads().contains("Part 3 of 3"));
    bot.hears(ALICE, "/runbook long --part 0").await;
    assert!(bot.reads().contains("Part 1 of 3"));
}

#[tokio::test]
async fn only_whoever_may_run_a_step_gets_its_button() {
    let folder = super::three();
    let bot = library(&folder).await;
    let said = bot.hears(ALICE, "/runbook checkout-is-slow").await;
    assert!(
        bot.reads().contains(
            "restart-checkout\nRestarts all three of its processes.\nYou may not run it."
        ),
        "{}",
        bot.reads()
    );
    assert!(!bot.chat.newest().to_string().contains("/runbook run"));
    assert!(
        said.contains(
            "Look at the database first.\n1. Open the dashboard (https://grafana.example/d/1)"
        ),
        "{said}"
    );
    bot.hears(CAROL, "/runbook checkout-is-slow").await;
    assert_eq!(
        bot.says_button("Run restart-checkout"),
        "/runbook run checkout-is-slow restart-checkout"
    );
    write_unknown(&folder);
    bot.clock.advance(std::time::Duration::from_secs(3));
    bot.hears(CAROL, "/runbook unknown").await;
    assert!(bot.reads().contains("It cannot be run here"), "{}", bot.reads());
}

fn write_unknown(folder: &tempfile::TempDir) {
    super::write(folder.path(), &[("unknown.md", "# Unknown\n```run name=format-disk\n```\n")]);
}

/// Pieces hostile Markdown is made of.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[x](javascript:alert(1))".to_owned()),
        Just("[x](https://evil.example \"a) **b\")".to_owned()),
        Just("[a](https://e.example/)[b](".to_owned()),
        Just("![](https://e.example/x.png)".to_owned()),
        Just("[![a](https://a.example)](https://b.example)".to_owned()),
        Just("<at>everyone</at>".to_owned()),
        Just("\"}],\"actions\":[{\"type\":\"Action.Http\"}]".to_owned()),
        Just("{{DATE(2026-01-01T00:00:00Z)}}{{{x}}}${y}".to_owned()),
        Just("\u{202e}\u{0}\u{7}\u{200b}".to_owned()),
        Just("\n\n```run name=x\ny\n```\n\n".to_owned()),
        Just("\n\n```\n</at>`**[x](https://z.example)\n```\n\n".to_owned()),
        Just("\n| a | [b](javascript:x) |\n|--|--|\n| **c** | <d> |\n".to_owned()),
        Just("\n- * + 1. 1) > > # ## \n".to_owned()),
        Just("<https://a.example/\u{5b}\u{5d}>".to_owned()),
        Just("[ref]\n\n[ref]: javascript:x\n".to_owned()),
        "[ -~\\n]{0,20}",
        "\\PC{0,12}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_a_file_leaves_its_place_on_the_card(text in hostile()) {
        let settings = Settings { folder: "x".into(), steps: BTreeMap::new() };
        let name = "a-book".parse().unwrap();
        let Ok(book) = read_book(&name, &text, &settings, &mut vec![]) else { return Ok(()) };
        let card = drawn(&book, 1);
        for action in card["actions"].as_array().unwrap() {
            prop_assert_eq!(&action["type"], "Action.Execute");
            prop_assert!(action["data"]["say"].as_str().unwrap().starts_with("/runbook a-book --part "));
        }
        for text in markdown(&card) {
            prop_assert!(!text.contains("<at>") && !text.contains("{{DATE(") && !text.contains("{{TIME("), "{}", text);
            prop_assert!(!text.chars().any(|c| is_invisible(c) && c != '\n'), "{:?}", text);
            for event in Parser::new(&text) {
                match event {
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        let web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
                        prop_assert!(web, "{} in {}", dest_url, text);
                    }
                    Event::Start(Tag::Image { .. } | Tag::Heading { .. } | Tag::HtmlBlock)
                    | Event::Html(_) | Event::InlineHtml(_) => {
                        prop_assert!(false, "{:?} in {:?}", event, text);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn no_head_of_a_file_breaks_the_reader(head in "[a-z:\\[\\]{}&*!|>'\"#\\n -]{0,80}", body in "\\PC{0,80}") {
        let settings = Settings { folder: "x".into(), steps: BTreeMap::new() };
        let text = format!("---\n{head}\n---\n{body}");
        if let Err(why) = read_book(&"a-book".parse().unwrap(), &text, &settings, &mut vec![]) {
            prop_assert!(!why.contains(char::is_control), "{:?}", why);
        }
    }
}
