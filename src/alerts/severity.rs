//! How bad an alert is, in its own word. Pure.

use serde::{Deserialize, Serialize};

use super::heard::sentence;

/// The longest word that is kept.
const LONGEST: usize = 20;

/// How bad an alert is. Text from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Severity(String);

impl Severity {
    /// By what its label says.
    pub fn of(label: Option<&str>) -> Self {
        let word = label.and_then(sentence).map(|word| word.to_lowercase());
        Self(word.unwrap_or_default().chars().take(LONGEST).collect())
    }

    /// The word, `no severity` where there is none.
    pub fn word(&self) -> &str {
        if self.0.is_empty() { "no severity" } else { &self.0 }
    }

    /// 0 is the worst. Words nobody agreed upon stand between warnings and what is only told.
    pub fn rank(&self) -> i64 {
        match self.0.as_str() {
            "critical" | "page" | "fatal" | "emergency" | "disaster" | "sev0" | "sev1" | "p0"
            | "p1" => 0,
            "error" | "high" | "major" | "severe" | "sev2" | "p2" => 1,
            "warning" | "warn" | "medium" | "moderate" | "minor" | "average" | "sev3" | "p3" => 2,
            "info" | "information" | "low" | "notice" | "none" | "debug" | "sev4" | "p4" => 4,
            _ => 3,
        }
    }
}
