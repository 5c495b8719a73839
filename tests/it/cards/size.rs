//! However much a view says, its card stays small enough for every way into Teams.

use pilothouse::cards::Renderer;
use serde_json::{Value, json};

use super::samples;

/// What a webhook may send, in bytes; a bot may send more.
pub const LARGEST: usize = 28 * 1024;

#[test]
fn every_sample_is_small_enough_without_a_word_missing() {
    for (sample, drawn) in samples::drawn() {
        let json = drawn.to_string();
        assert!(json.len() <= LARGEST, "{} is {} bytes", sample.name, json.len());
        let said = samples::strings(&sample.data);
        for cut in samples::strings(&drawn).iter().filter(|text| text.ends_with('…')) {
            let whole = said.contains(&cut.replace('\\', "").as_str());
            assert!(whole, "{}: `{cut}` was shortened", sample.name);
        }
    }
}

fn lock() -> Value {
    samples::all().iter().find(|sample| sample.name == "lock.held").unwrap().data.clone()
}

#[test]
fn texts_are_shortened_as_far_as_it_takes_but_never_what_a_button_says() {
    let say = format!("/lock production {}", "x".repeat(3000));
    let mut lock = lock();
    lock["buttons"][0]["say"] = json!(say);
    lock["status"] = json!("é".repeat(20_000));
    let drawn = Renderer::new().unwrap().draw("teams/lock", &lock).unwrap();
    assert!(drawn.to_string().len() <= LARGEST);
    assert_eq!(drawn["actions"][0]["data"]["say"], say);
    assert_eq!(drawn["body"][1]["items"][0]["text"], format!("{}…", "é".repeat(2000)));
    assert_eq!(drawn["body"][0]["text"], "checkout · production is locked");
}

#[test]
fn a_card_that_fits_is_not_touched() {
    let mut lock = lock();
    let status = "x".repeat(25_000);
    lock["status"] = json!(status);
    let drawn = Renderer::new().unwrap().draw("teams/lock", &lock).unwrap();
    assert_eq!(drawn["body"][1]["items"][0]["text"], status);
}
