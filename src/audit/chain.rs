//! What a row's hash covers, byte for byte; the recipe is also `pilothouse audit export --help`'s.

use std::io::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// One row, as it stands in the table. In an export these are the keys and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row<'a> {
    /// Its number; the first is 1, and none is left out.
    pub seq: i64,
    /// When, in milliseconds since 1970, UTC.
    pub at: i64,
    /// Who: `entra:<tenant>:<object id>`.
    pub actor: &'a str,
    /// What they were called then.
    pub actor_name: &'a str,
    /// What they did.
    pub action: &'a str,
    /// To what: `deployment/8f2c91d4`.
    pub subject: &'a str,
    /// `done` or `refused`.
    pub outcome: &'a str,
    /// The particulars.
    pub detail: &'a str,
    /// The service it concerns, or nothing.
    pub service: &'a str,
    /// The environment it concerns, or nothing.
    pub environment: &'a str,
    /// The hash of the row before; nothing in the first.
    pub prev: &'a str,
    /// The hash of this row, in lower-case hex digits.
    pub hash: &'a str,
}

/// A row's hash, in lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash([u8; 64]);

impl Hash {
    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Hashes one row after the other without asking for memory each time.
#[derive(Default)]
pub(super) struct Hasher {
    message: Vec<u8>,
}

impl Hasher {
    /// SHA-256 over the number and the time in decimal digits, who, their name, the action, the
    /// subject, the outcome, the detail and the hash before, each behind its length in bytes as
    /// eight bytes, the highest first, so that no two different rows read the same. A row that
    /// concerns a place has its service and its environment behind them, in the same way.
    pub(super) fn hash(&mut self, row: &Row<'_>) -> Hash {
        self.message.clear();
        self.number(row.seq);
        self.number(row.at);
        let texts = [row.actor, row.actor_name, row.action, row.subject, row.outcome];
        texts.into_iter().chain([row.detail, row.prev]).for_each(|text| self.text(text));
        if !(row.service.is_empty() && row.environment.is_empty()) {
            self.text(row.service);
            self.text(row.environment);
        }
        hex(&Sha256::digest(&self.message).into())
    }

    fn text(&mut self, text: &str) {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.message.extend_from_slice(&length.to_be_bytes());
        self.message.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        let begin = self.message.len();
        self.message.extend_from_slice(&[0; 8]);
        // Writing into memory cannot fail.
        let _ = write!(self.message, "{number}");
        let length = u64::try_from(self.message.len() - begin - 8).unwrap_or(u64::MAX);
        self.message[begin..begin + 8].copy_from_slice(&length.to_be_bytes());
    }
}

fn hex(bytes: &[u8; 32]) -> Hash {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Hash(digits)
}

#[cfg(test)]
mod tests {
    use super::{Hasher, Row};

    const ROW: Row<'_> = Row {
        seq: 7,
        at: 1_760_001_300_000,
        actor: "console:alice",
        actor_name: "alice",
        action: "deploy",
        subject: "deployment/8f2c91d4",
        outcome: "done",
        detail: "{}",
        service: "",
        environment: "",
        prev: "ab",
        hash: "",
    };

    #[test]
    fn the_recipe_never_changes() {
        let mut hasher = Hasher::default();
        // Computed by another program, from the words above `Hasher::hash`.
        let nowhere = "d072d7155bc24236b10621f46dcc1b0292517f5cf463a7d8177d2b7aec4ab9db";
        let somewhere = "7a779d9794806cdec1ee8dccf3774f999d73a280b55bff9b6344bf4a5ef20bad";
        assert_eq!(hasher.hash(&ROW).as_str(), nowhere);
        let row = Row { service: "checkout", environment: "production", ..ROW };
        assert_eq!(hasher.hash(&row).as_str(), somewhere);
    }

    #[test]
    fn what_moves_from_one_column_to_the_next_is_another_row() {
        let mut hasher = Hasher::default();
        let one = Row { action: "deploy", subject: "x", ..ROW };
        let other = Row { action: "deployx", subject: "", ..ROW };
        assert!(hasher.hash(&one) != hasher.hash(&other));
        let service = Row { service: "checkout", ..ROW };
        let environment = Row { environment: "checkout", ..ROW };
        assert!(hasher.hash(&service) != hasher.hash(&environment));
    }
}
