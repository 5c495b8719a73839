//! A program as the configuration writes it.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Span;

/// A program on the bot's own machine.
///
/// It may print lines like `::step 2/5 Pushing image` to say where it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments. In each, `{service}`, `{environment}`, `{version}`, `{commit}` and
    /// `{correlation}` are replaced; `{{` and `}}` are single braces.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// More environment variables. Names beginning with `PILOTHOUSE_` are taken.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The folder it runs in; the one the bot was started in, when nothing is said.
    pub folder: Option<PathBuf>,
    /// How long it may run before it is stopped. Half an hour, when nothing is said.
    #[serde(default = "half_an_hour")]
    pub timeout: Span,
    /// How long it may clean up once it is told to stop; then it is killed. Ten seconds, when
    /// nothing is said.
    #[serde(default = "ten_seconds")]
    pub grace: Span,
    /// A program with arguments that knows versions; `{service}`, `{environment}` and `{version}`
    /// are replaced, and `PILOTHOUSE_SINCE` is the commit that is live now. It prints
    /// `{"commit": "…", "changes": {"total": 1, "commits": [{"id": "…", "author": "…", "title":
    /// "…"}]}}`, or exits with 3 and a sentence when there is no such version.
    pub resolve: Option<Vec<String>>,
}

fn half_an_hour() -> Span {
    Span(Duration::from_mins(30))
}

fn ten_seconds() -> Span {
    Span(Duration::from_secs(10))
}
