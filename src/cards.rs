//! Turns what the bot wants to show into the JSON a chat can draw.
//!
//! The looks are handlebars templates in `cards/<chat>/`, compiled into the program. A value can
//! only ever fill a JSON string, never leave it; text from outside goes through the `md` helper
//! where Markdown is read, and through `plain` or `code` where it is not, so that it cannot become
//! a link, a mention or a heading either. However long the texts, the card stays small enough.

use anyhow::Context as _;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason,
};
use serde::Serialize;
use serde_json::Value;

pub use crate::markdown::{inert, inert_start, web_link};
use crate::{
    markdown::{code, inert_line, inert_lines, plain, prose},
    secrets::redact,
};

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
    ("teams/alert", include_str!("../cards/teams/alert.json.hbs")),
    ("teams/alerts", include_str!("../cards/teams/alerts.json.hbs")),
    ("teams/audit", include_str!("../cards/teams/audit.json.hbs")),
    ("teams/deployment", include_str!("../cards/teams/deployment.json.hbs")),
    ("teams/document", include_str!("../cards/teams/document.json.hbs")),
    ("teams/form", include_str!("../cards/teams/form.json.hbs")),
    ("teams/help", include_str!("../cards/teams/help.json.hbs")),
    ("teams/incident", include_str!("../cards/teams/incident.json.hbs")),
    ("teams/list", include_str!("../cards/teams/list.json.hbs")),
    ("teams/lock", include_str!("../cards/teams/lock.json.hbs")),
    ("teams/mine", include_str!("../cards/teams/mine.json.hbs")),
    ("teams/oncall", include_str!("../cards/teams/oncall.json.hbs")),
    ("teams/page", include_str!("../cards/teams/page.json.hbs")),
    ("teams/plan", include_str!("../cards/teams/plan.json.hbs")),
    ("teams/storm", include_str!("../cards/teams/storm.json.hbs")),
    ("teams/reminder", include_str!("../cards/teams/reminder.json.hbs")),
    ("teams/runbook", include_str!("../cards/teams/runbook.json.hbs")),
    ("teams/status", include_str!("../cards/teams/status.json.hbs")),
    ("teams/step", include_str!("../cards/teams/step.json.hbs")),
    ("teams/timeline", include_str!("../cards/teams/timeline.json.hbs")),
];

/// What several looks have in common: `{{> button}}`.
const PARTS: &[(&str, &str)] = &[
    ("act", include_str!("../cards/teams/act.part.hbs")),
    ("button", include_str!("../cards/teams/button.part.hbs")),
    ("changes", include_str!("../cards/teams/changes.part.hbs")),
    ("facts", include_str!("../cards/teams/facts.part.hbs")),
    ("row", include_str!("../cards/teams/row.part.hbs")),
];

/// The largest card that is drawn whole, in bytes of JSON: what every way into Teams takes. A bot's
/// message may be larger, but a webhook's may not, and nobody reads as much.
const LARGEST: usize = 28 * 1024;

/// How many letters of each text a card keeps, the first of these with which it is small enough.
const CUTS: [usize; 7] = [usize::MAX, 2000, 600, 240, 120, 60, 24];

/// What is never cut: a shorter command or address would be another one.
const WHOLE: [&str; 2] = ["say", "url"];

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
        handlebars.register_helper("md", Box::new(Helping("md", inert_line)));
        handlebars.register_helper("mdlines", Box::new(Helping("mdlines", inert_lines)));
        handlebars.register_helper("plain", Box::new(Helping("plain", plain)));
        handlebars.register_helper("code", Box::new(Helping("code", code)));
        handlebars.register_helper("prose", Box::new(Prose));
        for (name, look) in PARTS.iter().chain(LOOKS) {
            anyhow::ensure!(!look.contains("{{{") && !look.contains("{{&"), "{name} is unescaped");
            handlebars.register_template_string(name, look).with_context(|| (*name).to_owned())?;
        }
        Ok(Self(handlebars))
    }

    /// Every look there is, like `teams/deployment`.
    pub fn looks() -> impl Iterator<Item = &'static str> {
        LOOKS.iter().map(|(name, _)| *name)
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
        self.draw(&look, &card.data).map(Some)
    }

    /// What `look` makes of a view's plain data. Texts are shortened as far as it takes for the
    /// card to be small enough.
    ///
    /// # Errors
    /// When they do not fit together: a fault of the program.
    pub fn draw(&self, look: &str, data: &Value) -> anyhow::Result<Value> {
        let mut drawn = Value::Null;
        for longest in CUTS {
            let last = CUTS.ends_with(&[longest]);
            // Texts that are too long by themselves need not be drawn to know it.
            if !last && letters(data, longest) > LARGEST {
                continue;
            }
            let json = if longest == usize::MAX {
                self.0.render(look, data)?
            } else {
                self.0.render(look, &shortened(data, longest))?
            };
            drawn = serde_json::from_str(&redact(&json)).with_context(|| look.to_owned())?;
            // The template's own white space is not sent.
            if json.len() <= LARGEST || drawn.to_string().len() <= LARGEST {
                break;
            }
        }
        Ok(drawn)
    }
}

/// At least how many letters the texts in `data` have, when no text has more than `longest`.
fn letters(data: &Value, longest: usize) -> usize {
    match data {
        // A letter is at most four bytes.
        Value::String(text) => (text.len() / 4).min(longest),
        Value::Array(items) => items.iter().map(|item| letters(item, longest)).sum(),
        Value::Object(fields) => fields.values().map(|field| letters(field, longest)).sum(),
        _ => 0,
    }
}

/// `data` with every text cut that is longer.
fn shortened(data: &Value, longest: usize) -> Value {
    match data {
        Value::String(text) => match text.char_indices().nth(longest) {
            Some((end, _)) => Value::String(format!("{}…", &text[..end])),
            None => data.clone(),
        },
        Value::Array(items) => items.iter().map(|item| shortened(item, longest)).collect(),
        Value::Object(fields) => {
            let field = |(name, field): (&String, &Value)| {
                let whole = WHOLE.contains(&name.as_str());
                (name.clone(), if whole { field.clone() } else { shortened(field, longest) })
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// A value can only ever fill a JSON string, never leave it.
fn escape_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A helper of that name, `{{md text}}`, that writes what its function makes of a text.
struct Helping(&'static str, fn(&str) -> String);

impl HelperDef for Helping {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        out.write(&escape_json(&(self.1)(&given(helper, self.0)?)))?;
        Ok(())
    }
}

/// `{{prose spans}}`: a paragraph of texts, `[{"text": …, "url": …}]`, those with an address being
/// links to the web.
struct Prose;

impl HelperDef for Prose {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let spans = helper.param(0).and_then(|value| value.value().as_array());
        let spans = spans.ok_or(RenderErrorReason::ParamNotFoundForIndex("prose", 0))?;
        let spans = spans
            .iter()
            .map(|span| (span["text"].as_str().unwrap_or_default(), span["url"].as_str()));
        out.write(&escape_json(&prose(spans)))?;
        Ok(())
    }
}

/// The one value a helper is given; a missing one is a fault of the program.
fn given(helper: &Helper<'_>, name: &'static str) -> Result<String, RenderError> {
    let value = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if value.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(value.relative_path().cloned()).into());
    }
    Ok(value.value().as_str().map_or_else(|| value.value().to_string(), str::to_owned))
}
