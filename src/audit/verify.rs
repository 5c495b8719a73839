//! Reads the whole chain and every checkpoint, and says whether they fit.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    chain::Row,
    checkpoint::{Checkpoint, Key},
    findings::Finding,
    walk::Walk,
};
use crate::{clock::Timestamp, store::Tx};

/// A row's columns, in the order [`row`] takes them.
pub(super) const COLUMNS: &str = "seq, at, actor, actor_name, action, subject, outcome, detail, \
                                  service, environment, prev, hash";

/// What is known from outside the database.
#[derive(Default)]
pub struct Evidence {
    /// Every checkpoint that may be believed.
    pub checkpoints: Vec<Checkpoint>,
    /// What is wrong with the others.
    pub findings: Vec<Finding>,
    /// How many lines were something else.
    pub others: usize,
}

impl Evidence {
    /// Reads files of checkpoints, or logs that hold some. With keys, only what one of them has
    /// signed is believed.
    ///
    /// Gather before the database is read: what is written meanwhile is then in both or in the
    /// database alone.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn gather(files: &[PathBuf], keys: &[Key]) -> anyhow::Result<Self> {
        let mut evidence = Self::default();
        for path in files {
            let name = path.display().to_string();
            let cannot = || format!("{name} cannot be read");
            let before = evidence.checkpoints.len() + evidence.findings.len();
            if path.exists() {
                let file = BufReader::new(File::open(path).with_context(cannot)?);
                for (index, line) in file.split(b'\n').enumerate() {
                    let place = || format!("{name}, line {}", index + 1);
                    evidence.weigh(&line.with_context(cannot)?, place, keys);
                }
            }
            if evidence.checkpoints.len() + evidence.findings.len() == before {
                evidence.findings.push(Finding::NoCheckpoints { file: name });
            }
        }
        Ok(evidence)
    }

    fn weigh(&mut self, line: &[u8], place: impl Fn() -> String, keys: &[Key]) {
        let Some(checkpoint) = Checkpoint::of_line(line) else {
            self.others += usize::from(!line.is_empty());
            return;
        };
        let seq = checkpoint.seq;
        let key = checkpoint.key.as_deref();
        let named = key.and_then(|id| keys.iter().find(|key| key.id() == id));
        match (keys, &checkpoint.signature, named) {
            ([], ..) => self.checkpoints.push(checkpoint),
            (_, None, _) => self.findings.push(Finding::Unsigned { place: place(), seq }),
            (_, _, None) => {
                let key: String = key.unwrap_or("none").chars().take(16).collect();
                self.findings.push(Finding::OtherKey { place: place(), seq, key });
            }
            (.., Some(key)) if key.has_signed(&checkpoint) => self.checkpoints.push(checkpoint),
            _ => self.findings.push(Finding::Forged { place: place(), seq }),
        }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// How many rows were read.
    pub rows: u64,
    /// The last of them, with its time and hash; `None` when there is none.
    pub last: Option<(i64, Timestamp, String)>,
    /// Everything that does not fit; nothing, when the audit is whole.
    pub findings: Vec<Finding>,
    /// The last row that a checkpoint knows.
    pub covered: i64,
    /// With how many checkpoints the rows were compared.
    pub compared: usize,
}

/// Reads every row of this snapshot, one after the other.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(tx: &mut Tx<'_>, evidence: Evidence) -> anyhow::Result<Verdict> {
    let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE one = 1")
        .fetch_optional(&mut **tx)
        .await
        .context("the database holds no audit that this version knows: start the bot once")?;
    let head = head.map(|head| anyhow::Ok((head.try_get("seq")?, head.try_get("hash")?)));
    let head = head.transpose()?;
    let compared = evidence.checkpoints.len();
    let covered = evidence.checkpoints.iter().map(|checkpoint| checkpoint.seq).max();
    let mut walk = Walk::new(head, evidence.checkpoints);
    let (mut rows, mut last) = (0, None);
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM audit ORDER BY seq"));
    let mut stream = sqlx::query(sql).fetch(&mut **tx);
    loop {
        match stream.try_next().await {
            Ok(None) => break,
            Ok(Some(read)) => match row(&read) {
                Ok(row) => {
                    walk.step(&row);
                    keep(&mut last, &row);
                }
                Err(_) => walk.stumble(read.try_get(0).ok()),
            },
            Err(error) if is_one_rows(&error) => walk.stumble(None),
            Err(error) => return Err(error).context("the audit cannot be read to its end"),
        }
        rows += 1;
    }
    drop(stream);
    let mut findings = walk.finish();
    findings.extend(evidence.findings);
    let last = last.map(|(seq, at, hash)| (seq, Timestamp(at), hash));
    Ok(Verdict { rows, last, findings, covered: covered.unwrap_or(0), compared })
}

/// What is on a row as it was read.
pub(super) fn row(row: &AnyRow) -> sqlx::Result<Row<'_>> {
    Ok(Row {
        seq: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        actor_name: row.try_get(3)?,
        action: row.try_get(4)?,
        subject: row.try_get(5)?,
        outcome: row.try_get(6)?,
        detail: row.try_get(7)?,
        service: row.try_get(8)?,
        environment: row.try_get(9)?,
        prev: row.try_get(10)?,
        hash: row.try_get(11)?,
    })
}

/// Whether it is the fault of what stands in one row: no letters, or something else than a text.
pub(super) fn is_one_rows(error: &sqlx::Error) -> bool {
    use sqlx::Error::{AnyDriverError, ColumnDecode, Decode};
    matches!(error, ColumnDecode { .. } | Decode(_) | AnyDriverError(_))
}

/// Remembers the row without asking for memory each time.
fn keep(last: &mut Option<(i64, i64, String)>, row: &Row<'_>) {
    let (seq, at, hash) = last.get_or_insert_default();
    (*seq, *at) = (row.seq, row.at);
    hash.clear();
    hash.push_str(row.hash);
}
