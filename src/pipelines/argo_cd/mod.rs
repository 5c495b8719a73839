//! An application of Argo CD, synced to a revision.
//!
//! # What the application needs
//!
//! * One source, a Git repository (or chart) whose revisions are the versions people ask for.
//! * No auto-sync. With it, Argo CD follows one revision by itself, refuses to sync to any other
//!   and refuses to roll back; Pilothouse says so before anybody approves anything.
//!
//! The request id goes with the operation, under `info`. An application has one operation at a
//! time, and forgets the last one when the next begins: a run that is replaced is *unknown*.

mod answers;
mod greeting;
mod settings;

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use answers::{INFO, References};
pub use settings::Settings;

use super::{
    Found, Ground, Order, Pipeline, Progress, Resolved, Run, RunState, Started, Unresolved, Wish,
    common::{is_commit, no_such_version, not_started},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    names::RunId,
    outbound::Failure,
    vendors::{
        argo_cd::{Application, Client, NAME, Which},
        server::Error,
    },
};

pub(super) struct ArgoCd {
    client: Client,
    settings: Settings,
}

impl ArgoCd {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        let Settings { url, application, project, namespace, token, timeout, .. } =
            settings.clone();
        let ground = (ground.clock.clone(), ground.outbound.clone());
        let which = Which { application, project, namespace };
        let client = Client::new(which, (url, timeout), token, ground)?;
        Ok(Self { client, settings: settings.clone() })
    }

    /// The page people look at.
    fn run(&self, id: &str) -> anyhow::Result<Run> {
        let namespace = self.settings.namespace.as_ref().map_or("argocd", |name| name.as_str());
        let page = ["applications", namespace, self.settings.application.as_str()];
        Ok(Run {
            id: id.parse::<RunId>().context("a correlation id is a run's name")?,
            label: format!("sync of {}", self.settings.application),
            url: Some(self.client.server.url(&page)?.into()),
        })
    }

    /// Why the application cannot be brought to that revision, whoever asks.
    fn objection(&self, application: &Application, revision: &str) -> Option<String> {
        let name = &self.settings.application;
        if application.source().is_none() {
            return Some(format!(
                "The application {name} has no single source at {NAME}, so a version says nothing"
            ));
        }
        let followed = application.follows().filter(|followed| *followed != revision)?;
        Some(format!(
            "{NAME} keeps {name} at `{followed}` by itself (auto-sync), so it neither syncs to \
             `{revision}` nor rolls back: change it in Git, or switch auto-sync off"
        ))
    }

    fn refusal(&self, status: u16, said: &str) -> Option<String> {
        match status {
            403 | 404 => Some(format!(
                "{NAME} knows no application {} that Pilothouse may read and sync: check its name \
                 and project, and what the token may do ({said})",
                self.settings.application
            )),
            _ => None,
        }
    }

    async fn begin(&self, order: &Order) -> Result<Run, Started> {
        let told = |status, said: &str| self.refusal(status, said);
        let revision = order.commit.as_deref().unwrap_or(order.version.as_str());
        let application = self.client.application().await.map_err(|error| {
            match not_started(NAME, error, told) {
                // Nobody was asked to start anything yet.
                Started::Unclear(why) => Started::NotNow(why),
                other => other,
            }
        })?;
        let follows = application.follows();
        // The version as people call it may be what is followed, though the commit is not.
        let revision = follows.filter(|name| *name == order.version.as_str()).unwrap_or(revision);
        if let Some(why) = self.objection(&application, revision) {
            return Err(Started::Refused(why));
        }
        let id = order.correlation.as_str();
        let body = self.body(order, revision);
        let url =
            self.client.url(&["sync"]).map_err(|error| Started::Refused(error.to_string()))?;
        let answer =
            self.client.server.act((Method::POST, url), &[], |request| request.json(&body)).await;
        let synced = answer.and_then(|answer| self.client.server.decoded::<Application>(&answer));
        match synced {
            Ok(application) if application.has(id) => {
                self.run(id).map_err(|error| Started::Unclear(error.to_string()))
            }
            Ok(_) => {
                Err(Started::Unclear(format!("{NAME} accepted the sync and does not show it")))
            }
            Err(Error::Failed(_, Failure::Refused { status: 400, said }))
                if said.contains("already in progress") =>
            {
                Err(Started::NotNow(format!("{NAME} is busy with the application: {said}")))
            }
            Err(error) => Err(not_started(NAME, error, told)),
        }
    }

    fn body(&self, order: &Order, revision: &str) -> Value {
        let mut info = vec![json!({ "name": INFO, "value": order.correlation })];
        let parameters = order.parameters.iter();
        info.extend(parameters.map(|(name, value)| json!({ "name": name, "value": value })));
        json!({
            "revision": revision, "prune": self.settings.prune, "dryRun": false, "infos": info,
            "project": self.settings.project, "appNamespace": self.settings.namespace,
        })
    }

    /// The names in the repository; none when Pilothouse may not read them.
    async fn references(&self, repository: &str) -> Option<References> {
        let url =
            self.client.server.url(&["api", "v1", "repositories", repository, "refs"]).ok()?;
        match self.client.server.ask(url).await {
            Ok(references) => Some(references),
            Err(error) => {
                tracing::warn!(%error, "versions are taken as they are written");
                None
            }
        }
    }
}

#[async_trait]
impl Pipeline for ArgoCd {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let version = wish.version.as_str();
        let application = self.client.application().await.map_err(anyhow::Error::from)?;
        if let Some(why) = self.objection(&application, version) {
            return Err(Unresolved::NoSuchVersion(why));
        }
        let commit = is_commit(version).then(|| version.to_owned());
        if commit.is_none()
            && let Some(source) = application.source()
            && let Some(known) = self.references(&source.repository).await
        {
            let known = known.tags.iter().chain(&known.branches).flatten();
            let known: Vec<&str> = known.map(String::as_str).collect();
            let short = version.len() >= 7 && version.chars().all(|c| c.is_ascii_hexdigit());
            if !known.contains(&version) && version != "HEAD" && !short {
                let place = self.settings.application.as_str();
                let no = no_such_version(place, wish.version, known);
                return Err(Unresolved::NoSuchVersion(no));
            }
        }
        Ok(Resolved { commit, ..Resolved::default() })
    }

    async fn start(&self, order: &Order) -> Started {
        self.begin(order).await.map_or_else(|not| not, Started::Run)
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let id = order.correlation.as_str();
        if self.client.application().await?.has(id) {
            return Ok(Found::Run(self.run(id)?));
        }
        // It may have been and gone, or be on its way still.
        Ok(Found::NotSeen)
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        match self.client.application().await {
            Ok(application) => Ok(application.progress(run.id.as_str())),
            Err(error) if error.status() == Some(404) => {
                let detail = Some(format!("{NAME} no longer shows this application"));
                Ok(Progress { detail, ..Progress::bare(RunState::Unknown) })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let ours = self.client.application().await?.has(run.id.as_str());
        anyhow::ensure!(ours, "another operation has taken this one's place at {NAME}");
        self.client
            .server
            .act((Method::DELETE, self.client.url(&["operation"])?), &[], |request| request)
            .await?;
        Ok(())
    }

    async fn greet(&self, _: Timestamp) -> Vec<Greeting> {
        self.greeted().await
    }
}
