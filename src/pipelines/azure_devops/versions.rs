//! What a version stands for in Azure Repos, and how much would ship with it.

use anyhow::{Context, anyhow};
use url::Url;

use super::{
    AzureDevops, VERSION,
    answers::{CommitSeen, Difference, List, Reference},
};
use crate::{
    names::Version,
    pipelines::{
        Changes, Place, Resolved, Unresolved, Wish,
        common::{is_commit, no_such_version, with},
    },
};

impl AzureDevops {
    pub(super) async fn resolved(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let Some(repository) = &self.repository else { return Ok(Resolved::default()) };
        let Some(commit) = self.commit(repository, wish.version).await? else {
            return Err(self.no_such(repository, wish.version).await);
        };
        let changes = match wish.since {
            Some(since) if since == commit => Some(Changes::default()),
            Some(since) => self.changes(repository, since, &commit).await,
            None => None,
        };
        Ok(Resolved { commit: Some(commit), artifact: None, changes })
    }

    /// The commit that a tag, a branch or an id stands for, in this order.
    async fn commit(
        &self,
        repository: &Place,
        version: &Version,
    ) -> Result<Option<String>, Unresolved> {
        for kind in ["tags", "heads"] {
            let name = format!("{kind}/{version}");
            let named = self.references(repository, &name, "100").await?;
            let whole = format!("refs/{name}");
            if let Some(found) = named.into_iter().find(|reference| reference.name == whole) {
                let commit = found.commit();
                if is_commit(&commit) {
                    return Ok(Some(commit));
                }
                return Err(anyhow!("Azure DevOps named a commit whose id is none").into());
            }
        }
        if !is_commit(version.as_str()) {
            return Ok(None);
        }
        let url = self.repository_url(repository, &["commits", version.as_str()])?;
        match self.ask::<CommitSeen>(with(url, &[VERSION])).await {
            Ok(seen) => Ok(Some(seen.commit_id).filter(|id| is_commit(id))),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(Unresolved::Broken(error.into())),
        }
    }

    /// The references whose names begin so.
    async fn references(
        &self,
        repository: &Place,
        beginning: &str,
        most: &str,
    ) -> Result<Vec<Reference>, Unresolved> {
        let url = self.repository_url(repository, &["refs"])?;
        let query = [("filter", beginning), ("peelTags", "true"), ("$top", most), VERSION];
        let named: Result<List<Reference>, _> = self.ask(with(url, &query)).await;
        let named = named.with_context(|| {
            format!("Azure DevOps does not show the repository {repository} of {}", self.project)
        })?;
        Ok(named.value)
    }

    async fn no_such(&self, repository: &Place, version: &Version) -> Unresolved {
        let tags = self.references(repository, "tags/", "1000").await.unwrap_or_default();
        let names = tags.iter().filter_map(|tag| tag.name.strip_prefix("refs/tags/"));
        Unresolved::NoSuchVersion(no_such_version(repository.as_str(), version, names))
    }

    /// How much would ship, and a page that shows it; the API lists no commits between two.
    async fn changes(&self, repository: &Place, since: &str, commit: &str) -> Option<Changes> {
        if !is_commit(since) {
            return None;
        }
        let url = self.repository_url(repository, &["diffs", "commits"]).ok()?;
        let query = [
            ("baseVersion", since),
            ("baseVersionType", "commit"),
            ("targetVersion", commit),
            ("targetVersionType", "commit"),
            ("$top", "1"),
            VERSION,
        ];
        let difference: Difference = match self.ask(with(url, &query)).await {
            Ok(difference) => difference,
            Err(error) => {
                tracing::warn!(%error, "what would ship is not known");
                return None;
            }
        };
        let page = self.url(&["_git", repository.as_str(), "branchCompare"]).ok()?;
        let query =
            [("baseVersion", &*format!("GC{since}")), ("targetVersion", &*format!("GC{commit}"))];
        Some(Changes {
            total: difference.ahead_count,
            behind: difference.behind_count,
            commits: vec![],
            url: Some(with(page, &query).into()),
        })
    }

    fn repository_url(&self, repository: &Place, more: &[&str]) -> anyhow::Result<Url> {
        let to = ["_apis", "git", "repositories", repository.as_str()];
        self.url(&[&to[..], more].concat())
    }
}
