//! Whether GitHub would start the workflow now: asked without starting anything.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::GithubActions;
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    outbound::Answer,
    pipelines::{
        InputName,
        common::{ends, line, with},
    },
};

/// When the token that was used ends.
const ENDS: &str = "github-authentication-token-expiration";

/// What the holder of a classic token may do.
const SCOPES: &str = "x-oauth-scopes";

/// What the addresses of Pilothouse's doors for vendors have in them.
const OURS: &str = "/hooks/";

#[derive(Deserialize)]
struct WorkflowSeen {
    state: String,
    path: String,
}

#[derive(Deserialize)]
struct FileSeen {
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct RepositorySeen {
    #[serde(default)]
    archived: bool,
    permissions: Option<May>,
}

#[derive(Deserialize)]
struct May {
    #[serde(default)]
    push: bool,
}

impl GithubActions {
    pub(super) async fn greeted(&self, now: Timestamp) -> Vec<Greeting> {
        let (answer, workflow) = match self.workflow().await {
            Ok(seen) => seen,
            Err(greeting) => return vec![greeting],
        };
        let mut greetings = vec![self.standing(&workflow)];
        greetings.extend(self.file(&workflow.path).await);
        greetings.push(self.may(&answer).await);
        greetings.extend(self.hook().await);
        greetings.extend(answer.header(ENDS).and_then(|end| ends("the token", end, now)));
        greetings
    }

    /// The workflow as GitHub shows it, and the answer that told.
    async fn workflow(&self) -> Result<(Answer, WorkflowSeen), Greeting> {
        let name = self.workflow.as_str();
        let url = self.github.url(&["actions", "workflows", name]);
        let url = url.map_err(|error| Greeting::sentence(&error.to_string()))?;
        let answer = self.github.look(url).await.map_err(|error| match error.status() {
            Some(404) => Greeting::bad(
                format!(
                    "GitHub shows this credential no workflow `{name}` in {}",
                    self.github.repository()
                ),
                "Compare `repository` and `workflow` with GitHub's, and let the credential reach \
                 that repository: Actions (read and write), Contents (read)",
            ),
            _ => error.greeting(),
        })?;
        match answer.json() {
            Ok(seen) => Ok((answer, seen)),
            Err(failure) => Err(Greeting::failed("GitHub", &failure)),
        }
    }

    fn standing(&self, seen: &WorkflowSeen) -> Greeting {
        let (repository, name) = (self.github.repository(), self.workflow.as_str());
        match seen.state.as_str() {
            "active" => Greeting::ok(format!("{repository}, workflow {name} is active")),
            state => Greeting::bad(
                format!("the workflow {name} of {repository} is not active but {}", line(state)),
                "Enable it under Actions of the repository",
            ),
        }
    }

    /// What the workflow's own file lacks; nothing when it may not be read, which is told apart.
    async fn file(&self, path: &str) -> Vec<Greeting> {
        let (branch, name) = (self.reference.as_str(), self.workflow.as_str());
        let segments: Vec<&str> = ["contents"].into_iter().chain(path.split('/')).collect();
        let Ok(url) = self.github.url(&segments) else { return vec![] };
        let seen: FileSeen = match self.github.ask(with(url, &[("ref", branch)])).await {
            Ok(seen) => seen,
            Err(error) if error.status() == Some(404) => {
                return vec![Greeting::bad(
                    format!("the workflow's file {} is not on the branch `{branch}`", line(path)),
                    "Correct `ref`, bring the file to that branch, or give the credential \
                     Contents (read)",
                )];
            }
            Err(error) => return vec![error.greeting()],
        };
        let letters: String = seen.content.split_whitespace().collect();
        let Some(text) = BASE64_STANDARD.decode(letters).ok() else { return vec![] };
        let text = String::from_utf8_lossy(&text);
        if !text.contains("workflow_dispatch") {
            return vec![Greeting::bad(
                format!("the file of {name} on `{branch}` has no trigger `workflow_dispatch`"),
                "Add it there, with the inputs: deploy/github/pilothouse-deploy.yml is a whole one",
            )];
        }
        self.lacks(&text).into_iter().collect()
    }

    fn lacks(&self, text: &str) -> Option<Greeting> {
        let missing: Vec<_> = self.inputs.names().map(InputName::as_str).collect();
        let missing: Vec<_> = missing.into_iter().filter(|name| !text.contains(name)).collect();
        if let Some(name) = missing.first() {
            return Some(Greeting::bad(
                format!(
                    "the workflow declares no input `{name}`, so GitHub would refuse to start it"
                ),
                format!("Declare it there, or set `inputs: {{ {name}: null }}` or another name"),
            ));
        }
        let id = self.inputs.request_id.as_str();
        let shown = text.lines().any(|line| line.starts_with("run-name:") && line.contains(id));
        (!shown).then(|| {
            Greeting::warn(
                format!(
                    "the workflow's `run-name` does not show `{id}`, so a run whose start was \
                         interrupted is not found again"
                ),
                format!(
                    "Write `run-name: deploy ${{{{ inputs.version }}}} [${{{{ inputs.{id} }}}}]` \
                         into it"
                ),
            )
        })
    }

    /// Whether the app's webhook reaches Pilothouse, where it is to.
    async fn hook(&self) -> Option<Greeting> {
        let Ok(hook) = self.github.hook().await else {
            let said = "whether the app's webhook arrives cannot be seen from here";
            return Some(Greeting::unseen(said));
        };
        let hook = hook?;
        if !hook.url.contains(OURS) {
            return None;
        }
        let url = line(&hook.url);
        Some(match hook.answered.first() {
            None => Greeting::ok(format!("the app's webhook calls {url}, and has not yet")),
            Some(200..300) => {
                Greeting::ok(format!("the app's webhook calls {url}, which takes it"))
            }
            Some(status) => Greeting::warn(
                format!("the app's webhook calls {url}, which answered {status} the last time"),
                "Look at its deliveries (Advanced, in the app's settings), at its secret, and at \
                 the way in",
            ),
        })
    }

    /// Whether the credential may start runs, as far as GitHub tells.
    async fn may(&self, answer: &Answer) -> Greeting {
        if self.github.is_app() {
            return Greeting::ok("the app may start runs");
        }
        if let Some(scopes) = answer.header(SCOPES).filter(|scopes| !scopes.is_empty()) {
            let may = scopes.split(',').any(|scope| matches!(scope.trim(), "repo" | "public_repo"));
            return if may {
                Greeting::ok("the token may start runs")
            } else {
                Greeting::bad(
                    format!("the token has the scopes {} only", line(scopes)),
                    "Make one with the scope `repo`, or better a fine-grained one",
                )
            };
        }
        let url = match self.github.url(&[]) {
            Ok(url) => url,
            Err(error) => return Greeting::sentence(&error.to_string()),
        };
        match self.github.ask::<RepositorySeen>(url).await {
            Ok(RepositorySeen { archived: true, .. }) => Greeting::bad(
                "the repository is archived: nothing runs in it",
                "Correct `repository`, or take it out of the archive",
            ),
            Ok(RepositorySeen { permissions: Some(May { push: false }), .. }) => Greeting::bad(
                "whoever the token belongs to may only read the repository",
                "Give them the role Write there, or use a GitHub App",
            ),
            Ok(_) => Greeting::unseen(
                "whether this token may start runs cannot be seen from here: it needs Actions \
                 (read and write)",
            ),
            Err(error) => error.greeting(),
        }
    }
}
