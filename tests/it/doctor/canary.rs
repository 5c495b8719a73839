//! The canary: one message in each room, which says in the end that it was a test.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::town::{CHANNEL, EDIT_AT, SAY_AT, Town};

#[tokio::test]
async fn one_message_in_each_room_says_in_the_end_that_it_was_a_test() {
    let mut town = Town::well().await;
    // Two names of one conversation.
    let (rooms, also) =
        ("  rooms:\n", format!("    incidents: {{ conversation: \"{CHANNEL}\" }}\n"));
    town.rewrites(rooms, &format!("{rooms}{also}"));
    assert!(town.doctor().await.well);
    assert!(town.asked(SAY_AT).await.is_empty(), "nothing is said without --canary");
    let before = town.files();

    town.options.canary = true;
    let said = town.doctor().await;
    assert!(said.well, "{}", said.text);
    let told: Vec<String> = said.lines("ok");
    let arrived = told.iter().filter(|line| line.contains("a message arrived")).count();
    assert_eq!(arrived, 1, "{}", said.text);
    let (first, then) = (town.asked(SAY_AT).await, town.asked(EDIT_AT).await);
    assert_eq!((first.len(), then.len()), (1, 1));
    let text = |request: &wiremock::Request| {
        let body: Value = request.body_json().unwrap();
        assert_eq!(body["type"], "message");
        body["text"].as_str().unwrap().to_owned()
    };
    assert!(text(&first[0]).contains("nothing is to be done"), "{}", text(&first[0]));
    assert!(text(&then[0]).contains("seen, all is well"), "{}", text(&then[0]));
    assert_eq!(town.files(), before, "even then nothing is written here");
}

#[tokio::test]
async fn a_message_that_does_not_arrive_says_why() {
    let mut town = Town::well().await;
    town.options.canary = true;
    let gone = json!({ "error": { "code": "BotNotInConversationRoster", "message": "x" } });
    town.breaks(SAY_AT, ResponseTemplate::new(403).set_body_json(gone)).await;
    let said = town.doctor().await;
    assert!(!said.well);
    let bad = said.lines("bad");
    assert!(bad[0].contains("did not arrive") && bad[0].contains("Add the app"), "{bad:?}");

    let mut town = Town::well().await;
    town.options.canary = true;
    town.breaks(EDIT_AT, ResponseTemplate::new(400)).await;
    let said = town.doctor().await;
    assert!(said.well, "{}", said.text);
    assert!(said.lines("warn")[0].contains("could not be changed"), "{}", said.text);
}
