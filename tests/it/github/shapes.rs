//! Things in the shape in which GitHub shows them.

use serde_json::{Value, json};

use super::hub::{OLD, RUN, SHA};

pub(crate) fn refusal(message: &str, status: u16) -> Value {
    json!({
        "message": message, "status": status.to_string(),
        "documentation_url": "https://docs.github.com/rest/actions/workflows"
    })
}

/// A commit as lists of commits show it.
pub(crate) fn commit(sha: &str, author: &str, message: &str) -> Value {
    let person =
        json!({ "name": author, "email": "x@acme.example", "date": "2026-11-24T16:39:27Z" });
    json!({
        "sha": sha, "node_id": "MDY6Q29tbWl0", "author": null, "committer": null, "parents": [],
        "commit": { "author": person, "committer": person, "message": message,
                    "tree": { "sha": OLD }, "comment_count": 0 }
    })
}

pub(crate) fn tag(name: &str) -> Value {
    json!({ "name": name, "node_id": "MDM6UmVm", "commit": { "sha": SHA, "url": "https://x.example" },
            "zipball_url": "https://x.example/z", "tarball_url": "https://x.example/t" })
}

pub(crate) fn account(api: &str, login: &str) -> Value {
    let mut seen = json!({
        "login": login, "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "", "type": "Bot",
        "avatar_url": format!("{api}/images/1"), "site_admin": false,
        "html_url": format!("{api}/{login}"), "url": format!("{api}/users/{login}")
    });
    for also in [
        "events",
        "followers",
        "following",
        "gists",
        "organizations",
        "received_events",
        "repos",
        "starred",
        "subscriptions",
    ] {
        seen[format!("{also}_url")] = json!(format!("{api}/users/{login}/{also}"));
    }
    seen
}

pub(crate) fn repository(api: &str) -> Value {
    let mut seen = json!({
        "id": 1_296_269, "node_id": "MDEwOlJlcG9zaXRvcnk=", "name": "checkout",
        "full_name": "acme/checkout", "owner": account(api, "acme"), "private": true,
        "html_url": format!("{api}/acme/checkout"), "description": null, "fork": false,
        "url": format!("{api}/repos/acme/checkout")
    });
    for also in [
        "archive",
        "assignees",
        "blobs",
        "branches",
        "collaborators",
        "comments",
        "commits",
        "compare",
        "contents",
        "contributors",
        "deployments",
        "downloads",
        "events",
        "forks",
        "git_commits",
        "git_refs",
        "git_tags",
        "hooks",
        "issue_comment",
        "issue_events",
        "issues",
        "keys",
        "labels",
        "languages",
        "merges",
        "milestones",
        "notifications",
        "pulls",
        "releases",
        "stargazers",
        "statuses",
        "subscribers",
        "subscription",
        "tags",
        "teams",
        "trees",
    ] {
        seen[format!("{also}_url")] = json!(format!("{api}/repos/acme/checkout/{also}"));
    }
    seen
}

/// A list of runs.
pub(crate) fn runs(runs: &[Value]) -> Value {
    json!({ "total_count": runs.len(), "workflow_runs": runs })
}

pub(crate) type Step<'a> = (&'a str, &'a str, Option<&'a str>);

/// A run, with its number and title.
pub(crate) fn run(
    api: &str,
    (id, title): (u64, &str),
    status: &str,
    conclusion: Option<&str>,
) -> Value {
    let run = format!("{api}/repos/acme/checkout/actions/runs/{id}");
    let repository = repository(api);
    let mut seen = json!({
        "id": id, "name": "Deploy", "node_id": "WFR_kwLOA", "check_suite_id": 42,
        "check_suite_node_id": "MDEwOkNoZWNrU3VpdGU0Mg==", "head_branch": "main",
        "head_sha": SHA, "path": ".github/workflows/deploy.yml@main", "run_number": id % 1000,
        "run_attempt": 1, "referenced_workflows": [], "event": "workflow_dispatch",
        "display_title": title, "status": status, "conclusion": conclusion,
        "workflow_id": 159_038, "url": run, "pull_requests": [],
        "html_url": format!("{api}/acme/checkout/actions/runs/{id}"),
        "created_at": "2026-11-25T02:08:12Z", "updated_at": "2026-11-25T02:08:40Z",
        "run_started_at": "2026-11-25T02:08:12Z", "actor": account(api, "pilothouse[bot]"),
        "triggering_actor": account(api, "pilothouse[bot]"),
        "previous_attempt_url": null,
        "workflow_url": format!("{api}/repos/acme/checkout/actions/workflows/159038"),
        "check_suite_url": format!("{api}/repos/acme/checkout/check-suites/42"),
        "head_commit": {
            "id": SHA, "tree_id": OLD, "message": "Round prices once",
            "timestamp": "2026-11-24T16:39:27Z",
            "author": { "name": "Alice Ames", "email": "alice@acme.example" },
            "committer": { "name": "GitHub", "email": "noreply@github.com" }
        },
        "repository": repository, "head_repository": repository
    });
    for also in ["jobs", "logs", "artifacts", "cancel", "rerun"] {
        seen[format!("{also}_url")] = json!(format!("{run}/{also}"));
    }
    seen
}

/// A job with steps: `(name, status, conclusion)`.
pub(crate) fn job(api: &str, name: &str, state: (&str, Option<&str>), steps: &[Step<'_>]) -> Value {
    let steps: Vec<Value> = (1..)
        .zip(steps)
        .map(|(number, (name, status, conclusion))| {
            json!({ "name": name, "status": status, "conclusion": conclusion,
                    "number": number, "started_at": null, "completed_at": null })
        })
        .collect();
    json!({
        "id": 399_444_496, "run_id": 30_433_642, "run_url": format!("{api}{RUN}"),
        "run_attempt": 1, "node_id": "MDg6Q2hlY2tSdW4=", "head_sha": SHA,
        "url": format!("{api}/repos/acme/checkout/actions/jobs/399444496"),
        "html_url": format!("{api}/acme/checkout/actions/runs/30433642/job/399444496"),
        "status": state.0, "conclusion": state.1, "created_at": "2026-11-25T02:08:13Z",
        "started_at": "2026-11-25T02:08:14Z", "completed_at": null, "name": name,
        "steps": steps, "labels": ["ubuntu-latest"], "runner_id": 1, "runner_name": "r1",
        "check_run_url": format!("{api}/repos/acme/checkout/check-runs/399444496"),
        "runner_group_id": 2, "runner_group_name": "GitHub Actions",
        "workflow_name": "Deploy", "head_branch": "main"
    })
}

/// What a run that was asked for is answered with.
pub(crate) fn dispatched(api: &str) -> Value {
    json!({
        "workflow_run_id": 30_433_642, "run_url": format!("{api}{RUN}"),
        "html_url": format!("{api}/acme/checkout/actions/runs/30433642")
    })
}

/// What a run waits for: an environment, whether we may answer, and whether anybody is asked.
pub(crate) fn pending(api: &str, name: &str, (ours, reviewed): (bool, bool)) -> Value {
    let carol = json!({ "type": "User", "reviewer": account(api, "carol") });
    json!({
        "environment": {
            "id": 161_088_068, "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4", "name": name,
            "url": format!("{api}/repos/acme/checkout/environments/{name}"),
            "html_url": format!("{api}/acme/checkout/deployments/activity_log?environments_filter={name}")
        },
        "wait_timer": 0, "wait_timer_started_at": null, "current_user_can_approve": ours,
        "reviewers": if reviewed { vec![carol] } else { vec![] }
    })
}

/// A deployment, with its number and payload.
pub(crate) fn deployment(api: &str, id: u64, payload: &Value) -> Value {
    let at = format!("{api}/repos/acme/checkout/deployments/{id}");
    json!({
        "url": at, "id": id, "node_id": "MDEwOkRlcGxveW1lbnQx", "sha": SHA, "ref": SHA,
        "task": "deploy", "payload": payload, "original_environment": "production",
        "environment": "production", "description": "checkout v2.1.0 (alice)",
        "creator": account(api, "pilothouse[bot]"), "created_at": "2026-11-25T02:08:12Z",
        "updated_at": "2026-11-25T02:08:12Z", "statuses_url": format!("{at}/statuses"),
        "repository_url": format!("{api}/repos/acme/checkout")
    })
}
