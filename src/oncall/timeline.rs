//! Turns, one after the other or at the same time, and what they make of a moment. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, names::PersonName};

/// Somebody who is on call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Somebody the configuration knows.
    Person(PersonName),
    /// Somebody only a calendar knows, in its words. Text from outside.
    Text(String),
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(name) => name.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// One turn of one person; its end is no longer part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub who: Who,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end, no longer part of it.
    pub until: Timestamp,
}

/// A stretch in which the same people are on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Who: nobody, or several when turns overlap.
    pub who: Vec<Who>,
    /// From when on.
    pub from: Timestamp,
    /// Until when; longer than anybody looked, when there is no such moment.
    pub until: Option<Timestamp>,
}

/// The whole window as watches: no two neighbours are the same people, nothing is left out.
pub fn watches(turns: &[Turn], window: Window) -> Vec<Watch> {
    let mut changes: BTreeMap<Timestamp, Vec<(&Who, i32)>> = BTreeMap::new();
    for turn in turns {
        let (from, until) = (turn.from.max(window.from), turn.until.min(window.until));
        if from < until {
            changes.entry(from).or_default().push((&turn.who, 1));
            changes.entry(until).or_default().push((&turn.who, -1));
        }
    }
    changes.entry(window.from).or_default();
    changes.remove(&window.until);
    let mut there: BTreeMap<&Who, i32> = BTreeMap::new();
    let mut watches: Vec<Watch> = vec![];
    for (at, changes) in changes {
        for (who, by) in changes {
            let count = there.entry(who).or_default();
            *count += by;
            if *count == 0 {
                there.remove(who);
            }
        }
        let who: Vec<Who> = there.keys().map(|who| (*who).clone()).collect();
        match watches.last_mut() {
            Some(last) if last.who == who => {}
            Some(last) => {
                last.until = Some(at);
                watches.push(Watch { who, from: at, until: None });
            }
            None => watches.push(Watch { who, from: at, until: None }),
        }
    }
    watches
}

/// Puts `over` in the place of whatever the turns say for its time.
pub fn replace(turns: Vec<Turn>, over: Turn) -> Vec<Turn> {
    if over.from >= over.until {
        return turns;
    }
    let mut kept = Vec::with_capacity(turns.len() + 2);
    for turn in turns {
        let before = Turn { until: turn.until.min(over.from), ..turn.clone() };
        let after = Turn { from: turn.from.max(over.until), ..turn };
        kept.extend([before, after].into_iter().filter(|turn| turn.from < turn.until));
    }
    kept.push(over);
    kept.sort_by_key(|turn| turn.from);
    kept
}
