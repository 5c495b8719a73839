//! All runs of one pipeline: a folder of folders, their numbers, and how long they are kept.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::folder::{self, RunFolder, Standing};
use crate::{clock::Timestamp, names::Correlation};

/// How long a finished run can be looked into.
const KEPT: Duration = Duration::from_hours(14 * 24);

/// How many runs can be; their outputs take at most ten times as many MiB.
const MOST: usize = 200;

/// No run is cleared away before. An order older than this whose run is missing may have had one.
const FRESH: Duration = Duration::from_hours(24);

/// The runs of one pipeline.
#[derive(Clone)]
pub(super) struct Runs(PathBuf);

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Register {
    /// When this folder was made: of earlier runs it knows nothing.
    since: Timestamp,
    /// The number given last.
    last: u64,
}

impl Runs {
    /// The runs kept under `name` below `folder`, which is made when it is not there.
    pub(super) fn open(folder: PathBuf, name: &str, now: Timestamp) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?.join(name);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let runs = Self(folder);
        runs.register(now, |_| {})?;
        Ok(runs)
    }

    /// The folder of one run, there or not.
    pub(super) fn folder(&self, id: &str) -> anyhow::Result<RunFolder> {
        // The id becomes a path: only a name of our own making does.
        let name: Correlation = id.parse()?;
        Ok(RunFolder::at(self.0.join(name.as_str())))
    }

    /// The next number, never given twice.
    pub(super) fn number(&self, now: Timestamp) -> anyhow::Result<u64> {
        Ok(self.register(now, |register| register.last += 1)?.last)
    }

    /// Whether an order of then that has no folder never had a run, for certain.
    pub(super) fn would_know(&self, decided: Timestamp, now: Timestamp) -> anyhow::Result<bool> {
        let since = self.register(now, |_| {})?.since;
        Ok(decided >= since && now.since(decided) < FRESH)
    }

    /// Clears away what is finished and old, or finished and one too many.
    pub(super) fn clear(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut runs = vec![];
        for entry in std::fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') {
                // Already taken out of sight; whoever did may be deleting it right now.
                let _ = std::fs::remove_dir_all(&path);
            } else if let Ok(folder) = self.folder(&name)
                && let Ok(Some(task)) = folder.task()
            {
                runs.push((task.asked, folder));
            }
        }
        runs.sort_by_key(|(asked, _)| std::cmp::Reverse(*asked));
        for (place, (asked, folder)) in runs.into_iter().enumerate() {
            let age = now.since(asked);
            let old = age >= KEPT || (place >= MOST && age >= FRESH);
            if old && matches!(folder.standing()?, Standing::Ended(_) | Standing::Deserted) {
                folder.remove()?;
            }
        }
        Ok(())
    }

    fn register(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Register),
    ) -> anyhow::Result<Register> {
        let (path, lock) = (self.0.join("register.json"), self.0.join("register.lock"));
        let lock: File = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .with_context(|| format!("the folder {} cannot be written", self.0.display()))?;
        lock.lock()?;
        let before: Option<Register> = folder::read(&path)?;
        let mut register = before.unwrap_or(Register { since: now, last: 0 });
        let last = register.last;
        change(&mut register);
        if before.is_none() || register.last != last {
            folder::write(&path, &register, true)?;
        }
        Ok(register)
    }
}
