//! A card that asks for what is missing; its button says the finished command.

use serde::Serialize;

use crate::cards::{Button, View};

/// A form.
#[derive(Debug, Serialize)]
pub(super) struct FormView {
    /// What it is for.
    pub title: String,
    /// What to know before filling it in.
    pub text: Option<String>,
    /// What it asks for, in this order.
    pub fields: Vec<Field>,
    /// Says the command; `{id}` in it stands for the field of that id.
    pub button: Button,
}

/// One thing a form asks for.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    /// `environment`
    pub id: &'static str,
    /// `Environment`
    pub label: &'static str,
    /// What is filled in already; empty for nothing.
    pub value: String,
    /// What can be chosen; empty where anything can be typed.
    pub choices: Vec<String>,
    /// What to type, by example.
    pub placeholder: &'static str,
    /// Whether it may stay empty.
    pub required: bool,
    /// Whether it takes several lines of text.
    pub long: bool,
}

impl Field {
    /// One of several.
    pub(super) fn choice(id: &'static str, label: &'static str, choices: Vec<String>) -> Self {
        Self {
            id,
            label,
            value: String::new(),
            choices,
            placeholder: "",
            required: true,
            long: false,
        }
    }

    /// Anything.
    pub(super) fn text(id: &'static str, label: &'static str, placeholder: &'static str) -> Self {
        Self {
            id,
            label,
            value: String::new(),
            choices: vec![],
            placeholder,
            required: true,
            long: false,
        }
    }

    /// With something filled in already.
    pub(super) fn with(self, value: Option<impl ToString>) -> Self {
        Self { value: value.map_or_else(String::new, |value| value.to_string()), ..self }
    }

    /// Takes several lines of text.
    pub(super) fn long(self) -> Self {
        Self { long: true, ..self }
    }

    /// May stay empty.
    pub(super) fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

impl View for FormView {
    const NAME: &'static str = "form";

    fn text(&self) -> String {
        format!("{} Say: {}", self.title, self.button.say)
    }
}
