//! Markdown of a file as blocks a card can show: its formatting is taken over only as far as it is
//! safe. Pure.
//!
//! Whatever the file says is inert text; what stands around it (emphasis, links to the web) is
//! written anew here. Nothing else of Markdown or HTML gets through.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{
    link::{self, LONGEST},
    table::Table,
};
use crate::{
    cards::inert,
    names::{StepName, is_invisible},
};

/// How deep lists are indented; deeper ones are as deep as that.
const DEEPEST: usize = 6;

/// One piece of a runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading {
        /// 1 for the largest.
        level: u8,
        /// Its words.
        text: Words,
    },
    /// A paragraph, or an item of a list.
    Text(Words),
    /// Lines to be read as they are.
    Code {
        /// Its language, as Adaptive Cards call it.
        language: &'static str,
        /// The lines.
        text: String,
    },
    /// A step that can be run.
    Step {
        /// What the configuration calls it.
        name: StepName,
        /// What the file says about it.
        text: String,
    },
}

/// Words with their formatting, and without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Markdown that is safe in a card.
    pub rich: String,
    /// The same as plain text.
    pub plain: String,
}

/// What a file's Markdown holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its pieces, in order.
    pub blocks: Vec<Block>,
    /// Steps that are not named as steps are.
    pub bad_steps: Vec<String>,
}

/// Reads Markdown.
pub(super) fn read(markdown: &str) -> Read {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer::default();
    for event in Parser::new_ext(markdown, options) {
        writer.take(event);
    }
    writer.flush();
    writer.read
}

#[derive(Default)]
struct Writer {
    read: Read,
    words: Words,
    /// For each list around: the number of its next item, when it counts.
    lists: Vec<Option<u64>>,
    /// What stands before the next paragraph of an item: its bullet, once.
    marker: Option<String>,
    quotes: usize,
    /// Where links began, and where they lead.
    links: Vec<(Words, String)>,
    code: Option<(String, String)>,
    table: Option<Table>,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, lines)) => lines.push_str(&text),
                None => self.text(&text),
            },
            Event::Code(text) => self.text(&format!("`{text}`")),
            Event::Html(html) if !html.starts_with("<!--") => {
                self.text(html.trim_end());
                self.text(" ");
            }
            Event::InlineHtml(html) if !html.starts_with("<!--") => self.text(&html),
            Event::Html(_) | Event::InlineHtml(_) => {}
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => {
                self.words.rich.push_str("\n\n");
                self.words.plain.push('\n');
            }
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text)
            }
            Event::Rule => self.flush(),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.words.rich.push('*'),
            Tag::Strong => self.words.rich.push_str("**"),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let before = std::mem::take(&mut self.words);
                self.links.push((before, dest_url.into_string()));
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((info, String::new()));
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        // The dot is escaped, or Teams would count anew from each one on.
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                self.marker = Some(marker);
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.get_or_insert_default().begin_row();
            }
            Tag::TableCell => self.words = Words::default(),
            Tag::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.words.rich.push('*'),
            TagEnd::Strong => self.words.rich.push_str("**"),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::CodeBlock => {
                if let Some((info, lines)) = self.code.take() {
                    self.end_code(&info, &lines);
                }
            }
            TagEnd::Heading(level) => {
                let text = self.words();
                if !text.plain.is_empty() {
                    self.read.blocks.push(Block::Heading { level: number(level), text });
                }
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Item => {
                self.flush();
                self.marker = None;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words).plain;
                self.table.get_or_insert_default().cell(&cell);
            }
            TagEnd::Table => {
                let text = self.table.take().unwrap_or_default().drawn();
                self.read.blocks.push(Block::Code { language: "PlainText", text });
            }
            TagEnd::TableHead | TagEnd::TableRow | TagEnd::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn text(&mut self, text: &str) {
        self.words.rich.push_str(&inert(text));
        self.words.plain.extend(text.chars().filter(|c| !is_invisible(*c)));
    }

    fn end_link(&mut self) {
        let Some((before, address)) = self.links.pop() else { return };
        let inside = std::mem::replace(&mut self.words, before);
        let plain = if inside.plain.trim().is_empty() { "link" } else { inside.plain.trim() };
        let rich = if inside.plain.trim().is_empty() { "link" } else { inside.rich.trim() };
        match link::safe(&address) {
            // A link inside a link is none.
            Some(url) if self.links.is_empty() && !rich.contains("](") => {
                self.words.rich.push_str(&format!("[{rich}]({})", link::escaped(&url)));
                self.words.plain.push_str(&format!("{plain} ({url})"));
                if link::is_disguised(plain, &url) {
                    let host = url.host_str().unwrap_or_default().to_owned();
                    self.words.rich.push_str(&inert(&format!(" (leads to {host})")));
                }
            }
            _ => {
                self.words.rich.push_str(rich);
                self.words.plain.push_str(plain);
                self.text(&format!(" ({})", address.chars().take(LONGEST).collect::<String>()));
            }
        }
    }

    fn end_code(&mut self, info: &str, lines: &str) {
        let text: String = lines.chars().filter(|c| *c == '\n' || !is_invisible(*c)).collect();
        let text = text.trim_end().to_owned();
        let mut words = info.split_whitespace();
        let kind = words.next().unwrap_or_default();
        if kind == "run" {
            let named = words.next().unwrap_or_default();
            let named = named.strip_prefix("name=").unwrap_or(named).trim_matches('"');
            match named.parse() {
                Ok(name) => return self.read.blocks.push(Block::Step { name, text }),
                Err(_) => {
                    let shown = named.chars().filter(|c| !is_invisible(*c)).take(40);
                    self.read.bad_steps.push(shown.collect());
                }
            }
        }
        if !text.is_empty() {
            self.read.blocks.push(Block::Code { language: language(kind), text });
        }
    }

    /// What was written since the last block.
    fn words(&mut self) -> Words {
        let Words { rich, plain } = std::mem::take(&mut self.words);
        Words { rich: rich.trim().to_owned(), plain: plain.trim().to_owned() }
    }

    fn flush(&mut self) {
        if self.table.is_some() || self.code.is_some() || !self.links.is_empty() {
            return;
        }
        let Words { rich, plain } = self.words();
        if plain.is_empty() {
            return;
        }
        // Spaces at the beginning of a line would vanish.
        let indent = "\u{a0}\u{a0}\u{a0}".repeat(self.lists.len().saturating_sub(1).min(DEEPEST));
        let quote = "▏ ".repeat(self.quotes.min(DEEPEST));
        let marker = match (self.marker.take(), self.lists.is_empty()) {
            (Some(marker), _) => marker,
            (None, true) => String::new(),
            // Another paragraph of the same item.
            (None, false) => "\u{a0}\u{a0}\u{a0}".to_owned(),
        };
        let before = format!("{indent}{quote}{marker}");
        let words = Words {
            rich: format!("{}{rich}", before.replace(". ", "\\. ")),
            plain: format!("{before}{plain}"),
        };
        self.read.blocks.push(Block::Text(words));
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// A language as a card's `CodeBlock` calls it; it knows no others.
fn language(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "bash" | "sh" | "shell" | "console" | "zsh" => "Bash",
        "powershell" | "ps1" => "PowerShell",
        "json" => "Json",
        "sql" => "Sql",
        "python" | "py" => "Python",
        "go" => "Go",
        "java" => "Java",
        "javascript" | "js" => "JavaScript",
        "typescript" | "ts" => "TypeScript",
        "html" => "Html",
        "xml" => "Xml",
        "css" => "Css",
        "c" => "C",
        "cpp" | "c++" => "Cpp",
        "csharp" | "cs" => "CSharp",
        "php" => "Php",
        "perl" => "Perl",
        "graphql" => "Graphql",
        _ => "PlainText",
    }
}
