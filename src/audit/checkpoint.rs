//! A checkpoint: what the end of the chain was at some moment, signed, in a file outside the
//! database that is only ever added to.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    clock::Timestamp,
    secrets::{self, Secret},
};

/// What the end of the chain was. One line of JSON in the file, and in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last row then.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// When.
    pub at: Timestamp,
    /// The name of the key it is signed with; see [`Key::id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// HMAC-SHA-256 of the other three, in hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What checkpoints are signed with.
pub struct Key {
    id: String,
    key: hmac::Key,
}

/// Why something is no key. Never holds it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It could be guessed.
    #[error(
        "The key {0} is shorter than {SHORTEST} characters: make one with `openssl rand -hex 32`"
    )]
    TooShort(Secret),
    /// It cannot be had.
    #[error("The key of the audit's checkpoints is missing: {0}")]
    Unread(#[from] secrets::Error),
}

/// Shorter keys than this, in characters, could be guessed by somebody with a checkpoint at hand.
const SHORTEST: usize = 32;

impl Key {
    /// Reads the key.
    ///
    /// # Errors
    /// When it cannot be had, or is too short to be one.
    pub fn read(secret: &Secret) -> Result<Self, KeyError> {
        let value = secret.read()?;
        if value.len() < SHORTEST {
            return Err(KeyError::TooShort(secret.clone()));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, value.as_bytes());
        let id = hex(hmac::sign(&key, b"pilothouse audit key").as_ref())[..8].to_owned();
        Ok(Self { id, key })
    }

    /// A name that says which key it is and nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The checkpoint with its signature.
    pub fn sign(&self, checkpoint: Checkpoint) -> Checkpoint {
        let signature = hex(hmac::sign(&self.key, &checkpoint.message()).as_ref());
        Checkpoint { key: Some(self.id.clone()), signature: Some(signature), ..checkpoint }
    }

    /// Whether this key has signed just that.
    pub fn has_signed(&self, checkpoint: &Checkpoint) -> bool {
        let signature = checkpoint.signature.as_deref().and_then(unhex);
        signature.is_some_and(|signature| {
            hmac::verify(&self.key, &checkpoint.message(), &signature).is_ok()
        })
    }
}

impl Checkpoint {
    fn message(&self) -> Vec<u8> {
        let Self { seq, hash, at: Timestamp(at), .. } = self;
        format!("pilothouse audit checkpoint\n{seq}\n{hash}\n{at}\n").into_bytes()
    }

    /// The checkpoint in a line of a checkpoint file, or of a log in which it stands as
    /// `checkpoint`; `None` for any other line.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Logged {
            checkpoint: String,
        }
        if let Ok(checkpoint) = serde_json::from_slice(line) {
            return Some(checkpoint);
        }
        let Logged { checkpoint } = serde_json::from_slice(line).ok()?;
        serde_json::from_str(&checkpoint).ok()
    }
}

/// Where checkpoints are kept, and how they are made.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    pub(super) file: PathBuf,
    pub(super) key: Option<Secret>,
    pub(super) every: Duration,
}

/// Beginning of the last piece of the file that is read to find its last line.
const TAIL: u64 = 4096;

impl Checkpoints {
    /// As the configuration says; `folder` is where the file is when it says nothing.
    pub fn of(settings: &Settings, folder: &Path) -> Self {
        let file = settings.checkpoints.clone();
        let file = file.unwrap_or_else(|| folder.join("audit-checkpoints.jsonl"));
        Self { file, key: settings.key.clone(), every: settings.every.0 }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The last one in the file.
    pub(super) fn last(&self) -> io::Result<Option<Checkpoint>> {
        let mut file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = vec![];
        file.take(TAIL).read_to_end(&mut tail)?;
        Ok(tail.rsplit(|byte| *byte == b'\n').find_map(Checkpoint::of_line))
    }

    /// Adds a line, which is on the disk when this returns. A line that was torn by a power cut
    /// stays as it is, and does not take the next one with it.
    pub(super) fn add(&self, line: &str) -> io::Result<()> {
        if let Some(folder) = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().create(true).append(true).read(true).open(&self.file)?;
        let torn = file.seek(SeekFrom::End(-1)).is_ok() && {
            let mut last = [0];
            file.read_exact(&mut last)?;
            last != *b"\n"
        };
        let begin = if torn { "\n" } else { "" };
        file.write_all(format!("{begin}{line}\n").as_bytes())?;
        file.sync_data()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
