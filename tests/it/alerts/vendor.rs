//! Alertmanager's API: what is said to it, and what becomes of what it says.

use pilothouse::{
    alerts::{self, Said, Source},
    clock::{Clock, Timestamp},
    names::Correlation,
    outbound::{Failure, Outbound},
    secrets::variable,
};
use serde_json::{Value, json};
use std::sync::Arc;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{Town, minutes, pretend::Pretend, seconds};
use crate::world::{BOB, CAROL};

/// An afternoon in November.
const NOW: Timestamp = Timestamp(1_763_892_460_000);

fn source(settings: Value) -> Arc<dyn Source> {
    let settings = serde_json::from_value(settings).unwrap();
    let clock = Clock::manual(NOW);
    let reach = alerts::Reach { outbound: Outbound::new().unwrap(), clock };
    alerts::open(&settings, &reach).unwrap().source
}

fn at(url: &str) -> Arc<dyn Source> {
    source(json!({ "kind": "alertmanager", "url": url }))
}

async fn answers(status: u16, body: &str) -> MockServer {
    let server = MockServer::builder().start().await;
    let answer = ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn a_silence_is_of_that_very_alert_says_who_wants_it_and_is_made_once() {
    let pretend = Pretend::start().await;
    let town = Town::with(&json!({ "url": pretend.url() })).await;
    let fired = town.alert("DiskFull", seconds(0));
    pretend.lists_only(&fired);
    town.brings(&fired).await;
    let number = town.number();
    // It is made, and nobody hears of it.
    pretend.loses_answers(true);
    town.bot.hears(CAROL, &format!("/silence {number} 2h the \"new\" disk \u{202e}is late")).await;
    let card = town.bot.reads();
    assert!(
        card.contains("carol wants it silenced until 11:15 UTC, but monitoring has not taken"),
        "{card}"
    );
    assert!(card.contains("the answer was lost"), "{card}");
    let town = town.restarts().await;
    pretend.loses_answers(false);
    town.bot.passes(seconds(40)).await;
    assert!(
        town.bot.shows().contains("Silenced until 11:15 UTC by carol: the new disk is late"),
        "{}",
        town.bot.shows()
    );
    let asked = pretend.asked("POST").await;
    assert_eq!(asked.len(), 1, "it was found, and not made a second time");
    let said: Value = serde_json::from_slice(&asked[0].body).unwrap();
    let matchers = said["matchers"].as_array().unwrap();
    assert_eq!(matchers.len(), fired["labels"].as_object().unwrap().len());
    for (name, value) in fired["labels"].as_object().unwrap() {
        let matcher = json!({ "name": name, "value": value, "isRegex": false, "isEqual": true });
        assert!(matchers.contains(&matcher), "{matcher} is not in {said:#}");
    }
    assert_eq!(said["createdBy"], "carol (console:carol)");
    assert_eq!(said["endsAt"], "2025-10-09T11:15:00Z");
    assert!(said["comment"].as_str().unwrap().contains("(Pilothouse "), "{said:#}");

    // Another takes its place, and is ended by way of the bot.
    town.bot.hears(BOB, &format!("/silence {number} 30m")).await;
    assert!(town.bot.shows().contains("by bob"), "{}", town.bot.shows());
    assert_eq!(pretend.standing().len(), 1, "one for the other");
    town.bot.passes(seconds(31)).await;
    assert!(town.bot.shows().contains("by bob"), "{}", town.bot.shows());
    pretend.loses_answers(true);
    town.bot.hears(BOB, &format!("/unsilence {number}")).await;
    pretend.loses_answers(false);
    let town = town.restarts().await;
    town.bot.passes(seconds(10)).await;
    assert_eq!(pretend.standing(), [json!(null); 0]);
    assert!(town.bot.shows().contains("Fires since"), "{}", town.bot.shows());
    pretend.asked("DELETE").await;
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn a_silence_the_source_will_not_have_is_said_on_the_card() {
    let pretend = Pretend::start().await;
    let town = Town::with(&json!({ "url": pretend.url() })).await;
    let fired = town.alert("DiskFull", seconds(0));
    pretend.lists_only(&fired);
    town.delivers(&[fired]).await;
    let body = json!({ "code": 602, "message": "no [silence](http://x) for <at>you</at>" });
    pretend.fails(Some(("POST", ResponseTemplate::new(422).set_body_json(body))));
    town.bot.presses(CAROL, "Silence 1 h").await;
    let card = town.bot.reads();
    assert!(
        card.contains("It is not silenced, although carol wants that: monitoring did not take it"),
        "{card}"
    );
    assert!(town.bot.shows().contains("Fires since") && !card.contains("<at>"), "{card}");
    assert!(town.bot.audit().await.contains(&"Pilothouse silence_failed done".to_owned()));
    // One that never answers is given up after some minutes.
    pretend.fails(Some(("POST", ResponseTemplate::new(500))));
    town.bot.presses(CAROL, "Silence 1 h").await;
    town.bot.passes(minutes(8)).await;
    assert!(town.bot.reads().contains("It is not silenced"), "{}", town.bot.reads());
    pretend.fails(None);
    town.bot.presses(CAROL, "Silence 1 h").await;
    assert!(town.bot.shows().contains("Silenced until"), "{}", town.bot.shows());
    assert_eq!(pretend.standing().len(), 1);
}

#[tokio::test]
async fn it_says_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "a-secret-of-ours").unwrap();
    let secret = format!("file:{}", secret.display());
    for (credential, header) in [
        (json!({ "bearer": secret }), "Bearer a-secret-of-ours"),
        (
            json!({ "basic": { "user": "bot", "password": secret } }),
            "Basic Ym90OmEtc2VjcmV0LW9mLW91cnM=",
        ),
    ] {
        let server = answers(200, "[]").await;
        let settings = json!({ "kind": "alertmanager", "url": format!("{}/am", server.uri()), "credential": credential });
        assert_eq!(source(settings).list(NOW).await.unwrap().unwrap(), []);
        let asked = server.received_requests().await.unwrap();
        assert_eq!(asked[0].url.path(), "/am/api/v2/alerts", "below a path of its own");
        assert_eq!(asked[0].headers["authorization"], header);
    }
}

#[tokio::test]
async fn answers_that_are_none_are_no_end_of_any_alert() {
    for (status, body) in [
        (200, "<html>sign in</html>"),
        (200, "{}"),
        (200, "null"),
        (200, "[{}]"),
        (200, "[{\"labels\":{}}]"),
        (200, "[1"),
        (302, ""),
        (401, "who are you"),
        (404, ""),
        (429, "slowly"),
        (500, ""),
        (503, "{\"message\":\"later\"}"),
    ] {
        let server = answers(status, body).await;
        assert!(at(&server.uri()).list(NOW).await.is_err(), "{status} {body}");
    }
    let gone = at("http://127.0.0.1:9");
    assert!(matches!(gone.list(NOW).await, Err(Failure::Unreached(_))));
}

#[tokio::test]
async fn a_silence_that_is_no_more_has_been_ended() {
    let server = answers(404, "").await;
    let (name, id) = (Correlation::random(), "0198c0de-0000-7000-8000-000000000000");
    at(&server.uri()).unsilence(id, &name).await.unwrap();
    let server = answers(500, "").await;
    assert!(at(&server.uri()).unsilence(id, &name).await.is_err());
    assert!(at(&server.uri()).unsilence("../../alerts?x#y", &name).await.is_err());
    for request in server.received_requests().await.unwrap() {
        let segments = request.url.path_segments().unwrap().count();
        assert_eq!(segments, 4, "an id is one segment: {}", request.url);
    }
}

/// What real servers have said, where somebody has written it down: see `contracts.rs`.
#[tokio::test]
async fn what_real_servers_have_said_is_understood() {
    let Some(folder) = variable("PILOTHOUSE_CONTRACTS") else { return };
    let recorded = std::path::Path::new(&folder).join("recorded");
    for (version, name) in [("0.25", "HighErrorRate"), ("0.32", "DiskFull")] {
        let read = |what: &str| {
            let file = recorded.join(format!("alertmanager-{version}.{what}.json"));
            std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        };
        let server = answers(200, &read("alerts")).await;
        let heard = at(&server.uri()).list(NOW).await.unwrap().unwrap();
        assert_eq!((heard.len(), &heard[0].said), (1, &Said::Firing));
        assert_eq!(heard[0].labels["alertname"], name);
        assert!(heard[0].words.runbook.is_some() && heard[0].words.summary.is_some());
        let town = Town::with(&json!({ "labels": { "environment": "env" } })).await;
        let delivered: Value = serde_json::from_str(&read("webhook-firing")).unwrap();
        let bearer = format!("Bearer {}", super::TOKEN);
        assert_eq!(town.gets(&[&bearer], &delivered["body"].to_string()).await.0, 200);
        town.bot.works().await;
        assert!(town.bot.reads().contains(name), "{}", town.bot.reads());
        if version == "0.25" {
            let delivered: Value = serde_json::from_str(&read("webhook-resolved")).unwrap();
            assert_eq!(town.gets(&[&bearer], &delivered["body"].to_string()).await.0, 200);
            town.bot.works().await;
            assert!(town.bot.shows().contains("Resolved at"), "{}", town.bot.shows());
        } else {
            let both = [read("alerts-silenced"), read("silences")];
            let server = MockServer::builder().start().await;
            for (path, body) in [("alerts", &both[0]), ("silences", &both[1])] {
                let answer =
                    ResponseTemplate::new(200).set_body_raw(body.clone(), "application/json");
                let asked = wiremock::matchers::path(format!("/api/v2/{path}"));
                Mock::given(asked).respond_with(answer).mount(&server).await;
            }
            let heard = at(&server.uri()).list(NOW).await.unwrap().unwrap();
            let Said::Silenced(mutings) = &heard[0].said else { panic!("{heard:?}") };
            assert_eq!((mutings[0].by.as_str(), mutings[0].comment.as_str()), ("teams:alice", "c"));
        }
    }
}
