//! Text that is safe and fitting for a terminal: nothing invisible, so many columns wide.

use unicode_width::UnicodeWidthStr as _;

use crate::names::is_invisible;

/// How many marks without a width of their own may sit on one letter. More would let a text grow
/// out of its line; no written language needs as many.
const MARKS: usize = 6;

/// `text` without anything that could act on a terminal: no control characters, nothing that
/// changes direction, nothing invisible. Line breaks stay, tabs become spaces.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.chars() {
        match letter {
            '\n' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\t' | '\u{a0}' => clean.push(' '),
            hidden if is_invisible(hidden) => {}
            mark if width(mark.encode_utf8(&mut [0; 4])) == 0 => {
                marks += 1;
                if marks <= MARKS && !clean.is_empty() {
                    clean.push(mark);
                }
                continue;
            }
            plain => clean.push(plain),
        }
        marks = 0;
    }
    clean
}

/// The cleaned text on one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// A card's Markdown as it is meant to be read: `\*` is `*`, and a link's address follows its words.
pub(super) fn unescape(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut rest = markdown.chars();
    while let Some(letter) = rest.next() {
        let ahead = rest.as_str();
        match letter {
            '\\' if ahead.starts_with(|next: char| next.is_ascii_punctuation()) => {
                plain.extend(rest.next());
            }
            '[' if ahead.contains("](") => {}
            ']' if ahead.starts_with('(') => {
                rest.next();
                plain.push_str(" (");
            }
            other => plain.push(other),
        }
    }
    plain
}

/// How many columns `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in lines of at most `columns` columns, broken between words where that is possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    // A wide letter takes two columns and cannot be broken.
    let columns = columns.max(2);
    text.split('\n').flat_map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut now = String::new();
    for word in line.split_inclusive(' ') {
        if width(&now) + width(word.trim_end()) > columns && !now.is_empty() {
            lines.push(std::mem::take(&mut now).trim_end().to_owned());
        }
        if width(word.trim_end()) <= columns {
            now.push_str(word);
            continue;
        }
        for letter in letters(word) {
            if width(&now) + width(letter) > columns {
                lines.push(std::mem::take(&mut now).trim_end().to_owned());
            }
            now.push_str(letter);
        }
    }
    lines.push(now.trim_end().to_owned());
    lines
}

/// `text` in pieces that must stay together: a letter, and the marks on it.
fn letters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let begins = |(at, letter): (usize, char)| {
            (at > 0 && width(letter.encode_utf8(&mut [0; 4])) > 0).then_some(at)
        };
        let end = rest.char_indices().find_map(begins).unwrap_or(rest.len());
        let (letter, after) = rest.split_at(end);
        rest = after;
        (!letter.is_empty()).then_some(letter)
    })
}

/// `text` cut to at most `columns` columns, with `…` where something is missing.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in letters(text) {
        if width(&kept) + width(letter) + 1 > columns {
            break;
        }
        kept.push_str(letter);
    }
    kept.push('…');
    kept
}
