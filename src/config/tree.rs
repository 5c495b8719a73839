//! The file as it was written: every value with its place, nothing judged yet.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value as Json};
use serde_saphyr::{Spanned, options::DuplicateKeyPolicy};

use super::place::{Path, Place, Step};

/// The largest file that is read, in bytes: a thousand services fit in a third of it.
const LARGEST: usize = 1024 * 1024;

/// How much may come out of YAML's aliases, in parser events. More is a file made to explode.
const ALIASED: usize = 20_000;

/// How deep values may stand inside each other; a configuration needs ten. Each level costs the
/// stack some tens of kilobytes while it is read.
const DEEPEST: usize = 20;

/// One value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub at: Place,
    /// What it is.
    pub is: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing stands there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the file's order; a key may stand there twice.
    Map(Vec<Entry>),
}

/// One key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub at: Place,
    /// Its value.
    pub node: Node,
}

/// Reads the text as YAML.
///
/// # Errors
/// Where it stops being YAML, and how.
pub(super) fn read(text: &str) -> Result<Node, (Place, String)> {
    if text.len() > LARGEST {
        return Err((Place::START, format!("the file is over {LARGEST} bytes")));
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: DEEPEST, flow_nesting_limit: DEEPEST },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: ALIASED },
    };
    serde_saphyr::from_str_with_options::<Node>(text, options)
        .map_err(|error| super::syntax::explain(text, &error))
}

impl Node {
    /// The value of the last entry with that key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.is {
            Kind::Map(entries) => entries.iter().rev().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The keys that stand at `path`, whether or not their values are right.
    pub(super) fn keys(&self, path: &Path) -> Vec<&str> {
        let node = path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Item(_) => None,
        });
        match node.map(|node| &node.is) {
            Some(Kind::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => vec![],
        }
    }

    /// How many items the list at `path` has, whether or not they are right.
    pub(super) fn count(&self, path: &Path) -> usize {
        let node = path.0.iter().try_fold(self, |node, step| match (step, &node.is) {
            (Step::Key(key), _) => node.get(key),
            (Step::Item(index), Kind::List(items)) => items.get(*index),
            (Step::Item(_), _) => None,
        });
        match node.map(|node| &node.is) {
            Some(Kind::List(items)) => items.len(),
            _ => 0,
        }
    }

    /// Where `path` leads, or the last place on the way that exists.
    pub(super) fn place(&self, path: &Path) -> Place {
        let (mut node, mut place) = (self, self.at);
        for step in &path.0 {
            let next = match (step, &node.is) {
                (Step::Key(key), _) => node.entry(key).map(|entry| (&entry.node, entry.place())),
                (Step::Item(index), Kind::List(items)) => {
                    items.get(*index).map(|item| (item, item.at))
                }
                (Step::Item(_), _) => None,
            };
            let Some(next) = next else { break };
            (node, place) = next;
        }
        place
    }

    /// Takes away what stands at `path`.
    pub(super) fn cut(&mut self, path: &Path) {
        let Some((last, way)) = path.0.split_last() else { return };
        let parent = way.iter().try_fold(self, |node, step| match (step, &mut node.is) {
            (Step::Key(key), Kind::Map(entries)) => {
                entries.iter_mut().rev().find(|e| e.key == *key).map(|e| &mut e.node)
            }
            (Step::Item(index), Kind::List(items)) => items.get_mut(*index),
            _ => None,
        });
        match (last, parent.map(|node| &mut node.is)) {
            (Step::Key(key), Some(Kind::Map(entries))) => entries.retain(|e| e.key != *key),
            // The others keep their numbers: what is empty is left out on the way to JSON.
            (Step::Item(index), Some(Kind::List(items))) => {
                if let Some(item) = items.get_mut(*index) {
                    item.is = Kind::Null;
                }
            }
            _ => {}
        }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Json {
        match &self.is {
            Kind::Null => Json::Null,
            Kind::Bool(yes) => Json::Bool(*yes),
            Kind::Number(number) => Json::Number(number.clone()),
            Kind::Text(text) => Json::String(text.clone()),
            Kind::List(items) => {
                items.iter().map(Self::to_json).filter(|item| !item.is_null()).collect()
            }
            Kind::Map(entries) => Json::Object(
                entries.iter().map(|e| (e.key.clone(), e.node.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }
}

impl Entry {
    /// Where a reader looks for it: at a single value, or at the key above a longer one.
    pub(super) fn place(&self) -> Place {
        match self.node.is {
            Kind::Null | Kind::List(_) | Kind::Map(_) => self.at,
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => self.node.at,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { at: spanned.referenced.into(), is: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
        Ok(Kind::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Kind, E> {
        Ok(Number::from_f64(number).map_or(Kind::Null, Kind::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut items = vec![];
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = vec![];
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Node>()? {
            entries.push(Entry { key: key.value, at: key.referenced.into(), node });
        }
        Ok(Kind::Map(entries))
    }
}
