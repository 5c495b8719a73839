//! What is no YAML, in words for people who did not read its standard.

use serde_saphyr::Error;

use super::{Config, place::Place, words::shown};

/// What the parser says, and what it means.
const MEANINGS: &[(&str, &str)] = &[
    ("tabs disallowed", "a tab stands here: YAML is indented with spaces only"),
    (
        "mapping values are not allowed",
        "a second `: ` stands in one line: put the value between quotes, or begin a new line",
    ),
    ("unclosed quote", "the text that begins with a quote never ends"),
    ("unclosed bracket", "the bracket that is opened here is never closed"),
    (
        "illegal placement of ':'",
        "a bracket or quote above is not closed, so a `:` cannot stand here",
    ),
    ("unknown anchor", "this alias (`*name`) has no anchor (`&name`) above it"),
    ("did not find expected key", "this line is indented like no line above it"),
    ("unexpected character", "a value cannot begin with this character: put it between quotes"),
    ("unknown escape", "there is no such escape: use single quotes, or write `\\\\` for a `\\`"),
    ("alias replay", "the aliases (`*name`) stand for far too much: write it out"),
    ("recursion limit", "the file is nested too deeply to be a configuration"),
    ("expected string scalar", "a key must be a single word"),
];

/// Where the text stops being YAML, and how. Nothing of it is repeated.
pub(super) fn explain(text: &str, error: &Error) -> (Place, String) {
    let place = error.location().map_or(Place::START, Place::from);
    let what = match error {
        Error::MultipleDocuments { .. } => "a second document begins here: one file is one \
                                            configuration, without `---` inside"
            .to_owned(),
        Error::NonFiniteFloat { .. } => "this is no number that can be used".to_owned(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "this alias stands inside what it stands for".to_owned()
        }
        Error::Budget { .. } => {
            "the file is nested too deeply or too large to be a configuration".to_owned()
        }
        other => meaning(&other.to_string()),
    };
    // Past the last line there is nothing to look at.
    let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX).max(1);
    if place.line > lines {
        return (Place { line: lines, column: 1 }, what);
    }
    (place, what)
}

fn meaning(said: &str) -> String {
    if let Some((_, ours)) = MEANINGS.iter().find(|(theirs, _)| said.contains(theirs)) {
        return (*ours).to_owned();
    }
    format!("this is not YAML: {}", shown(said.split(" at line ").next().unwrap_or(said)))
}

/// A value that only its type refuses: what the type says, and where.
pub(super) fn refused_by_type(text: &str, error: &serde_json::Error) -> (Place, String) {
    let options = serde_saphyr::options! { with_snippet: false };
    let place = match serde_saphyr::from_str_with_options::<Config>(text, options) {
        Err(error) => error.location().map_or(Place::START, Place::from),
        Ok(_) => Place::START,
    };
    (place, error.to_string())
}
