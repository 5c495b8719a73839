//! Whatever the texts of a card are, it stays the card it is.

use std::sync::LazyLock;

use pilothouse::{cards::Renderer, names::is_invisible};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use super::{samples, size::LARGEST};
use crate::{
    deploy::ship,
    world::{ALICE, Bot},
};

static RENDERER: LazyLock<Renderer> = LazyLock::new(|| Renderer::new().unwrap());

/// What somebody may write into whatever the bot reads.
const HOSTILE: &[&str] = &[
    "[free](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example>",
    "<at>everyone</at> &lt;at&gt;everyone&lt;/at&gt; &#60;at&#62; <b onload=x>",
    "\"}], \"actions\": [{\"type\": \"Action.OpenUrl\", \"title\": \"x\", \"url\": \"https://evil.example\"}], \"x\": [{\"y\": \"",
    "\\",
    "\\\\\"",
    "\\u0022, \\n",
    "\"",
    "'",
    "\u{2028}\u{2029}",
    "{{{say}}} {{> button}} {{#each this}}x{{/each}} {{lookup . \"say\"}} {{!-- x --}}",
    "${$root} ${if(true, 'x', 'y')} {{DATE(2026-11-26T06:00:00Z, SHORT)}} {{TIME(2026-11-26T06:00:00Z)}}",
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "23) item",
    "> quote",
    "    code",
    "\tcode",
    "---",
    "***",
    "===",
    "```\ncode\n```",
    "~~~",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "[x]: https://evil.example",
    "**bold** __bold__ *it* _it_ ~~gone~~ `code` $x$ ^[note] [^1]",
    "\u{202e}evil\u{2066} \u{200b}- \u{ad}x\u{61c}\u{feff}\u{e0041}",
    "\0\u{1}\u{1b}[2J\u{7f}\u{9b}\r\n\n\n- two\r\n3. three",
    "@everyone @channel",
    "null",
    "true",
    "{}",
    "[]",
];

/// Puts `text` wherever a text is, in front of or instead of what is there; `whole` are left out
/// when it is too long to be said or opened.
fn replace(data: &mut Value, text: &str, instead: bool, whole: bool) {
    match data {
        Value::String(old) if instead => text.clone_into(old),
        Value::String(old) => *old = format!("{text}{old}"),
        Value::Array(items) => {
            for item in items {
                replace(item, text, instead, whole);
            }
        }
        Value::Object(fields) => {
            let kept = |key: &str| !whole && ["say", "url"].contains(&key);
            let some = fields.iter_mut().filter(|(key, _)| !kept(key));
            some.for_each(|(_, field)| replace(field, text, instead, whole));
        }
        _ => {}
    }
}

/// All of a card but its texts.
fn skeleton(card: &Value) -> Value {
    match card {
        Value::String(_) => json!("…"),
        Value::Array(items) => items.iter().map(skeleton).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| match key.as_str() {
                "type" | "verb" | "version" | "$schema" => (key.clone(), field.clone()),
                _ => (key.clone(), skeleton(field)),
            })
            .collect(),
        other => other.clone(),
    }
}

/// The texts in which Teams reads Markdown, and all that people read.
fn read(card: &Value) -> (Vec<&str>, Vec<&str>) {
    let (mut markdown, mut shown) = (vec![], vec![]);
    collect(card, "", &mut markdown, &mut shown);
    (markdown, shown)
}

fn collect<'a>(
    card: &'a Value,
    within: &str,
    markdown: &mut Vec<&'a str>,
    shown: &mut Vec<&'a str>,
) {
    match card {
        Value::Array(items) => {
            for item in items {
                collect(item, within, markdown, shown);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                match (key.as_str(), field) {
                    ("text", Value::String(text)) => markdown.push(text),
                    ("title" | "value", Value::String(text)) if within == "facts" => {
                        markdown.push(text);
                    }
                    ("title" | "label" | "placeholder" | "tooltip", Value::String(text)) => {
                        shown.push(text);
                    }
                    ("codeSnippet", Value::String(code)) => shown.extend(code.lines()),
                    ("data" | "msteams", _) => {}
                    _ => collect(field, key, markdown, shown),
                }
            }
        }
        _ => {}
    }
}

/// What Markdown makes of it, as richly as any chat may read it: the words, or what else it found
/// besides links to the web, of which there may be so many.
fn words(markdown: &str, links: usize) -> Result<String, String> {
    let (mut words, mut found) = (String::new(), 0);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM
        | Options::ENABLE_WIKILINKS;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) => words.push_str(&text),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph | TagEnd::Link) => {}
            Event::Start(Tag::Link { dest_url, .. })
                if found < links && dest_url.starts_with("https://") =>
            {
                found += 1;
            }
            other => return Err(format!("{other:?} in {markdown:?}")),
        }
    }
    Ok(words)
}

/// The same, of what is a mention of ours only the name.
fn without_mentions<'a>(card: &Value, markdown: Vec<&'a str>) -> Vec<&'a str> {
    let entities = card["msteams"]["entities"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |text: &'a str| {
        let ours = entities.iter().any(|entity| entity["text"] == *text);
        let name = text.strip_prefix("<at>").and_then(|text| text.strip_suffix("</at>"));
        name.filter(|_| ours).unwrap_or(text)
    };
    markdown.into_iter().map(name).collect()
}

fn stays_the_card_it_is(card: &Value, hostile: &Value, limited: bool) -> Result<(), TestCaseError> {
    prop_assert_eq!(skeleton(hostile), skeleton(card));
    let (markdown, shown) = read(hostile);
    let markdown = without_mentions(hostile, markdown);
    for (text, meant) in markdown.iter().zip(read(card).0) {
        prop_assert!(!text.contains(['<', '>']), "{:?}", text);
        prop_assert!(!text.contains("{{DATE(") && !text.contains("{{TIME("), "{:?}", text);
        if let Err(found) = words(text, meant.matches("](https://").count()) {
            prop_assert!(false, "{}", found);
        }
    }
    for text in markdown
        .iter()
        .map(|text| text.replace("\n\n", ""))
        .chain(shown.iter().map(ToString::to_string))
    {
        prop_assert!(!text.contains(is_invisible), "{:?}", text);
    }
    let size = hostile.to_string().len();
    prop_assert!(!limited || size <= LARGEST, "{} bytes", size);
    Ok(())
}

#[tokio::test]
async fn a_commit_message_of_a_real_card_is_inert() {
    let bot = Bot::start().await;
    ship(&bot, "v1").await;
    bot.hears(ALICE, "/deploy production v2").await;
    let card = bot.chat.newest().to_string();
    assert!(!card.contains("<at>"), "no mention can be forged");
    assert!(card.contains(r"Fix \\[the\\]\\(http://evil.example\\) \\*\\*basket"), "{card}");
}

#[test]
fn hostile_texts_stay_texts_in_every_sample() {
    for (sample, card) in samples::drawn() {
        for (text, instead) in HOSTILE.iter().flat_map(|text| [(text, true), (text, false)]) {
            let mut data = sample.data.clone();
            replace(&mut data, text, instead, true);
            let hostile = RENDERER.draw(&sample.look, &data).unwrap();
            if let Err(error) = stays_the_card_it_is(&card, &hostile, false) {
                panic!("{} with {text:?}: {error}", sample.name);
            }
        }
    }
}

#[test]
fn endless_texts_leave_every_sample_small_enough() {
    let endless = ["x".repeat(100_000), "\"\\<\u{202e}".repeat(25_000), "é\n- *".repeat(20_000)];
    for (sample, card) in samples::drawn() {
        for text in &endless {
            let mut data = sample.data.clone();
            replace(&mut data, text, true, false);
            let hostile = RENDERER.draw(&sample.look, &data).unwrap();
            if let Err(error) = stays_the_card_it_is(&card, &hostile, true) {
                panic!("{} with {:?}…: {error}", sample.name, &text[..9]);
            }
        }
    }
}

/// Pieces of hostile texts, put together anew.
fn any_hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(HOSTILE).prop_map(str::to_owned),
        prop::sample::select(vec![
            "[", "](", ")", "<", ">", "at", "*", "_", "`", "\\", "\"", "{{", "}}", "${", "&",
            "&amp;", "#", "-", "+", "1.", "~", "|", "!", "=", "\n", "\r", "\t", " ", "\u{202e}",
            "\u{a0}", ":", "$", "^", "http://",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z0-9]{1,5}",
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_written_into_a_card_it_stays_the_card_it_is(
        text in any_hostile(), index in any::<prop::sample::Index>(), instead in any::<bool>(),
    ) {
        let (sample, card) = samples::drawn().nth(index.index(samples::all().len())).unwrap();
        let mut data = sample.data.clone();
        replace(&mut data, &text, instead, true);
        stays_the_card_it_is(&card, &RENDERER.draw(&sample.look, &data).unwrap(), false)?;
    }

    #[test]
    fn a_text_is_read_letter_by_letter(text in any_hostile()) {
        let mut data = samples::all().iter().find(|s| s.name == "lock.held").unwrap().data.clone();
        data["status"] = json!(text);
        let drawn = RENDERER.draw("teams/lock", &data).unwrap();
        let shown = drawn["body"][1]["items"][0]["text"].as_str().unwrap();
        let letter = |letter| match letter {
            '<' => '‹',
            '>' => '›',
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            other => other,
        };
        let meant: String = text.chars().map(letter).filter(|c| !is_invisible(*c)).collect();
        prop_assert_eq!(words(shown, 0).map_err(TestCaseError::fail)?, meant.trim());
    }
}
