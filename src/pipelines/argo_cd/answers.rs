//! What an application says about an operation, and what it means here.

use serde::Deserialize;

use crate::{
    pipelines::{Progress, RunState, common::line},
    vendors::argo_cd::{Application, Info, Operation, OperationState, Resource, Source},
};

/// The name under which an operation carries our request id.
pub(super) const INFO: &str = "pilothouse-request-id";

#[derive(Debug, Deserialize)]
pub(super) struct References {
    #[serde(default)]
    pub(super) branches: Option<Vec<String>>,
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
}

impl Operation {
    fn is(&self, id: &str) -> bool {
        let is =
            |info: &Info| info.name.as_deref() == Some(INFO) && info.value.as_deref() == Some(id);
        self.info.iter().flatten().any(is)
    }
}

impl Application {
    /// Its one source; none when it has several.
    pub(super) fn source(&self) -> Option<&Source> {
        let several = self.spec.sources.as_ref().is_some_and(|sources| !sources.is_empty());
        self.spec.source.as_ref().filter(|_| !several)
    }

    /// The project it is in.
    pub(super) fn project(&self) -> &str {
        self.spec.project.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")
    }

    /// The revision that Argo CD follows by itself, when it does.
    pub(super) fn follows(&self) -> Option<&str> {
        let automated = self.spec.sync_policy.as_ref()?.automated.as_ref()?;
        let revision = self.source().and_then(|source| source.target_revision.as_deref());
        (automated.enabled != Some(false))
            .then(|| revision.filter(|text| !text.is_empty()).unwrap_or("HEAD"))
    }

    /// Whether the operation of that id is the one it has.
    pub(super) fn has(&self, id: &str) -> bool {
        self.awaits(id) || self.does(id).is_some()
    }

    fn awaits(&self, id: &str) -> bool {
        self.operation.as_ref().is_some_and(|operation| operation.is(id))
    }

    fn does(&self, id: &str) -> Option<&OperationState> {
        let state = self.status.operation_state.as_ref()?;
        state.operation.as_ref().filter(|operation| operation.is(id)).map(|_| state)
    }

    /// The progress of the operation of that id.
    pub(super) fn progress(&self, id: &str) -> Progress {
        let Some(operation) = self.does(id) else {
            if self.awaits(id) {
                return Progress::bare(RunState::Queued);
            }
            let detail = Some("another operation has taken its place at Argo CD".to_owned());
            return Progress { detail, ..Progress::bare(RunState::Unknown) };
        };
        let said = operation.message.as_deref().map(line).filter(|said| !said.is_empty());
        let phase = operation.phase.as_deref().unwrap_or("no phase");
        let mut progress = operation.counted();
        (progress.state, progress.detail) = match phase {
            "Running" => (RunState::Running, None),
            "Terminating" => (RunState::Running, Some("terminating".to_owned())),
            "Failed" | "Error" => match said {
                Some(said) if said.contains("terminated") => (RunState::Cancelled, Some(said)),
                said => (RunState::Failed, said.or_else(|| Some(line(phase)))),
            },
            "Succeeded" => self.healthy(),
            other => (RunState::Unknown, Some(line(other))),
        };
        if progress.state == RunState::Running && phase == "Succeeded" {
            progress.step = Some("synced, waits until it is healthy".to_owned());
        }
        progress
    }

    /// What a finished sync is worth.
    fn healthy(&self) -> (RunState, Option<String>) {
        let health = self.status.health.as_ref();
        let status = health.and_then(|health| health.status.as_deref()).unwrap_or("no health");
        let why = health.and_then(|health| health.message.as_deref()).map(line);
        match status {
            "Healthy" => (RunState::Succeeded, None),
            "Progressing" | "Missing" => (RunState::Running, None),
            "Suspended" => {
                (RunState::WaitingApproval, Some("is suspended: resume it at Argo CD".to_owned()))
            }
            "Degraded" => {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                (RunState::Failed, Some(format!("synced, but degraded{why}")))
            }
            other => (RunState::Unknown, Some(format!("health: {}", line(other)))),
        }
    }
}

impl OperationState {
    /// How many things are synced.
    fn counted(&self) -> Progress {
        let resources = self.sync_result.iter().flat_map(|result| &result.resources).flatten();
        let (over, at_work): (Vec<&Resource>, Vec<&Resource>) =
            resources.partition(|resource| resource.is_over());
        let count = |things: usize| u32::try_from(things).unwrap_or(u32::MAX);
        Progress {
            done: count(over.len()),
            total: count(over.len() + at_work.len()),
            step: at_work.first().map(|resource| resource.shown()),
            ..Progress::bare(RunState::Unknown)
        }
    }
}

impl Resource {
    fn is_over(&self) -> bool {
        match self.hook_phase.as_deref().filter(|phase| !phase.is_empty()) {
            Some("Running") => false,
            Some(_) => true,
            None => self.status.as_deref().is_some_and(|status| !status.is_empty()),
        }
    }

    fn shown(&self) -> String {
        let kind = self.kind.as_deref().unwrap_or("something");
        format!("{} {}", line(kind), line(self.name.as_deref().unwrap_or_default()))
    }
}
