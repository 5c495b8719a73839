//! A long text in a chat: one part after the other. Pure.

use serde::Serialize;

use super::number::Number;
use crate::cards::{Button, View};

/// The longest part, in bytes: a card holds it twice, and escaped it is up to four times as long;
/// a longer one would be cut to make the card small enough.
const PART: usize = 3500;

/// One part of a text.
#[derive(Debug, Serialize)]
pub struct DocumentView {
    title: String,
    note: String,
    code: String,
    buttons: Vec<Button>,
}

impl DocumentView {
    /// That part of an incident's post-mortem, counted from 1; the last when there are not so many.
    pub fn of(number: Number, text: &str, part: usize) -> Self {
        let parts = parts(text);
        let part = part.clamp(1, parts.len());
        let note = match parts.len() {
            1 => "Markdown, to be copied to where you keep such things.".to_owned(),
            all => format!(
                "Part {part} of {all}. Markdown, to be copied to where you keep such things."
            ),
        };
        let next = (part < parts.len()).then(|| Button {
            title: "Next part".to_owned(),
            say: format!("/incident export {number} --part {}", part + 1),
            style: "default",
            secondary: false,
        });
        Self {
            title: format!("{number} · Post-mortem"),
            note,
            code: parts[part - 1].clone(),
            buttons: next.into_iter().collect(),
        }
    }
}

/// The text cut between lines; a line that is longer than a part is cut where it must be.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut now) = (vec![], String::new());
    for mut line in text.split_inclusive('\n') {
        while !line.is_empty() {
            let (piece, rest) = line.split_at(line.floor_char_boundary(PART));
            if now.len() + piece.len() > PART {
                parts.push(std::mem::take(&mut now));
            }
            now.push_str(piece);
            line = rest;
        }
    }
    if !now.is_empty() || parts.is_empty() {
        parts.push(now);
    }
    parts
}

impl View for DocumentView {
    const NAME: &'static str = "document";

    fn text(&self) -> String {
        format!("{}\n{}\n\n{}", self.title, self.note, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::{PART, parts};

    #[test]
    fn no_letter_is_lost_between_parts() {
        for text in ["", "one line", &"a line\n".repeat(3000), &"ü".repeat(20_000)] {
            let parts = parts(text);
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| part.len() <= PART));
        }
    }
}
