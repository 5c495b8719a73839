//! Every row for other programs, one after the other: JSON lines, or a table for a spreadsheet.

use std::{borrow::Cow, io::Write};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;

use super::{
    chain::Row,
    reading::{COLUMNS, row},
};
use crate::{clock::Timestamp, store::Tx};

/// What an export looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values, every one of them in quotes, with the columns' names on top.
    Csv,
}

/// Which rows: from the one moment on, and before the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Not earlier than this.
    pub since: Option<Timestamp>,
    /// Earlier than this.
    pub until: Option<Timestamp>,
}

/// Writes the rows of the window, in their order; how many they were.
///
/// # Errors
/// When they cannot be read or written.
pub async fn export(
    tx: &mut Tx<'_>,
    format: Format,
    window: Window,
    out: impl Write,
) -> anyhow::Result<u64> {
    let mut writer = Writer::new(format, out)?;
    let mut count = 0;
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE at >= $1 AND at < $2 ORDER BY seq");
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(window.since.map_or(i64::MIN, |since| since.0))
        .bind(window.until.map_or(i64::MAX, |until| until.0))
        .fetch(&mut **tx);
    while let Some(read) = rows.try_next().await.context("the audit cannot be read")? {
        let row =
            row(&read).context("a row of the audit was altered: say `pilothouse audit verify`")?;
        writer.write(&row)?;
        count += 1;
    }
    writer.end()?;
    Ok(count)
}

enum Writer<W: Write> {
    Jsonl(W),
    Csv(Box<csv::Writer<W>>),
}

/// A row as a table shows it: the time once more, as people read it.
const HEADINGS: [&str; 13] = [
    "seq",
    "at",
    "time",
    "actor",
    "actor_name",
    "action",
    "subject",
    "outcome",
    "detail",
    "service",
    "environment",
    "prev",
    "hash",
];

impl<W: Write> Writer<W> {
    fn new(format: Format, out: W) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Jsonl => Self::Jsonl(out),
            Format::Csv => {
                let mut settings = csv::WriterBuilder::new();
                let mut writer = settings.quote_style(csv::QuoteStyle::Always).from_writer(out);
                writer.write_record(HEADINGS)?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    fn write(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(out) => {
                serde_json::to_writer(&mut *out, row)?;
                out.write_all(b"\n")?;
            }
            Self::Csv(writer) => {
                let Row { actor, actor_name, action, subject, outcome, detail, .. } = *row;
                let Row { seq, at, service, environment, prev, hash, .. } = *row;
                let (seq, time) = (seq.to_string(), Timestamp(at).exact());
                let at = at.to_string();
                let cells = [&seq, &at, &time, actor, actor_name, action, subject, outcome, detail];
                let cells = cells.into_iter().chain([service, environment, prev, hash]);
                for cell in cells {
                    writer.write_field(harmless(cell).as_bytes())?;
                }
                // The record ends here.
                writer.write_record(None::<&[u8]>)?;
            }
        }
        Ok(())
    }

    fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(mut out) => out.flush()?,
            Self::Csv(mut writer) => writer.flush()?,
        }
        Ok(())
    }
}

/// A cell that no spreadsheet takes for a formula: what begins like one has a `'` before it. So
/// has what begins with a `'` already; whoever takes one leading `'` away has every cell as it was.
fn harmless(cell: &str) -> Cow<'_, str> {
    // The wide ones are what some spreadsheets make into the narrow ones.
    const SIGNS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    if cell.starts_with(SIGNS) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}
