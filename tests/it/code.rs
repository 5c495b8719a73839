//! Reads the source, for the tests of the house.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every file of a room, with its text.
pub(crate) fn files_of(room: &str) -> Vec<(String, String)> {
    let mut all = files(&PathBuf::from(format!("src/{room}.rs")));
    all.extend(files(&PathBuf::from(format!("src/{room}"))));
    all
}

/// Every file of Rust below a path, with its text.
pub(crate) fn files(path: &Path) -> Vec<(String, String)> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.flat_map(|entry| files(&entry.unwrap().path())).collect();
    }
    if path.extension().is_some_and(|extension| extension == "rs") && path.exists() {
        return vec![(path.display().to_string(), fs::read_to_string(path).unwrap())];
    }
    vec![]
}

/// The first name after each `crate::`, also inside `use crate::{a, b::c}`.
pub(crate) fn rooms_seen(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut seen = vec![];
    for after in code.split("crate::").skip(1) {
        let paths = after.strip_prefix('{').map_or_else(|| vec![after], top_level);
        for path in paths {
            let letters = path.trim().chars();
            seen.push(letters.take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    seen
}

/// Splits `a, b::{c, d}, e}…` at the commas of its outermost level.
fn top_level(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (vec![], 0, 0);
    for (index, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&text[start..index]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}
