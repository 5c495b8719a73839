//! What Azure DevOps says about runs and their timelines, and what it means here.
//!
//! Every word may be missing or new: Azure DevOps adds words without notice.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::pipelines::{Progress, RunState, Verdict, common::line};

/// The longest way from a task up to its stage: task, job, phase, stage.
const LEVELS: usize = 6;

/// A list as it comes: the description says bare arrays, the wire carries this.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) value: Vec<T>,
}

/// A run as the pipelines' part of the API shows it.
#[derive(Debug, Deserialize)]
pub(super) struct RunSeen {
    pub(super) id: u64,
    pub(super) name: Option<String>,
    #[serde(rename = "_links")]
    pub(super) links: Option<Links>,
    #[serde(rename = "templateParameters")]
    pub(super) told: Option<BTreeMap<String, Value>>,
}

/// The same run as the builds' part of the API shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Build {
    pub(super) id: u64,
    /// What people call it; rarely a number.
    #[serde(rename = "buildNumber")]
    pub(super) name: Option<String>,
    status: Option<String>,
    result: Option<String>,
    #[serde(rename = "_links")]
    pub(super) links: Option<Links>,
    #[serde(rename = "templateParameters")]
    pub(super) told: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Links {
    web: Option<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Timeline {
    #[serde(default)]
    records: Vec<Record>,
}

/// A stage, a job, a task, a check.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: Option<String>,
    parent_id: Option<String>,
    r#type: Option<String>,
    name: Option<String>,
    state: Option<String>,
    result: Option<String>,
    issues: Option<Vec<Issue>>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    r#type: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) name: String,
    object_id: String,
    peeled_object_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitSeen {
    pub(super) commit_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    pub(super) ahead_count: usize,
    pub(super) behind_count: usize,
}

/// What somebody is asked to approve.
#[derive(Debug, Deserialize)]
pub(super) struct Approval {
    pub(super) id: Option<String>,
    status: Option<String>,
    /// What we may do with it, in words with commas between them.
    permissions: Option<String>,
}

impl Approval {
    /// Whether it waits for nobody any more.
    pub(super) fn is_over(&self) -> bool {
        let over =
            ["approved", "rejected", "skipped", "canceled", "timedOut", "failed", "completed"];
        self.status.as_deref().is_some_and(|status| over.contains(&status))
    }

    /// Whether it may be answered by us, as far as is told.
    pub(super) fn is_ours_to_answer(&self) -> bool {
        let can = |said: &str| said.contains("update") || said.contains("resourceAdmin");
        self.permissions.as_deref().is_none_or(can)
    }
}

/// The word for what was decided.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
    }
}

impl Links {
    /// The page that people look at.
    pub(super) fn page(&self) -> Option<&str> {
        self.web.as_ref()?.href.as_deref()
    }
}

impl Reference {
    /// The commit it stands for; a tag with a message is a thing of its own.
    pub(super) fn commit(self) -> String {
        self.peeled_object_id.unwrap_or(self.object_id)
    }
}

impl Build {
    /// Where it stands, and their word when ours says less.
    fn state(&self) -> (RunState, Option<String>) {
        let status = self.status.as_deref().unwrap_or("no status");
        let result = self.result.as_deref().unwrap_or("no result");
        let word = |word: &str| Some(line(word));
        match (status, result) {
            ("notStarted" | "postponed", _) => (RunState::Queued, None),
            ("inProgress", _) => (RunState::Running, None),
            ("cancelling", _) => (RunState::Running, word("cancelling")),
            ("completed", "succeeded") => (RunState::Succeeded, None),
            ("completed", "partiallySucceeded") => {
                (RunState::Succeeded, word("partially succeeded: something in it had problems"))
            }
            ("completed", "failed") => (RunState::Failed, word("failed")),
            ("completed", "canceled") => (RunState::Cancelled, word("canceled")),
            ("completed", other) | (other, _) => (RunState::Unknown, word(other)),
        }
    }

    /// Its progress, from its timeline as well as itself.
    pub(super) fn progress(&self, timeline: &Timeline) -> Progress {
        let (mut state, mut detail) = self.state();
        let pieces = timeline.pieces();
        let at_work = pieces.iter().find(|piece| piece.is("inProgress"));
        if state == RunState::Running && at_work.is_none() && timeline.waits() {
            state = RunState::WaitingApproval;
            detail = Some("waits for an approval at Azure DevOps".to_owned());
        }
        if state == RunState::Failed {
            detail = timeline.fault().or(detail);
        }
        let count = |pieces: usize| u32::try_from(pieces).unwrap_or(u32::MAX);
        Progress {
            state,
            done: count(pieces.iter().filter(|piece| piece.is("completed")).count()),
            total: count(pieces.len()),
            step: at_work.map(|piece| timeline.place(piece)),
            tail: vec![],
            gates: vec![],
            gates_unknown: false,
            detail,
        }
    }
}

impl Record {
    fn is(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }

    fn is_a(&self, kind: &str) -> bool {
        self.r#type.as_deref() == Some(kind)
    }
}

impl Timeline {
    /// What is counted: the jobs, and the stages that show none yet.
    fn pieces(&self) -> Vec<&Record> {
        let jobs: Vec<&Record> = self.records.iter().filter(|record| record.is_a("Job")).collect();
        let begun = |stage: &Record| {
            jobs.iter().any(|job| self.above(job).any(|above| std::ptr::eq(above, stage)))
        };
        let empty = self.records.iter().filter(|record| record.is_a("Stage") && !begun(record));
        jobs.iter().copied().chain(empty).collect()
    }

    /// A record and everything it is part of, from the inside out.
    fn above<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = &'a Record> {
        let outer = |record: &&'a Record| {
            let parent = record.parent_id.as_ref()?;
            self.records.iter().find(|other| other.id.as_ref() == Some(parent))
        };
        std::iter::successors(Some(record), outer).take(LEVELS)
    }

    /// Its stage, its job and itself.
    fn place(&self, record: &Record) -> String {
        let shown = |record: &&Record| {
            let counts = ["Stage", "Job", "Task"].iter().any(|kind| record.is_a(kind));
            counts && record.name.as_deref().is_some_and(|name| !name.starts_with("__"))
        };
        let name = |record: &Record| line(record.name.as_deref().unwrap_or_default());
        let mut names: Vec<String> = self.above(record).filter(shown).map(name).collect();
        names.reverse();
        names.join(" / ")
    }

    /// Whether somebody has to approve something now.
    fn waits(&self) -> bool {
        self.open_approvals().next().is_some()
    }

    fn open_approvals(&self) -> impl Iterator<Item = &Record> {
        let open = |record: &&Record| record.is_a("Checkpoint.Approval") && !record.is("completed");
        self.records.iter().filter(open)
    }

    /// The ids of what somebody has to approve now, each with the stage that waits for it.
    pub(super) fn approvals(&self) -> Vec<(&str, String)> {
        let named = self.open_approvals().filter_map(|record| {
            let stage = self.above(record).find(|above| above.is_a("Stage"));
            let name = stage.unwrap_or(record).name.as_deref();
            Some((record.id.as_deref()?, line(name.unwrap_or("an approval"))))
        });
        named.collect()
    }

    /// What failed, as deep inside as is told, and the first reason given.
    fn fault(&self) -> Option<String> {
        let failed = |kind: &str| {
            let is =
                |record: &&Record| record.is_a(kind) && record.result.as_deref() == Some("failed");
            self.records.iter().find(is)
        };
        let record = failed("Task").or_else(|| failed("Job")).or_else(|| failed("Stage"))?;
        let is_error = |issue: &&Issue| issue.r#type.as_deref() == Some("error");
        let issue = record.issues.iter().flatten().find(is_error);
        let why = issue.and_then(|issue| issue.message.as_deref());
        Some(match why {
            Some(why) => format!("failed in {}: {}", self.place(record), line(why)),
            None => format!("failed in {}", self.place(record)),
        })
    }
}
