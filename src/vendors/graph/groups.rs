//! Which groups somebody is in.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::json;

use super::{Error, Graph};
use crate::outbound::Failure;

/// So many groups are asked about in one call: Graph takes no more.
const AT_ONCE: usize = 20;

/// The groups of those asked about.
#[derive(Deserialize)]
struct Among {
    value: Vec<String>,
}

impl Graph {
    /// Which of these groups a person is in, by their ids in Entra, directly or through others.
    /// Whom Graph does not know is in none. Needs `GroupMember.Read.All` and `User.Read.All`.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude. Asking changes nothing.
    pub async fn groups_among(
        &self,
        person: &str,
        groups: &[String],
    ) -> Result<BTreeSet<String>, Error> {
        let calls = groups.chunks(AT_ONCE).map(|some| self.some_among(person, some));
        let found = try_join_all(calls).await?.concat();
        Ok(groups.iter().filter(|id| found.iter().any(|in_it| same(in_it, id))).cloned().collect())
    }

    async fn some_among(&self, person: &str, groups: &[String]) -> Result<Vec<String>, Error> {
        let url = self.url(&["users", person, "checkMemberGroups"])?;
        match self.post(url, &json!({ "groupIds": groups })).await {
            Ok(answer) => Ok(answer.json::<Among>()?.value),
            Err(Error::Failed(Failure::Refused { status: 404, .. })) => Ok(vec![]),
            Err(error) => Err(error),
        }
    }
}

/// Entra does not tell ids apart by the size of their letters.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
