//! Tokens and keys age; and the key server is not always there.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use wiremock::{Mock, ResponseTemplate, matchers::path};

use super::{
    Wire,
    microsoft::{Token, stranger, today, tomorrow},
};

const HOUR: u64 = 3600;

/// The status of a message that comes with that token.
async fn says(wire: &Wire, token: &Token) -> u16 {
    wire.gets(&[&token.bearer()], &wire.message("1", "hi").to_string()).await.0
}

fn later(wire: &Wire, seconds: u64) {
    wire.clock.advance(Duration::from_secs(seconds));
}

/// A token as Microsoft would send it now, that lives for days.
fn lasting(wire: &Wire) -> Token {
    wire.token().with("exp", wire.clock.now().0 / 1000 + 100 * 3600)
}

#[tokio::test]
async fn two_clocks_may_be_five_minutes_apart() {
    let wire = Wire::start().await;
    let now = wire.clock.now().0 / 1000;
    for (claim, at, status) in [
        ("exp", now - 299, 200),
        ("exp", now - 300, 200),
        ("exp", now - 301, 401),
        ("exp", now - 100_000, 401),
        ("exp", 0, 401),
        ("exp", i64::MIN, 401),
        ("nbf", now + 299, 200),
        ("nbf", now + 300, 200),
        ("nbf", now + 301, 401),
        ("nbf", now + 100_000, 401),
        ("nbf", i64::MAX, 401),
    ] {
        let token = wire.token().with(claim, at);
        assert_eq!(says(&wire, &token).await, status, "{claim} {}", at.saturating_sub(now));
    }
}

#[tokio::test]
async fn a_token_is_proved_once_and_remembered_for_minutes() {
    let wire = Wire::start().await;
    let first = lasting(&wire);
    assert_eq!(says(&wire, &first).await, 200);
    wire.microsoft.is_out_of_order();
    later(&wire, 24 * HOUR - 60);
    let (old, new) = (first.clone().with("ver", "2.0"), first.clone().with("ver", "3.0"));
    assert_eq!(says(&wire, &old).await, 200, "the keys still count");
    later(&wire, 120);
    assert_eq!(says(&wire, &new).await, 503, "a new token cannot be proved");
    assert_eq!(says(&wire, &old).await, 200, "one that was proved is remembered");
    later(&wire, 200);
    assert_eq!(says(&wire, &old).await, 503, "but not for longer than minutes");
}

#[tokio::test]
async fn a_remembered_token_still_ends() {
    let wire = Wire::start().await;
    let now = wire.clock.now().0 / 1000;
    let token = wire.token().with("exp", now - 200);
    assert_eq!(says(&wire, &token).await, 200);
    later(&wire, 99);
    assert_eq!(says(&wire, &token).await, 200);
    later(&wire, 2);
    assert_eq!(says(&wire, &token).await, 401);
}

#[tokio::test]
async fn a_token_without_end_outlives_its_key_by_minutes_only() {
    let wire = Wire::start().await;
    let eternal = wire.token().with("exp", i64::MAX);
    assert_eq!(says(&wire, &eternal).await, 200);
    wire.microsoft.announces(vec![tomorrow().announced()]);
    assert_eq!(says(&wire, &wire.token().of(tomorrow())).await, 200, "the keys are fetched");
    assert_eq!(says(&wire, &eternal).await, 200, "it is remembered");
    later(&wire, 301);
    assert_eq!(says(&wire, &eternal).await, 401);
}

#[tokio::test]
async fn a_refused_token_is_not_refused_for_ever() {
    let wire = Wire::start().await;
    let early = wire.token().with("nbf", wire.clock.now().0 / 1000 + 303);
    assert_eq!(says(&wire, &early).await, 401);
    later(&wire, 10);
    assert_eq!(says(&wire, &early).await, 200);
}

#[tokio::test]
async fn a_new_key_counts_without_a_restart() {
    let wire = Wire::start().await;
    assert_eq!(says(&wire, &wire.token()).await, 200);
    wire.microsoft.announces(vec![today().announced(), tomorrow().announced()]);
    assert_eq!(says(&wire, &wire.token().of(tomorrow())).await, 200);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200, "and the old one still does");
    wire.microsoft.announces(vec![tomorrow().announced(), stranger().announced()]);
    let newest = lasting(&wire).of(stranger());
    assert_eq!(says(&wire, &newest).await, 401, "the keys were fetched this very minute");
    later(&wire, 60);
    assert_eq!(says(&wire, &newest).await, 200);
    let old = wire.token().with("ver", "2.0");
    assert_eq!(says(&wire, &old).await, 401, "what is no longer announced is no key");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_has_them_fetched_twice_at_most() {
    let wire = Wire::start().await;
    let good = wire.token().text();
    let (_, rest) = good.split_once('.').unwrap();
    let flood = (0..1000).map(|n| {
        let other = wire.token().header("kid", format!("key-{n}")).text();
        let (head, _) = other.split_once('.').unwrap();
        format!("Bearer {head}.{rest}")
    });
    let flood: Vec<String> = flood.collect();
    let body = wire.message("1", "hi").to_string();
    for wave in flood.chunks(100) {
        let answers = join_all(wave.iter().map(async |header| {
            let headers = [header.as_str()];
            wire.gets(&headers, &body).await.0
        }));
        assert_eq!(answers.await, vec![401; 100]);
    }
    assert!(wire.microsoft.asked("/v1/keys").await <= 2);
    assert!(wire.microsoft.asked("/v1/openid").await <= 2);
    assert_eq!(says(&wire, &wire.token()).await, 200, "and nobody else is kept out");
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_nobody_is_refused() {
    let wire = Wire::start().await;
    wire.microsoft.is_out_of_order();
    assert_eq!(says(&wire, &wire.token()).await, 503);
    assert_eq!(says(&wire, &wire.token().with("iss", "https://evil.example")).await, 401);
    wire.microsoft.announces(vec![today().announced()]);
    assert_eq!(says(&wire, &wire.token()).await, 503, "they were asked for this very moment");
    later(&wire, 5);
    assert_eq!(says(&wire, &wire.token()).await, 200);
}

#[tokio::test]
async fn keys_are_renewed_long_before_they_are_too_old() {
    let wire = Wire::start().await;
    assert_eq!(says(&wire, &lasting(&wire)).await, 200);
    later(&wire, 11 * HOUR);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200);
    assert_eq!(wire.microsoft.asked("/v1/keys").await, 1, "young keys are not asked for");
    later(&wire, 2 * HOUR);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200);
    assert_eq!(wire.microsoft.asked("/v1/keys").await, 2);
    wire.microsoft.is_out_of_order();
    later(&wire, 23 * HOUR);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200, "an outage is not noticed for a day");
    later(&wire, HOUR);
    assert_eq!(says(&wire, &lasting(&wire)).await, 503, "no key counts for longer");
    wire.microsoft.announces(vec![today().announced()]);
    later(&wire, 60);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200);
}

#[tokio::test]
async fn a_key_server_that_never_answers_keeps_nobody_waiting() {
    let wire = Wire::start().await;
    assert_eq!(says(&wire, &lasting(&wire)).await, 200);
    let silence = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    let silent = Mock::given(path("/v1/openid")).respond_with(silence).with_priority(1);
    silent.mount(&wire.microsoft.login).await;
    later(&wire, 13 * HOUR);
    assert_eq!(says(&wire, &lasting(&wire)).await, 200, "there are keys that count");
    assert!(wire.microsoft.asked("/v1/openid").await <= 2, "nobody waits for a second attempt");
}

#[tokio::test]
async fn one_odd_key_does_not_spoil_the_others() {
    for odd in [
        json!(null),
        json!("key"),
        json!({}),
        json!({ "kty": 1, "kid": 2, "n": 3, "e": 4, "endorsements": 5 }),
        json!({ "kty": "RSA", "kid": "x", "n": "!!", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "x", "n": "AQAB", "e": "AQAB", "endorsements": "msteams" }),
    ] {
        let wire = Wire::start().await;
        wire.microsoft.announces(vec![odd.clone(), today().announced()]);
        assert_eq!(says(&wire, &wire.token()).await, 200, "{odd}");
    }
}

#[tokio::test]
async fn metadata_that_points_elsewhere_is_not_followed() {
    let wire = Wire::start().await;
    let elsewhere = wiremock::MockServer::start().await;
    let keys = json!({ "keys": [stranger().announced()] });
    Mock::given(path("/v1/keys"))
        .respond_with(ResponseTemplate::new(200).set_body_json(keys))
        .mount(&elsewhere)
        .await;
    let uri = format!("{}/v1/keys", elsewhere.uri());
    let moved = ResponseTemplate::new(302).insert_header("location", uri.as_str());
    for answer in [ResponseTemplate::new(200).set_body_json(json!({ "jwks_uri": uri })), moved] {
        let once = Mock::given(path("/v1/openid")).respond_with(answer).up_to_n_times(1);
        once.with_priority(1).mount(&wire.microsoft.login).await;
        assert_eq!(says(&wire, &wire.token().of(stranger())).await, 503);
        assert!(elsewhere.received_requests().await.unwrap().is_empty());
        later(&wire, 5);
    }
    assert_eq!(says(&wire, &wire.token()).await, 200, "asked again, it says the truth");
}
