//! Reads the whole chain and every checkpoint, and says whether they fit.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    chain::Row,
    checkpoint::{Checkpoint, Key},
    findings::Finding,
    reading::{Batch, COLUMNS, is_one_rows, row},
    walk::Walk,
};
use crate::{clock::Timestamp, store::Tx};

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
    let compared = evidence.checkpoints.len();
    let covered = evidence.checkpoints.iter().map(|checkpoint| checkpoint.seq).max();
    let walk = Walk::new(head.transpose()?, evidence.checkpoints);
    let mut reader = Reader { walk, rows: 0, last: None, next: Some(i64::MIN) };
    reader.read(tx).await.context("the audit cannot be read to its end")?;
    let Reader { walk, rows, last, .. } = reader;
    let mut findings = walk.finish();
    findings.extend(evidence.findings);
    let last = last.map(|(seq, at, hash)| (seq, Timestamp(at), hash));
    Ok(Verdict { rows, last, findings, covered: covered.unwrap_or(0), compared })
}

/// Takes the walk from row to row.
struct Reader {
    walk: Walk,
    rows: u64,
    last: Option<(i64, i64, String)>,
    /// The number of the row that is next, or of one that is missing; there is none behind the
    /// highest there can be.
    next: Option<i64>,
}

impl Reader {
    async fn read(&mut self, tx: &mut Tx<'_>) -> sqlx::Result<()> {
        while let Some(next) = self.next {
            let batch = match Batch::read(tx, next).await {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(()),
                Err(error) if is_one_rows(&error) => return self.read_singly(tx, next).await,
                Err(error) => return Err(error),
            };
            let Some(rows) = batch.rows() else { return self.read_singly(tx, next).await };
            for row in &rows {
                self.pass(row);
            }
        }
        Ok(())
    }

    /// The slow way, on which a row that is none keeps nobody from the next.
    async fn read_singly(&mut self, tx: &mut Tx<'_>, from: i64) -> sqlx::Result<()> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq >= $1 ORDER BY seq");
        let mut stream = sqlx::query(AssertSqlSafe(sql)).bind(from).fetch(&mut **tx);
        loop {
            match stream.try_next().await {
                Ok(None) => return Ok(()),
                Ok(Some(read)) => match row(&read) {
                    Ok(row) => self.pass(&row),
                    Err(_) => self.stumble(read.try_get(0).ok()),
                },
                Err(error) if is_one_rows(&error) => self.stumble(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn pass(&mut self, row: &Row<'_>) {
        self.walk.step(row);
        self.rows += 1;
        self.next = row.seq.checked_add(1);
        let (seq, at, hash) = self.last.get_or_insert_default();
        (*seq, *at) = (row.seq, row.at);
        hash.clear();
        hash.push_str(row.hash);
    }

    fn stumble(&mut self, seq: Option<i64>) {
        self.walk.stumble(seq);
        self.rows += 1;
    }
}
