//! The cards: each look with every state it can be in, drawn, held against the rules of Teams, and
//! kept as a picture in words.
//!
//! To add a look's samples, put its views' plain data into `cards/samples/<look>.<state>.json`,
//! one file a state, and accept what the tests then draw of it: `INSTA_UPDATE=always cargo test
//! --test it cards::`.

mod elements;
mod hostile;
mod rules;
pub mod samples;
mod size;
mod terminal;

use std::{collections::BTreeSet, fs};

use pilothouse::cards::Renderer;

#[test]
fn every_look_has_a_sample_and_every_sample_a_look() {
    let looks: BTreeSet<&str> = Renderer::looks().collect();
    let sampled: BTreeSet<&str> =
        samples::all().iter().map(|sample| sample.look.as_str()).collect();
    let without: Vec<_> = looks.difference(&sampled).collect();
    assert!(
        without.is_empty(),
        "{without:?} have no sample: put one into cards/samples/<look>.<state>.json"
    );
    let unknown: Vec<_> = sampled.difference(&looks).collect();
    assert!(unknown.is_empty(), "{unknown:?} are sampled, but are no looks");
}

#[test]
fn every_template_is_a_look() {
    for file in fs::read_dir("cards/teams").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(look) = name.strip_suffix(".json.hbs") {
            let look = format!("teams/{look}");
            assert!(Renderer::looks().any(|known| known == look), "cards.rs does not know {name}");
        } else {
            assert!(name.ends_with(".part.hbs"), "cards/teams/{name} is neither look nor part");
        }
    }
}

#[test]
fn every_sample_looks_as_it_did() {
    for (sample, drawn) in samples::drawn() {
        insta::assert_json_snapshot!(sample.name.as_str(), drawn);
    }
}
