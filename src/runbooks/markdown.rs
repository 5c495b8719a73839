//! Markdown of a file as blocks a card can show: its formatting is taken over only as far as it is
//! safe. Pure.
//!
//! Whatever the file says is text; what is kept of its formatting is what a block is (a heading, an
//! item of a list, code) and where links to the web lead. Nothing else of Markdown or HTML gets
//! through.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use url::Url;

use super::{language::language, table::Table};
use crate::{
    cards::web_link,
    names::{StepName, is_invisible},
};

/// How much of an address that is no link is shown.
const ADDRESS: usize = 200;

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
        words: Words,
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

/// A paragraph, in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<Span>);

/// Some words, and where they lead. Text from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The words.
    pub text: String,
    /// A page of the web, when they are a link.
    pub url: Option<String>,
}

impl Words {
    /// One plain text.
    pub fn plain(text: &str) -> Self {
        Self(vec![Span { text: text.to_owned(), url: None }])
    }

    /// All of it as one text; an address follows its words.
    pub fn text(&self) -> String {
        let text = |span: &Span| match &span.url {
            Some(url) if *url != span.text => format!("{} ({url})", span.text),
            _ => span.text.clone(),
        };
        self.0.iter().map(text).collect()
    }

    fn push(&mut self, text: &str) {
        let space = |letter| if matches!(letter, '\t' | '\n') { ' ' } else { letter };
        let text = text.chars().map(space).filter(|c| !is_invisible(*c));
        match self.0.last_mut() {
            Some(Span { text: last, url: None }) => last.extend(text),
            _ => self.0.push(Span { text: text.collect(), url: None }),
        }
    }

    /// Without blanks at its ends, and without what says nothing.
    fn trimmed(mut self) -> Self {
        if let Some(first) = self.0.first_mut() {
            first.text = first.text.trim_start().to_owned();
        }
        if let Some(last) = self.0.last_mut() {
            last.text = last.text.trim_end().to_owned();
        }
        self.0.retain(|span| !span.text.is_empty());
        self
    }
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
    /// What was written before each link, and where it leads.
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
            Event::HardBreak | Event::Rule => self.flush(),
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
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
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::CodeBlock => {
                if let Some((info, lines)) = self.code.take() {
                    self.end_code(&info, &lines);
                }
            }
            TagEnd::Heading(level) => {
                let words = std::mem::take(&mut self.words).trimmed();
                if !words.0.is_empty() {
                    self.read.blocks.push(Block::Heading { level: number(level), words });
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
                let cell = std::mem::take(&mut self.words).text();
                self.table.get_or_insert_default().cell(&cell);
            }
            TagEnd::Table => {
                let text = self.table.take().unwrap_or_default().drawn();
                self.read.blocks.push(Block::Code { language: "PlainText", text });
            }
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn text(&mut self, text: &str) {
        self.words.push(text);
    }

    fn end_link(&mut self) {
        let Some((before, address)) = self.links.pop() else { return };
        let inside = std::mem::replace(&mut self.words, before);
        let text: String = inside.0.iter().map(|span| span.text.as_str()).collect();
        let text = if text.trim().is_empty() { "link".to_owned() } else { text };
        // A picture inside a link is one with it.
        match web_link(&address).filter(|_| self.links.is_empty()) {
            Some(url) => {
                let leads = is_disguised(text.trim(), &url);
                self.words.0.push(Span { text, url: Some(url) });
                if let Some(host) = leads {
                    self.text(&format!(" (leads to {host})"));
                }
            }
            None if self.links.is_empty() => {
                let shown: String = address.chars().take(ADDRESS).collect();
                self.text(&format!("{text} ({shown})"));
            }
            None => self.text(&text),
        }
    }

    fn end_code(&mut self, info: &str, lines: &str) {
        let lines = lines.replace('\t', "    ");
        let text: String = lines.chars().filter(|c| *c == '\n' || !is_invisible(*c)).collect();
        let text = text.trim_end().to_owned();
        let mut words = info.split_whitespace();
        let kind = words.next().unwrap_or_default();
        if kind == "run" {
            let named = words.next().unwrap_or_default();
            let named = named.strip_prefix("name=").unwrap_or(named).trim_matches('"');
            if let Ok(name) = named.parse() {
                return self.read.blocks.push(Block::Step { name, text });
            }
            let shown = named.chars().filter(|c| !is_invisible(*c)).take(40);
            self.read.bad_steps.push(shown.collect());
        }
        if !text.is_empty() {
            self.read.blocks.push(Block::Code { language: language(kind), text });
        }
    }

    fn flush(&mut self) {
        if self.table.is_some() || self.code.is_some() || !self.links.is_empty() {
            return;
        }
        let words = std::mem::take(&mut self.words).trimmed();
        if words.0.is_empty() {
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
        let mut all = Words::default();
        all.push(&format!("{quote}{indent}{marker}"));
        all.0.extend(words.0);
        all.0.retain(|span| !span.text.is_empty());
        self.read.blocks.push(Block::Text(all));
    }
}

/// The host that the words lead to, when they are the address of another.
fn is_disguised(words: &str, url: &str) -> Option<String> {
    let address = if words.starts_with("www.") { format!("https://{words}") } else { words.into() };
    let (shown, real) = (Url::parse(&address).ok()?, Url::parse(url).ok()?);
    let other = shown.has_host() && shown.host_str() != real.host_str();
    other.then(|| real.host_str().unwrap_or_default().to_owned())
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
