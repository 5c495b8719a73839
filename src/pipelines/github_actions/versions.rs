//! What a version stands for, and what would ship with it.

use anyhow::{Context, anyhow};

use super::{
    GithubActions,
    answers::{CommitSeen, Comparison, Tag},
};
use crate::{
    names::Version,
    pipelines::{
        Changes, Resolved, Unresolved, Wish,
        common::{no_such_version, with},
    },
};

impl GithubActions {
    pub(super) async fn resolved(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let url = self.github.url(&["commits", wish.version.as_str()])?;
        // The files of the commit come in pages, and nobody here reads them.
        let seen: CommitSeen = match self.github.ask(with(url, &[("per_page", "1")])).await {
            Ok(seen) => seen,
            Err(error) if matches!(error.status(), Some(404 | 409 | 422)) => {
                return Err(self.no_such(wish.version).await);
            }
            Err(error) => return Err(Unresolved::Broken(error.into())),
        };
        let commit = seen.id().context("GitHub named a commit whose id is none")?;
        let changes = match wish.since {
            Some(since) if since == commit => Some(Changes::default()),
            Some(since) => self.changes(since, commit).await,
            None => None,
        };
        Ok(Resolved { commit: Some(commit.to_owned()), artifact: None, changes })
    }

    /// Why there is no such version; with those that are most like it, when GitHub tells.
    async fn no_such(&self, version: &Version) -> Unresolved {
        let repository = self.github.repository();
        let tags = match self.github.url(&["tags"]) {
            Ok(url) => self.github.ask::<Vec<Tag>>(with(url, &[("per_page", "100")])).await,
            Err(error) => return error.into(),
        };
        let tags = match tags {
            Err(error) if error.status() == Some(404) => {
                return Unresolved::Broken(anyhow!(
                    "GitHub shows no repository {repository}: check its name and what the \
                     credential may read"
                ));
            }
            tags => tags.unwrap_or_default(),
        };
        let names = tags.iter().map(|tag| tag.name.as_str());
        Unresolved::NoSuchVersion(no_such_version(&repository.to_string(), version, names))
    }

    /// What would ship; nothing when GitHub cannot or will not tell.
    async fn changes(&self, since: &str, commit: &str) -> Option<Changes> {
        let since: Version = since.parse().ok()?;
        let url = self.github.url(&["compare", &format!("{since}...{commit}")]).ok()?;
        match self.github.ask::<Comparison>(url).await {
            Ok(comparison) => Some(comparison.changes(|address| self.github.page(address))),
            Err(error) => {
                if error.status() != Some(404) {
                    tracing::warn!(%error, "what would ship is not known");
                }
                None
            }
        }
    }
}
