//! Reads rows in the order of their numbers, many at a time: the database packs a batch into one
//! text, which costs a third of what as many rows with twelve columns each cost.

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::chain::Row;
use crate::store::Tx;

/// A row's columns, in the order [`row`] takes them.
pub(super) const COLUMNS: &str = "seq, at, actor, actor_name, action, subject, outcome, detail, \
                                  service, environment, prev, hash";

/// A row's texts, in the order of [`COLUMNS`].
const TEXTS: [&str; 10] = [
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

/// Rows in a batch. More would not be faster; a batch of the longest rows is about 5 MB.
const BATCH: usize = 500;

/// The rows from one number on, as one text.
pub(super) struct Batch(String);

impl Batch {
    /// The next rows, beginning with that number; `None` behind the last.
    ///
    /// # Errors
    /// When the database does not answer, or what stands in one of these rows is no text.
    pub(super) async fn read(tx: &mut Tx<'_>, from: i64) -> sqlx::Result<Option<Self>> {
        let lengths = TEXTS.map(|text| format!("octet_length({text})")).join(", ' ', ");
        let packed = format!("concat(seq, ' ', at, ' ', {lengths}, ' ', {})", TEXTS.join(", "));
        let sql = format!(
            "SELECT string_agg(packed, '') AS packed
             FROM (SELECT {packed} AS packed FROM audit WHERE seq >= $1 ORDER BY seq LIMIT {BATCH})
                 AS batch"
        );
        let read = sqlx::query(AssertSqlSafe(sql)).bind(from).fetch_one(&mut **tx).await?;
        Ok(read.try_get::<Option<String>, _>(0)?.map(Self))
    }

    /// Its rows by their numbers; `None` when it is not what the database was asked for.
    pub(super) fn rows(&self) -> Option<Vec<Row<'_>>> {
        let (mut rest, mut rows) = (self.0.as_str(), Vec::with_capacity(BATCH));
        while !rest.is_empty() {
            rows.push(unpack(&mut rest)?);
        }
        // An aggregate promises no order.
        rows.sort_by_key(|row| row.seq);
        Some(rows)
    }
}

/// Takes one row off: two numbers, ten lengths in bytes, and as many texts.
fn unpack<'a>(rest: &mut &'a str) -> Option<Row<'a>> {
    let mut number = || {
        let (digits, more) = rest.split_once(' ')?;
        *rest = more;
        digits.parse::<i64>().ok()
    };
    let (seq, at) = (number()?, number()?);
    let mut lengths = [0; TEXTS.len()];
    for length in &mut lengths {
        *length = usize::try_from(number()?).ok()?;
    }
    let mut texts = [""; TEXTS.len()];
    for (text, length) in texts.iter_mut().zip(lengths) {
        (*text, *rest) = rest.split_at_checked(length)?;
    }
    let [actor, actor_name, action, subject, outcome, detail, service, environment, prev, hash] =
        texts;
    Some(Row {
        seq,
        at,
        actor,
        actor_name,
        action,
        subject,
        outcome,
        detail,
        service,
        environment,
        prev,
        hash,
    })
}

/// What is on a row as it was read by itself.
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
