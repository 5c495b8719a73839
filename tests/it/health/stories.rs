//! What happens to a probe, whatever it asks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pilothouse::{health::Answer, names::is_invisible, secrets::keep_quiet};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use super::site::{Site, Stage, TOKEN, finds, with};

/// More than any answer that is read.
const HUGE: usize = 5 * 1024 * 1024;

fn is_told_well(answer: &Answer) {
    let detail = &answer.detail;
    assert!(!detail.is_empty() && detail.chars().count() <= 201, "{detail}");
    assert!(!detail.chars().any(is_invisible), "{detail:?}");
}

pub(crate) async fn what_is_well_is_asked_once_and_told(site: &dyn Site) {
    let stage = Stage::of(site).await;
    stage.says(&site.well()).await;
    let answer = stage.probe(site).check(None).await;
    assert!(answer.healthy && !answer.hopeless, "{answer:?}");
    is_told_well(&answer);
    let asked = stage.asked().await;
    assert_eq!(asked.len(), 1);
    assert!(asked[0].headers["user-agent"].to_str().unwrap().starts_with("pilothouse/"));
}

pub(crate) async fn what_is_not_well_is_told_with_its_reason(site: &dyn Site) {
    let all = site.unwell();
    assert!(!all.is_empty());
    for (body, words) in all {
        let answer = finds(site, &body).await;
        assert!(!answer.healthy && answer.detail.contains(words), "{words}: {answer:?}");
        is_told_well(&answer);
    }
}

pub(crate) async fn no_data_is_not_healthy(site: &dyn Site) {
    for body in site.no_data() {
        let stage = Stage::of(site).await;
        stage.answers(ResponseTemplate::new(200).set_body_json(&body)).await;
        let answer = stage.probe(site).check(None).await;
        assert!(!answer.healthy, "{body}: {answer:?}");
        is_told_well(&answer);
    }
}

pub(crate) async fn garbage_is_not_healthy(site: &dyn Site) {
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let half = site.well().to_string();
    let half = &half[..half.len() - 1];
    let garbage: [&[u8]; 12] = [
        b"",
        b"null",
        b"7",
        b"\"well\"",
        b"{}",
        b"[{}]",
        b"[null]",
        b"<html>sign in</html>",
        b"\xff\xfe\x00",
        b"{\"status\":1e999}",
        deep.as_bytes(),
        half.as_bytes(),
    ];
    let stage = Stage::of(site).await;
    let probe = stage.probe(site);
    for body in garbage {
        stage.answers(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        let answer = probe.check(None).await;
        assert!(!answer.healthy, "{:?}: {answer:?}", String::from_utf8_lossy(body));
        is_told_well(&answer);
    }
}

pub(crate) async fn no_status_but_a_good_one_is_healthy(site: &dyn Site) {
    let stage = Stage::of(site).await;
    for status in [301, 304, 400, 401, 403, 404, 410, 418, 422, 500, 502, 503, 504] {
        for body in [site.well().to_string(), "<html>no</html>".to_owned(), String::new()] {
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
            stage.answers(answer).await;
            let answer = stage.probe(site).check(None).await;
            assert!(!answer.healthy, "{status}: {answer:?}");
            is_told_well(&answer);
        }
    }
}

pub(crate) async fn a_server_that_is_slow_is_not_waited_for(site: &dyn Site) {
    let stage = Stage::of(site).await;
    let slow = ResponseTemplate::new(200).set_body_json(site.well());
    stage.answers(slow.set_delay(Duration::from_mins(5))).await;
    let answer = stage.probe(site).check(None).await;
    assert!(!answer.healthy, "{answer:?}");
    let said = &answer.detail;
    assert!(said.contains("time ran out") || said.contains("no answer within 1 s"), "{said}");
    assert_eq!(stage.asked().await.len(), 1);
}

pub(crate) async fn a_server_that_is_gone_is_not_well(site: &dyn Site) {
    let stage = Stage::of(site).await;
    // A port that was just free, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let here = stage.server.uri();
    let settings = site.settings(&stage).to_string();
    let settings = settings.replace(&here, &format!("http://127.0.0.1:{port}"));
    let answer = stage.open(serde_json::from_str(&settings).unwrap()).unwrap().check(None).await;
    assert!(!answer.healthy && answer.detail.contains("could not be reached"), "{answer:?}");
    is_told_well(&answer);
}

pub(crate) async fn a_server_that_wants_quiet_gets_it(site: &dyn Site) {
    let stage = Stage::of(site).await;
    let probe = stage.probe(site);
    stage.answers(ResponseTemplate::new(429).insert_header("retry-after", "30")).await;
    assert!(!probe.check(None).await.healthy);
    stage.says(&site.well()).await;
    if site.keeps_quiet() {
        let answer = probe.check(None).await;
        assert!(!answer.healthy && answer.detail.contains("quiet"), "{answer:?}");
        assert_eq!(stage.asked().await.len(), 0);
        stage.clock.advance(Duration::from_secs(31));
    }
    assert!(probe.check(None).await.healthy);
}

pub(crate) async fn nobody_is_sent_to_another_server(site: &dyn Site) {
    let other = MockServer::start().await;
    let well = ResponseTemplate::new(200).set_body_json(site.well());
    Mock::given(matchers::any()).respond_with(well).mount(&other).await;
    let stage = Stage::of(site).await;
    for status in [301, 302, 303, 307, 308] {
        let moved = ResponseTemplate::new(status).insert_header("location", other.uri());
        stage.answers(moved).await;
        let answer = stage.probe(site).check(None).await;
        assert!(!answer.healthy && answer.detail.contains(&status.to_string()), "{answer:?}");
    }
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

pub(crate) async fn a_secret_that_was_changed_counts_at_once(site: &dyn Site) {
    if !site.has_secret() {
        return;
    }
    let stage = Stage::of(site).await;
    stage.says(&site.well()).await;
    let probe = stage.probe(site);
    for token in [TOKEN, "pretended-probe-token-two"] {
        stage.token(token);
        stage.says(&site.well()).await;
        assert!(probe.check(None).await.healthy);
        let asked = stage.asked().await;
        assert_eq!(asked[0].headers["authorization"], format!("Bearer {token}"));
    }
    stage.token("short");
    let answer = probe.check(None).await;
    assert!(!answer.healthy && answer.detail.contains("shorter than"), "{answer:?}");
    assert_eq!(stage.asked().await.len(), 1, "nothing is sent without a secret");
}

pub(crate) async fn a_huge_answer_is_not_read(site: &dyn Site) {
    let stage = Stage::of(site).await;
    let mut body = site.well().to_string().into_bytes();
    body.resize(HUGE, b' ');
    stage.answers(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let answer = stage.probe(site).check(None).await;
    assert!(!answer.healthy && answer.detail.contains("the answer is over"), "{answer:?}");
}

pub(crate) async fn hostile_words_are_told_short_plain_and_without_secrets(site: &dyn Site) {
    keep_quiet("correct-horse-battery");
    let hostile = format!(
        "@everyone **bold** [a](javascript:b)\u{202e}\u{0}\u{7}\n\"}},{{\"correct-horse-battery{}",
        "y".repeat(100_000)
    );
    for text in [hostile, format!("correct-horse-battery{}", "\u{1f600}".repeat(500))] {
        let stage = Stage::of(site).await;
        stage.answers(ResponseTemplate::new(200).set_body_json(site.saying(&text))).await;
        let answer = stage.probe(site).check(None).await;
        assert!(!answer.healthy && !answer.detail.contains("correct-horse"), "{answer:?}");
        is_told_well(&answer);
    }
}

/// One place in a good answer is replaced by anything at all.
pub(crate) async fn no_answer_makes_it_panic(site: &'static dyn Site) {
    let stage = Arc::new(Stage::of(site).await);
    let said = Arc::new(Mutex::new(Value::Null));
    let saying = said.clone();
    let answer =
        move |_: &Request| ResponseTemplate::new(200).set_body_json(&*saying.lock().unwrap());
    stage.server.reset().await;
    Mock::given(matchers::any()).respond_with(answer).mount(&stage.server).await;
    let probe = stage.probe(site);
    let handle = tokio::runtime::Handle::current();
    let told = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: 96, ..Config::default() });
        runner.run(&(any_json(), any::<prop::sample::Index>()), |(value, place)| {
            let mut body = site.well();
            let mut left = place.index(count(&body));
            replace(&mut body, &mut left, &value);
            *said.lock().unwrap() = body;
            is_told_well(&handle.block_on(probe.check(None)));
            Ok(())
        })
    });
    told.await.unwrap().unwrap();
}

pub(crate) async fn mistakes_in_the_settings_are_told(site: &dyn Site) {
    let stage = Stage::of(site).await;
    let general = [
        (json!({ "timeout": "0s" }), "`timeout`"),
        (json!({ "timeout": "1m" }), "`timeout`"),
        (json!({ "timeoot": "3s" }), "unknown field"),
        (json!({ "url": "http://example.com/" }), "https"),
    ];
    for (other, words) in general.into_iter().chain(site.mistakes()) {
        let error = stage.open(with(site.settings(&stage), &other)).err();
        let error = error.unwrap_or_else(|| panic!("{other} is taken")).to_string();
        assert!(error.contains(words), "{other}: {error}");
    }
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["NaN", "+Inf", "1e400", "firing", "0001-01-01T00:00:00Z"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Value::from(serde_json::Map::from_iter(fields))),
        ]
    })
}

/// How many values there are in it, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Puts another in the place of the one that so many come before.
fn replace(value: &mut Value, left: &mut usize, other: &Value) {
    if *left == 0 {
        *value = other.clone();
        *left = usize::MAX;
        return;
    }
    *left = left.saturating_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| next(item, left, other)),
        Value::Object(fields) => fields.values_mut().for_each(|field| next(field, left, other)),
        _ => {}
    }
}

fn next(value: &mut Value, left: &mut usize, other: &Value) {
    // Far beyond the end: it has been replaced.
    if *left < usize::MAX / 2 {
        replace(value, left, other);
    }
}
