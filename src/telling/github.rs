//! Tells GitHub, as a deployment of the repository: shown beside its commits, with what became of
//! it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{GithubSettings, News, Subscriber, Told, What};
use crate::{
    clock::Clock,
    names::DeploymentId,
    outbound::{Failure, Outbound},
    vendors::github::{Error, Github},
};

/// The longest description of a status that GitHub takes.
const DESCRIPTION: usize = 140;

/// Where a deployment of ours says which it is.
const MARK: &str = "pilothouse";

pub(super) struct GithubDeployments {
    github: Github,
    settings: GithubSettings,
    /// What is being told of: two who told of one deployment at once would make it twice.
    busy: Mutex<HashSet<DeploymentId>>,
}

/// One deployment is being told of, until this is dropped.
struct Turn<'a> {
    busy: &'a Mutex<HashSet<DeploymentId>>,
    deployment: &'a DeploymentId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(self.deployment);
    }
}

#[derive(Deserialize)]
struct Seen {
    id: u64,
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize)]
struct Status {
    state: Option<String>,
}

impl GithubDeployments {
    pub(super) fn new(
        settings: &GithubSettings,
        ground: (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let github = Github::open(&settings.github, settings.repository.clone(), ground)?;
        let (github, settings) = (github.writing_deployments(), settings.clone());
        Ok(Self { github, settings, busy: Mutex::default() })
    }

    /// The turn of a deployment, unless somebody has it.
    fn turn<'a>(&'a self, deployment: &'a DeploymentId) -> Option<Turn<'a>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(deployment.clone()).then_some(Turn { busy: &self.busy, deployment })
    }

    /// What GitHub calls the environment.
    fn environment<'a>(&'a self, news: &'a News) -> &'a str {
        let named = self.settings.environments.get(&news.environment);
        named.map_or(news.environment.as_str(), String::as_str)
    }

    async fn write(&self, news: &News) -> Result<(), Error> {
        let id = match self.find(news).await? {
            Some(id) => id,
            None => self.make(news).await?,
        };
        let id = id.to_string();
        let url = self.url(&["deployments", &id, "statuses"])?;
        let state = state(news.what);
        let told: Vec<Status> = self.github.ask(paged(url.clone())).await?;
        // News may come late, and twice: an end is never followed by a beginning.
        let over = |seen: &Status| {
            let seen = seen.state.as_deref();
            seen == Some(state) || (news.what == What::Started && seen != Some("queued"))
        };
        if told.iter().any(over) {
            return Ok(());
        }
        self.github.act(url, Some(&self.status(news, state))).await?;
        Ok(())
    }

    /// Our own deployment, when it is there already.
    async fn find(&self, news: &News) -> Result<Option<u64>, Error> {
        let mut url = paged(self.url(&["deployments"])?);
        url.query_pairs_mut().append_pair("environment", self.environment(news));
        let seen: Vec<Seen> = self.github.ask(url).await?;
        let ours = |seen: &&Seen| is_marked(&seen.payload, news.deployment.as_str());
        Ok(seen.iter().find(ours).map(|seen| seen.id))
    }

    async fn make(&self, news: &News) -> Result<u64, Error> {
        let what = format!("{} {} ({})", news.service, news.version, news.by);
        let body = json!({
            "ref": news.commit.as_deref().unwrap_or(news.version.as_str()),
            "environment": self.environment(news),
            "description": short(&what),
            "payload": { MARK: news.deployment },
            // GitHub is told what happens, and decides nothing about it.
            "auto_merge": false,
            "required_contexts": [],
        });
        let made = self.github.act(self.url(&["deployments"])?, Some(&body)).await?;
        Ok(made.json::<Seen>()?.id)
    }

    fn status(&self, news: &News, state: &str) -> Value {
        let mut body = json!({ "state": state, "description": short(&news.summary()) });
        if let Some(link) = &news.link {
            body["log_url"] = json!(link);
        }
        if let Some(page) = self.settings.pages.get(&news.environment) {
            body["environment_url"] = json!(page.to_string());
        }
        body
    }

    fn url(&self, segments: &[&str]) -> Result<Url, Error> {
        let nowhere = |error: anyhow::Error| Failure::Unreached(error.to_string());
        Ok(self.github.url(segments).map_err(nowhere)?)
    }
}

#[async_trait]
impl Subscriber for GithubDeployments {
    async fn tell(&self, news: &News) -> Told {
        let Some(_turn) = self.turn(&news.deployment) else {
            let why = "it is being told of the same deployment".to_owned();
            return Told::Later { why, after: None };
        };
        let Err(error) = self.write(news).await else { return Told::Heard };
        let why = error.to_string();
        match error {
            // Who may not yet, or is not yet installed, may be soon.
            Error::Failed(Failure::Refused { status, .. }) if !matches!(status, 401 | 403) => {
                Told::Refused(why)
            }
            Error::Failed(Failure::NotNow { after, .. }) => Told::Later { why, after },
            _ => Told::Later { why, after: None },
        }
    }
}

/// A hundred of the newest: more than one environment sees while one deployment is told of.
fn paged(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("per_page", "100");
    url
}

/// A payload comes back as it was sent, or as text that holds it.
fn is_marked(payload: &Value, id: &str) -> bool {
    let text = payload.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    text.as_ref().unwrap_or(payload)[MARK] == id
}

fn state(what: What) -> &'static str {
    match what {
        What::Started => "in_progress",
        What::Succeeded => "success",
        What::Failed => "failure",
        // It is not there any more; what was there before it never ceased to be a success.
        What::RolledBack => "inactive",
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(DESCRIPTION).collect()
}
