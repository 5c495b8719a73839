//! Why a command did not happen. Its text is the answer; only `Broken` is our fault.

use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{COMMANDS, Command, LONGEST};
use crate::{
    access::Denied,
    alerts,
    deployments::{self, BadWish, NoWayBack},
    incidents,
    names::{is_invisible, nearest},
    oncall::PageError,
    runbooks,
};

/// Why a command did not happen.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No command is that long.
    #[error("That is too long to be a command: at most {LONGEST} bytes.")]
    TooLong,
    /// A quote that never ends.
    #[error("A quote (\") is opened and never closed. Close it, or leave it out.")]
    OpenQuote,
    /// No such command.
    #[error("I do not know `/{name}`.{hint} `/help` lists what you can say.")]
    UnknownCommand {
        /// What was said.
        name: String,
        /// The nearest, when one is near.
        hint: String,
    },
    /// A word that does not fit.
    #[error("{what} Say it like this: `{usage}`")]
    Words {
        /// What is wrong with it, as a sentence.
        what: String,
        /// How the command is said.
        usage: String,
    },
    /// Not theirs to do.
    #[error("{0}")]
    Denied(#[from] Denied),
    /// Nothing like it can be planned.
    #[error("{0}")]
    Wish(BadWish),
    /// It cannot happen to that deployment now.
    #[error("{0}.")]
    Refused(deployments::Refusal),
    /// Somebody else holds the lock, or nobody does.
    #[error("{0}.")]
    Lock(deployments::LockRefusal),
    /// No such deployment, or the same one already waits.
    #[error("{0}.")]
    Deployment(deployments::Error),
    /// No such alert, or it cannot happen to it now.
    #[error("{}", whole(.0))]
    Alert(alerts::Error),
    /// Nobody like that can be paged, or nothing like that answered.
    #[error("{0}")]
    Page(PageError),
    /// No such runbook, or its step cannot be run now.
    #[error("{0}")]
    Runbook(runbooks::Error),
    /// No such incident.
    #[error("{0}")]
    NoIncident(incidents::Error),
    /// It cannot happen to that incident now.
    #[error("{0}.")]
    Incident(incidents::Refusal),
    /// Nothing waits that could be meant.
    #[error("{0}")]
    NothingMeant(String),
    /// Our fault, not theirs.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl From<deployments::Error> for Error {
    fn from(error: deployments::Error) -> Self {
        match error {
            deployments::Error::Refused(refusal) => Self::Refused(refusal),
            deployments::Error::Lock(refusal) => Self::Lock(refusal),
            deployments::Error::Broken(error) => Self::Broken(error),
            known => Self::Deployment(known),
        }
    }
}

impl From<alerts::Error> for Error {
    fn from(error: alerts::Error) -> Self {
        match error {
            alerts::Error::Broken(error) => Self::Broken(error),
            known => Self::Alert(known),
        }
    }
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Broken(error) => Self::Broken(error),
            known => Self::Page(known),
        }
    }
}

impl From<runbooks::Error> for Error {
    fn from(error: runbooks::Error) -> Self {
        match error {
            runbooks::Error::Broken(error) => Self::Broken(error),
            known => Self::Runbook(known),
        }
    }
}

impl From<incidents::Error> for Error {
    fn from(error: incidents::Error) -> Self {
        match error {
            incidents::Error::Refused(refusal) => Self::Incident(refusal),
            incidents::Error::Broken(error) => Self::Broken(error),
            unknown @ incidents::Error::Unknown { .. } => Self::NoIncident(unknown),
        }
    }
}

impl From<NoWayBack> for Error {
    fn from(none: NoWayBack) -> Self {
        Self::Wish(none.into())
    }
}

impl From<BadWish> for Error {
    fn from(wish: BadWish) -> Self {
        match wish {
            BadWish::Broken(error) => Self::Broken(error),
            known => Self::Wish(known),
        }
    }
}

impl Error {
    /// Whether somebody was told no, rather than told how to say it.
    pub(super) fn is_decision(&self) -> bool {
        let denied = matches!(
            self,
            Self::Page(PageError::NotTheirs(_)) | Self::Alert(alerts::Error::Refused(_))
        );
        denied
            || matches!(
                self,
                Self::Denied(_) | Self::Refused(_) | Self::Lock(_) | Self::Incident(_)
            )
    }

    pub(super) fn unknown_command(name: &str) -> Self {
        let known = COMMANDS.iter().map(|entry| entry.name);
        let hint = nearest(name, known).map(|near| format!(" Did you mean `/{near}`?"));
        Self::UnknownCommand { name: shown(name), hint: hint.unwrap_or_default() }
    }

    /// What clap found wrong, as one sentence.
    pub(super) fn words<C: Command>(error: &clap::Error) -> Self {
        let usage = format!("/{} {}", C::NAME, C::USAGE).trim_end().to_owned();
        Self::Words { what: sentence(error), usage }
    }
}

fn sentence(error: &clap::Error) -> String {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(shown(text)),
        Some(ContextValue::Strings(all)) => all.first().map(|text| shown(text)),
        _ => None,
    };
    let argument = said(ContextKind::InvalidArg).unwrap_or_default();
    let mut sentence = match error.kind() {
        ErrorKind::UnknownArgument => format!("`{argument}` is one word too many here."),
        ErrorKind::MissingRequiredArgument => format!("`{argument}` is missing."),
        ErrorKind::ArgumentConflict => format!("`{argument}` was said twice."),
        ErrorKind::ValueValidation => std::error::Error::source(error)
            .map_or_else(|| format!("`{argument}` is not understood."), |why| format!("{why}.")),
        ErrorKind::InvalidValue => match said(ContextKind::InvalidValue).as_deref() {
            None | Some("") => format!("Something is missing after `{argument}`."),
            Some(value) => format!("`{value}` is not understood as {argument}."),
        },
        _ => "That is not understood.".to_owned(),
    };
    if let Some(near) = said(ContextKind::SuggestedArg) {
        let _ = write!(sentence, " Did you mean `{near}`?");
    }
    sentence
}

/// With the full stop it needs, when it needs one.
fn whole(error: &alerts::Error) -> String {
    let sentence = error.to_string();
    if sentence.ends_with('?') { sentence } else { format!("{sentence}.") }
}

/// The beginning of what somebody said, as it may be shown back to them.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).take(60).collect::<String>().replace('`', "'")
}
