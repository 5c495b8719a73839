//! `audit` of the configuration: where checkpoints are kept, and by which key they are signed.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{clock::Span, secrets::Secret};

/// `audit` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file checkpoints are added to; without this line, `audit-checkpoints.jsonl` in
    /// `folder`. Keep it where whoever can write to the database cannot.
    pub checkpoints: Option<PathBuf>,
    /// The key they are signed with, at least 32 characters; without this line, they are not
    /// signed, and whoever can write the file can write another one.
    pub key: Option<Secret>,
    /// Keys they were signed with before.
    pub former_keys: Vec<Secret>,
    /// How often at least, when there is anything new; without this line, `5m`.
    pub every: Span,
}

impl Default for Settings {
    fn default() -> Self {
        let every = Span(Duration::from_mins(5));
        Self { checkpoints: None, key: None, former_keys: vec![], every }
    }
}
