//! Asking for the values of a form, one after the other.

use std::collections::BTreeMap;

use super::{
    draw::describe,
    drawing::{Drawing, Input, Pressable},
};

/// A pressed button that wants values first.
pub(super) struct Asking {
    drawing: Drawing,
    button: Pressable,
    missing: Vec<Input>,
    values: BTreeMap<String, String>,
}

/// How far the asking is.
pub(super) enum Asked {
    /// There is another value to ask for.
    More,
    /// The answer did not fit, for this reason; ask again.
    Again(String),
    /// All is there: the button says this.
    Done(String),
}

impl Asking {
    /// Presses that button of that card. `Err` is what it says at once: it wants no values.
    pub(super) fn begin(drawing: &Drawing, button: &Pressable) -> Result<Self, String> {
        let wanted =
            |input: &&Input| button.say.split(' ').any(|word| word == format!("{{{}}}", input.id));
        // Asked from the end, so that the next is popped.
        let missing: Vec<_> = drawing.inputs.iter().rev().filter(wanted).cloned().collect();
        if missing.is_empty() {
            return Err(button.say.clone());
        }
        let (drawing, button) = (drawing.clone(), button.clone());
        Ok(Self { drawing, button, missing, values: BTreeMap::new() })
    }

    /// The question to answer now, with numbers before its choices.
    pub(super) fn question(&self) -> String {
        let Some(input) = self.missing.last() else { return String::new() };
        let numbered = |(index, (title, value)): (usize, &(String, String))| {
            (format!("{} {title}", index + 1), value.clone())
        };
        let choices = input.choices.iter().enumerate().map(numbered).collect();
        format!("{} · Enter takes it · Esc gives up", describe(&Input { choices, ..input.clone() }))
    }

    /// Takes the answer to the question: a choice's number, its name, or the value itself.
    pub(super) fn answer(&mut self, answer: &str) -> Asked {
        let Some(input) = self.missing.last() else { return self.done() };
        let number = answer.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let chosen = number.and_then(|number| input.choices.get(number));
        match input.accept(chosen.map_or(answer, |(_, value)| value)) {
            Err(why) => Asked::Again(why),
            Ok(value) => {
                self.values.insert(input.id.clone(), value);
                self.missing.pop();
                if self.missing.is_empty() { self.done() } else { Asked::More }
            }
        }
    }

    fn done(&self) -> Asked {
        self.drawing.press(&self.button, &self.values).map_or_else(Asked::Again, Asked::Done)
    }
}
