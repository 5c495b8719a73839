//! How the pieces of a card stand to each other in a terminal: apart, beside or under each other.

use serde_json::Value;

use super::{drawing::Block, tone::Tone};

/// Whether a card leaves room above this element.
pub(super) fn is_apart(element: &Value) -> bool {
    let spacing = element["spacing"].as_str().unwrap_or_default();
    element["separator"] == true || ["Medium", "Large", "ExtraLarge"].contains(&spacing)
}

/// Puts what an element became under what came before, with a free line between where it stands
/// apart; facts that follow each other become one table.
pub(super) fn put(blocks: &mut Vec<Block>, apart: bool, element: Vec<Block>) {
    if apart && !blocks.is_empty() && !element.is_empty() {
        blocks.push(Block::Gap);
    }
    for block in element {
        match (blocks.last_mut(), block) {
            (Some(Block::Facts(facts)), Block::Facts(more)) => facts.extend(more),
            (_, block) => blocks.push(block),
        }
    }
}

/// What stands beside each other: a faint name and its value are a fact, other texts share a line.
pub(super) fn beside(columns: Vec<Vec<Block>>) -> Vec<Block> {
    let text = |column: &Vec<Block>| match column.as_slice() {
        [Block::Text { text, tone }] => Some((text.clone(), *tone)),
        _ => None,
    };
    let texts: Option<Vec<(String, Tone)>> = columns.iter().map(text).collect();
    match texts.as_deref() {
        Some([(name, Tone::Faint), (value, _)]) => {
            vec![Block::Facts(vec![(name.clone(), value.clone())])]
        }
        Some([(first, tone), others @ ..]) => {
            let others = others.iter().map(|(text, _)| text.as_str());
            let texts: Vec<&str> = [first.as_str()].into_iter().chain(others).collect();
            vec![Block::Text { text: texts.join("  "), tone: *tone }]
        }
        _ => columns.into_iter().flatten().collect(),
    }
}

/// What stands in a coloured container: its first line has the colour, and where that has a sign,
/// the others stand under it.
pub(super) fn coloured(mut inside: Vec<Block>, colour: Tone) -> Vec<Block> {
    let Some(Block::Text { tone, .. }) = inside.first_mut() else { return inside };
    *tone = colour;
    let rest = inside.split_off(1);
    if rest.is_empty() || colour.sign().is_empty() {
        inside.extend(rest);
    } else {
        inside.push(Block::Under(rest));
    }
    inside
}
