//! The words of the configuration's mistakes: what was written, and what was probably meant.

use crate::names::is_invisible;

/// A longer word is cut in a message: nobody reads more, and it may be no word at all.
const LONGEST: usize = 60;

/// A longer list of what would be right is left out: nobody finds the right word in it.
const MOST: usize = 12;

/// What may be shown of a word from the file: short, and nothing that could act on a terminal.
pub(super) fn shown(word: &str) -> String {
    let cut = word.chars().nth(LONGEST).is_some();
    let mut plain: String = word.chars().filter(|c| !is_invisible(*c)).take(LONGEST).collect();
    if cut {
        plain.push('…');
    }
    plain.replace('`', "'")
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let same_case = |word: &str| word.to_lowercase().replace('-', "_");
    let word = same_case(word);
    // One slip for a short word, one more for every four letters: `prod` is no `staging`.
    let slips = 1 + word.chars().count() / 4;
    let far = |known: &str| strsim::damerau_levenshtein(&word, &same_case(known));
    known
        .iter()
        .map(|known| (far(known), *known))
        .filter(|(distance, known)| *distance <= slips && *distance < known.chars().count())
        .min()
        .map(|(_, known)| known)
}

/// `, did you mean …?`, or what there is to choose from.
pub(super) fn advice(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(meant) => format!(", did you mean `{meant}`?"),
        None if known.is_empty() || known.len() > MOST => String::new(),
        None => format!("; here you can write {}", listed(known, "or")),
    }
}

/// `` `a`, `b` or `c` ``
pub(super) fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", shown(word))).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((end, others)) => format!("{} {last} {end}", others.join(", ")),
    }
}
