//! Which commands Teams offers where: it lists few, so the most useful are chosen.
//!
//! Every command works whether it is listed or not.

use serde::Serialize;

use super::{COMMANDS, EXPLANATION, TITLE, cut};
use crate::commands::About;

/// What is said together, in channels and group chats, the most wanted first. What a button says
/// for people (to approve, to acknowledge, to unlock) needs no place here.
const TOGETHER: [&str; COMMANDS] = [
    "deploy",
    "status",
    "rollback",
    "lock",
    "alerts",
    "silence",
    "oncall",
    "page",
    "incident create",
    "runbook",
    "deploy list",
    "help",
];

/// What is said to the bot alone: first what is one's own, then what one looks up.
const ALONE: [&str; COMMANDS] = [
    "mine",
    "status",
    "deploy",
    "deploy list",
    "alerts",
    "oncall",
    "incident",
    "runbook",
    "audit",
    "rollback",
    "page",
    "help",
];

/// Where a list is offered: Teams' words, ours, and what is wanted there.
const PLACES: [(&[&str], &str, &[&str]); 2] = [
    (&["team", "groupChat"], "In channels and group chats", &TOGETHER),
    (&["personal"], "In a chat with the bot alone", &ALONE),
];

/// One list of commands in a manifest.
#[derive(Debug, Serialize)]
pub(super) struct List {
    scopes: &'static [&'static str],
    /// Where that is, as it begins a sentence.
    #[serde(skip)]
    place: &'static str,
    commands: Vec<Offer>,
    /// The names of the commands that are not in it.
    #[serde(skip)]
    left_out: Vec<String>,
}

/// One command of a list.
#[derive(Debug, Serialize)]
struct Offer {
    /// A person who picks it gets it as the beginning of what they say.
    title: String,
    description: String,
}

/// The lists of all places, as far as there are commands.
pub(super) fn lists(commands: &[About]) -> Vec<List> {
    if commands.is_empty() {
        return vec![];
    }
    PLACES.iter().map(|(scopes, place, wanted)| list(commands, (scopes, place), wanted)).collect()
}

/// First what is wanted, then, as far as there is room, what else there is.
fn list(
    commands: &[About],
    (scopes, place): (&'static [&'static str], &'static str),
    wanted: &[&str],
) -> List {
    let rank = |about: &&About| wanted.iter().position(|name| *name == about.name);
    let mut ranked: Vec<&About> = commands.iter().collect();
    // What nobody named keeps the order of `/help`, behind the rest.
    ranked.sort_by_key(|about| rank(about).unwrap_or(wanted.len()));
    let left_out = ranked.split_off(ranked.len().min(COMMANDS));
    let offer = |about: &&About| Offer {
        title: cut(&about.name, TITLE),
        description: cut(&about.summary, EXPLANATION),
    };
    List {
        scopes,
        place,
        commands: ranked.iter().map(offer).collect(),
        left_out: left_out.iter().map(|about| format!("`/{}`", about.name)).collect(),
    }
}

impl List {
    /// What people will not find in it, as a sentence.
    pub(super) fn missing(&self) -> Option<String> {
        let names = self.left_out.join(", ");
        (!names.is_empty()).then(|| format!("{} Teams does not list {names}.", self.place))
    }
}
