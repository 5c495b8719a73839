//! Gates: what a run waits for at the vendor's until somebody lets it through there.

use serde::{Deserialize, Serialize};

use crate::names::{Environment, GateId, RunId, is_invisible};

/// How many gates of one run are told of; a card has buttons for no more.
pub(super) const MOST: usize = 4;

/// The longest comment that is left at a vendor's, in characters.
const COMMENT: usize = 500;

/// Something that keeps a run waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The vendor's own name for it, which stays the same as long as it is there.
    pub id: GateId,
    /// What people call it: the environment, the stage. Text from outside.
    pub name: String,
    /// Whose gate it is: `GitHub`.
    pub at: String,
    /// Whether Pilothouse can answer it; otherwise somebody has to do that on the vendor's page.
    pub answerable: bool,
    /// A page to answer it on.
    pub url: Option<String>,
    /// The environment here that lies behind it, when the configuration says so.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// What Pilothouse itself guards, when the gate is Pilothouse's own.
    #[serde(default)]
    pub own: Option<Own>,
}

/// A gate that was put there so that nobody goes round Pilothouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The environment behind it.
    pub environment: Environment,
    /// The commit that the run was made of, when only the approved one may pass.
    pub commit: Option<String>,
}

/// What somebody has decided about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The run may pass.
    Approve,
    /// The run may not pass; vendors end it.
    Reject,
}

/// What a vendor is told about a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided it and why, in words that act on nothing.
    pub comment: String,
}

/// A run that wants to pass where our own rule stands, as its vendor tells it. All of it is what
/// somebody else says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The run.
    pub run: RunId,
    /// Where to, in the vendor's words.
    pub name: String,
    /// The environment that this is here, when it is any.
    pub environment: Option<Environment>,
}

/// How telling it went. Telling it again is safe after each of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The vendor has taken it.
    Done,
    /// The gate waits for nothing any more, whoever has answered it.
    Gone,
    /// The vendor does not take it from Pilothouse, and asking again changes nothing: why.
    Refused(String),
    /// Nothing happened, but the vendor may take it later: why.
    NotNow(String),
    /// It may or may not have been taken: why nobody knows.
    Unclear(String),
}

impl Answer {
    /// The answer with this comment, freed of what could act at a vendor's: what cannot be seen,
    /// and what would call people there.
    pub fn new(verdict: Verdict, comment: &str) -> Self {
        let seen = comment.split_whitespace().collect::<Vec<_>>().join(" ");
        let seen = seen.replace('@', "(at)");
        let comment = seen.chars().filter(|c| !is_invisible(*c)).take(COMMENT).collect();
        Self { verdict, comment }
    }
}
