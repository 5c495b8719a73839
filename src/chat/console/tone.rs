//! The colours of a card, as a terminal can show them: never the only sign of anything.

use serde_json::Value;

/// How a piece of text looks; colour is never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tone {
    /// As everything else.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Of less weight.
    Faint,
    /// All is well.
    Good,
    /// Something went wrong.
    Attention,
    /// Somebody should look.
    Warning,
    /// Under way.
    Accent,
    /// Can be pressed.
    Button,
}

impl Tone {
    /// What stands before a coloured line, so that its colour is never the only sign.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓ ",
            Self::Attention => "✗ ",
            Self::Warning => "! ",
            _ => "",
        }
    }
}

/// The tone of a text.
pub(super) fn tone(element: &Value) -> Tone {
    match element["color"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "good" => Tone::Good,
        "attention" => Tone::Attention,
        "warning" => Tone::Warning,
        "accent" => Tone::Accent,
        _ if element["isSubtle"] == true => Tone::Faint,
        _ if element["style"] == "heading" || element["weight"] == "Bolder" => Tone::Strong,
        _ => Tone::Plain,
    }
}

/// Whether it is a colour, which says how things stand.
/// The tone of a container's style; `default` is one that says nothing, but belongs together all
/// the same, unlike `emphasis` and none.
pub(super) fn toned(style: &str) -> Option<Tone> {
    match style {
        "good" => Some(Tone::Good),
        "attention" => Some(Tone::Attention),
        "warning" => Some(Tone::Warning),
        "accent" => Some(Tone::Accent),
        "default" => Some(Tone::Plain),
        _ => None,
    }
}

/// Whether it is a colour, which says how things stand.
pub(super) fn is_colour(tone: Tone) -> bool {
    matches!(tone, Tone::Good | Tone::Attention | Tone::Warning | Tone::Accent)
}
