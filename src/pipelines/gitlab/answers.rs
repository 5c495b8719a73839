//! What GitLab says about pipelines, jobs and commits, and what it means here.
//!
//! Every word may be missing or new: GitLab adds words without notice.

use serde::Deserialize;

use crate::pipelines::{
    Commit, Progress, RunState,
    common::{is_commit, line},
};

#[derive(Debug, Deserialize)]
pub(super) struct PipelineSeen {
    pub(super) id: u64,
    status: Option<String>,
    pub(super) web_url: Option<String>,
    /// From `workflow:name`.
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Variable {
    pub(super) key: String,
    pub(super) value: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) id: Option<u64>,
    #[serde(default)]
    name: String,
    stage: Option<String>,
    status: Option<String>,
    #[serde(default)]
    allow_failure: bool,
    failure_reason: Option<String>,
}

/// A deployment that somebody has to approve.
#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) pending_approval_count: u64,
    deployable: Option<Deployable>,
}

#[derive(Debug, Deserialize)]
struct Deployable {
    id: u64,
}

impl Deployment {
    /// The id of the job that deploys.
    pub(super) fn job(&self) -> Option<String> {
        Some(self.deployable.as_ref()?.id.to_string())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitSeen {
    pub(super) id: String,
    author_name: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    #[serde(default)]
    pub(super) commits: Vec<CommitSeen>,
    pub(super) web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
}

impl PipelineSeen {
    /// Where it stands, and GitLab's word when ours says less.
    fn state(&self) -> (RunState, Option<String>) {
        let word = |word: &str| Some(line(word));
        match self.status.as_deref().unwrap_or("no status") {
            "created" | "waiting_for_resource" | "preparing" | "pending" | "scheduled" => {
                (RunState::Queued, None)
            }
            "manual" => (RunState::WaitingApproval, word("waits for a manual job at GitLab")),
            "running" => (RunState::Running, None),
            "canceling" => (RunState::Running, word("canceling")),
            "success" => (RunState::Succeeded, None),
            "failed" => (RunState::Failed, None),
            "canceled" => (RunState::Cancelled, word("canceled")),
            // Calling this a success would call something live that was never deployed.
            "skipped" => (RunState::Failed, word("skipped: no job of it ran")),
            other => (RunState::Unknown, word(other)),
        }
    }

    /// Its progress, from its jobs as well as itself.
    pub(super) fn progress(&self, jobs: &[Job]) -> Progress {
        let (state, word) = self.state();
        let detail = match (state, word) {
            (RunState::Failed, None) => jobs.iter().find_map(Job::fault),
            (_, word) => word,
        };
        let count = |jobs: usize| u32::try_from(jobs).unwrap_or(u32::MAX);
        Progress {
            state,
            done: count(jobs.iter().filter(|job| job.is_over()).count()),
            total: count(jobs.len()),
            step: jobs.iter().find(|job| job.is("running")).map(Job::place),
            tail: vec![],
            gates: vec![],
            gates_unknown: false,
            detail,
        }
    }
}

impl Job {
    fn is(&self, status: &str) -> bool {
        self.status.as_deref() == Some(status)
    }

    fn is_over(&self) -> bool {
        ["success", "failed", "canceled", "skipped"].iter().any(|status| self.is(status))
    }

    /// Whether somebody has to begin it before anything else goes on.
    pub(super) fn is_waited_for(&self) -> bool {
        self.is("manual") && !self.allow_failure
    }

    /// What people call it.
    pub(super) fn called(&self) -> String {
        line(&self.name)
    }

    fn place(&self) -> String {
        match self.stage.as_deref() {
            Some(stage) => format!("{} / {}", line(stage), line(&self.name)),
            None => line(&self.name),
        }
    }

    /// Why it made the whole pipeline fail, when it did.
    fn fault(&self) -> Option<String> {
        let why = self.failure_reason.as_deref().unwrap_or("failed").replace('_', " ");
        (self.is("failed") && !self.allow_failure)
            .then(|| format!("{} in {}", line(&why), self.place()))
    }
}

impl CommitSeen {
    /// The commit's id, when it is one.
    pub(super) fn id(&self) -> Option<&str> {
        is_commit(&self.id).then_some(self.id.as_str())
    }

    pub(super) fn shown(&self) -> Commit {
        Commit {
            id: line(&self.id),
            author: line(self.author_name.as_deref().unwrap_or("somebody")),
            title: line(self.title.as_deref().unwrap_or_default()),
        }
    }
}
