//! What a version stands for, and what would ship with it.

use anyhow::{Context, anyhow};

use super::{
    Gitlab,
    answers::{CommitSeen, Comparison, Tag},
};
use crate::{
    names::Version,
    pipelines::{
        Changes, Resolved, Unresolved, Wish,
        common::{COMMITS, no_such_version, with},
    },
};

impl Gitlab {
    pub(super) async fn resolved(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let url = self.url(&["repository", "commits", wish.version.as_str()])?;
        let seen: CommitSeen = match self.server.ask(url).await {
            Ok(seen) => seen,
            Err(error) if error.status() == Some(404) => {
                return Err(self.no_such(wish.version).await);
            }
            Err(error) => return Err(Unresolved::Broken(error.into())),
        };
        let commit = seen.id().context("GitLab named a commit whose id is none")?;
        let changes = match wish.since {
            Some(since) if since == commit => Some(Changes::default()),
            Some(since) => self.changes(since, commit).await,
            None => None,
        };
        Ok(Resolved { commit: Some(commit.to_owned()), artifact: None, changes })
    }

    /// Why there is no such version; with those that are most like it, when GitLab tells.
    async fn no_such(&self, version: &Version) -> Unresolved {
        let url = match self.url(&["repository", "tags"]) {
            Ok(url) => with(url, &[("per_page", "100")]),
            Err(error) => return error.into(),
        };
        let tags: Vec<Tag> = match self.server.ask(url).await {
            Err(error) if matches!(error.status(), Some(403 | 404)) => {
                return Unresolved::Broken(anyhow!(
                    "GitLab shows no project {}: check its name and what the token may read",
                    self.project
                ));
            }
            tags => tags.unwrap_or_default(),
        };
        let names = tags.iter().map(|tag| tag.name.as_str());
        Unresolved::NoSuchVersion(no_such_version(self.project.as_str(), version, names))
    }

    /// What would ship; nothing when GitLab cannot or will not tell.
    async fn changes(&self, since: &str, commit: &str) -> Option<Changes> {
        let since: Version = since.parse().ok()?;
        let forth = self.comparison(since.as_str(), commit).await?;
        // GitLab shows one direction only: what would be taken back is on the way back.
        let back = self.comparison(commit, since.as_str()).await?;
        Some(Changes {
            total: forth.commits.len(),
            behind: back.commits.len(),
            // Oldest first.
            commits: forth.commits.iter().rev().take(COMMITS).map(CommitSeen::shown).collect(),
            url: forth.web_url.as_deref().and_then(|address| self.server.page(address)),
        })
    }

    async fn comparison(&self, from: &str, to: &str) -> Option<Comparison> {
        let url = self.url(&["repository", "compare"]).ok()?;
        match self.server.ask(with(url, &[("from", from), ("to", to)])).await {
            Ok(comparison) => Some(comparison),
            Err(error) => {
                if error.status() != Some(404) {
                    tracing::warn!(%error, "what would ship is not known");
                }
                None
            }
        }
    }
}
