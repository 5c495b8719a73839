//! What a neighbour of the bot's answers to a harmless question, and what to do when it is not well.

use std::fmt;

use reqwest::Method;
use serde::Serialize;
use url::Url;

use crate::outbound::{Failure, Outbound};

/// How well a neighbour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Ok,
    /// Nobody can tell from here.
    Unseen,
    /// It works, but somebody should look after it.
    Warn,
    /// It does not work.
    Bad,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Unseen => "note",
            Self::Warn => "warn",
            Self::Bad => "bad",
        })
    }
}

/// The answer to one harmless question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Greeting {
    /// How well it is.
    pub verdict: Verdict,
    /// What was found, without a full stop. May hold text from outside.
    pub said: String,
    /// What to do about it, without a full stop.
    pub advice: Option<String>,
}

impl Greeting {
    /// It works.
    pub fn ok(said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, said: said.into(), advice: None }
    }

    /// Nobody can tell from here: why, and where to look.
    pub fn unseen(said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unseen, said: said.into(), advice: None }
    }

    /// It works, but somebody should look after it.
    pub fn warn(said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, said: said.into(), advice: Some(advice.into()) }
    }

    /// It does not work.
    pub fn bad(said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, said: said.into(), advice: Some(advice.into()) }
    }

    /// It does not work, as a sentence that says behind a `;` what to do.
    pub fn sentence(text: &str) -> Self {
        let (said, advice) = match text.split_once("; ") {
            Some((said, advice)) => (said, Some(begun(advice))),
            None => (text, None),
        };
        Self { verdict: Verdict::Bad, said: said.to_owned(), advice }
    }

    /// The server `name` gave no answer that can be used.
    pub fn failed(name: &str, failure: &Failure) -> Self {
        match failure {
            Failure::Unreached(why) => Self::bad(
                format!("{name} cannot be reached: {why}"),
                "Look at its address in the configuration, at the network between this machine \
                 and it, and at its certificate",
            ),
            Failure::Refused { status: 401, said } => Self::bad(
                format!("{name} does not take the credential (status 401: {said})"),
                "It is wrong, expired or revoked: make a new one, and put it where the \
                 configuration says",
            ),
            Failure::Refused { status: 403, said } => Self::bad(
                format!("{name} does not allow this to the credential (status 403: {said})"),
                "Give it the permissions that stand beside it in the example configuration",
            ),
            Failure::Refused { status: 300..=399, .. } => Self::bad(
                format!("{name} sends Pilothouse to another address, where it does not go"),
                "Correct the address in the configuration",
            ),
            Failure::Refused { status, said } => Self::bad(
                format!("{name} refuses to answer (status {status}: {said})"),
                "Compare address and names in the configuration with the server's own",
            ),
            Failure::NotNow { status, said, .. } => Self::warn(
                format!("{name} wants to be asked later (status {status}: {said})"),
                "Ask again in a few minutes",
            ),
            Failure::Unclear(why) => Self::bad(
                format!("{name} gives no clear answer: {why}"),
                "Ask again; when it stays so, look at the server and at what stands between",
            ),
        }
    }

    /// Whether anybody is at an address at all: whatever is answered there will do.
    pub async fn of_address(name: &str, url: &Url, outbound: &Outbound) -> Self {
        let mut door = url.clone();
        // What stands at its own path may take any request for an order.
        door.set_path("/");
        door.set_query(None);
        match outbound.hear(outbound.request(Method::GET, door)).await {
            Ok(_) => Self::ok(format!("{name} can be reached")),
            Err(failure) => Self::failed(name, &failure),
        }
    }
}

/// A sentence begins with a capital.
fn begun(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
