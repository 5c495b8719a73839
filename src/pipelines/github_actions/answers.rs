//! What GitHub says about runs, jobs and commits, and what it means here.
//!
//! Every word may be missing or new: GitHub adds words without notice.

use serde::Deserialize;

use crate::pipelines::{
    Changes, Commit, Progress, RunState,
    common::{COMMITS, is_commit, line},
};

#[derive(Debug, Deserialize)]
pub(super) struct Dispatched {
    pub(super) workflow_run_id: u64,
    #[serde(default)]
    pub(super) html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub(super) workflow_runs: Vec<RunSeen>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RunSeen {
    pub(super) id: u64,
    pub(super) run_number: Option<u64>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) display_title: Option<String>,
    pub(super) head_sha: Option<String>,
}

/// An environment that a run waits for.
#[derive(Debug, Deserialize)]
pub(super) struct Pending {
    pub(super) environment: Waiting,
    #[serde(default)]
    pub(super) current_user_can_approve: bool,
    #[serde(default)]
    pub(super) wait_timer: u64,
    #[serde(default)]
    pub(super) reviewers: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Jobs {
    #[serde(default)]
    pub(super) jobs: Vec<Piece>,
}

/// A job, or a step of one.
#[derive(Debug, Deserialize)]
pub(super) struct Piece {
    #[serde(default)]
    name: String,
    status: Option<String>,
    conclusion: Option<String>,
    steps: Option<Vec<Piece>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitSeen {
    pub(super) sha: String,
    commit: Option<Written>,
    author: Option<Account>,
}

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    message: String,
    author: Option<Author>,
}

#[derive(Debug, Deserialize)]
struct Author {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Account {
    login: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    html_url: Option<String>,
    ahead_by: usize,
    behind_by: usize,
    #[serde(default)]
    commits: Vec<CommitSeen>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
}

impl RunSeen {
    /// What people call the run.
    pub(super) fn label(&self) -> String {
        format!("#{}", self.run_number.unwrap_or(self.id))
    }

    /// Where it stands, and GitHub's word when ours says less.
    pub(super) fn state(&self) -> (RunState, Option<String>) {
        let status = self.status.as_deref().unwrap_or("no status");
        let conclusion = self.conclusion.as_deref().unwrap_or("no conclusion");
        let word = |word: &str| Some(line(word));
        match (status, conclusion) {
            ("queued" | "requested" | "pending", _) => (RunState::Queued, None),
            ("waiting", _) => {
                (RunState::WaitingApproval, word("waits for a protection rule at GitHub"))
            }
            ("in_progress", _) => (RunState::Running, None),
            ("completed", "success") => (RunState::Succeeded, None),
            ("completed", "neutral") => (RunState::Succeeded, word("neutral")),
            // Calling this a success would call something live that was never deployed.
            ("completed", "skipped") => (RunState::Failed, word("skipped: no job of it ran")),
            ("completed", "cancelled") => (RunState::Cancelled, word("cancelled")),
            (
                "completed",
                "failure" | "timed_out" | "startup_failure" | "action_required" | "stale",
            ) => (RunState::Failed, word(conclusion)),
            ("completed", other) | (other, _) => (RunState::Unknown, word(other)),
        }
    }
}

impl Piece {
    fn is(&self, status: &str) -> bool {
        self.status.as_deref() == Some(status)
    }

    fn failed(&self) -> bool {
        matches!(self.conclusion.as_deref(), Some("failure" | "timed_out"))
    }

    fn steps(&self) -> &[Self] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// The job, with the step of it that is so.
    fn with(&self, so: impl Fn(&Self) -> bool) -> String {
        match self.steps().iter().find(|step| so(step)) {
            Some(step) => format!("{} / {}", line(&self.name), line(&step.name)),
            None => line(&self.name),
        }
    }
}

impl Jobs {
    /// A run's progress, from its jobs as well as itself.
    pub(super) fn progress(&self, run: &RunSeen) -> Progress {
        let (state, word) = run.state();
        let failed = self.jobs.iter().find(|job| job.failed()).map(|job| job.with(Piece::failed));
        let detail = match (state, word, failed) {
            (RunState::Failed, Some(word), Some(place)) => Some(format!("{word} in {place}")),
            (_, word, _) => word,
        };
        let at_work = |piece: &Piece| piece.is("in_progress");
        let step = self.jobs.iter().find(|job| at_work(job)).map(|job| job.with(at_work));
        let (mut done, mut total) = (0, 0);
        for job in &self.jobs {
            // A job that has not begun has no steps yet, and counts as one.
            let whole = std::slice::from_ref(job);
            for piece in if job.steps().is_empty() { whole } else { job.steps() } {
                total += 1;
                done += u32::from(piece.is("completed"));
            }
        }
        Progress {
            state,
            done,
            total,
            step,
            tail: vec![],
            detail,
            gates: vec![],
            gates_unknown: false,
        }
    }
}

impl CommitSeen {
    /// The commit's id, when it is one.
    pub(super) fn id(&self) -> Option<&str> {
        is_commit(&self.sha).then_some(self.sha.as_str())
    }

    fn shown(&self) -> Commit {
        let written = self.commit.as_ref();
        let name = written.and_then(|written| written.author.as_ref()?.name.as_deref());
        let login = self.author.as_ref().and_then(|account| account.login.as_deref());
        let title = written.and_then(|written| written.message.lines().next());
        Commit {
            id: line(&self.sha),
            author: line(name.or(login).unwrap_or("somebody")),
            title: line(title.unwrap_or_default()),
        }
    }
}

impl Comparison {
    /// What would ship. GitHub lists the newest 250 commits, oldest first.
    pub(super) fn changes(&self, page: impl Fn(&str) -> Option<String>) -> Changes {
        Changes {
            total: self.ahead_by,
            behind: self.behind_by,
            commits: self.commits.iter().rev().take(COMMITS).map(CommitSeen::shown).collect(),
            url: self.html_url.as_deref().and_then(page),
        }
    }
}
