//! Prints what people would see, so that it can be read like a story.

use std::io::{self, Write};

use super::{
    draw::{WIDEST, draw, signed},
    drawing::Drawing,
    text::{clean, clean_line, wrap},
    tone::Tone,
};

/// Prints for whoever reads along.
pub(super) struct Teller<W> {
    out: W,
    columns: usize,
}

impl<W: Write> Teller<W> {
    /// Prints into `out`, `columns` wide.
    pub(super) fn new(out: W, columns: usize) -> Self {
        Self { out, columns: columns.min(WIDEST) }
    }

    /// A new part of the story.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.lines("━━ ", text)
    }

    /// Somebody says or does something.
    pub(super) fn spoke(&mut self, who: &str, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.lines(&format!("{who} › "), text)
    }

    /// The bot answers in words.
    pub(super) fn answered(&mut self, text: &str) -> io::Result<()> {
        self.lines("  Pilothouse › ", text)
    }

    /// The bot says why it does nothing.
    pub(super) fn refused(&mut self, text: &str) -> io::Result<()> {
        self.lines("  Pilothouse › ✗ ", text)
    }

    /// Something is as the script expects it.
    pub(super) fn met(&mut self, text: &str) -> io::Result<()> {
        self.lines("  ✓ as expected: ", text)
    }

    /// Something is not.
    pub(super) fn mistake(&mut self, text: &str) -> io::Result<()> {
        self.lines("  ✗ not as expected: ", text)
    }

    /// The last words.
    pub(super) fn end(&mut self, mistakes: &[String]) -> io::Result<()> {
        let count = mistakes.len();
        writeln!(self.out)?;
        match count {
            0 => self.lines("", "Everything went as the script says.")?,
            1 => self.lines(
                "",
                "1 thing was refused, failed or missing that the script did not expect:",
            )?,
            _ => self.lines(
                "",
                &format!(
                    "{count} things were refused, failed or missing that the script did not expect:"
                ),
            )?,
        }
        for mistake in mistakes {
            self.lines("  - ", mistake)?;
        }
        self.out.flush()
    }

    /// A card that is new or changed: all of it when there is something to decide or it has come
    /// to an end, one line when it only gets on, nothing when only time has passed.
    pub(super) fn card(
        &mut self,
        number: usize,
        before: Option<&Drawing>,
        now: &Drawing,
    ) -> io::Result<()> {
        match before {
            Some(before) if !is_news(before, now) => {
                if gist(before) == gist(now) {
                    return Ok(());
                }
                let status = now.status().map_or("", |(text, _)| text);
                let text = format!("{status} {}", now.progress().unwrap_or_default());
                self.lines(&format!("  … [{number}] "), text.trim_end())
            }
            _ => {
                for line in draw(now, number, self.columns - 2) {
                    writeln!(self.out, "  {}", line.text().trim_end())?;
                }
                self.out.flush()
            }
        }
    }

    /// A text, its later lines indented as far as the first.
    fn lines(&mut self, before: &str, text: &str) -> io::Result<()> {
        let before = clean_line(before);
        let indent = super::text::width(&before);
        for (index, line) in
            wrap(&clean(text), self.columns.saturating_sub(indent)).iter().enumerate()
        {
            let start = if index == 0 { before.clone() } else { " ".repeat(indent) };
            writeln!(self.out, "{}", format!("{start}{line}").trim_end())?;
        }
        self.out.flush()
    }
}

/// Whether the whole card should be read again.
fn is_news(before: &Drawing, now: &Drawing) -> bool {
    let tone = |drawing: &Drawing| drawing.status().map(|(_, tone)| tone);
    let at_rest = match tone(now) {
        Some(Tone::Accent) => return false,
        Some(Tone::Good | Tone::Attention | Tone::Warning) => true,
        _ => now.buttons.is_empty(),
    };
    let asks_anew = tone(now) == Some(Tone::Warning) && before.facts().ne(now.facts());
    at_rest && (tone(before) != tone(now) || asks_anew)
}

/// What makes a card worth a line: not the time that has passed.
fn gist(drawing: &Drawing) -> (String, String, Vec<u64>) {
    let status = drawing.status().map_or_else(String::new, |(text, tone)| signed(text, tone));
    (timeless(&status), timeless(drawing.progress().unwrap_or_default()), drawing.bars())
}

/// The text without lengths of time: `2 of 5 steps done, 4 s: Build` is the same a second later.
fn timeless(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_unit = |word: Option<&&str>| {
        word.is_some_and(|w| ["s", "min", "h", "d"].contains(&w.trim_end_matches([',', ':', '.'])))
    };
    let is_number = |word: &str| word.parse::<u64>().is_ok();
    let is_length =
        |at: usize| words.get(at).is_some_and(|word| is_number(word)) && is_unit(words.get(at + 1));
    let kept = words
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_length(*at) && !at.checked_sub(1).is_some_and(is_length));
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}
