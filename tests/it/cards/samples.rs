//! The samples in `cards/samples/`, and what makes them true: views look like them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::LazyLock,
};

use pilothouse::cards::{Card, Renderer};
use serde_json::Value;

/// What a view may be like in one interesting state.
pub struct Sample {
    /// `deployment.waiting`
    pub name: String,
    /// `teams/deployment`
    pub look: String,
    /// The view's plain data.
    pub data: Value,
}

/// Every sample: `cards/samples/<look>.<state>.json`.
pub fn all() -> &'static [Sample] {
    static ALL: LazyLock<Vec<Sample>> = LazyLock::new(|| {
        let mut samples: Vec<Sample> = fs::read_dir("cards/samples").unwrap().map(read).collect();
        samples.sort_by(|one, other| one.name.cmp(&other.name));
        samples
    });
    &ALL
}

fn read(entry: std::io::Result<fs::DirEntry>) -> Sample {
    let path = entry.unwrap().path();
    let file = path.file_name().unwrap().to_str().unwrap();
    let name = file.strip_suffix(".json").unwrap_or_else(|| panic!("{file} is no sample"));
    let (look, _) = name
        .split_once('.')
        .unwrap_or_else(|| panic!("{file} is not called like <look>.<state>.json"));
    let text = fs::read_to_string(&path).unwrap();
    let data = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    Sample { name: name.to_owned(), look: format!("teams/{look}"), data }
}

/// The same, drawn.
pub fn drawn() -> impl Iterator<Item = (&'static Sample, Value)> {
    static RENDERER: LazyLock<Renderer> = LazyLock::new(|| Renderer::new().unwrap());
    all().iter().map(|sample| {
        let drawn = RENDERER.draw(&sample.look, &sample.data);
        (sample, drawn.unwrap_or_else(|error| panic!("{}: {error:#}", sample.name)))
    })
}

/// Where something stands in plain data, like `facts/*/title`, and the keys it can have there.
type Shape = BTreeMap<String, BTreeSet<String>>;

/// Fails when no sample has the keys that this card's view has: a sample that no view is like
/// proves nothing.
pub fn show_such_a(card: &Card) {
    static SHAPES: LazyLock<BTreeMap<&str, Shape>> = LazyLock::new(|| {
        let mut shapes = BTreeMap::<&str, Shape>::new();
        for sample in all() {
            let look = sample.look.strip_prefix("teams/").unwrap();
            describe(&sample.data, "", shapes.entry(look).or_default());
        }
        shapes
    });
    let content = card.content();
    let (look, data) = content.split_once(' ').unwrap();
    let known = SHAPES.get(look).unwrap_or_else(|| panic!("cards/samples has no {look}.*.json"));
    let mut seen = Shape::new();
    describe(&serde_json::from_str(data).unwrap(), "", &mut seen);
    for (place, keys) in seen {
        let sampled = known.get(&place);
        assert_eq!(
            sampled,
            Some(&keys),
            "the view `{look}` has other keys at `{place}` than cards/samples/{look}.*.json"
        );
    }
}

fn describe(data: &Value, place: &str, shape: &mut Shape) {
    match data {
        Value::Object(fields) => {
            let keys = shape.entry(place.to_owned()).or_default();
            keys.extend(fields.keys().cloned());
            for (key, field) in fields {
                describe(field, &format!("{place}/{key}"), shape);
            }
        }
        Value::Array(items) => {
            for item in items {
                describe(item, &format!("{place}/*"), shape);
            }
        }
        _ => {}
    }
}

/// Every text in it, however deep.
pub fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => vec![],
    }
}
