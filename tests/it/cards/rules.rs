//! What Teams asks of a card, and what we ask of it besides.

use std::{collections::BTreeSet, path::Path};

use pilothouse::secrets::variable;
use serde_json::{Map, Value, json};

use super::{
    elements::{ANYWHERE, ELEMENTS, OF_TEAMS, STYLES, WORDS},
    samples,
};

/// How many buttons Teams shows beside each other.
const BUTTONS: usize = 6;

#[test]
fn every_sample_obeys_the_rules_of_teams() {
    for (sample, card) in samples::drawn() {
        let broken = broken(&card);
        assert!(broken.is_empty(), "{}: {broken:#?}\n{card:#}", sample.name);
    }
}

/// Every rule that this card breaks, in words.
fn broken(card: &Value) -> Vec<String> {
    let mut rules = Rules { inputs: BTreeSet::new(), titles: vec![], says: vec![], broken: vec![] };
    rules.frame(card);
    for key in ["body", "actions"] {
        rules.all(&card[key], key);
    }
    rules.actions(&card["actions"]);
    rules.forms();
    rules.broken
}

/// Whether nothing but mentions stands beside the width, each of them somewhere in the card.
fn mentions_stand_in(msteams: &Value, card: &Value) -> bool {
    let entities = msteams.get("entities").map_or(&[][..], |list| list.as_array().unwrap());
    let texts = samples::strings(&card["body"]);
    msteams.as_object().unwrap().keys().all(|key| ["width", "entities"].contains(&key.as_str()))
        && entities.iter().all(|entity| {
            let text = entity["text"].as_str().unwrap();
            entity["type"] == "mention" && entity["mentioned"]["id"] != "" && texts.contains(&text)
        })
}

struct Rules {
    inputs: BTreeSet<String>,
    titles: Vec<String>,
    says: Vec<String>,
    broken: Vec<String>,
}

impl Rules {
    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    fn frame(&mut self, card: &Value) {
        let frame = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.5",
        });
        for (key, value) in frame.as_object().unwrap() {
            self.must(card[key] == *value, || format!("{key} is not {value}"));
        }
        for (key, value) in card.as_object().unwrap() {
            let fits = match key.as_str() {
                "$schema" | "type" | "version" | "body" | "actions" => true,
                "msteams" => value["width"] == "full" && mentions_stand_in(value, card),
                _ => false,
            };
            self.must(fits, || format!("{key} cannot be {value}"));
        }
        let first = &card["body"][0];
        let heading = first["type"] == "TextBlock" && first["style"] == "heading";
        self.must(heading, || "the card does not begin with a heading".to_owned());
    }

    /// Elements, or actions, of a list.
    fn all(&mut self, list: &Value, place: &str) {
        match list.as_array() {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.one(item, &format!("{place}/{index}"));
                }
            }
            None => self.broken.push(format!("{place} is no list")),
        }
    }

    fn one(&mut self, element: &Value, place: &str) {
        let kind = element["type"].as_str().unwrap_or_default();
        let known = ELEMENTS.iter().chain(OF_TEAMS).find(|(name, ..)| *name == kind);
        let (Some((_, must, may)), Some(fields)) = (known, element.as_object()) else {
            return self.broken.push(format!("{place} is a {kind}, which these rules do not know"));
        };
        for key in *must {
            self.must(fields.contains_key(*key), || format!("{place}: a {kind} needs `{key}`"));
        }
        for (key, value) in fields {
            let lists = [ANYWHERE, must, may];
            let known = lists.iter().any(|keys| keys.contains(&key.as_str()));
            self.must(known, || format!("{place}: a {kind} has no `{key}`"));
            self.value(kind, key, value, place);
        }
        self.inside(kind, fields, place);
    }

    fn value(&mut self, kind: &str, key: &str, value: &Value, place: &str) {
        let words = match key {
            "style" => STYLES.iter().find(|(begins, _)| kind.starts_with(begins)),
            _ => WORDS.iter().find(|(name, _)| *name == key),
        };
        let fits = |words: &[&str]| value.as_str().is_some_and(|value| words.contains(&value));
        if let Some((_, words)) = words.filter(|_| !OF_TEAMS.iter().any(|(name, ..)| *name == kind))
        {
            self.must(fits(words), || format!("{place}: `{key}` is {value}, not one of {words:?}"));
        }
        if ["text", "title", "label", "codeSnippet", "id"].contains(&key) {
            let said = value.as_str().is_some_and(|text| !text.trim().is_empty());
            self.must(said, || format!("{place}: `{key}` says nothing"));
        }
    }

    fn inside(&mut self, kind: &str, fields: &Map<String, Value>, place: &str) {
        for key in ["items", "rows", "cells"] {
            if let Some(list) = fields.get(key) {
                self.all(list, &format!("{place}/{key}"));
            }
        }
        match kind {
            "TextBlock" => self.text(fields, place),
            "ColumnSet" => self.all(&fields["columns"], &format!("{place}/columns")),
            "FactSet" => self.pairs(&fields["facts"], place),
            "ActionSet" => {
                self.all(&fields["actions"], &format!("{place}/actions"));
                self.actions(&fields["actions"]);
            }
            "Action.Execute" => self.execute(fields, place),
            "Action.OpenUrl" => {
                let safe = fields["url"].as_str().is_some_and(|url| url.starts_with("https://"));
                self.must(safe, || format!("{place}: {} is no https address", fields["url"]));
            }
            "Action.ShowCard" => {
                let card = &fields["card"];
                for key in ["body", "actions"] {
                    self.all(&card[key], &format!("{place}/card/{key}"));
                }
                self.actions(&card["actions"]);
            }
            "Action.Submit" => self.broken.push(format!("{place}: only an Execute is one for all")),
            _ if kind.starts_with("Input.") => self.input(kind, fields, place),
            _ => {
                if let Some(fallback) = fields.get("fallback") {
                    self.one(fallback, &format!("{place}/fallback"));
                }
            }
        }
    }

    fn text(&mut self, fields: &Map<String, Value>, place: &str) {
        let whole = fields.get("wrap") == Some(&json!(true)) || fields.get("fontType").is_some();
        self.must(whole, || format!("{place}: a text that does not wrap is cut off"));
    }

    fn pairs(&mut self, list: &Value, place: &str) {
        let pairs = list.as_array().map_or(&[][..], Vec::as_slice);
        self.must(!pairs.is_empty(), || format!("{place} holds nothing"));
        for pair in pairs {
            let keys: Vec<&String> = pair.as_object().unwrap().keys().collect();
            let fits = keys == ["title", "value"] && pair["title"] != "" && pair["value"] != "";
            self.must(fits, || format!("{place}: {pair} is no title with its value"));
        }
    }

    fn input(&mut self, kind: &str, fields: &Map<String, Value>, place: &str) {
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
        let fresh = !["", "say", "verb", "action", "subject"].contains(&id)
            && self.inputs.insert(id.to_owned());
        self.must(fresh, || format!("{place}: `{id}` cannot be the id of an input, or not again"));
        let checked = fields.contains_key("isRequired");
        self.must(!checked || fields.contains_key("errorMessage"), || {
            format!("{place}: nobody is told what is wrong")
        });
        if kind == "Input.ChoiceSet" {
            self.pairs(&fields["choices"], place);
        }
    }

    fn execute(&mut self, fields: &Map<String, Value>, place: &str) {
        let (title, data) = (&fields["title"], &fields["data"]);
        let say = data["say"].as_str().unwrap_or_default();
        let says =
            fields["verb"] == "say" && *data == json!({ "say": say }) && say.starts_with('/');
        self.must(says, || format!("{place}: {data} is not what a button says"));
        let fallback = &fields["fallback"];
        let same = fallback["type"] == "Action.Submit"
            && ["title", "data", "style", "mode"]
                .iter()
                .all(|key| fallback.get(key).is_none_or(|value| fields.get(*key) == Some(value)))
            && fallback.get("data").is_some();
        self.must(same, || format!("{place}: where there is no Execute, {fallback} is pressed"));
        self.titles.push(title.to_string());
        self.says.push(say.to_owned());
    }

    /// Buttons beside each other.
    fn actions(&mut self, list: &Value) {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        let shown = list.iter().filter(|action| action["mode"] != "secondary").count();
        self.must(shown <= BUTTONS, || format!("{shown} buttons beside each other"));
    }

    /// Buttons and inputs name each other.
    fn forms(&mut self) {
        let different: BTreeSet<_> = self.titles.iter().collect();
        let same = self.titles.len() - different.len();
        self.must(same == 0, || format!("{same} buttons have the title of another"));
        let holes = self.says.iter().flat_map(|say| say.split(' ')).filter_map(|word| {
            word.strip_prefix('{').and_then(|word| word.strip_suffix('}')).map(str::to_owned)
        });
        let holes: BTreeSet<String> = holes.collect();
        let inputs = self.inputs.clone();
        self.must(holes == inputs, || format!("buttons say {holes:?}, but there are {inputs:?}"));
    }
}

#[test]
fn the_rules_find_what_they_are_there_for() {
    let button = |title: &str, fallback: &str| {
        json!({ "type": "Action.Execute", "title": title, "verb": "say", "data": { "say": "/a {b}" },
                "fallback": { "type": "Action.Submit", "title": title, "data": { "say": fallback } } })
    };
    let card = json!({
        "type": "AdaptiveCard", "version": "1.6", "speak": "hello",
        "body": [
            { "type": "TextBlock", "text": "", "wrap": true },
            { "type": "TextBlock", "text": "x", "color": "good" },
            { "type": "Container", "style": "loud", "items": [{ "type": "ProgressBar" }] },
            { "type": "Media" },
            { "type": "FactSet", "facts": [] },
            { "type": "Input.Text", "id": "say", "isRequired": true },
        ],
        "actions": [
            button("x", "/b"), button("x", "/a {b}"),
            { "type": "Action.Submit", "title": "y", "data": {} },
            { "type": "Action.OpenUrl", "title": "z", "url": "javascript:alert(1)" },
            { "type": "Action.OpenUrl", "title": "z", "url": "https://a" },
            { "type": "Action.OpenUrl", "title": "z", "url": "https://a" },
            { "type": "Action.OpenUrl", "title": "z", "url": "https://a" },
        ],
    });
    insta::assert_snapshot!(broken(&card).join("\n"));
}

#[test]
fn every_sample_obeys_the_published_schema() {
    let Some(folder) = variable("PILOTHOUSE_CONTRACTS") else { return };
    let Ok(text) = std::fs::read(Path::new(&folder).join("jsonschema/adaptive-card.json")) else {
        return;
    };
    let schema = serde_json::from_slice(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (sample, card) in samples::drawn() {
        let faults: Vec<String> = validator
            .iter_errors(&card)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", sample.name);
    }
}
