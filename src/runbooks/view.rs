//! A runbook as people see it, part by part; and several to choose from. Pure.

use serde::Serialize;

use super::{book::Runbook, library::Books, markdown::Block};
use crate::{
    cards::{Button, View},
    names::{RunbookName, Service, StepName},
};

/// How much one part shows, in characters; its card stays far below what Teams takes.
const PART: usize = 5000;

/// How many blocks one part shows: more is not read in a chat.
const BLOCKS: usize = 40;

/// A runbook's card.
#[derive(Debug, Serialize)]
pub struct RunbookView {
    title: String,
    /// What it is for, and which part of it this is.
    about: String,
    blocks: Vec<Piece>,
    buttons: Vec<Button>,
}

/// One block; which one it is says which of its texts there is.
#[derive(Debug, Default, Serialize)]
struct Piece {
    heading: Option<String>,
    size: &'static str,
    /// Markdown, already safe.
    text: Option<String>,
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
            Block::Heading { level, text } => Self {
                heading: Some(text.rich.clone()),
                size: if *level <= 2 { "Medium" } else { "Default" },
                plain: text.plain.clone(),
                ..Self::default()
            },
            Block::Text(text) => {
                Self { text: Some(text.rich.clone()), plain: text.plain.clone(), ..Self::default() }
            }
            Block::Code { language, text } => Self {
                code: Some(text.clone()),
                language,
                plain: text.lines().map(|line| format!("    {line}\n")).collect(),
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
    let size = |block: &Block| match block {
        Block::Heading { text, .. } | Block::Text(text) => text.rich.chars().count(),
        Block::Code { text, .. } | Block::Step { text, .. } => text.chars().count() + 100,
    };
    let (mut parts, mut begin, mut so_far) = (vec![], 0, 0);
    for (index, block) in blocks.iter().enumerate() {
        let heading = matches!(block, Block::Heading { .. });
        let full = so_far + size(block) > PART || index - begin >= BLOCKS;
        if index > begin && (full || (heading && so_far > PART * 2 / 3)) {
            parts.push(&blocks[begin..index]);
            (begin, so_far) = (index, 0);
        }
        so_far += size(block);
    }
    if begin < blocks.len() || parts.is_empty() {
        parts.push(&blocks[begin..]);
    }
    parts
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
            Block::Text(words) => Some(words.plain.chars().take(120).collect::<String>()),
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
