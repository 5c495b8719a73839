//! Draws a card as a box of letters.

use super::{
    drawing::{Block, Drawing, Input},
    text::{clean_line, cut, width, wrap},
    tone::Tone,
};

/// The widest a box gets: longer lines are tiring to read.
pub const WIDEST: usize = 100;

/// The narrowest a box gets, however narrow the terminal.
pub const NARROWEST: usize = 24;

/// How many columns a progress bar takes.
const CELLS: usize = 20;

/// One line of a box: pieces of text, each with its look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<(String, Tone)>);

impl Line {
    fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self(vec![(text.into(), tone)])
    }

    /// Its letters.
    pub fn text(&self) -> String {
        self.0.iter().map(|(text, _)| text.as_str()).collect()
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| width(text)).sum()
    }
}

/// The card as a box that fits into `columns` columns, with its number on the border.
pub fn draw(drawing: &Drawing, number: usize, columns: usize) -> Vec<Line> {
    let outer = columns.clamp(NARROWEST, WIDEST);
    let inner = outer - 4;
    let mut body = vec![];
    for block in &drawing.blocks {
        draw_block(block, drawing, inner, &mut body);
    }
    if !drawing.buttons.is_empty() {
        body.push(Line::default());
        body.extend(draw_buttons(drawing, inner));
    }
    let label = format!("╭─ {number} ");
    let top = format!("{label}{}╮", "─".repeat(outer.saturating_sub(width(&label) + 1)));
    let mut lines = vec![Line::new(top, Tone::Faint)];
    lines.extend(body.into_iter().map(|line| framed(line, inner)));
    lines.push(Line::new(format!("╰{}╯", "─".repeat(outer - 2)), Tone::Faint));
    lines
}

fn framed(line: Line, inner: usize) -> Line {
    let space = inner.saturating_sub(line.width());
    let mut pieces = vec![("│ ".to_owned(), Tone::Faint)];
    pieces.extend(line.0);
    pieces.push((format!("{} │", " ".repeat(space)), Tone::Faint));
    Line(pieces)
}

fn draw_block(block: &Block, drawing: &Drawing, inner: usize, lines: &mut Vec<Line>) {
    match block {
        Block::Text { text, tone } => lines.extend(paragraph(text, *tone, inner)),
        Block::Facts(facts) => draw_facts(facts, inner, lines),
        Block::Group(blocks) => {
            lines.extend(within(blocks, drawing, inner).into_iter().map(|l| after("▏ ", l)));
        }
        Block::Under(blocks) => {
            lines.extend(within(blocks, drawing, inner).into_iter().map(|l| after("  ", l)));
        }
        Block::Gap => lines.push(Line::default()),
        Block::Table(rows) => draw_table(rows, inner, lines),
        Block::Bar { done, total } => lines.push(Line::new(bar(*done, *total), Tone::Accent)),
        Block::Code(code) => {
            for line in code.lines() {
                let line = Line::new(cut(line, inner.saturating_sub(2)), Tone::Faint);
                lines.push(after("┆ ", line));
            }
        }
        Block::Input(number) => {
            if let Some(input) = drawing.inputs.get(*number) {
                lines.extend(paragraph(&describe(input), Tone::Plain, inner));
            }
        }
        Block::Link { title, url } => {
            lines.extend(paragraph(&format!("{title}: {url}"), Tone::Accent, inner));
        }
    }
}

/// The lines of blocks that are drawn after a mark.
fn within(blocks: &[Block], drawing: &Drawing, inner: usize) -> Vec<Line> {
    let mut lines = vec![];
    for block in blocks {
        draw_block(block, drawing, inner.saturating_sub(2).max(4), &mut lines);
    }
    lines
}

fn after(mark: &str, mut line: Line) -> Line {
    line.0.insert(0, (mark.to_owned(), Tone::Faint));
    line
}

/// The text with its sign.
pub fn signed(text: &str, tone: Tone) -> String {
    format!("{}{text}", tone.sign())
}

/// The text in lines; the later ones stand under the first, not under its sign.
fn paragraph(text: &str, tone: Tone, inner: usize) -> Vec<Line> {
    let sign = tone.sign();
    let lines = wrap(text, inner.saturating_sub(width(sign))).into_iter().enumerate();
    let signed = |(index, line)| match index {
        0 => format!("{sign}{line}"),
        _ => format!("{}{line}", " ".repeat(width(sign))),
    };
    lines.map(|line| Line::new(signed(line), tone)).collect()
}

/// Names in one column, values in the next; below each other where that leaves no room.
fn draw_facts(facts: &[(String, String)], inner: usize, lines: &mut Vec<Line>) {
    let names = facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(inner / 3);
    for (name, value) in facts {
        let mut name = cut(&clean_line(name), names);
        for line in wrap(value, inner.saturating_sub(names + 2)) {
            let space = " ".repeat(names + 2 - width(&name));
            let name = format!("{}{space}", std::mem::take(&mut name));
            lines.push(Line(vec![(name, Tone::Faint), (line, Tone::Plain)]));
        }
    }
}

/// Columns as wide as their widest cell, as far as each one's share of the room allows.
fn draw_table(rows: &[Vec<String>], inner: usize, lines: &mut Vec<Line>) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let share = (inner / count).saturating_sub(2).max(1);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widest = |column| cells(column).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..count).map(|c| widest(c).unwrap_or(0).min(share)).collect();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, columns) in row.iter().zip(&widths) {
            let cell = cut(cell, *columns);
            let space = columns.saturating_sub(width(&cell)) + 2;
            line = format!("{line}{cell}{}", " ".repeat(space));
        }
        let tone = if index == 0 { Tone::Strong } else { Tone::Plain };
        lines.push(Line::new(cut(line.trim_end(), inner), tone));
    }
}

/// `▓▓▓▓░░░░`
fn bar(done: u64, total: u64) -> String {
    let filled = usize::try_from(done.saturating_mul(CELLS as u64) / total.max(1))
        .unwrap_or(CELLS)
        .min(CELLS);
    format!("{}{}", "▓".repeat(filled), "░".repeat(CELLS - filled))
}

/// `environment: staging | production (now staging)`
pub fn describe(input: &Input) -> String {
    let choices: Vec<&str> = input.choices.iter().map(|(title, _)| title.as_str()).collect();
    let choices = if choices.is_empty() { "…".to_owned() } else { choices.join(" | ") };
    match input.value.as_str() {
        "" if input.required => format!("{}: {choices}", input.label),
        "" => format!("{}: {choices} (may stay empty)", input.label),
        value => format!("{}: {choices} (now {value})", input.label),
    }
}

fn draw_buttons(drawing: &Drawing, inner: usize) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    for (index, button) in drawing.buttons.iter().enumerate() {
        let label = cut(&format!("[{}] {}", index + 1, button.title), inner);
        let used = lines.last().map_or(0, Line::width);
        if used > 0 && used + 2 + width(&label) > inner {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            if !line.0.is_empty() {
                line.0.push(("  ".to_owned(), Tone::Plain));
            }
            line.0.push((label, Tone::Button));
        }
    }
    lines
}
