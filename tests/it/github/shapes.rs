//! Things in the shape in which GitHub shows them.

use serde_json::{Value, json};

use super::hub::{OLD, SHA};

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
