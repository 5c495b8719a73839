//! A sender of one's own as the configuration writes it: where in its JSON everything stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pointer;
use crate::{
    alerts::settings::{Flaw, settings_of_a_source},
    hooks::Proof,
};

settings_of_a_source! {
    /// Whatever can post JSON when something begins and ends.
    proved by Proof {
        /// Where in its JSON everything stands.
        fields: Fields,
    }
}

/// Where in the JSON of a delivery everything stands, each by a JSON pointer: `/alert/title`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The list of alerts; without this line, a delivery is one alert. All others are looked for
    /// in each of its items.
    pub alerts: Option<Pointer>,
    /// What makes it the same alert again, from its beginning to its end; without this line, all
    /// of its labels together.
    pub fingerprint: Option<Pointer>,
    /// How it is.
    pub status: StatusField,
    /// What it is called.
    pub name: Pointer,
    /// More labels: an object of texts.
    pub labels: Option<Pointer>,
    /// The service it is about.
    pub service: Option<Pointer>,
    /// Where.
    pub environment: Option<Pointer>,
    /// How bad it is.
    pub severity: Option<Pointer>,
    /// One sentence.
    pub summary: Option<Pointer>,
    /// More.
    pub description: Option<Pointer>,
    /// The address of what to do.
    pub runbook: Option<Pointer>,
    /// Since when it fires: `2026-11-26T08:00:00Z`, or seconds or milliseconds since 1970. Only if
    /// that stays the same until its end.
    pub starts: Option<Pointer>,
    /// When it fired no more.
    pub ends: Option<Pointer>,
}

/// How an alert says how it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusField {
    /// Where the word stands.
    pub at: Pointer,
    /// Words for "it fires"; any other word that is not in `resolved` counts as one of them, and is
    /// shown.
    #[serde(default = "firing")]
    pub firing: Vec<String>,
    /// Words for "it fires no more". Capitals do not matter.
    #[serde(default = "resolved")]
    pub resolved: Vec<String>,
}

fn firing() -> Vec<String> {
    vec!["firing".to_owned()]
}

fn resolved() -> Vec<String> {
    vec!["resolved".to_owned()]
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        const STATUS: &[&str] = &["fields", "status"];
        const RESOLVED: &[&str] = &["fields", "status", "resolved"];
        let StatusField { firing, resolved, .. } = &self.fields.status;
        let mut flaws = vec![];
        if resolved.is_empty() {
            let what = "names no word: no alert would ever be over";
            flaws.push(Flaw::at(RESOLVED, what));
        }
        let same = |word: &&String| resolved.iter().any(|other| other.eq_ignore_ascii_case(word));
        if let Some(word) = firing.iter().find(same) {
            let word: String = word.chars().filter(|c| *c != '`').take(40).collect();
            let what = format!("means two things by `{word}`: that it fires, and that it is over");
            flaws.push(Flaw::at(STATUS, what));
        }
        flaws
    }
}
