//! What pipelines on servers have in common: what a failed start lets people conclude, and how
//! text from outside is kept.

use url::Url;

use super::{Answered, Started};
use crate::{
    clock::Timestamp, greeting::Greeting, names::Version, outbound::Failure, vendors::server::Error,
};

/// How many commits are kept; a card shows fewer, and the rest are counted.
pub(super) const COMMITS: usize = 30;

/// The longest line that is kept of what somebody else wrote, in characters.
const LINE: usize = 120;

/// How many versions are suggested for one that does not exist. More make the sentence long.
const SUGGESTED: usize = 3;

/// How like it they must be, from 0 to 1. Less suggests what nobody meant.
const ALIKE: f64 = 0.7;

/// What somebody else wrote, on one line of a card.
pub(super) fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LINE).collect()
}

/// An address with a query.
pub(super) fn with(mut url: Url, query: &[(&str, &str)]) -> Url {
    url.query_pairs_mut().extend_pairs(query);
    url
}

/// Whether a title holds the name as a word of its own, so that `ph-1-1` is not seen in `ph-1-12`.
pub(super) fn names(title: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    title.split(|c| !part(c)).any(|word| word == name)
}

/// Whether this is the whole id of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    (40..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// That something has no such version, with those that are most like it.
pub(super) fn no_such_version<'a>(
    place: &str,
    version: &Version,
    known: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut alike: Vec<(f64, &str)> = known
        .into_iter()
        .filter(|name| name.parse::<Version>().is_ok())
        .map(|name| (strsim::jaro_winkler(name, version.as_str()), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> =
        alike.iter().take(SUGGESTED).map(|(_, name)| format!("`{name}`")).collect();
    let no = format!("{place} has no tag, branch or commit `{version}`");
    match names.as_slice() {
        [] => no,
        names => format!("{no}; there is {}", names.join(", ")),
    }
}

/// What a failed start lets people conclude. `told` has a better sentence for some refusals.
pub(super) fn not_started(
    name: &str,
    error: Error,
    told: impl Fn(u16, &str) -> Option<String>,
) -> Started {
    let failure = match error {
        Error::Failed(_, failure) => failure,
        Error::NoKey(..) => return Started::Refused(error.to_string()),
        Error::NoToken(..) => return Started::NotNow(error.to_string()),
    };
    match failure {
        // It may be about an earlier call, and that one may have worked.
        Failure::Refused { status: 409, said } => {
            Started::Unclear(format!("{name} answered with a conflict: {said}"))
        }
        Failure::Refused { status, said } => {
            Started::Refused(told(status, &said).unwrap_or_else(|| match status {
                300..400 => format!(
                    "{name} sends Pilothouse to another address, where it does not go: correct \
                     the address in the configuration"
                ),
                _ => format!("{name} refused to start it (status {status}): {said}"),
            }))
        }
        Failure::NotNow { said, .. } => {
            Started::NotNow(format!("{name} wants to be asked later: {said}"))
        }
        Failure::Unreached(why) => Started::NotNow(format!("{name} could not be reached: {why}")),
        Failure::Unclear(why) => Started::Unclear(format!("{name} gave no clear answer: {why}")),
    }
}

/// What a failed answer to a gate lets people conclude.
pub(super) fn not_answered(name: &str, error: Error) -> Answered {
    let failure = match error {
        Error::Failed(_, failure) => failure,
        Error::NoKey(..) => return Answered::Refused(error.to_string()),
        Error::NoToken(..) => return Answered::NotNow(error.to_string()),
    };
    not_taken(name, failure)
}

/// The same of what became of the call.
pub(super) fn not_taken(name: &str, failure: Failure) -> Answered {
    match failure {
        Failure::Refused { status, said } => {
            Answered::Refused(format!("{name} refused it (status {status}): {said}"))
        }
        Failure::NotNow { said, .. } => {
            Answered::NotNow(format!("{name} wants to be asked later: {said}"))
        }
        Failure::Unreached(why) => Answered::NotNow(format!("{name} could not be reached: {why}")),
        Failure::Unclear(why) => Answered::Unclear(format!("{name} gave no clear answer: {why}")),
    }
}

/// How many days before its end a credential is worth a word.
const SOON: i32 = 14;

/// What there is to say about the day on which something ends, whose text begins with it:
/// `2027-01-31`.
pub(super) fn ends(what: &str, day: &str, now: Timestamp) -> Option<Greeting> {
    let last: jiff::civil::Date = day.get(..10)?.parse().ok()?;
    let today = jiff::Timestamp::from_millisecond(now.0).ok()?;
    let today = today.to_zoned(jiff::tz::TimeZone::UTC).date();
    let left = today.until(last).ok()?.get_days();
    let new = "Make a new one before, and put it where the configuration says";
    Some(match left {
        ..0 => Greeting::bad(format!("{what} ended on {last}"), "Make a new one"),
        0..=SOON => Greeting::warn(format!("{what} ends on {last}, in {left} days"), new),
        _ => Greeting::ok(format!("{what} is good until {last}")),
    })
}
