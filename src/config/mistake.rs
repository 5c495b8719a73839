//! What is wrong with a file, where, in one sentence each.

use std::fmt;

use super::place::{Path, Place};

/// One mistake. Never holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// The keys that lead there; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place: Place { line, column }, key, what } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !key.is_empty() {
            write!(f, "{key}: ")?;
        }
        f.write_str(what)
    }
}

/// Mistakes in the order of their file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    pub(super) fn new(file: &str, mut found: Vec<(Path, Place, String)>) -> Self {
        found.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
        found.dedup();
        let mistake = |(path, place, what): (Path, Place, String)| Mistake {
            file: file.to_owned(),
            place,
            key: path.to_string(),
            what,
        };
        Self(found.into_iter().map(mistake).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line each.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.0.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
