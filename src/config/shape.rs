//! The file against the schema that the types give: wrong keys and wrong values, all of them.
//!
//! A general validator knows where a document breaks a schema, but says it in the schema's words
//! and gives up at a choice between kinds. This one knows the few forms our own schema has, and
//! speaks of keys and values. A test holds it against a general validator.

use serde_json::Value as Json;

use super::{
    Secrets, leaves,
    place::{Path, Place},
    tree::{Entry, Kind, Node},
    words::{advice, listed, nearest, shown},
};
use crate::secrets::Secret;

/// What the schema has to say about a file.
#[derive(Default)]
pub(super) struct Shape {
    /// Every mistake.
    pub mistakes: Vec<(Path, Place, String)>,
    /// What must be taken away so that the rest can be read.
    pub cuts: Vec<Path>,
    /// Keys that were probably meant where an unknown one stands.
    pub meant: Vec<Path>,
}

/// Finds everything.
pub(super) fn check(schema: &Json, tree: &Node, secrets: Secrets) -> Shape {
    let mut walk = Walk { root: schema, secrets, shape: Shape::default() };
    let spot = Spot { path: Path::default(), at: Place::START, cut: Path::default() };
    if matches!(tree.is, Kind::Null) {
        walk.wrong(&spot, "the file says nothing: start from deploy/pilothouse.example.yaml");
    } else {
        walk.value(tree, schema, &spot);
    }
    walk.shape
}

struct Walk<'a> {
    root: &'a Json,
    secrets: Secrets,
    shape: Shape,
}

/// Where the walk is.
struct Spot {
    path: Path,
    at: Place,
    /// What would have to go if this value is wrong: the nearest one that nobody needs.
    cut: Path,
}

impl Walk<'_> {
    fn wrong(&mut self, spot: &Spot, what: impl Into<String>) {
        self.shape.mistakes.push((spot.path.clone(), spot.at, what.into()));
        self.shape.cuts.push(spot.cut.clone());
    }

    fn value(&mut self, node: &Node, schema: &Json, spot: &Spot) {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            return match leaves::leaf(name) {
                Some(check) => self.leaf(node, name, check, spot),
                None => self.value(node, &self.root["$defs"][name], spot),
            };
        }
        if let Some(options) = schema["anyOf"].as_array() {
            let is_null = |option: &&Json| option["type"] == "null";
            if matches!(node.is, Kind::Null) && options.iter().any(|option| is_null(&option)) {
                return;
            }
            let mut others = options.iter().filter(|option| !is_null(option));
            // Several forms of one value are left to their type to judge.
            if let (Some(only), None) = (others.next(), others.next()) {
                self.value(node, only, spot);
            }
            return;
        }
        if let Some(kinds) = schema["oneOf"].as_array() {
            return match words_of(kinds) {
                Some(words) => self.word(node, &words, spot),
                None => self.kind(node, kinds, spot),
            };
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
            return self.word(node, &words, spot);
        }
        self.plain(node, schema, spot);
    }

    fn plain(&mut self, node: &Node, schema: &Json, spot: &Spot) {
        let types: Vec<&str> = match &schema["type"] {
            Json::String(one) => vec![one],
            Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
            _ => return,
        };
        let wanted = types.iter().find(|name| **name != "null").copied().unwrap_or("null");
        match (&node.is, wanted) {
            (Kind::Null, _) if types.contains(&"null") => {}
            (Kind::Map(entries), "object") => self.map(entries, schema, spot),
            (Kind::List(items), "array") => {
                for (index, item) in items.iter().enumerate() {
                    let path = spot.path.item(index);
                    let spot = Spot { cut: path.clone(), path, at: item.at };
                    self.value(item, &schema["items"], &spot);
                }
            }
            (Kind::Number(number), "integer") => {
                let limit = match schema["format"].as_str() {
                    Some("uint32") => u64::from(u32::MAX),
                    Some("uint16") => u64::from(u16::MAX),
                    Some("uint8") => u64::from(u8::MAX),
                    _ => u64::MAX,
                };
                let least = schema["minimum"].as_u64().unwrap_or(0);
                match number.as_u64() {
                    Some(number) if (least..=limit).contains(&number) => {}
                    Some(_) => self.wrong(spot, format!("must be between {least} and {limit}")),
                    None => self.wrong(spot, "must be a whole number, not below 0"),
                }
            }
            (Kind::Text(_), "string")
            | (Kind::Bool(_), "boolean")
            | (Kind::Number(_), "number") => {}
            (_, wanted) => self.other(node, wanted, spot),
        }
    }

    /// Something else was meant than what stands there; its text is never repeated.
    fn other(&mut self, node: &Node, wanted: &str, spot: &Spot) {
        let words = match (&node.is, wanted) {
            (Kind::Null, _) => "has no value: write one, or take the key away".to_owned(),
            (Kind::Number(_) | Kind::Bool(_), "string") => {
                "must be text: write it between quotes".to_owned()
            }
            (is, wanted) => format!("must be {}, not {}", type_spoken(wanted), spoken(is)),
        };
        self.wrong(spot, words);
    }

    fn leaf(&mut self, node: &Node, name: &str, check: leaves::Check, spot: &Spot) {
        let text = match &node.is {
            Kind::Text(text) => text,
            // What it says as text is the better advice: `10` lacks a unit, not quotes.
            Kind::Number(number) => match check(&number.to_string()) {
                Err(why) => return self.wrong(spot, why),
                Ok(()) => return self.other(node, "string", spot),
            },
            _ => return self.other(node, "string", spot),
        };
        if let Err(why) = check(text) {
            return self.wrong(spot, why);
        }
        // An address of a database may be a reference as well: then it is one to its text.
        let refers =
            matches!(name, "Secret" | "Database" | "CalendarUrl") && self.secrets == Secrets::Read;
        if let (true, Ok(secret)) = (refers, Secret::try_from(text.clone()))
            && let Err(error) = secret.read()
        {
            self.wrong(spot, error.to_string());
        }
    }

    fn word(&mut self, node: &Node, words: &[&str], spot: &Spot) {
        let Kind::Text(text) = &node.is else { return self.other(node, "string", spot) };
        if words.contains(&text.as_str()) {
            return;
        }
        let choice = listed(words, "or");
        let what = match nearest(text, words) {
            Some(meant) if words.len() > 1 => {
                format!("`{}` is not {choice}, did you mean `{meant}`?", shown(text))
            }
            _ => format!("must be {choice}"),
        };
        self.wrong(spot, what);
    }

    /// One of several kinds of thing, told apart by one key or by what it says.
    fn kind(&mut self, node: &Node, kinds: &[Json], spot: &Spot) {
        let Kind::Map(entries) = &node.is else { return self.other(node, "object", spot) };
        let tag = kinds.first().and_then(|kind| {
            let properties = kind["properties"].as_object()?;
            properties.iter().find(|(_, of)| of.get("const").is_some()).map(|(tag, _)| tag)
        });
        let Some(tag) = tag else {
            // Told apart by the one key each has; which of them is missing is left to the type.
            let has =
                |kind: &&Json| entries.iter().any(|e| kind["properties"].get(&e.key).is_some());
            if let Some(kind) = kinds.iter().find(has) {
                self.map(entries, kind, spot);
            }
            return;
        };
        let words: Vec<&str> =
            kinds.iter().filter_map(|kind| kind["properties"][tag]["const"].as_str()).collect();
        match node.get(tag) {
            Some(Node { is: Kind::Text(text), .. }) if words.contains(&text.as_str()) => {
                let kind = kinds.iter().find(|kind| kind["properties"][tag]["const"] == **text);
                if let Some(kind) = kind {
                    self.map(entries, kind, spot);
                }
            }
            Some(other) => {
                let path = spot.path.key(tag);
                let spot = Spot { path, at: other.at, cut: spot.cut.clone() };
                self.word(other, &words, &spot);
            }
            None => {
                // Perhaps only the key is misspelt; the other keys depend on it and are not judged.
                let slip = entries.iter().find(|e| nearest(&e.key, &[tag]).is_some());
                let choice = listed(&words, "or");
                let slip = slip.map_or(String::new(), |e| format!(" (not `{}`)", shown(&e.key)));
                self.wrong(spot, format!("the key `{tag}`{slip} must say which kind: {choice}"));
            }
        }
    }

    fn map(&mut self, entries: &[Entry], schema: &Json, spot: &Spot) {
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut missing = required.clone();
        missing.retain(|key| entries.iter().all(|entry| entry.key != *key));
        for (number, entry) in entries.iter().enumerate() {
            let path = spot.path.key(&entry.key);
            let key = Spot { cut: path.clone(), path, at: entry.at };
            if let Some(first) = entries[..number].iter().find(|e| e.key == entry.key) {
                self.wrong(
                    &key,
                    format!("this key stands here twice, first in line {}", first.at.line),
                );
                continue;
            }
            match (properties.get(&entry.key), &schema["additionalProperties"]) {
                // Its text has just been looked at.
                (Some(of), _) if of.get("const").is_some() => {}
                (Some(of), _) => {
                    let cut = if required.contains(&entry.key.as_str()) {
                        spot.cut.clone()
                    } else {
                        key.path.clone()
                    };
                    self.value(&entry.node, of, &Spot { cut, at: entry.place(), ..key });
                }
                (None, each @ Json::Object(_)) => self.named(entry, each, spot),
                (None, _) => {
                    if let Some(meant) = nearest(&entry.key, &known) {
                        missing.retain(|key| *key != meant);
                        self.shape.meant.push(spot.path.key(meant));
                        self.shape.cuts.extend(required.contains(&meant).then(|| spot.cut.clone()));
                    }
                    let word = shown(&entry.key);
                    let advice = advice(&entry.key, &known);
                    self.wrong(&key, format!("unknown key `{word}`{advice}"));
                }
            }
        }
        for key in missing {
            let about = properties.get(key).map_or(String::new(), about);
            self.wrong(spot, format!("the key `{key}` is missing{about}"));
        }
    }

    /// One of many things, under a name of its own.
    fn named(&mut self, entry: &Entry, each: &Json, spot: &Spot) {
        let path = spot.path.key(&entry.key);
        let of = match spot.path.0.last() {
            Some(super::place::Step::Key(key)) => leaves::names_below(key),
            _ => None,
        };
        if let Some(Err(why)) = of.map(|check| check(&entry.key)) {
            let spot = Spot { cut: path.clone(), path: path.clone(), at: entry.at };
            self.wrong(&spot, why);
        }
        let spot = Spot { cut: path.clone(), path, at: entry.place() };
        self.value(&entry.node, each, &spot);
    }
}

/// The words of a choice between words, each with its own explanation.
fn words_of(kinds: &[Json]) -> Option<Vec<&str>> {
    let mut words = vec![];
    for kind in kinds {
        match (&kind["const"], &kind["enum"]) {
            (Json::String(word), _) => words.push(word.as_str()),
            (_, Json::Array(several)) => words.extend(several.iter().filter_map(Json::as_str)),
            _ => return None,
        }
    }
    Some(words)
}

/// What a key is for, from its own explanation: `: the pipeline that deploys it`.
fn about(property: &Json) -> String {
    let Some(text) = property["description"].as_str() else { return String::new() };
    let sentence = text.split(['.', '\n', ';']).next().unwrap_or(text);
    let mut letters = sentence.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!(": {first}{}", letters.as_str())
}

fn spoken(is: &Kind) -> &'static str {
    match is {
        Kind::Null => "nothing",
        Kind::Bool(_) => "`true` or `false`",
        Kind::Number(_) => "a number",
        Kind::Text(_) => "text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "keys and values",
    }
}

fn type_spoken(name: &str) -> &'static str {
    match name {
        "object" => "keys and values (`key: value`)",
        "array" => "a list (`[one, other]`)",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "text",
    }
}
