//! What a program says: its steps, and its last lines, without what could act on a screen.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::names::is_invisible;

/// How many of the last lines are kept. More would push the buttons off a card.
const LINES: usize = 20;

/// How much of one line is read, in bytes; the rest of it is dropped unseen.
const READ: usize = 16 * 1024;

/// How much of one line is kept, in characters: far more than a card shows of it, so that a
/// secret is still whole when it is looked for and cannot be cut down to something unknown.
const KEPT: usize = 4096;

/// What a program says when it comes to its next step.
const STEP: &str = "::step ";

/// Listens to a program's output, however it is cut into pieces.
#[derive(Debug, Default)]
pub struct Listener {
    line: Vec<u8>,
    step: Option<Step>,
    tail: VecDeque<String>,
}

/// What a program has said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The step it came to last.
    pub step: Option<Step>,
    /// Its last lines, oldest first: no blank ones, no control characters. Secrets are still in.
    pub tail: Vec<String>,
}

/// One step of a program: `::step 2/5 Pushing image`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which step it is at, counted from 1.
    pub at: u32,
    /// How many there are.
    pub of: u32,
    /// What it does there; empty when it does not say.
    pub name: String,
}

impl Listener {
    /// Takes the next piece of output in.
    pub fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ends) = match piece.split_last() {
                Some((b'\n' | b'\r', text)) => (text, true),
                _ => (piece, false),
            };
            let room = READ.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line();
            }
        }
    }

    /// What was said so far, the unfinished line included.
    pub fn said(&self) -> Said {
        let mut tail: Vec<_> = self.tail.iter().cloned().collect();
        let line = plain(&self.line);
        if !line.is_empty() && Step::read(&line).is_none() {
            tail.push(line);
        }
        Said { step: self.step.clone(), tail: tail.split_off(tail.len().saturating_sub(LINES)) }
    }

    fn end_line(&mut self) {
        let line = plain(&self.line);
        self.line.clear();
        if let Some(step) = Step::read(&line) {
            self.step = Some(step);
        } else if !line.is_empty() {
            self.tail.push_back(line);
            if self.tail.len() > LINES {
                self.tail.pop_front();
            }
        }
    }
}

impl Step {
    /// The step that a line announces; `None` when it is a line like any other.
    pub fn read(line: &str) -> Option<Self> {
        let text = line.strip_prefix(STEP)?.trim_start();
        let (count, name) = text.split_once(' ').unwrap_or((text, ""));
        let (at, of) = count.split_once('/')?;
        let (at, of) = (number(at)?, number(of)?);
        (1..=of).contains(&at).then(|| Self { at, of, name: name.trim().to_owned() })
    }
}

/// Digits only: Rust would take `+1` too.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// One line as a person may read it: no escape sequences, nothing invisible, no blanks around it.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut rest = text.chars();
    let mut kept = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\t' => kept.push(' '),
            c if is_invisible(c) => {}
            c => kept.push(c),
        }
    }
    kept.trim().chars().take(KEPT).collect::<String>().trim_end().to_owned()
}

/// Goes past what follows an escape character (ECMA-48). When that is no escape sequence after
/// all, only the escape character goes.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    match ahead.find(|c| !matches!(c, ' '..='/')) {
        Some('[') => skip_control(&mut ahead),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut ahead),
        Some('0'..='~') | None => {}
        Some(_) => return,
    }
    *rest = ahead;
}

/// Goes past the numbers and the final letter of a control sequence.
fn skip_control(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    while let Some(c) = ahead.next() {
        match c {
            ' '..='?' => {}
            '@'..='~' => return *rest = ahead,
            _ => return,
        }
    }
    *rest = ahead;
}

/// Goes past a title, a link or the like, up to its terminator or the end of the line.
fn skip_string(rest: &mut std::str::Chars<'_>) {
    let mut escaped = false;
    for c in rest.by_ref() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\\' if escaped => return,
            c => escaped = c == '\u{1b}',
        }
    }
}
