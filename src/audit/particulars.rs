//! What a row's detail says, without the braces it is written in. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    search::Record,
    view::{NAME, cut},
};
use crate::clock::{Timestamp, spoken};

/// Keys whose numbers are moments.
const MOMENTS: [&str; 3] = ["at", "since", "until"];

/// Every value of the detail with its key; a detail in words as it is.
pub(super) fn particulars(record: &Record) -> String {
    let Ok(value) = serde_json::from_str::<Value>(&record.detail) else {
        return record.detail.clone();
    };
    let mut gathered = Gathered { record, said: vec![] };
    gathered.gather("", &value);
    gathered.said.join(" · ")
}

struct Gathered<'a> {
    record: &'a Record,
    said: Vec<String>,
}

impl Gathered<'_> {
    fn gather(&mut self, key: &str, value: &Value) {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => self.said.push(key.to_owned()),
            Value::Object(fields) => self.gather_fields(key, fields),
            Value::Array(values) => values.iter().for_each(|value| self.gather(key, value)),
            Value::String(text) => {
                let known = text.is_empty() || (key == "by" && *text == self.record.actor_name);
                if !known {
                    self.say(key, text);
                }
            }
            Value::Number(number) => match number.as_i64() {
                Some(time) if MOMENTS.contains(&key) => self.say(key, &Timestamp(time).exact()),
                _ => self.say(key, &number.to_string()),
            },
        }
    }

    fn gather_fields(&mut self, key: &str, fields: &Map<String, Value>) {
        let text = |key| fields.get(key).and_then(Value::as_str);
        let seconds = fields.get("secs").and_then(Value::as_u64);
        match (text("id"), text("name"), seconds) {
            // Who did it stands above.
            (Some(id), Some(_), _) if key == "by" && id == self.record.actor => {}
            (Some(id), Some(name), _) => self.say(key, &format!("{} ({id})", cut(name, NAME))),
            (.., Some(seconds)) => self.say(key, &spoken(Duration::from_secs(seconds))),
            _ => {
                for (key, value) in fields {
                    // So does the place.
                    if !["service", "environment"].contains(&key.as_str()) {
                        self.gather(key, value);
                    }
                }
            }
        }
    }

    fn say(&mut self, key: &str, text: &str) {
        self.said.push(if key.is_empty() { text.to_owned() } else { format!("{key}: {text}") });
    }
}
