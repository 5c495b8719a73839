//! Asks a source what fires, so that a delivery that was lost costs a minute and nothing else.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use super::{
    Alerts, Feed, Heard,
    alert::{GONE, Turn, Way},
    errands::in_time,
    intake::{Follows, rewrite},
    store::{self, Unwritten},
};
use crate::{clock::Timestamp, jobs::Ran, names::SourceName, outbound::Failure};

/// How many alerts one transaction changes: nobody else can write for so long.
const AT_ONCE: usize = 500;

/// The longest pause after a question that got no answer; the first is five seconds.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// Whether a source answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Health {
    /// How many questions in a row got no answer.
    pub failures: u32,
    /// Since when it has not answered.
    pub since: Option<Timestamp>,
    /// What it said, or what became of the question.
    pub why: String,
}

/// What the table knows of an alert without reading it.
struct Known {
    starts: Timestamp,
    said: String,
    missing: Option<Timestamp>,
}

impl Alerts {
    /// Asks a source what fires, takes over what differs, and says when to ask again.
    pub(super) async fn poll(&self, source: &SourceName) -> anyhow::Result<Ran> {
        let Some(feed) = self.feeds.get(source) else { return Ok(Ran::Done) };
        let asked = self.clock.now();
        let Some(every) = feed.every else { return Ok(Ran::Done) };
        match in_time(feed.source.list(asked)).await {
            Ok(None) => Ok(Ran::Done),
            Ok(Some(listed)) => {
                self.reconcile((source, feed), listed, asked).await?;
                self.note_health(source, None).await?;
                Ok(Ran::Again(every))
            }
            Err(failure) => {
                tracing::warn!(source = source.as_str(), "a source of alerts is silent: {failure}");
                let failures = self.note_health(source, Some(&failure)).await?;
                let pause = Duration::from_secs(5 << failures.saturating_sub(1).min(6));
                let asked_for = match failure {
                    Failure::NotNow { after, .. } => after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                Ok(Ran::Again(pause.min(LONGEST_PAUSE).max(asked_for.min(LONGEST_PAUSE))))
            }
        }
    }

    async fn reconcile(
        &self,
        (source, feed): (&SourceName, &Feed),
        mut listed: Vec<Heard>,
        asked: Timestamp,
    ) -> anyhow::Result<()> {
        let known = self.known(source).await?;
        let here: BTreeSet<String> = listed.iter().map(|heard| heard.fingerprint.clone()).collect();
        listed.retain(|heard| {
            let same = |known: &Known| {
                heard.starts.is_none_or(|starts| (starts.0 - known.starts.0).abs() < 1000)
                    && known.said == heard.said.mark()
                    && known.missing.is_none()
            };
            !known.get(&heard.fingerprint).is_some_and(same)
        });
        listed.sort_by(|a, b| (&a.fingerprint, a.starts).cmp(&(&b.fingerprint, b.starts)));
        for some in listed.chunks(AT_ONCE) {
            let silences = feed.source.tells_silences();
            self.take((source, feed), some, Way::Listed { asked, silences }, false).await?;
        }
        let gone = |known: &Known| known.missing.is_none_or(|since| asked.since(since) >= GONE);
        let mut missed: Vec<&str> = known
            .iter()
            .filter(|(fingerprint, known)| !here.contains(*fingerprint) && gone(known))
            .map(|(fingerprint, _)| fingerprint.as_str())
            .collect();
        missed.sort_unstable();
        for some in missed.chunks(AT_ONCE) {
            match self.miss((source, feed), some, asked).await {
                // Whoever wrote meanwhile knows better; the next list will tell.
                Ok(()) | Err(Unwritten::Stale) => {}
                Err(Unwritten::Broken(error)) => return Err(error),
            }
        }
        Ok(())
    }

    async fn miss(
        &self,
        (source, feed): (&SourceName, &Feed),
        fingerprints: &[&str],
        asked: Timestamp,
    ) -> Result<(), Unwritten> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let mut follows = Follows::default();
        let found = store::latest(&mut tx, self.db.dialect(), source, fingerprints).await?;
        for mut kept in found.into_values() {
            if feed.source.lists(&kept.alert, now)
                && let Turn::Changed(effects) = kept.alert.miss(asked, now)
            {
                follows.after(&kept.alert, &effects);
                rewrite(&mut tx, &mut kept, now).await?;
            }
        }
        self.follow(tx, follows, now).await
    }

    /// Everything of that source that fires, as far as we know.
    async fn known(&self, source: &SourceName) -> anyhow::Result<HashMap<String, Known>> {
        let sql = "SELECT fingerprint, starts, said, missing FROM alerts
                   WHERE source = $1 AND latest = 1 AND over = 0";
        let rows = sqlx::query(sql).bind(source.as_str()).fetch_all(self.db.reader()).await?;
        let known = rows.iter().map(|row| {
            let missing: i64 = row.try_get("missing")?;
            let known = Known {
                starts: Timestamp(row.try_get("starts")?),
                said: row.try_get("said")?,
                missing: (missing > 0).then_some(Timestamp(missing)),
            };
            Ok((row.try_get("fingerprint")?, known))
        });
        known.collect()
    }

    /// Remembers whether a source answers; returns how many questions in a row got no answer.
    async fn note_health(
        &self,
        source: &SourceName,
        failure: Option<&Failure>,
    ) -> anyhow::Result<u32> {
        let before = self.health(source).await?;
        let health = match failure {
            None => Health::default(),
            Some(failure) => Health {
                failures: before.failures.saturating_add(1),
                since: before.since.or(Some(self.clock.now())),
                why: failure.to_string(),
            },
        };
        if health != before {
            let mut tx = self.db.begin().await?;
            sqlx::query(
                "INSERT INTO alert_sources (source, data) VALUES ($1, $2)
                 ON CONFLICT (source) DO UPDATE SET data = excluded.data",
            )
            .bind(source.as_str())
            .bind(serde_json::to_string(&health)?)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
        }
        Ok(health.failures)
    }

    pub(super) async fn health(&self, source: &SourceName) -> anyhow::Result<Health> {
        let query = sqlx::query("SELECT data FROM alert_sources WHERE source = $1");
        let row = query.bind(source.as_str()).fetch_optional(self.db.reader()).await?;
        let Some(row) = row else { return Ok(Health::default()) };
        let data: &str = row.try_get("data")?;
        Ok(serde_json::from_str(data)?)
    }
}
