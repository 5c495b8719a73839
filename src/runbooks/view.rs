//! A runbook as people see it, part by part; and several to choose from. Pure.

use serde::Serialize;

use super::{
    book::Runbook,
    library::Books,
    markdown::{Block, Span},
};
use crate::{
    cards::{Button, View, inert},
    names::{RunbookName, Service, StepName},
};

/// How large one part's card may get, in bytes: a card that is larger would be shortened.
const PART: usize = 18 * 1024;

/// How many blocks one part shows: more is not read in a chat.
const BLOCKS: usize = 40;

/// What one block takes besides its texts, in bytes; of a step, its button twice over.
const FRAME: usize = 150;

/// A runbook's card.
#[derive(Debug, Serialize)]
pub struct RunbookView {
    title: String,
    /// What it is for, and which part of it this is.
    about: String,
    blocks: Vec<Piece>,
    buttons: Vec<Button>,
}

/// One block; what it is says which of these there is.
#[derive(Debug, Default, Serialize)]
struct Piece {
    heading: Option<Vec<Span>>,
    size: &'static str,
    text: Option<Vec<Span>>,
    code: Option<String>,
    language: &'static str,
    step: Option<Step>,
    #[serde(skip)]
    plain: String,
}

#[derive(Debug, Serialize)]
struct Step {
    name: String,
    text: Option<String>,
    /// Why it cannot be run here, when it cannot.
    note: Option<String>,
    button: Option<Button>,
}

/// What whoever reads a runbook may do with one of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Run it.
    Run,
    /// Only read it.
    Read,
    /// Nobody can run it: the configuration does not have it.
    Nobody,
}

impl RunbookView {
    /// One part of a runbook, counted from 1; one that is not there is the first or the last.
    pub fn of(book: &Runbook, part: usize, may: impl Fn(&StepName) -> May) -> Self {
        let parts = parts(&book.blocks);
        let number = part.clamp(1, parts.len().max(1));
        let blocks = parts.get(number - 1).copied().unwrap_or(&[]);
        let mut about = vec![];
        if !book.services.is_empty() {
            let names: Vec<&str> = book.services.iter().map(Service::as_str).collect();
            about.push(format!("For {}", names.join(", ")));
        }
        if !book.alerts.is_empty() {
            let few: Vec<&str> = book.alerts.iter().map(String::as_str).take(10).collect();
            about.push(format!("Alerts: {}", few.join(", ")));
        }
        if parts.len() > 1 {
            about.push(format!("Part {number} of {}", parts.len()));
        }
        if about.is_empty() {
            about.push(format!("Runbook {}", book.name));
        }
        let turn = |title: &str, to: usize| Button {
            title: title.to_owned(),
            say: format!("/runbook {} --part {to}", book.name),
            style: "default",
            secondary: false,
        };
        let mut buttons = vec![];
        if number > 1 {
            buttons.push(turn("Previous", number - 1));
        }
        if number < parts.len() {
            buttons.push(turn("Next", number + 1));
        }
        let pieces = blocks.iter().map(|block| Piece::of(block, &book.name, &may)).collect();
        Self { title: book.title.clone(), about: about.join(" · "), blocks: pieces, buttons }
    }
}

impl Piece {
    fn of(block: &Block, book: &RunbookName, may: impl Fn(&StepName) -> May) -> Self {
        match block {
            Block::Heading { level, words } => Self {
                heading: Some(words.0.clone()),
                size: if *level <= 2 { "Medium" } else { "Default" },
                plain: words.text(),
                ..Self::default()
            },
            Block::Text(words) => {
                Self { text: Some(words.0.clone()), plain: words.text(), ..Self::default() }
            }
            Block::Code { language, text } => Self {
                code: Some(text.clone()),
                language,
                plain: format!("    {}", text.replace('\n', "\n    ")),
                ..Self::default()
            },
            Block::Step { name, text } => {
                let note = match may(name) {
                    May::Run => None,
                    May::Read => Some("You may not run it."),
                    May::Nobody => {
                        Some("It cannot be run here: the configuration does not have it.")
                    }
                };
                let say = format!("/runbook run {book} {name}");
                let plain = format!("Step {name}: {text}\n(say `{say}` to run it)");
                let button = note.is_none().then(|| Button {
                    title: format!("Run {name}"),
                    say,
                    style: "default",
                    secondary: false,
                });
                let text = Some(text.clone()).filter(|text| !text.trim().is_empty());
                let note = note.map(str::to_owned);
                let step = Some(Step { name: name.to_string(), text, note, button });
                Self { step, plain, ..Self::default() }
            }
        }
    }
}

/// The blocks in parts, each of which one card shows. A new part rather begins with a heading.
fn parts(blocks: &[Block]) -> Vec<&[Block]> {
    let (mut parts, mut begin, mut so_far) = (vec![], 0, 0);
    for (index, block) in blocks.iter().enumerate() {
        let heading = matches!(block, Block::Heading { .. });
        let full = so_far + bytes(block) > PART || index - begin >= BLOCKS;
        if index > begin && (full || (heading && so_far > PART * 2 / 3)) {
            parts.push(&blocks[begin..index]);
            (begin, so_far) = (index, 0);
        }
        so_far += bytes(block);
    }
    if begin < blocks.len() || parts.is_empty() {
        parts.push(&blocks[begin..]);
    }
    parts
}

/// How many bytes a block's card has, about.
fn bytes(block: &Block) -> usize {
    let json = |text: &str| serde_json::Value::from(text).to_string().len();
    match block {
        Block::Heading { words, .. } | Block::Text(words) => {
            let span = |span: &Span| {
                json(&inert(&span.text)) + span.url.as_ref().map_or(0, |url| url.len() + 4)
            };
            FRAME + words.0.iter().map(span).sum::<usize>()
        }
        // It is there twice: once as text for telephones, where an empty line parts two lines.
        Block::Code { text, .. } => {
            3 * FRAME + json(text) + json(&inert(text)) + 4 * text.lines().count()
        }
        Block::Step { text, .. } => 6 * FRAME + json(&inert(text)),
    }
}

impl View for RunbookView {
    const NAME: &'static str = "runbook";

    fn text(&self) -> String {
        let mut lines = vec![self.title.clone(), self.about.clone()];
        lines.extend(self.blocks.iter().map(|piece| piece.plain.clone()));
        lines.extend(self.buttons.iter().map(|b| format!("{}: say `{}`", b.title, b.say)));
        lines.join("\n")
    }
}

/// Runbooks to choose from.
#[derive(Debug, Serialize)]
pub struct ChoiceView {
    title: String,
    note: Option<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    title: String,
    status: String,
    details: String,
    button: Button,
}

impl ChoiceView {
    /// These runbooks, in this order.
    pub fn of(title: &str, books: &[&Runbook], note: Option<String>) -> Self {
        let rows = books.iter().map(|book| Row::of(book)).collect();
        Self { title: title.to_owned(), note, rows }
    }
}

impl Row {
    fn of(book: &Runbook) -> Self {
        let first = book.blocks.iter().find_map(|block| match block {
            Block::Text(words) => Some(words.text().chars().take(120).collect::<String>()),
            _ => None,
        });
        let services: Vec<&str> = book.services.iter().map(Service::as_str).collect();
        let services = match services.as_slice() {
            [] => String::new(),
            services => format!(", for {}", services.join(", ")),
        };
        let steps = match book.steps().count() {
            0 => String::new(),
            1 => ", 1 step that can be run".to_owned(),
            count => format!(", {count} steps that can be run"),
        };
        Self {
            title: book.title.clone(),
            status: first.unwrap_or_else(|| "No text".to_owned()),
            details: format!("{}{services}{steps}", book.name),
            button: Button {
                title: format!("Open {}", book.name),
                say: format!("/runbook {}", book.name),
                style: "default",
                secondary: false,
            },
        }
    }
}

/// What is wrong with files, for whoever looks at the list of them.
pub fn troubles(books: &Books) -> Option<String> {
    let few: Vec<String> = books.troubles.iter().take(3).map(ToString::to_string).collect();
    let more = books.troubles.len().saturating_sub(few.len());
    let more = if more > 0 { format!(" And {more} more.") } else { String::new() };
    (!few.is_empty()).then(|| format!("Something is wrong: {}.{more}", few.join("; ")))
}

impl View for ChoiceView {
    const NAME: &'static str = "list";

    fn text(&self) -> String {
        let head = [self.title.clone()].into_iter().chain(self.note.clone());
        let rows = self
            .rows
            .iter()
            .map(|row| format!("{} ({}). Say `{}`.", row.title, row.details, row.button.say));
        head.chain(rows).collect::<Vec<_>>().join("\n")
    }
}
