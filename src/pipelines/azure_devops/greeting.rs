//! Whether Azure DevOps would run the pipeline now: asked without running anything.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{AzureDevops, NAME, SIGN_IN_PAGE, VERSION, answers::List};
use crate::{
    greeting::Greeting,
    pipelines::common::{line, with},
};

#[derive(Deserialize)]
struct PipelineSeen {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct RepositorySeen {}

/// Somebody whom Azure DevOps tells what happens.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    #[serde(default)]
    status: String,
    #[serde(default)]
    consumer_inputs: BTreeMap<String, String>,
}

impl AzureDevops {
    pub(super) async fn greeted(&self) -> Vec<Greeting> {
        let Ok(url) = self.url(&["_apis", "pipelines", &self.pipeline]) else { return vec![] };
        let seen = self.ask::<PipelineSeen>(with(url, &[VERSION])).await;
        let mut greetings = vec![match seen {
            Ok(seen) => Greeting::ok(format!(
                "{}, pipeline {} ({})",
                self.project,
                self.pipeline,
                line(&seen.name)
            )),
            Err(error) if error.status() == Some(404) => {
                return vec![Greeting::bad(
                    format!(
                        "{NAME} shows this credential no pipeline {} in {}",
                        self.pipeline, self.project
                    ),
                    "Compare `project` and `pipeline` with its address (definitionId), and let \
                     the identity read and queue builds there",
                )];
            }
            Err(error) if matches!(error.status(), Some(300..=399 | 401)) => {
                return vec![Greeting::bad(
                    format!("Pilothouse cannot sign in to {NAME}: {SIGN_IN_PAGE}"),
                    "Make a new credential, or add the identity to the organization's users",
                )];
            }
            Err(error) => return vec![error.greeting()],
        }];
        greetings.extend(self.versions().await);
        greetings.push(Greeting::unseen(
            "whether the identity may queue builds cannot be seen from here: its permissions stand \
             under Security of the pipeline",
        ));
        greetings.extend(self.subscriptions().await);
        greetings
    }

    async fn versions(&self) -> Option<Greeting> {
        let repository = self.repository.as_ref()?;
        let url = self.url(&["_apis", "git", "repositories", repository.as_str()]).ok()?;
        match self.ask::<RepositorySeen>(with(url, &[VERSION])).await {
            Ok(RepositorySeen {}) => None,
            Err(error) if error.status() == Some(404) => Some(Greeting::bad(
                format!("{NAME} shows this credential no repository {repository}"),
                "Correct `repository`, or give the identity Code (read)",
            )),
            Err(error) => Some(error.greeting()),
        }
    }

    /// Those that tell Pilothouse and were switched off, as far as this identity may see them.
    async fn subscriptions(&self) -> Option<Greeting> {
        let url = self.server.url(&["_apis", "hooks", "subscriptions"]).ok()?;
        let url = with(url, &[VERSION, ("consumerId", "webHooks")]);
        let Ok(list) = self.ask::<List<Subscription>>(url).await else {
            return Some(Greeting::unseen(
                "whether its service hooks still reach Pilothouse cannot be seen from here: \
                 Project settings, Service hooks",
            ));
        };
        let ours = |one: &&Subscription| {
            one.consumer_inputs.get("url").is_some_and(|url| url.contains("/hooks/"))
        };
        let off = list
            .value
            .iter()
            .filter(ours)
            .find(|one| one.status.starts_with("disabled") || one.status == "onProbation")?;
        Some(Greeting::warn(
            format!("a service hook of {NAME} that tells Pilothouse is `{}`", line(&off.status)),
            "Deliveries have failed: look at its history under Project settings, Service hooks, \
             and enable it again",
        ))
    }
}
