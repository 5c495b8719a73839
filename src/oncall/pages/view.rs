//! A page as people see it: where it was asked for, and where it reaches somebody. Pure.

use std::fmt::Write as _;

use serde::Serialize;

use super::page::{Call, Delivery, Page, Reached};
use crate::{
    cards::{Button, View},
    clock::Timestamp,
    names::Service,
};

/// A page's card.
#[derive(Debug, Serialize)]
pub struct PageView {
    title: String,
    status: String,
    /// How it stands: never the only sign of it.
    color: &'static str,
    message: String,
    /// One for each person who was called.
    lines: Vec<String>,
    facts: Vec<Fact>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct Fact {
    title: &'static str,
    value: String,
}

impl PageView {
    /// The card where it was asked for, with a button for whoever may answer.
    pub fn of(page: &Page, may_answer: bool, now: Timestamp) -> Self {
        let (status, color) = standing(page, now);
        let lines = (0..page.begun.len()).flat_map(|level| level_lines(page, level, now));
        let mut lines: Vec<String> = lines.collect();
        if page.is_open() && page.begun.len() < page.levels && !page.begun.is_empty() {
            let last = page.begun.last().copied().unwrap_or(page.asked);
            let at = last.plus(std::time::Duration::from_millis(page.patience));
            let at = at.time_of_day(now);
            lines.push(format!("When nobody answers until {at}, the next level is called."));
        }
        Self {
            title: format!("Page to {}", page.to),
            status,
            color,
            message: page.message.clone(),
            lines,
            facts: facts(page, now),
            buttons: button(page, may_answer),
        }
    }

    /// The card for somebody who is called.
    pub fn call(page: &Page, now: Timestamp) -> Self {
        let (status, color) = match &page.answered {
            None => ("You are called. Say that you are on it.".to_owned(), "attention"),
            Some(_) => standing(page, now),
        };
        Self {
            title: format!("{} pages {}", page.by.name, page.to),
            status,
            color,
            message: page.message.clone(),
            lines: vec![],
            facts: facts(page, now),
            buttons: button(page, true),
        }
    }
}

fn standing(page: &Page, now: Timestamp) -> (String, &'static str) {
    if let Some(answered) = &page.answered {
        let at = answered.at.time_of_day(now);
        return (format!("{} is on it, {at}.", answered.by.name), "good");
    }
    let delivered = |call: &Call| matches!(call.delivery, Delivery::Delivered { .. });
    let reached = page.calls.iter().any(delivered);
    if page.exhausted {
        let text = match (page.calls.is_empty(), reached) {
            (true, _) if !page.unknown.is_empty() => {
                "It is not known who is on call there, so nobody was called."
            }
            (true, _) => "Nobody is on call there, so nobody was called.",
            (false, true) => "Nobody has answered, and nobody is left to be called.",
            (false, false) => "Nobody could be reached, and nobody is left to be called.",
        };
        return (text.to_owned(), "attention");
    }
    let text = if reached { "Waiting for an answer." } else { "Not delivered yet." };
    (text.to_owned(), "accent")
}

fn level_lines(page: &Page, level: usize, now: Timestamp) -> Vec<String> {
    let label = match page.to {
        Reached::Schedule(_) if page.levels > 1 => format!("Level {}: ", level + 1),
        _ => String::new(),
    };
    let calls: Vec<&Call> = page.calls.iter().filter(|call| call.level == level).collect();
    if calls.is_empty() {
        let at = page.begun.get(level).copied().unwrap_or(page.asked).time_of_day(now);
        let unknown = page.unknown.contains(&level);
        let who = if unknown { "not known who is on call" } else { "nobody is on call" };
        return vec![format!("{label}{who} ({at})")];
    }
    calls.iter().map(|call| format!("{label}{}: {}", call.who, delivery(call, now))).collect()
}

fn delivery(call: &Call, now: Timestamp) -> String {
    let twice = if call.sent > 1 { ", sent twice: the first may have arrived" } else { "" };
    match &call.delivery {
        Delivery::NotYet { why: None, .. } | Delivery::Sending => "not delivered yet".to_owned(),
        Delivery::NotYet { at, why: Some(why) } => {
            let sure = if call.sent > 0 { "perhaps delivered" } else { "not delivered yet" };
            format!("{sure} ({}); tried again at {}", plain(why), at.time_of_day(now))
        }
        Delivery::Delivered { at } => format!("delivered {}{twice}", at.time_of_day(now)),
        Delivery::Failed { why } => format!("failed: {}", plain(why)),
        Delivery::Unclear { why } => {
            format!("perhaps delivered, nobody knows: {}{twice}", plain(why))
        }
    }
}

/// A reason without the full stop a sentence around it has.
fn plain(why: &str) -> &str {
    why.trim_end_matches('.')
}

fn facts(page: &Page, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![Fact {
        title: "Asked by",
        value: format!("{}, {}", page.by.name, page.asked.time_of_day(now)),
    }];
    if !page.services.is_empty() {
        let names: Vec<&str> = page.services.iter().map(Service::as_str).collect();
        facts.push(Fact { title: "About", value: names.join(", ") });
    }
    facts.push(Fact { title: "Number", value: page.id.to_string() });
    facts
}

fn button(page: &Page, may_answer: bool) -> Vec<Button> {
    let button = Button {
        title: "I am on it".to_owned(),
        say: format!("/page ack {}", page.id),
        style: "positive",
        secondary: false,
    };
    if may_answer && page.answered.is_none() { vec![button] } else { vec![] }
}

impl View for PageView {
    const NAME: &'static str = "page";

    fn text(&self) -> String {
        let Self { title, status, message, .. } = self;
        let mut text = format!("{title}: {message}\n{status}");
        for line in &self.lines {
            text.push('\n');
            text.push_str(line);
        }
        for button in &self.buttons {
            let _ = write!(text, "\nSay `{}` to answer.", button.say);
        }
        text
    }
}
