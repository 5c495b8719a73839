//! Runbooks as the configuration writes them, and the programs their steps may run.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    clock::Span,
    names::{Environment, PlanDigest, Service, StepName},
};

/// `runbooks` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder of Markdown files; those in folders below it count too.
    pub folder: PathBuf,
    /// What steps of runbooks may run: a runbook can name no other program.
    #[serde(default)]
    pub steps: BTreeMap<StepName, StepSettings>,
}

/// A program that a step of a runbook may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSettings {
    /// The service it works on: whoever may run steps for that one may run it.
    pub service: Service,
    /// The environment it works in; without this line, none in particular.
    pub environment: Option<Environment>,
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments, exactly as they stand here.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// More environment variables. Names beginning with `PILOTHOUSE_` are taken.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The folder it runs in; the one the bot was started in, when nothing is said.
    pub folder: Option<PathBuf>,
    /// How long it may run before it is stopped. Ten minutes, when nothing is said.
    #[serde(default = "ten_minutes")]
    pub timeout: Span,
    /// How long it may clean up once it is told to stop; then it is killed. Ten seconds, when
    /// nothing is said.
    #[serde(default = "ten_seconds")]
    pub grace: Span,
}

impl StepSettings {
    /// The digest of all of it: what somebody confirmed is what is run.
    pub fn digest(&self) -> PlanDigest {
        // Settings are plain data, which is always written.
        let written = serde_json::to_vec(self).unwrap_or_default();
        PlanDigest::of(&Sha256::digest(written))
    }

    /// The command line as people read it.
    pub fn spoken(&self) -> String {
        let quoted = |word: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                format!("{word:?}")
            }
        };
        let program = self.program.display().to_string();
        let words = [&program].into_iter().chain(&self.arguments).map(quoted);
        words.collect::<Vec<_>>().join(" ")
    }
}

fn ten_minutes() -> Span {
    Span(Duration::from_mins(10))
}

fn ten_seconds() -> Span {
    Span(Duration::from_secs(10))
}
