//! Whether GitLab would start a pipeline of the project now: asked without starting anything.

use serde::Deserialize;

use super::{Gitlab, Pass};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    pipelines::common::{ends, line},
};

/// The least role that starts pipelines.
const DEVELOPER: u32 = 30;

#[derive(Deserialize)]
struct ProjectSeen {
    #[serde(default)]
    archived: bool,
    permissions: Option<Permissions>,
    #[serde(rename = "ci_pipeline_variables_minimum_override_role")]
    variables: Option<String>,
}

#[derive(Default, Deserialize)]
struct Permissions {
    project_access: Option<Level>,
    group_access: Option<Level>,
}

#[derive(Deserialize)]
struct Level {
    access_level: u32,
}

#[derive(Deserialize)]
struct TokenSeen {
    #[serde(default)]
    scopes: Vec<String>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct CommitSeen {}

/// A webhook of the project.
#[derive(Deserialize)]
struct HookSeen {
    url: String,
    #[serde(default)]
    alert_status: String,
}

impl Gitlab {
    pub(super) async fn greeted(&self, now: Timestamp) -> Vec<Greeting> {
        let Ok(url) = self.url(&[]) else { return vec![] };
        let seen: ProjectSeen = match self.server.ask(url).await {
            Ok(seen) => seen,
            Err(error) if error.status() == Some(404) => {
                return vec![Greeting::bad(
                    format!("GitLab shows this token no project {}", self.project),
                    "Compare `project` with its address, and make the token one of that project \
                     with the scope `api`",
                )];
            }
            Err(error) => return vec![error.greeting()],
        };
        let mut greetings = vec![self.standing(&seen)];
        greetings.extend(self.branch().await);
        greetings.extend(self.token(now).await);
        greetings.extend(self.hooks().await);
        greetings
    }

    fn standing(&self, seen: &ProjectSeen) -> Greeting {
        if seen.archived {
            return Greeting::bad(
                format!("the project {} is archived: nothing runs in it", self.project),
                "Correct `project`, or take it out of the archive",
            );
        }
        let permissions = seen.permissions.as_ref();
        let levels = permissions
            .into_iter()
            .flat_map(|permissions| [&permissions.project_access, &permissions.group_access]);
        let level = levels.flatten().map(|level| level.access_level).max();
        match level {
            Some(level) if level < DEVELOPER => Greeting::bad(
                format!("in {} the token has the role {} only", self.project, role(level)),
                "Make one with the role Developer",
            ),
            Some(level) if self.pass == Pass::Variables && level < needed(seen) => Greeting::bad(
                format!(
                    "the project {} lets nobody of the role {} pass variables to a pipeline",
                    self.project,
                    role(level)
                ),
                "Allow it (Settings, CI/CD, Variables, minimum role), or declare inputs and set \
                 `pass: inputs`",
            ),
            Some(level) => Greeting::ok(format!(
                "{}, the token may start pipelines (role {})",
                self.project,
                role(level)
            )),
            None => Greeting::ok(format!("{} is there", self.project)),
        }
    }

    async fn branch(&self) -> Option<Greeting> {
        let name = self.reference.as_str();
        let url = self.url(&["repository", "commits", name]).ok()?;
        match self.server.ask::<CommitSeen>(url).await {
            Ok(CommitSeen {}) => None,
            Err(error) if error.status() == Some(404) => Some(Greeting::bad(
                format!("the project {} has no branch or tag `{name}`", self.project),
                "Correct `ref`: pipelines are taken from there",
            )),
            Err(error) => Some(error.greeting()),
        }
    }

    /// A webhook that tells Pilothouse and was switched off, as far as the token may see it.
    async fn hooks(&self) -> Option<Greeting> {
        let Ok(seen) = self.server.ask::<Vec<HookSeen>>(self.url(&["hooks"]).ok()?).await else {
            return Some(Greeting::unseen(
                "whether the project's webhooks still reach Pilothouse cannot be seen from here: \
                 Settings, Webhooks",
            ));
        };
        let off = seen
            .iter()
            .find(|one| one.url.contains("/hooks/") && one.alert_status.ends_with("disabled"))?;
        Some(Greeting::warn(
            format!(
                "a webhook of {} that tells Pilothouse is {}",
                self.project,
                line(&off.alert_status)
            ),
            "Deliveries have failed: look at them under Settings, Webhooks, and test it there",
        ))
    }

    /// What the token says of itself, where it may.
    async fn token(&self, now: Timestamp) -> Option<Greeting> {
        let url = self.server.url(&["api", "v4", "personal_access_tokens", "self"]).ok()?;
        let Ok(seen) = self.server.ask::<TokenSeen>(url).await else {
            return Some(Greeting::unseen("when the token ends cannot be seen from here"));
        };
        if !seen.scopes.iter().any(|scope| scope == "api") {
            return Some(Greeting::bad(
                format!("the token has the scopes {} only", line(&seen.scopes.join(", "))),
                "Make one with the scope `api`",
            ));
        }
        ends("the token", seen.expires_at.as_deref()?, now)
    }
}

/// The least role that may pass variables.
fn needed(seen: &ProjectSeen) -> u32 {
    match seen.variables.as_deref() {
        Some("no_one_allowed") => u32::MAX,
        Some("owner") => 50,
        Some("maintainer") => 40,
        _ => DEVELOPER,
    }
}

fn role(level: u32) -> &'static str {
    match level {
        0..10 => "none",
        10..20 => "Guest",
        20..30 => "Reporter",
        30..40 => "Developer",
        40..50 => "Maintainer",
        _ => "Owner",
    }
}
