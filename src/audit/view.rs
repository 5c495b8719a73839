//! Rows of the audit as people see them: who did what when, and how it ended. Pure.

use std::fmt::Write as _;

use serde::Serialize;

use super::{particulars::particulars, search::Record};
use crate::{
    cards::{Button, View},
    clock::{Span, spoken},
    names::{Environment, Service},
};

/// What somebody asked for, in words that ask for the same again.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The service they named.
    pub service: Option<Service>,
    /// The environment they named.
    pub environment: Option<Environment>,
    /// The person they named, as they named them.
    pub person: Option<String>,
    /// The thing they named: `deployment/8f2c91d4`.
    pub subject: Option<String>,
    /// How far back.
    pub since: Option<Span>,
    /// How many rows a page has, when they said so.
    pub last: Option<usize>,
    /// The row before which this page begins.
    pub before: Option<i64>,
}

/// A page of the audit.
#[derive(Debug, Serialize)]
pub struct AuditView {
    title: String,
    notes: Vec<String>,
    rows: Vec<RowView>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct RowView {
    title: String,
    /// `warning` or `default`: never the only sign of anything.
    style: &'static str,
    who: String,
    what: String,
    details: String,
}

/// Longest name, in letters: an id stands beside it.
pub(super) const NAME: usize = 60;

/// Longest particulars, in letters: twenty rows have to fit into a message of Teams. The whole is
/// in an export.
const DETAILS: usize = 240;

impl AuditView {
    /// The page; `older` is the row before which the next one begins, and `everything` whether
    /// this person may read what concerns no place.
    pub fn of(asked: &Question, rows: &[Record], older: Option<i64>, everything: bool) -> Self {
        let mut notes = vec![];
        if rows.is_empty() {
            notes.push(match older {
                Some(_) => "Nothing among the newest rows; there are older ones.".to_owned(),
                None => "Nothing is written down about that.".to_owned(),
            });
        }
        if !everything {
            notes.push(
                "What concerns no place that you may read the audit of is left out.".to_owned(),
            );
        }
        let newest = asked.before.map(|_| button("Newest", asked.say(None)));
        let older = older.map(|before| button("Older", asked.say(Some(before))));
        Self {
            title: asked.title(),
            notes,
            rows: rows.iter().map(RowView::of).collect(),
            buttons: older.into_iter().chain(newest).collect(),
        }
    }
}

impl Question {
    fn title(&self) -> String {
        let mut title = "The audit".to_owned();
        let places = [
            self.service.as_ref().map(|service| format!(" of {service}")),
            self.environment.as_ref().map(|environment| format!(" in {environment}")),
            self.subject.as_ref().map(|subject| format!(" of {}", subject.replacen('/', " ", 1))),
            self.person.as_ref().map(|person| format!(", what {person} did")),
            self.since.map(|since| format!(", the last {}", spoken(since.0))),
        ];
        title.extend(places.into_iter().flatten());
        title
    }

    /// The command that shows the page before that row, or the newest.
    fn say(&self, before: Option<i64>) -> String {
        let words = [
            self.service.as_ref().map(ToString::to_string),
            self.environment.as_ref().map(ToString::to_string),
            self.person.clone(),
            self.subject.clone(),
        ];
        let mut say = "/audit".to_owned();
        for word in words.into_iter().flatten() {
            let _ = write!(say, " {}", one_word(&word));
        }
        if let Some(since) = self.since {
            let _ = write!(say, " --since {}", short(since));
        }
        if let Some(last) = self.last {
            let _ = write!(say, " --last {last}");
        }
        if let Some(before) = before {
            let _ = write!(say, " --before {before}");
        }
        say
    }
}

/// `7d`, `90m`: a length of time as it is typed.
fn short(span: Span) -> String {
    let seconds = span.0.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, letter) = unit.unwrap_or((1, "s"));
    format!("{}{letter}", seconds / unit)
}

/// One word of a command, whatever is in it.
fn one_word(text: &str) -> String {
    if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "\"\\{}".contains(c)) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl RowView {
    fn of(record: &Record) -> Self {
        let Record { seq, at, actor, actor_name, action, subject, outcome, .. } = record;
        let place = match (&record.service, &record.environment) {
            (Some(service), Some(environment)) => format!("{service} in {environment}, "),
            (Some(name), None) => format!("{name}, "),
            (None, Some(name)) => format!("{name}, "),
            (None, None) => String::new(),
        };
        let action = action.replace('_', " ");
        Self {
            title: format!("{action}: {outcome}"),
            style: if outcome == "done" { "default" } else { "warning" },
            who: format!("{} ({actor}), {}", cut(actor_name, NAME), at.exact()),
            what: format!("{place}{} · row {seq}", subject.replacen('/', " ", 1)),
            details: cut(&particulars(record), DETAILS),
        }
    }

    fn text(&self) -> String {
        let Self { title, who, what, details, .. } = self;
        let details = if details.is_empty() { String::new() } else { format!(": {details}") };
        format!("{title} · {who} · {what}{details}")
    }
}

pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn button(title: &str, say: String) -> Button {
    Button { title: title.to_owned(), say, style: "default", secondary: false }
}

impl View for AuditView {
    const NAME: &'static str = "audit";

    fn text(&self) -> String {
        let head = [self.title.clone()].into_iter().chain(self.notes.iter().cloned());
        head.chain(self.rows.iter().map(RowView::text)).collect::<Vec<_>>().join("\n")
    }
}
