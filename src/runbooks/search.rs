//! Finds the runbook somebody means, by what they say of it. Pure.

use super::{book::Runbook, markdown::Block};
use crate::names::Service;

/// What somebody says of the runbook they look for.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Its name, or any words.
    pub words: Vec<String>,
    /// The service it is for.
    pub service: Option<Service>,
    /// The alert it is for.
    pub alert: Option<String>,
}

/// What was found.
#[derive(Debug)]
pub enum Found<'a> {
    /// The one that is meant.
    One(&'a Runbook),
    /// Several that may be meant, the likeliest first.
    Several(Vec<&'a Runbook>),
    /// None; the nearest, the likeliest first.
    Nearest(Vec<&'a Runbook>),
}

/// How much better the first has to be than the second to be the one that is meant, in hundredths.
const CLEAR: u32 = 150;

/// How much of the best one's likeness others have that are shown beside it, in hundredths.
const CLOSE: u32 = 35;

/// How many are shown at once.
const SHOWN: usize = 8;

/// How much of a runbook's text is looked at, in characters.
const READ: usize = 20_000;

/// Words that say nothing about what is meant.
const EMPTY: &[&str] = &[
    "a", "an", "and", "are", "for", "how", "i", "in", "is", "it", "my", "not", "of", "on", "or",
    "the", "to", "what", "when", "with",
];

/// Finds it among these.
pub fn find<'a>(books: &[&'a Runbook], sought: &Sought) -> Found<'a> {
    let mut there = books.to_vec();
    if let Some(service) = &sought.service {
        there.retain(|book| book.services.contains(service));
    }
    let mut words = words(&sought.words.join(" "));
    if let Some(alert) = &sought.alert {
        let for_it: Vec<&Runbook> =
            there.iter().copied().filter(|book| book.is_for_alert(alert)).collect();
        match (for_it.as_slice(), words.is_empty()) {
            ([], _) => {
                words.extend(self::words(alert));
                return nearest(&there, &words);
            }
            ([only], _) => return Found::One(only),
            (_, true) => return Found::Several(for_it),
            (_, false) => there = for_it,
        }
    }
    if words.is_empty() {
        return match there.as_slice() {
            [] => nearest(books, &words),
            [only] if sought.service.is_some() => Found::One(only),
            _ => Found::Several(there),
        };
    }
    let said = sought.words.join(" ").trim().to_lowercase();
    let called = |book: &&&Runbook| {
        book.name.as_str().to_lowercase() == said || book.title.to_lowercase() == said
    };
    if let Some(book) = there.iter().find(called) {
        return Found::One(book);
    }
    let rated = rated(&there, &words, words.len().div_ceil(2));
    match rated.as_slice() {
        [] => nearest(&there, &words),
        [(_, only)] => Found::One(only),
        [(best, first), (second, _), ..] if best / CLEAR * 100 >= *second => Found::One(first),
        [(best, _), ..] => {
            let close = rated.iter().take_while(|(rate, _)| *rate >= best / 100 * CLOSE);
            Found::Several(close.map(|(_, book)| *book).take(SHOWN).collect())
        }
    }
}

fn nearest<'a>(books: &[&'a Runbook], words: &[String]) -> Found<'a> {
    let near: Vec<&Runbook> = rated(books, words, 1).into_iter().map(|(_, book)| book).collect();
    if !near.is_empty() {
        return Found::Nearest(near.into_iter().take(SHOWN).collect());
    }
    let said = words.join(" ");
    let alike = |book: &&Runbook| {
        let title = strsim::jaro_winkler(&said, &book.title.to_lowercase());
        title.max(strsim::jaro_winkler(&said, &book.name.as_str().to_lowercase()))
    };
    let mut near = books.to_vec();
    near.sort_by(|one, other| alike(other).total_cmp(&alike(one)));
    Found::Nearest(near.into_iter().take(SHOWN).collect())
}

/// Those in which so many of the words are found, the likeliest first.
fn rated<'a>(books: &[&'a Runbook], words: &[String], least: usize) -> Vec<(u32, &'a Runbook)> {
    let mut all = vec![];
    for book in books {
        let fields = fields(book);
        let each: Vec<u32> = words.iter().map(|word| rate(word, &fields)).collect();
        let found = each.iter().filter(|rate| **rate > 0).count();
        if found >= least.max(1) {
            // Ten words that are there once are not worth more than one that is the title.
            let share = u32::try_from(found * 100 / words.len()).unwrap_or(100);
            all.push((each.iter().sum::<u32>() * share, *book));
        }
    }
    all.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.name.cmp(&other.1.name)));
    all
}

/// Words of a runbook, and how much it says about it that one of them is what was said.
fn fields(book: &Runbook) -> Vec<(u32, Vec<String>)> {
    let services: Vec<&str> = book.services.iter().map(Service::as_str).collect();
    let (mut headings, mut text) = (String::new(), String::new());
    for block in &book.blocks {
        let (to, said) = match block {
            Block::Heading { words, .. } => (&mut headings, words.text()),
            Block::Text(words) => (&mut text, words.text()),
            Block::Code { text: code, .. } => (&mut text, code.clone()),
            Block::Step { name, text: said } => {
                headings.push_str(name.as_str());
                headings.push(' ');
                (&mut text, said.clone())
            }
        };
        if to.len() < READ {
            to.push_str(&said);
            to.push(' ');
        }
    }
    vec![
        (8, words(book.name.as_str())),
        (8, words(&book.title)),
        (6, words(&book.alerts.join(" "))),
        (5, words(&book.tags.join(" "))),
        (4, words(&services.join(" "))),
        (3, words(&headings)),
        (1, words(&text)),
    ]
}

/// How well one word is found, in the field where it is found best.
fn rate(word: &str, fields: &[(u32, Vec<String>)]) -> u32 {
    let in_field = |(weight, there): &(u32, Vec<String>)| {
        weight * there.iter().map(|known| alike(word, known)).max().unwrap_or(0)
    };
    fields.iter().map(in_field).max().unwrap_or(0)
}

/// How alike a word is to one that is there, from 0 to 100. One slip for a short word, two for one
/// of eight letters; none for three letters, where it would be another word.
fn alike(word: &str, known: &str) -> u32 {
    if word == known {
        return 100;
    }
    let (said, there) = (word.chars().count(), known.chars().count());
    if said >= 3 && known.starts_with(word) {
        return 80;
    }
    if there >= 4 && word.starts_with(known) {
        return 60;
    }
    let slips = match said.min(there) {
        0..=3 => return 0,
        4..=7 => 1,
        _ => 2,
    };
    if said.abs_diff(there) > slips {
        return 0;
    }
    if strsim::damerau_levenshtein(word, known) <= slips { 60 } else { 0 }
}

/// `HighErrorRate on check-out` as `high error rate check out`; without words that say nothing,
/// unless there are no others.
fn words(text: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    let mut word = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        let new_word = letter.is_uppercase() && before.is_lowercase();
        if (new_word || !letter.is_alphanumeric()) && !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        all.push(word);
    }
    let full: Vec<String> =
        all.iter().filter(|word| !EMPTY.contains(&word.as_str())).cloned().collect();
    if full.is_empty() { all } else { full }
}
