//! The walk along the chain, row by row: what was altered, removed, put in or moved. Pure.

use std::{iter::Peekable, vec};

use super::{
    chain::{Hasher, Row},
    checkpoint::Checkpoint,
    findings::{Finding, Findings},
};

/// How far from its place a row that was moved is looked for, in rows.
const WINDOW: i64 = 1000;

/// How many rows are looked for like that: beyond, something is wrong with everything, and where
/// each row has been is no longer the question.
const SEARCHES: u32 = 200;

/// A walk that has come to some row.
pub(super) struct Walk {
    hasher: Hasher,
    /// The last row by the head of the chain: what stands behind it was not written by the bot.
    end: i64,
    head: Option<(i64, String)>,
    before: Before,
    /// By their rows.
    checkpoints: Peekable<vec::IntoIter<Checkpoint>>,
    /// The last row that a checkpoint has proved.
    proved: i64,
    /// How far the rows here are from where they were written.
    shift: i64,
    searches: u32,
    findings: Findings,
}

/// The row before.
#[derive(Default)]
struct Before {
    seq: i64,
    hash: String,
    /// Whether it was what its hash says.
    sound: bool,
}

impl Walk {
    /// Begins before the first row. `head` is what the end of the chain should be.
    pub(super) fn new(head: Option<(i64, String)>, mut checkpoints: Vec<Checkpoint>) -> Self {
        checkpoints.sort_by_key(|checkpoint| (checkpoint.seq, checkpoint.at));
        Self {
            hasher: Hasher::default(),
            end: head.as_ref().map_or(i64::MAX, |(seq, _)| *seq),
            head,
            before: Before::default(),
            checkpoints: checkpoints.into_iter().peekable(),
            proved: 0,
            shift: 0,
            searches: SEARCHES,
            findings: Findings::default(),
        }
    }

    /// The next row, in the order of their numbers.
    pub(super) fn step(&mut self, row: &Row<'_>) {
        if row.seq < 1 || row.seq > self.end {
            self.findings.add(Finding::Outside { from: row.seq, to: row.seq, end: self.end });
            return;
        }
        let follows = self.comes_next(row.seq);
        let follows = follows && row.prev == self.before.hash;
        let in_line = row.seq == self.before.seq + 1;
        let sound = self.hasher.hash(row).as_str() == row.hash;
        if !sound {
            self.unsound(row);
        } else if in_line && !follows && (self.before.sound || self.before.seq == 0) {
            self.findings.add(Finding::Rewritten { from: self.before.seq, to: self.before.seq });
        }
        if sound {
            self.shift = 0;
        }
        self.prove(row.seq, row.hash);
        self.before.seq = row.seq;
        self.before.sound = sound;
        self.before.hash.clear();
        self.before.hash.push_str(row.hash);
    }

    /// A row that cannot be read as one; its number may be all that is known of it.
    pub(super) fn stumble(&mut self, seq: Option<i64>) {
        let seq = seq.unwrap_or(self.before.seq + 1);
        self.comes_next(seq);
        self.findings.add(Finding::Altered { from: seq, to: seq });
        self.before = Before { seq, hash: String::new(), sound: false };
    }

    /// The last row has been read: everything that does not fit.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        let Before { seq: last, hash, sound } = &self.before;
        let last = *last;
        match &self.head {
            None => self.findings.add(Finding::HeadGone),
            Some((end, _)) if *end > last => {
                self.findings.add(Finding::Missing { from: last + 1, to: *end });
            }
            Some((_, head)) if head != hash && (*sound || last == 0) => {
                self.findings.add(Finding::HeadDiffers { last });
            }
            Some(_) => {}
        }
        let beyond = self.checkpoints.by_ref().max_by_key(|checkpoint| checkpoint.seq);
        if let Some(Checkpoint { seq, at, .. }) = beyond {
            self.findings.add(Finding::Cut { last, seq, at });
        }
        self.findings.told()
    }

    /// Whether no row is missing before that one; tells, when one is.
    fn comes_next(&mut self, seq: i64) -> bool {
        let next = self.before.seq + 1;
        if seq > next {
            self.findings.add(Finding::Missing { from: next, to: seq - 1 });
        }
        seq == next
    }

    fn unsound(&mut self, row: &Row<'_>) {
        match self.moved(row) {
            Some(by) => {
                self.shift = by;
                self.findings.add(Finding::Moved { from: row.seq, to: row.seq, by });
            }
            None => self.findings.add(Finding::Altered { from: row.seq, to: row.seq }),
        }
    }

    /// How far the row is from the number it was written with, when it is whole but for that.
    fn moved(&mut self, row: &Row<'_>) -> Option<i64> {
        let Self { hasher, shift, searches, .. } = self;
        let mut written_at =
            |by: i64| hasher.hash(&Row { seq: row.seq - by, ..*row }).as_str() == row.hash;
        if *shift != 0 && written_at(*shift) {
            return Some(*shift);
        }
        *searches = searches.checked_sub(1)?;
        (1..=WINDOW).flat_map(|far| [far, -far]).find(|by| written_at(*by))
    }

    /// Compares with the checkpoints up to this row.
    fn prove(&mut self, seq: i64, hash: &str) {
        while let Some(checkpoint) = self.checkpoints.next_if(|checkpoint| checkpoint.seq <= seq) {
            let Checkpoint { seq: at_row, at, .. } = checkpoint;
            if at_row < seq {
                self.findings.add(Finding::RowGone { seq: at_row, at });
            } else if checkpoint.hash == hash {
                self.proved = seq;
            } else {
                self.findings.add(Finding::Differs { seq, at, proved: self.proved, more: 0 });
            }
        }
    }
}
