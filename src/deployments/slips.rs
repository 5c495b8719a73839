//! What somebody probably meant who slipped. Pure.

/// ` Did you mean x?`, or ` There are a, b and c.`
pub(super) fn hint<'a>(said: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(said, known.clone()) {
        Some(near) => format!(" Did you mean `{near}`?"),
        None => format!(" There are: {}.", known.collect::<Vec<_>>().join(", ")),
    }
}

/// How alike two words must be, from 0 to 1, for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// The known word that is nearest to what was said, when one is near.
pub fn nearest<'a>(said: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = known.map(|word| (word, strsim::jaro_winkler(said, word)));
    let best = rated.max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.filter(|(_, alike)| *alike > ALIKE).map(|(word, _)| word)
}
