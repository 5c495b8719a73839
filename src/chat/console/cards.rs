//! The cards that have been shown at the terminal, numbered in the order they came.

use super::drawing::{Drawing, Pressable};
use crate::chat::Subject;

/// How many cards are kept; the oldest are forgotten, and can be pressed no more.
const KEPT: usize = 500;

/// Every card shown, oldest first.
#[derive(Default)]
pub(super) struct Cards {
    all: Vec<Seen>,
    count: usize,
    changes: u64,
}

/// One card as it was last seen.
pub(super) struct Seen {
    /// What people call it.
    pub number: usize,
    /// The message it is.
    pub message: String,
    /// What it is about.
    pub subject: Option<Subject>,
    /// How it looks.
    pub drawing: Drawing,
    /// The [`Cards::moment`] of its last change.
    pub changed: u64,
    /// Whether what it says now was expected by a script.
    pub expected: bool,
}

impl Cards {
    /// Takes what is shown; returns the card's number, and how it looked before when it is not new.
    pub(super) fn take(
        &mut self,
        message: String,
        subject: Option<Subject>,
        drawing: Drawing,
    ) -> (usize, Option<Drawing>) {
        self.changes += 1;
        if let Some(card) = self.all.iter_mut().find(|card| card.message == message) {
            card.changed = self.changes;
            card.expected &= card.drawing.status() == drawing.status();
            return (card.number, Some(std::mem::replace(&mut card.drawing, drawing)));
        }
        self.count += 1;
        let (number, changed) = (self.count, self.changes);
        self.all.push(Seen { number, message, subject, drawing, changed, expected: false });
        if self.all.len() > KEPT {
            self.all.remove(0);
        }
        (number, None)
    }

    /// How many changes there have been so far.
    pub(super) fn moment(&self) -> u64 {
        self.changes
    }

    /// Each, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Seen> {
        self.all.iter().rev()
    }

    /// Each, newest first, to be marked.
    pub(super) fn newest_first_mut(&mut self) -> impl Iterator<Item = &mut Seen> {
        self.all.iter_mut().rev()
    }

    /// The card of that number.
    pub(super) fn number(&self, number: usize) -> Option<&Seen> {
        self.all.iter().find(|card| card.number == number)
    }

    /// The newest card with a button of that title, and the button.
    pub(super) fn with_button(&self, title: &str) -> Option<(&Seen, &Pressable)> {
        let same = |button: &&Pressable| button.title.to_lowercase() == title.to_lowercase();
        self.newest_first().find_map(|card| Some((card, card.drawing.buttons.iter().find(same)?)))
    }

    /// Whether the card of `subject` was shown or changed after that moment.
    pub(super) fn changed_since(&self, subject: &Subject, moment: u64) -> bool {
        self.all.iter().any(|c| c.subject.as_ref() == Some(subject) && c.changed > moment)
    }
}
