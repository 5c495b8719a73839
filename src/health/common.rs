//! What probes have in common: how long they wait, how what they found is told, what their settings
//! may say.

use std::time::Duration;

use super::Answer;
use crate::{
    clock::{Span, Timestamp},
    names::is_invisible,
    secrets::redact,
    vendors::{credential::Credential, server::PATIENCE},
};

/// How much of a finding is told, in characters. It becomes one line of a card.
const TOLD: usize = 200;

/// How much of a name or value from outside is told, in characters.
pub(super) const VALUE: usize = 60;

/// What is wrong with settings: their key, and a sentence that goes on from it.
pub(super) type Objections = Vec<(&'static str, String)>;

pub(super) fn three_seconds() -> Span {
    Span(Duration::from_secs(3))
}

/// What a probe says that found this, or found that wrong.
pub(super) fn answer(found: Result<String, String>) -> Answer {
    match found {
        Ok(detail) => Answer::well(short(&detail, TOLD)),
        Err(detail) => Answer::unwell(short(&detail, TOLD)),
    }
}

/// The beginning of a text without our secrets. Redacted before it is cut, so that no half of a
/// secret stays.
pub(super) fn short(text: &str, most: usize) -> String {
    let text: String = redact(text).chars().filter(|c| !is_invisible(*c)).collect();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What is wrong with the time for an answer.
pub(super) fn timeout(timeout: Span, longest: Duration) -> Objections {
    if timeout.0.is_zero() || timeout.0 > longest {
        return vec![("timeout", format!("must be from 1 ms to {} s", longest.as_secs()))];
    }
    vec![]
}

/// What is wrong with settings of a server of the common kind.
pub(super) fn server(span: Span, credential: Option<&Credential>) -> Objections {
    let mut wrong = timeout(span, PATIENCE);
    if credential.is_some_and(|credential| !credential.is_one()) {
        wrong.push(("credential", "must say one of the two: `bearer` or `basic`".to_owned()));
    }
    wrong
}

/// A moment as vendors write it; none for the year 1, which stands for "not yet".
pub(super) fn moment(text: Option<&str>) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text?.parse().ok()?;
    Some(Timestamp(moment.as_millisecond())).filter(|moment| moment.0 > 0)
}
