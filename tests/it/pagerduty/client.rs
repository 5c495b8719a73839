//! What is asked of PagerDuty, and what is made of its answers.

use std::time::Duration;

use pilothouse::{
    clock::{Clock, Timestamp},
    outbound::Failure,
    vendors::{
        pagerduty::{Id, IncidentSeen, List, NotAnId, PagerDuty, Sender, Settings, Status},
        server::Error,
    },
};
use proptest::prelude::*;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::duty::{Duty, ROUTING, SERVICE, TOKEN, Trouble, incident};

const OPEN: [(&str, &str); 2] = [("statuses[]", "triggered"), ("statuses[]", "acknowledged")];

fn clock() -> Clock {
    Clock::manual(Timestamp(1_795_572_490_000))
}

fn wish(key: &str) -> serde_json::Value {
    json!({ "type": "incident", "title": "INC-7 · Checkout is slow", "urgency": "high",
            "incident_key": key, "service": { "id": SERVICE, "type": "service_reference" } })
}

async fn open(client: &PagerDuty) -> Result<List<IncidentSeen>, Error> {
    client.list(&["incidents"], &OPEN, "incidents").await
}

#[tokio::test]
async fn an_incident_is_made_once_noted_and_resolved() {
    let duty = Duty::start().await;
    let client = duty.client(&clock());
    let made = client.create(&wish("inc-7")).await.unwrap();
    assert_eq!(made.status, Status::Triggered);
    let again = client.create(&wish("inc-7")).await.unwrap_err();
    assert_eq!(again.status(), Some(400));
    assert!(again.to_string().contains("Open incident with matching dedup key"), "{again}");
    let found = client.incidents_of("inc-7").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, made.id);
    client.note(&made.id, "We know why").await.unwrap();
    assert_eq!(client.notes(&made.id).await.unwrap()[0].content, "We know why");
    let over = client.set(&made.id, &Status::Resolved).await.unwrap();
    assert_eq!(over.status, Status::Resolved);
    assert_eq!(client.incident(&made.id).await.unwrap().status, Status::Resolved);
    assert_eq!(duty.asked().await.len(), 7, "each obeys PagerDuty's description");
}

#[tokio::test]
async fn what_is_listed_beside_a_key_is_not_taken_for_it() {
    let duty = Duty::start().await;
    let home = duty.server.uri();
    let listed = json!({ "incidents": [incident(&home, 1, "triggered")], "limit": 100,
                         "offset": 0, "more": false, "total": null });
    let answer = ResponseTemplate::new(200).set_body_json(listed);
    duty.meets("GET", "/incidents", Trouble::Answers(answer));
    assert!(duty.client(&clock()).incidents_of("inc-7").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_further_than_ten_pages() {
    let duty = Duty::start().await;
    let home = duty.server.uri();
    duty.knows().incidents = (1..=250).map(|n| incident(&home, n, "triggered")).collect();
    duty.knows().incidents.push(incident(&home, 251, "resolved"));
    let client = duty.client(&clock());
    let list = open(&client).await.unwrap();
    assert_eq!((list.items.len(), list.whole), (250, true));
    assert_eq!(duty.count("GET", "/incidents").await, 3);
    duty.knows().incidents = (1..=2000).map(|n| incident(&home, n, "triggered")).collect();
    let list = open(&client).await.unwrap();
    assert_eq!((list.items.len(), list.whole), (1000, false));
    assert_eq!(duty.count("GET", "/incidents").await, 13);
}

#[tokio::test]
async fn a_list_that_never_ends_and_holds_nothing_is_left() {
    let duty = Duty::start().await;
    let empty = json!({ "incidents": [], "limit": 100, "offset": 0, "more": true, "total": null });
    for _ in 0..2 {
        let answer = ResponseTemplate::new(200).set_body_json(&empty);
        duty.meets("GET", "/incidents", Trouble::Answers(answer));
    }
    assert!(open(&duty.client(&clock())).await.unwrap().items.is_empty());
    assert_eq!(duty.count("GET", "/incidents").await, 1);
}

#[tokio::test]
async fn a_limit_that_names_seconds_is_kept_for_as_long_without_asking() {
    let (duty, clock) = (Duty::start().await, clock());
    let limited = || {
        ResponseTemplate::new(429)
            .append_header("ratelimit-limit", "960")
            .append_header("ratelimit-remaining", "0")
            .append_header("ratelimit-reset", "42")
            .set_body_json(json!({ "error": { "code": 2020, "message": "Rate Limit Exceeded" } }))
    };
    duty.meets("GET", "/incidents", Trouble::Answers(limited()));
    let client = duty.client(&clock);
    for (passes, asked) in [(0, 1), (41, 1), (2, 2)] {
        clock.advance(Duration::from_secs(passes));
        let answer = open(&client).await;
        let waits = match &answer {
            Err(Error::Failed(_, Failure::NotNow { after, .. })) => *after,
            Ok(_) => None,
            Err(error) => panic!("{error}"),
        };
        let most = Duration::from_secs(42);
        assert_eq!(waits.is_some_and(|wait| wait > Duration::ZERO && wait <= most), asked == 1);
        assert_eq!(duty.count("GET", "/incidents").await, asked);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_unclear_and_a_word_that_is_new_is_kept() {
    let duty = Duty::start().await;
    let client = duty.client(&clock());
    let home = duty.server.uri();
    let levitating = json!({ "incident": incident(&home, 1, "levitating") });
    let answer = ResponseTemplate::new(200).set_body_json(levitating);
    duty.meets("GET", "/incidents/PT4KHL1", Trouble::Answers(answer));
    let id = || Id::try_from("PT4KHL1".to_owned()).unwrap();
    let seen = client.incident(&id()).await.unwrap();
    assert_eq!(seen.status, Status::Unknown("levitating".to_owned()));
    for garbage in ["", "<html>", "{\"incident\":{}}", "{\"incident\":{\"id\":\"../x\"}}"] {
        let answer = ResponseTemplate::new(200).set_body_string(garbage);
        duty.meets("POST", "/incidents", Trouble::Answers(answer));
        let made = client.create(&wish("inc-7")).await;
        assert!(matches!(made, Err(Error::Failed(_, Failure::Unclear(_)))), "{garbage}: {made:?}");
    }
    duty.meets("POST", "/incidents", Trouble::Dawdles);
    let made = client.create(&wish("inc-8")).await;
    assert!(matches!(made, Err(Error::Failed(_, Failure::Unclear(_)))), "{made:?}");
}

#[tokio::test]
async fn only_pages_of_the_same_pagerduty_are_links() {
    let duty = Duty::start().await;
    let mut settings: Settings = serde_json::from_value(duty.account()).unwrap();
    for (api, good, bad) in [
        (
            "https://api.pagerduty.com",
            "https://acme.pagerduty.com/i/P1",
            "https://acme.eu.example/",
        ),
        (
            "https://api.eu.pagerduty.com",
            "https://acme.eu.pagerduty.com/i/P1",
            "https://acme.pagerduty.com/i/P1",
        ),
    ] {
        settings.api = api.parse().unwrap();
        let ground = (clock(), pilothouse::outbound::Outbound::new().unwrap());
        let client = PagerDuty::new(&settings, ground).unwrap();
        assert_eq!(client.page(good).as_deref(), Some(good));
        let evil = [
            "https://evilpagerduty.com/",
            "http://acme.pagerduty.com/",
            "javascript:1",
            "https://a:b@acme.pagerduty.com/",
            "https://acme.pagerduty.com.evil/",
            bad,
        ];
        for address in evil {
            assert_eq!(client.page(address), None, "{address}");
        }
    }
}

#[tokio::test]
async fn events_are_handed_in_with_the_key_and_a_refusal_does_not_show_it() {
    let duty = Duty::start().await;
    let events = duty.events(&clock());
    let fired = json!({ "event_action": "trigger", "dedup_key": "d-1", "payload": {
        "summary": "Checkout is slow", "source": "pilothouse", "severity": "critical" } });
    events.enqueue(fired).await.unwrap();
    let change = json!({ "payload": { "summary": "Deployed", "source": "pilothouse" } });
    events.change(change.clone()).await.unwrap();
    duty.asked().await;
    let handed = std::mem::take(&mut duty.knows().events);
    assert_eq!(handed[0].0, "/v2/enqueue");
    assert_eq!(handed[1].0, "/v2/change/enqueue");
    assert!(handed.iter().all(|(_, event)| event["routing_key"] == ROUTING));
    let said = json!({ "status": "invalid event", "message": format!("No {ROUTING} here"),
                       "errors": ["wrong"] });
    let answer = ResponseTemplate::new(400).set_body_json(said);
    duty.meets("POST", "/enqueue", Trouble::Answers(answer));
    let refused = events.change(change).await.unwrap_err();
    assert_eq!(refused.to_string(), "PagerDuty: refused with status 400: No [secret] here");
    assert!(!format!("{:?}", duty.client(&clock()).page("x")).contains(TOKEN));
}

proptest! {
    /// An id never becomes anything but one segment of an address.
    #[test]
    fn an_id_is_letters_and_digits(text in ".{0,80}") {
        let plain = (1..=64).contains(&text.len())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric());
        let id: Result<Id, NotAnId> = text.try_into();
        prop_assert_eq!(id.is_ok(), plain);
    }

    /// A sender fits into a header.
    #[test]
    fn a_sender_is_plain(text in ".{0,80}") {
        if let Ok(sender) = Sender::try_from(text) {
            prop_assert!(sender.as_str().chars().all(|letter| letter.is_ascii_graphic()));
        }
    }
}
