//! Who is meant by what somebody outside calls them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::timeline::Who;
use crate::names::{PersonName, is_invisible};

/// How much of a name only somebody outside knows is kept.
const LONGEST: usize = 80;

/// Shorter words are not looked for inside a title: they are parts of others.
const SHORTEST: usize = 3;

/// Everybody the configuration knows, by everything they may be called outside.
#[derive(Clone, Debug, Default)]
pub struct Roll(Vec<(String, PersonName)>);

impl Roll {
    /// People by what they are called there, and by the names of the configuration where nobody
    /// else is called so.
    pub fn new(people: &[PersonName], called: &BTreeMap<PersonName, Vec<String>>) -> Self {
        let called = called.iter().flat_map(|(person, names)| {
            names.iter().map(|name| (name.trim().to_lowercase(), person.clone()))
        });
        let mut roll: Vec<_> = called.filter(|(name, _)| !name.is_empty()).collect();
        for person in people {
            let own = person.as_str().to_lowercase();
            if roll.iter().all(|(name, _)| *name != own) {
                roll.push((own, person.clone()));
            }
        }
        Self(roll)
    }

    /// Whoever has one of these names, the surest of which is the last: anybody may call themselves
    /// anything. Somebody nobody knows is shown by the first of them.
    pub(super) fn who(&self, names: &[String]) -> Who {
        if let Some(person) = names.iter().rev().find_map(|name| self.exactly(name)) {
            return Who::Person(person.clone());
        }
        let called = names.iter().map(|name| shown(name)).find(|name| !name.is_empty());
        Who::Text(called.unwrap_or_else(|| "somebody without a name".to_owned()))
    }

    /// Whoever is called exactly so.
    pub(super) fn exactly(&self, text: &str) -> Option<&PersonName> {
        let text = text.trim().to_lowercase();
        self.0.iter().find(|(name, _)| *name == text).map(|(_, person)| person)
    }

    /// Everybody who is named in a title.
    pub(super) fn named_in(&self, title: &str) -> BTreeSet<&PersonName> {
        if let Some(person) = self.exactly(title) {
            return BTreeSet::from([person]);
        }
        let title = title.to_lowercase();
        let named = |(name, _): &&(String, PersonName)| {
            name.chars().count() >= SHORTEST && holds_word(&title, name)
        };
        self.0.iter().filter(named).map(|(_, person)| person).collect()
    }
}

/// Whether the words stand in the text by themselves, not as a part of longer ones.
fn holds_word(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + words.len()..].chars().next();
        let ends = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        ends(before) && ends(after)
    })
}

/// What may be shown of a text from outside: short, and nothing that has no look of its own.
pub(super) fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST).collect();
    plain.trim().to_owned()
}
