//! What does not fit, in words for whoever has to find out why. Pure.

use std::fmt;

use crate::clock::Timestamp;

/// One thing that is wrong with the audit. Rows are named from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what their sentence says")]
pub enum Finding {
    /// What stands in the rows does not give their hashes.
    Altered { from: i64, to: i64 },
    /// A row and its hash were written anew; the row after it still holds the hash it had.
    Rewritten { from: i64, to: i64 },
    /// Rows are not there.
    Missing { from: i64, to: i64 },
    /// Rows stand before the first, or behind the last that the bot knows of.
    Outside { from: i64, to: i64, end: i64 },
    /// Rows stand `by` numbers from where they were written.
    Moved { from: i64, to: i64, by: i64 },
    /// Two rows have changed places.
    Swapped { one: i64, other: i64 },
    /// The end of the chain is not written down anywhere in the database.
    HeadGone,
    /// The last row is not the one that the end of the chain names.
    HeadDiffers { last: i64 },
    /// A checkpoint knows a row that is not there.
    RowGone { seq: i64, at: Timestamp },
    /// A checkpoint knows another hash of a row; the row `proved` fits its own.
    Differs { seq: i64, at: Timestamp, proved: i64, more: u64 },
    /// A checkpoint knows rows behind the last one.
    Cut { last: i64, seq: i64, at: Timestamp },
    /// A checkpoint's signature is wrong.
    Forged { place: String, seq: i64 },
    /// A checkpoint names a key that is not known.
    OtherKey { place: String, seq: i64, key: String },
    /// A checkpoint has no signature, though there is a key.
    Unsigned { place: String, seq: i64 },
    /// There is no file of checkpoints.
    NoCheckpoints { file: String },
}

/// `Row 7`, `Rows 7 to 9`
struct Rows(i64, i64);

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(from, to) = self;
        if from == to { write!(f, "Row {from}") } else { write!(f, "Rows {from} to {to}") }
    }
}

impl Rows {
    fn was(&self) -> &'static str {
        if self.0 == self.1 { "was" } else { "were" }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { from, to } => {
                let rows = Rows(*from, *to);
                write!(
                    f,
                    "{rows} {} altered: what stands there does not give the hash.",
                    rows.was()
                )
            }
            Self::Rewritten { from: 0, .. } => {
                f.write_str("Row 1 is not the first that was written: rows before it were removed.")
            }
            Self::Rewritten { from, to } => write!(
                f,
                "{} {} rewritten together with the hash, and perhaps rows before: row {} still \
                 holds the hash from before.",
                Rows(*from, *to),
                Rows(*from, *to).was(),
                to + 1
            ),
            Self::Missing { from, to } => {
                write!(f, "{} {} removed.", Rows(*from, *to), Rows(*from, *to).was())
            }
            Self::Outside { from, to, .. } if *to < 1 => {
                write!(
                    f,
                    "{} {} put in before the first.",
                    Rows(*from, *to),
                    Rows(*from, *to).was()
                )
            }
            Self::Outside { from, to, end } => write!(
                f,
                "{} {} put in by somebody else than the bot, which has written {end}; or the head \
                 of the chain was set back.",
                Rows(*from, *to),
                Rows(*from, *to).was()
            ),
            Self::Moved { from, to, by } => moved(f, *from, *to, *by),
            Self::Swapped { one, other } => {
                write!(f, "Rows {one} and {other} have changed places.")
            }
            Self::HeadGone => f.write_str(
                "The head of the chain was removed (the one row of the table audit_head).",
            ),
            Self::HeadDiffers { last } => write!(
                f,
                "The head of the chain does not match: row {last} was rewritten together with its \
                 hash, or the head was altered (the one row of the table audit_head)."
            ),
            other => other.about_checkpoints(f),
        }
    }
}

fn moved(f: &mut fmt::Formatter<'_>, from: i64, to: i64, by: i64) -> fmt::Result {
    let (rows, once) = (Rows(from, to), Rows(from - by, to - by).to_string().to_lowercase());
    if by > 0 {
        let new = Rows(from - by, from - 1);
        write!(f, "{new} {} put in: {rows} {} written as {once}.", new.was(), rows.was())
    } else {
        write!(
            f,
            "{} before row {from} {} removed, and what follows renumbered: {rows} {} written as \
             {once}.",
            if by == -1 { "A row".to_owned() } else { format!("{} rows", -by) },
            if by == -1 { "was" } else { "were" },
            rows.was()
        )
    }
}

impl Finding {
    fn about_checkpoints(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowGone { seq, at } => {
                write!(f, "The checkpoint of {} knows row {seq}, which is gone.", at.exact())
            }
            Self::Differs { seq, at, proved, more } => {
                write!(
                    f,
                    "Something between row {} and row {seq} was rewritten with every hash after it: \
                     the checkpoint of {} knows another hash of row {seq}",
                    proved + 1,
                    at.exact()
                )?;
                match more {
                    0 => f.write_str("."),
                    more => write!(f, ", and so it is with {more} more."),
                }
            }
            Self::Cut { last, seq, at } => write!(
                f,
                "The end was cut off: the last row is {last}, but the checkpoint of {} knows row \
                 {seq}, so at least {} are gone.",
                at.exact(),
                seq - last
            ),
            Self::Forged { place, seq } => write!(
                f,
                "The checkpoint of row {seq} ({place}) is forged: its signature is wrong."
            ),
            Self::OtherKey { place, seq, key } => write!(
                f,
                "The checkpoint of row {seq} ({place}) was signed with another key, `{key}`: name \
                 that key under `audit.former_keys` if it was yours; if not, somebody else wrote it."
            ),
            Self::Unsigned { place, seq } => write!(
                f,
                "The checkpoint of row {seq} ({place}) is not signed: if it was written before \
                 there was a key, keep such lines in a file of their own; if not, somebody else \
                 wrote it."
            ),
            Self::NoCheckpoints { file } => write!(
                f,
                "There is no checkpoint in {file}: the file was removed or emptied, or the bot has \
                 not run with this configuration yet. Without one, an end that was cut off is not \
                 found."
            ),
            _ => Ok(()),
        }
    }
}

impl Finding {
    /// Grows by what was found of the next row, when that is the same.
    fn takes_in(&mut self, next: &Self) -> bool {
        use Finding::{Altered, Missing, Moved, Outside, Rewritten};
        match (self, next) {
            (Altered { to, .. }, Altered { from, to: end })
            | (Rewritten { to, .. }, Rewritten { from, to: end })
            | (Missing { to, .. }, Missing { from, to: end })
            | (Outside { to, .. }, Outside { from, to: end, .. })
                if *from == *to + 1 =>
            {
                *to = *end;
                true
            }
            (Moved { to, by, .. }, Moved { from, to: end, by: also })
                if *from == *to + 1 && by == also =>
            {
                *to = *end;
                true
            }
            _ => false,
        }
    }
}

/// What was found so far; what happened to neighbours is one finding.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, found: Finding) {
        // Neighbours are not far; between them is at most what a checkpoint says.
        let mut lately = self.0.iter_mut().rev().take(3);
        if lately.any(|earlier| earlier.takes_in(&found)) {
            return;
        }
        let mut differs =
            self.0.iter_mut().filter(|found| matches!(found, Finding::Differs { .. }));
        match (&found, differs.next()) {
            (Finding::Differs { .. }, Some(Finding::Differs { more, .. })) => *more += 1,
            _ => self.0.push(found),
        }
    }

    /// All of them; what only follows from another is left out.
    pub(super) fn told(self) -> Vec<Finding> {
        let mut told: Vec<Finding> = vec![];
        for found in &self.0 {
            let other = match found {
                Finding::Moved { from, to, by } if from == to => self.swapped_with(*from, *by),
                _ => None,
            };
            match (found, other) {
                (Finding::Moved { from, .. }, Some(other)) if other > *from => {
                    told.push(Finding::Swapped { one: *from, other });
                }
                (Finding::Moved { .. }, Some(_)) => {}
                (Finding::Altered { from, to }, _) if self.was_put_in(*from, *to) => {}
                (Finding::Rewritten { to, .. }, _) if self.was_put_in(to + 1, to + 1) => {}
                _ => told.push(found.clone()),
            }
        }
        told
    }

    /// The row that stands where the row `seq` was written, when that one was written here.
    fn swapped_with(&self, seq: i64, by: i64) -> Option<i64> {
        let other = seq - by;
        let back = Finding::Moved { from: other, to: other, by: -by };
        self.0.contains(&back).then_some(other)
    }

    /// Whether these rows are new, by what stands behind them.
    fn was_put_in(&self, from: i64, to: i64) -> bool {
        self.0.iter().any(|found| match found {
            Finding::Moved { from: first, by, .. } => from >= first - by && to < *first,
            _ => false,
        })
    }
}
