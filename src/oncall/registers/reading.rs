//! Reads registers again and again, in the background. May run twice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{super::Ground, Kept, kept::KIND};
use crate::jobs::{Handler, Job, Ran, enqueue};

/// A register that cannot be read is tried again this soon at the latest.
pub(super) const AGAIN: Duration = Duration::from_mins(1);

/// Reads registers again and again.
pub struct Reading {
    pub(in crate::oncall) registers: Vec<Arc<Kept>>,
    pub(in crate::oncall) ground: Ground,
}

#[async_trait]
impl Handler for Reading {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let mut of_that = self.registers.iter().filter(|kept| kept.source == job.payload);
        let Some(kept) = of_that.next() else {
            // The configuration has none like it any more.
            self.forget(&job.payload).await?;
            return Ok(Ran::Done);
        };
        let often = of_that.map(|kept| kept.refresh).chain([kept.refresh]).min();
        let often = often.unwrap_or(kept.refresh);
        let good = kept.keep(kept.fetch().await).await?;
        Ok(Ran::Again(if good { often } else { often.min(AGAIN) }))
    }
}

impl Reading {
    /// Has each begin, unless it has already.
    pub(in crate::oncall) async fn begin(&self) -> anyhow::Result<()> {
        let mut tx = self.ground.db.begin().await?;
        for kept in &self.registers {
            enqueue(&mut tx, &kept.wish(self.ground.clock.now())).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn forget(&self, source: &str) -> anyhow::Result<()> {
        let mut tx = self.ground.db.begin().await?;
        sqlx::query("DELETE FROM calendars WHERE source = $1")
            .bind(source)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
