//! What Jenkins says about jobs, its queue and builds, and what it means here.
//!
//! Every word may be missing or new: plugins add words.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::pipelines::{Progress, RunState, common::line};

/// A job, as far as a start needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) buildable: Option<bool>,
    property: Vec<Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    #[serde(rename = "parameterDefinitions")]
    parameters: Option<Vec<Parameter>>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    name: Option<String>,
    value: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Queue {
    pub(super) items: Vec<Item>,
}

/// Something that waits to be built, or did a moment ago.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) id: u64,
    why: Option<String>,
    #[serde(default)]
    cancelled: bool,
    pub(super) executable: Option<Executable>,
    actions: Option<Vec<Option<Action>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Executable {
    pub(super) number: u64,
}

#[derive(Debug, Deserialize)]
struct Action {
    parameters: Option<Vec<Parameter>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Builds {
    pub(super) builds: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) number: u64,
    actions: Option<Vec<Option<Action>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Build {
    #[expect(dead_code, reason = "without a number it is no build")]
    number: u64,
    #[serde(default)]
    building: bool,
    result: Option<String>,
}

/// The stages of a build, as the Pipeline Stage View plugin shows them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Stages {
    status: Option<String>,
    #[serde(default)]
    stages: Vec<Stage>,
}

#[derive(Debug, Deserialize)]
struct Stage {
    #[serde(default)]
    name: String,
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumb {
    pub(super) crumb_request_field: String,
    pub(super) crumb: String,
}

impl Job {
    /// The names of the parameters it declares.
    pub(super) fn declares(&self) -> BTreeSet<&str> {
        let parameters = self.property.iter().filter_map(|property| property.parameters.as_ref());
        parameters.flatten().filter_map(|parameter| parameter.name.as_deref()).collect()
    }
}

fn was_told(actions: Option<&Vec<Option<Action>>>, name: &str, value: &str) -> bool {
    let parameters = actions.into_iter().flatten().flatten().filter_map(|a| a.parameters.as_ref());
    parameters.flatten().any(|parameter| {
        let said = parameter.value.as_ref().and_then(Value::as_str);
        parameter.name.as_deref() == Some(name) && said == Some(value)
    })
}

impl Item {
    /// Whether it was told this.
    pub(super) fn was_told(&self, name: &str, value: &str) -> bool {
        was_told(self.actions.as_ref(), name, value)
    }

    /// The progress of something that is not built yet.
    pub(super) fn progress(&self) -> Progress {
        let (state, detail) = if self.cancelled {
            (RunState::Cancelled, Some("cancelled while it waited".to_owned()))
        } else {
            (RunState::Queued, self.why.as_deref().map(line))
        };
        Progress { detail, ..Progress::bare(state) }
    }
}

impl Listed {
    /// Whether it was told this.
    pub(super) fn was_told(&self, name: &str, value: &str) -> bool {
        was_told(self.actions.as_ref(), name, value)
    }
}

impl Build {
    /// Where it stands, and Jenkins' word when ours says less.
    fn state(&self) -> (RunState, Option<String>) {
        let word = |word: &str| Some(word.to_owned());
        match self.result.as_deref() {
            _ if self.building => (RunState::Running, None),
            // Between its last step and its result.
            None => (RunState::Running, None),
            Some("SUCCESS") => (RunState::Succeeded, None),
            Some("UNSTABLE") => {
                (RunState::Succeeded, word("unstable: something in it had problems"))
            }
            Some("FAILURE") => (RunState::Failed, word("failure")),
            Some("ABORTED") => (RunState::Cancelled, word("aborted")),
            Some("NOT_BUILT") => (RunState::Cancelled, word("not built")),
            Some(other) => (RunState::Unknown, Some(line(other))),
        }
    }

    /// Its progress, from its stages as well as itself.
    pub(super) fn progress(&self, stages: &Stages) -> Progress {
        let (mut state, mut detail) = self.state();
        if state == RunState::Running && stages.status.as_deref() == Some("PAUSED_PENDING_INPUT") {
            state = RunState::WaitingApproval;
            detail = Some("waits for somebody's input at Jenkins".to_owned());
        }
        let find = |words: &[&str]| stages.stages.iter().find(|stage| stage.is(words));
        if state == RunState::Failed
            && let Some(stage) = find(&["FAILED"])
        {
            detail = Some(format!("failure in {}", line(&stage.name)));
        }
        let over = ["SUCCESS", "FAILED", "ABORTED", "UNSTABLE"];
        let count = |stages: usize| u32::try_from(stages).unwrap_or(u32::MAX);
        Progress {
            state,
            done: count(stages.stages.iter().filter(|stage| stage.is(&over)).count()),
            total: count(stages.stages.len()),
            step: find(&["IN_PROGRESS", "PAUSED_PENDING_INPUT"]).map(|stage| line(&stage.name)),
            tail: vec![],
            gates: vec![],
            gates_unknown: false,
            detail,
        }
    }
}

impl Stage {
    fn is(&self, words: &[&str]) -> bool {
        self.status.as_deref().is_some_and(|status| words.contains(&status))
    }
}
