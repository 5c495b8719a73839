//! What to do: a folder of Markdown, found by what somebody says, and steps that can be run.
//!
//! A file is trusted as far as its words: what its steps run stands in the configuration, and its
//! formatting is written anew by [`markdown`](self) before a card shows it.

mod book;
mod language;
mod library;
mod markdown;
mod runs;
mod search;
mod settings;
mod table;
mod view;

use std::sync::Arc;

pub use book::{Runbook, read as read_book};
pub use library::{Books, Library, Trouble};
pub use markdown::{Block, Span, Words};
pub use runs::{
    Confirmation, End, RUN, RunWish, Runner, State, StepCards, StepKeeper, StepRun, StepRuns,
    StepView,
};
pub use search::{Found, Sought, find};
pub use settings::{Settings, StepSettings};
pub use view::{ChoiceView, May, RunbookView, troubles};

use crate::names::{RunbookName, StepName, StepRunId};

/// The folder of runs, below that of the pipelines: no pipeline can be called so.
pub const RUNS: &str = "_runbooks";

/// Why no runbook was shown, or no step run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody wrote any.
    #[error("There are no runbooks here: the configuration has no section `runbooks`")]
    NoLibrary,
    /// No such runbook.
    #[error("There is no runbook `{name}`.{hint}")]
    Unknown {
        /// What was said.
        name: RunbookName,
        /// The nearest, or all.
        hint: String,
    },
    /// The runbook has no such step.
    #[error("The runbook {runbook} has no step `{name}`.{hint}")]
    UnknownStep {
        /// The runbook.
        runbook: RunbookName,
        /// What was said.
        name: StepName,
        /// The nearest, or all.
        hint: String,
    },
    /// A runbook names it, the configuration does not.
    #[error("The step `{0}` cannot be run: the configuration does not have it")]
    NotConfigured(StepName),
    /// They have seen something else.
    #[error(
        "What the step {step} runs was changed since you looked at it. Look again with `/runbook \
         run {runbook} {step}`"
    )]
    Changed {
        /// The runbook.
        runbook: RunbookName,
        /// The step.
        step: StepName,
    },
    /// One at a time.
    #[error(
        "{by} has asked for {step} at {at}, and that run is not over yet: `/runbook stop {id}`"
    )]
    Busy {
        /// The step.
        step: StepName,
        /// Who asked for the other run.
        by: String,
        /// When.
        at: String,
        /// Its number.
        id: StepRunId,
    },
    /// There is no such run.
    #[error("There is no run {0}. Its number is on its card")]
    NoSuchRun(StepRunId),
    /// There is nothing left to stop.
    #[error("The run {0} is over already")]
    Over(StepRunId),
    /// Our fault, not theirs.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Runbooks as they are given to the bot: where they lie, and who runs their steps.
#[derive(Clone)]
pub struct Given {
    /// Where they lie, and what their steps may run.
    pub settings: Settings,
    /// Who runs programs.
    pub runner: Arc<dyn Runner>,
}

impl Given {
    /// Runbooks whose steps can be run, or not at all.
    ///
    /// # Errors
    /// When a step names a program that cannot be, or a variable that is taken.
    pub fn check(&self) -> anyhow::Result<()> {
        for (name, step) in &self.settings.steps {
            let sound = crate::pipelines::command::check_variables(&step.variables)
                .and_then(|()| crate::pipelines::command::found(&step.program).map(drop));
            sound.map_err(|error| error.context(format!("the step `{name}` of the runbooks")))?;
        }
        Ok(())
    }
}
