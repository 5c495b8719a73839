//! What is written on a card, and what can be pressed on it.

use serde_json::Value;

/// A card's title, status and buttons.
pub fn gist(card: &Value) -> String {
    let mut lines = texts(card);
    lines.truncate(2);
    let titles: Vec<_> = titles(card).iter().map(|title| format!("[{title}]")).collect();
    lines.push(titles.join(" "));
    lines.join("\n").trim_end().to_owned()
}

/// Every text of a card, top to bottom; facts as `title: value`.
pub fn texts(card: &Value) -> Vec<String> {
    let mut found = vec![];
    collect(&card["body"], &mut found);
    found
}

fn collect(part: &Value, found: &mut Vec<String>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, found)),
        Value::Object(fields) => {
            if let (Some(title), Some(value)) = (fields.get("title"), fields.get("value")) {
                found.push(format!("{}: {}", plain(title), plain(value)));
            } else if let Some(text) = fields.get("text").or_else(|| fields.get("codeSnippet")) {
                found.push(plain(text));
            }
            if let Some((name, value)) = fields.get("columns").and_then(pair) {
                return found.push(format!("{name}: {value}"));
            }
            for inner in ["items", "columns", "facts"] {
                if let Some(inner) = fields.get(inner) {
                    collect(inner, found);
                }
            }
        }
        _ => {}
    }
}

/// A name and its value beside each other.
fn pair(columns: &Value) -> Option<(String, String)> {
    let text = |column: &Value| match column["items"].as_array()?.as_slice() {
        [only] => only["text"].as_str().map(|_| plain(&only["text"])),
        _ => None,
    };
    match columns.as_array()?.as_slice() {
        [name, value] => Some((text(name)?, text(value)?)),
        _ => None,
    }
}

/// What stands on a card's buttons and links, top to bottom.
pub fn titles(card: &Value) -> Vec<String> {
    let mut buttons = vec![];
    pressable(&card["body"], &mut buttons);
    buttons.extend(card["actions"].as_array().unwrap().iter().cloned());
    buttons.iter().map(|button| button["title"].as_str().unwrap().to_owned()).collect()
}

/// Every button of a card, wherever it is.
pub fn pressable(part: &Value, found: &mut Vec<Value>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| pressable(part, found)),
        Value::Object(fields) if fields.contains_key("verb") => found.push(part.clone()),
        Value::Object(fields) => fields.values().for_each(|part| pressable(part, found)),
        _ => {}
    }
}

/// A text without the backslashes that keep it inert.
fn plain(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\\', "")
}
