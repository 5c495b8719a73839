//! One file, read: what its head says, and what stands below. Pure.

use serde::Deserialize;

use super::{
    markdown::{self, Block, Span, Words},
    settings::Settings,
};
use crate::names::{RunbookName, Service, StepName, is_invisible};

/// Longest title that is kept.
const TITLE: usize = 120;

/// How much of one paragraph is kept together: a longer one is cut into several.
const PARAGRAPH: usize = 2000;

/// How many lines of code are kept together.
const LINES: usize = 40;

/// How many services, alerts and tags one file may have, each.
const MOST: usize = 100;

/// Names that are words of the command itself: `/runbook run …`.
const TAKEN: [&str; 2] = ["run", "stop"];

/// A runbook.
#[derive(Clone, Debug)]
pub struct Runbook {
    /// What its file is called.
    pub name: RunbookName,
    /// What people call it. Text from outside.
    pub title: String,
    /// The services it is for.
    pub services: Vec<Service>,
    /// The alerts it is for, by name. Text from outside.
    pub alerts: Vec<String>,
    /// More words it can be found by. Text from outside.
    pub tags: Vec<String>,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// What the head of a file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Head {
    title: Option<String>,
    services: Vec<Service>,
    alerts: Vec<String>,
    tags: Vec<String>,
}

/// Reads a file; what is odd about it but does not spoil it is added to `odd`.
///
/// # Errors
/// A sentence that says why it cannot be used.
pub fn read(
    name: &RunbookName,
    text: &str,
    settings: &Settings,
    odd: &mut Vec<String>,
) -> Result<Runbook, String> {
    if TAKEN.contains(&name.as_str()) {
        return Err(format!("a runbook cannot be called `{name}`: `/runbook {name}` means more"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (head, body) = split(text)?;
    let Head { title, services, alerts, tags } = head.map_or(Ok(Head::default()), parse)?;
    if services.len() > MOST || alerts.len() > MOST || tags.len() > MOST {
        return Err(format!("more than {MOST} services, alerts or tags stand in its head"));
    }
    let markdown::Read { blocks, bad_steps } = markdown::read(body);
    for name in bad_steps {
        odd.push(format!("`{name}` is no name of a step: write ```` ```run name=restart ````"));
    }
    for block in &blocks {
        if let Block::Step { name, .. } = block
            && !settings.steps.contains_key(name)
        {
            let known = settings.steps.keys().map(StepName::as_str);
            let hint = crate::names::nearest(name.as_str(), known);
            let hint = hint.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            odd.push(format!("the configuration has no step `{name}`{hint}: it cannot be run"));
        }
    }
    let first = blocks.iter().find_map(|block| match block {
        Block::Heading { words, .. } => Some(words.text()),
        _ => None,
    });
    let title = title.or_else(|| first.clone()).unwrap_or_else(|| name.to_string());
    let title = clean(&title).chars().take(TITLE).collect::<String>();
    let title = if title.is_empty() { name.to_string() } else { title };
    let mut blocks = cut(blocks);
    // The title is on the card already.
    if matches!(blocks.first(), Some(Block::Heading { words, .. }) if words.text() == title) {
        blocks.remove(0);
    }
    Ok(Runbook {
        name: name.clone(),
        title,
        services,
        alerts: alerts.iter().map(|alert| clean(alert)).filter(|a| !a.is_empty()).collect(),
        tags: tags.iter().map(|tag| clean(tag)).filter(|tag| !tag.is_empty()).collect(),
        blocks,
    })
}

impl Runbook {
    /// Whether it is for that alert.
    pub fn is_for_alert(&self, alert: &str) -> bool {
        self.alerts.iter().any(|known| known.eq_ignore_ascii_case(alert.trim()))
    }

    /// Whether it has that step.
    pub fn has_step(&self, step: &StepName) -> bool {
        self.steps().any(|name| name == step)
    }

    /// Its steps that can be run, in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepName> + Clone {
        self.blocks.iter().filter_map(|block| match block {
            Block::Step { name, .. } => Some(name),
            _ => None,
        })
    }
}

/// The head between two lines `---`, and the rest.
fn split(text: &str) -> Result<(Option<&str>, &str), String> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Ok((None, text));
    }
    let mut at = first.len();
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return Ok((Some(&text[first.len()..at]), &text[at + line.len()..]));
        }
        at += line.len();
    }
    Err("its head begins with `---` and never ends: write a second line `---` below it".to_owned())
}

fn parse(head: &str) -> Result<Head, String> {
    if head.trim().is_empty() {
        return Ok(Head::default());
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: 8, flow_nesting_limit: 8 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 1000 },
    };
    serde_saphyr::from_str_with_options::<Head>(head, options).map_err(|error| {
        let said = clean(error.to_string().split(" at line ").next().unwrap_or_default());
        let said: String = said.chars().take(160).collect();
        // Counted from the line `---` on.
        match error.location() {
            Some(location) => format!("its head, line {}: {said}", location.line() + 1),
            None => format!("its head: {said}"),
        }
    })
}

fn clean(text: &str) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    line.chars().filter(|c| !is_invisible(*c)).collect::<String>().trim().to_owned()
}

/// The same blocks, none of them longer than a card can show at once.
fn cut(blocks: Vec<Block>) -> Vec<Block> {
    blocks.into_iter().flat_map(pieces).collect()
}

fn pieces(block: Block) -> Vec<Block> {
    match block {
        Block::Text(words) if letters(&words) > PARAGRAPH => {
            // Links in something so long are given up.
            let letters: Vec<char> = words.text().chars().collect();
            let text =
                |piece: &[char]| Block::Text(Words::plain(&piece.iter().collect::<String>()));
            letters.chunks(PARAGRAPH).map(text).collect()
        }
        Block::Heading { level, words } if letters(&words) > 2 * TITLE => {
            let short: String = words.text().chars().take(2 * TITLE).collect();
            vec![Block::Heading { level, words: Words::plain(&short) }]
        }
        Block::Code { language, text } => {
            let lines = text.lines().flat_map(|line| {
                let letters: Vec<char> = line.chars().collect();
                let short: Vec<String> =
                    letters.chunks(PARAGRAPH).map(|piece| piece.iter().collect()).collect();
                if short.is_empty() { vec![String::new()] } else { short }
            });
            let (mut pieces, mut now) = (vec![], vec![]);
            for line in lines {
                let size: usize = now.iter().map(String::len).sum();
                if now.len() >= LINES || (!now.is_empty() && size + line.len() > PARAGRAPH) {
                    let text = std::mem::take(&mut now).join("\n");
                    pieces.push(Block::Code { language, text });
                }
                now.push(line);
            }
            pieces.push(Block::Code { language, text: now.join("\n") });
            pieces
        }
        Block::Step { name, text } => {
            let text = text.chars().take(PARAGRAPH).collect();
            vec![Block::Step { name, text }]
        }
        short => vec![short],
    }
}

/// How long a paragraph is, addresses included.
fn letters(words: &Words) -> usize {
    let span = |span: &Span| {
        span.text.chars().count() + span.url.as_ref().map_or(0, |url| url.chars().count())
    };
    words.0.iter().map(span).sum()
}
