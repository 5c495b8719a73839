//! Turns what the bot wants to show into the JSON a chat can draw.
//!
//! The looks are handlebars templates in `cards/<chat>/`, compiled into the program. A value can
//! only ever fill a JSON string, never leave it; text from outside goes through the `md` helper,
//! so that it cannot become a link, a mention or a heading either.

use std::fmt::Write as _;

use anyhow::Context as _;
use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason,
};
use serde::Serialize;
use serde_json::Value;

use crate::{names::is_invisible, secrets::redact};

/// Something worth showing. Its look is `cards/<chat>/<NAME>.json.hbs`.
pub trait View: Serialize {
    /// The template's name.
    const NAME: &'static str;

    /// What a chat without that template, a notification and a screen reader say instead.
    fn text(&self) -> String;
}

/// A view that has left its type behind, ready for any chat.
#[derive(Clone, Debug)]
pub struct Card {
    name: &'static str,
    text: String,
    data: Value,
}

impl<V: View> From<V> for Card {
    fn from(view: V) -> Self {
        let data = serde_json::to_value(&view).expect("a view is plain data");
        Self { name: V::NAME, text: view.text(), data }
    }
}

impl Card {
    /// The card as one plain text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything that makes it look as it does: equal content is an equal card.
    pub fn content(&self) -> String {
        format!("{} {}", self.name, self.data)
    }
}

/// A button: what stands on it, and what pressing it says on the person's behalf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    /// What stands on it.
    pub title: String,
    /// The command it says. `{name}` in it is replaced by the input of that name.
    pub say: String,
    /// `positive`, `destructive` or `default`.
    pub style: &'static str,
    /// Behind the others, when there is little room.
    pub secondary: bool,
}

/// Every look, by chat and name.
const LOOKS: &[(&str, &str)] = &[
    ("teams/deployment", include_str!("../cards/teams/deployment.json.hbs")),
    ("teams/form", include_str!("../cards/teams/form.json.hbs")),
    ("teams/help", include_str!("../cards/teams/help.json.hbs")),
    ("teams/list", include_str!("../cards/teams/list.json.hbs")),
    ("teams/lock", include_str!("../cards/teams/lock.json.hbs")),
    ("teams/mine", include_str!("../cards/teams/mine.json.hbs")),
    ("teams/oncall", include_str!("../cards/teams/oncall.json.hbs")),
    ("teams/page", include_str!("../cards/teams/page.json.hbs")),
    ("teams/plan", include_str!("../cards/teams/plan.json.hbs")),
    ("teams/runbook", include_str!("../cards/teams/runbook.json.hbs")),
    ("teams/status", include_str!("../cards/teams/status.json.hbs")),
    ("teams/step", include_str!("../cards/teams/step.json.hbs")),
];

/// Draws cards.
pub struct Renderer(Handlebars<'static>);

impl Renderer {
    /// Reads every look.
    ///
    /// # Errors
    /// When a template does not parse: a fault of the program, found by its first test.
    pub fn new() -> anyhow::Result<Self> {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        handlebars.register_escape_fn(escape_json);
        handlebars.register_helper("md", Box::new(md));
        handlebars.register_helper("mdlines", Box::new(md_lines));
        for (name, look) in LOOKS {
            anyhow::ensure!(!look.contains("{{{") && !look.contains("{{&"), "{name} is unescaped");
            handlebars.register_template_string(name, look).with_context(|| (*name).to_owned())?;
        }
        Ok(Self(handlebars))
    }

    /// The card as `chat` draws it; `None` when this chat has no look for it.
    ///
    /// # Errors
    /// When view and template do not fit together: a fault of the program.
    pub fn render(&self, chat: &str, card: &Card) -> anyhow::Result<Option<Value>> {
        let look = format!("{chat}/{}", card.name);
        if !self.0.has_template(&look) {
            return Ok(None);
        }
        let json = self.0.render(&look, &card.data)?;
        let drawn = serde_json::from_str(&redact(&json)).with_context(|| look)?;
        Ok(Some(drawn))
    }
}

/// A value can only ever fill a JSON string, never leave it.
fn escape_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// `{{md text}}`: text from outside, inert in a card's Markdown.
fn md(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&escape_json(&inert(&given(helper, "md")?)))?;
    Ok(())
}

/// `{{mdlines text}}`: the same line by line, which is what Teams makes of an empty line.
fn md_lines(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = given(helper, "mdlines")?;
    let lines: Vec<String> = text.lines().map(inert).collect();
    out.write(&escape_json(&lines.join("\n\n")))?;
    Ok(())
}

/// The one value a helper is given; a missing one is a fault of the program.
fn given(helper: &Helper<'_>, name: &'static str) -> Result<String, RenderError> {
    let value = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if value.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(value.relative_path().cloned()).into());
    }
    Ok(value.value().as_str().map_or_else(|| value.value().to_string(), str::to_owned))
}

/// Text as Teams' Markdown shows it letter by letter: nothing in it is a link, a mention, emphasis
/// or a list, no letter is invisible, and it stays on one line.
pub fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => inert.push(' '),
            // The middle of `<at>`: Teams has no escape for it, so the bracket becomes its look-alike.
            '<' => inert.push('\u{2039}'),
            '>' => inert.push('\u{203a}'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '|' | '!' => {
                let _ = write!(inert, "\\{letter}");
            }
            hidden if is_invisible(hidden) => {}
            plain => inert.push(plain),
        }
    }
    inert
}
