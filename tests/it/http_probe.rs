//! Probes ask a real server on this machine.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use pilothouse::{health, secrets::keep_quiet};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn open(url: &str, more: &Value) -> anyhow::Result<std::sync::Arc<dyn health::Probe>> {
    let mut settings = json!({ "kind": "http", "url": url });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    health::open(&serde_json::from_value(settings)?, &pilothouse::outbound::Outbound::new()?)
}

async fn check(answer: ResponseTemplate, more: &Value) -> (bool, String) {
    let server = server(answer).await;
    let answer = open(&format!("{}/healthz", server.uri()), more).unwrap().check().await;
    (answer.healthy, answer.detail)
}

#[rstest]
#[case(200, json!({}), None)]
#[case(503, json!({}), Some("503 instead of 200"))]
#[case(302, json!({}), Some("302 instead of 200"))]
#[case(204, json!({ "status": [200, 204] }), None)]
#[case(503, json!({ "status": [503] }), None)]
#[case(200, json!({ "status": [401, 503] }), Some("200 instead of 401 or 503"))]
#[tokio::test]
async fn the_status_decides(#[case] status: u16, #[case] more: Value, #[case] wrong: Option<&str>) {
    let (healthy, detail) = check(ResponseTemplate::new(status), &more).await;
    assert_eq!(healthy, wrong.is_none(), "{detail}");
    match wrong {
        Some(wrong) => assert_eq!(detail, wrong),
        None => assert!(
            detail.starts_with(&format!("{status} in ")) && detail.ends_with(" ms"),
            "{detail}"
        ),
    }
}

#[rstest]
#[case("status", json!("ok"), None)]
#[case("status", json!("up"), Some(r#""status" is "ok" instead of "up""#))]
#[case("checks.queue.depth", json!(0), None)]
#[case("checks.queue.depth", json!(0.0), None)]
#[case("checks.queue.depth", json!("0"), Some(r#""checks.queue.depth" is 0 instead of "0""#))]
#[case("nodes.1.up", json!(true), Some(r#""nodes.1.up" is false instead of true"#))]
#[case("/a.b", json!(null), None)]
#[case("absent", json!("ok"), Some(r#""absent" is missing instead of "ok""#))]
#[case("status.deeper", json!("ok"), Some(r#""status.deeper" is missing instead of "ok""#))]
#[tokio::test]
async fn a_field_decides_too(
    #[case] field: &str,
    #[case] equals: Value,
    #[case] wrong: Option<&str>,
) {
    let body = json!({
        "status": "ok",
        "checks": { "queue": { "depth": 0 } },
        "nodes": [{ "up": true }, { "up": false }],
        "a.b": null,
    });
    let answer = ResponseTemplate::new(200).set_body_json(body);
    let (healthy, detail) =
        check(answer, &json!({ "json": { "field": field, "equals": equals } })).await;
    assert_eq!(healthy, wrong.is_none(), "{detail}");
    if let Some(wrong) = wrong {
        assert_eq!(detail, wrong);
    }
}

#[tokio::test]
async fn a_page_is_no_json() {
    let more = json!({ "json": { "field": "status", "equals": "ok" } });
    let answer = ResponseTemplate::new(200).set_body_string("<html>sign in</html>");
    assert_eq!(check(answer, &more).await, (false, "the answer is not JSON".to_owned()));
}

#[tokio::test]
async fn what_a_server_says_is_told_short_and_without_secrets() {
    keep_quiet("correct-horse-battery");
    let value = format!("{}correct-horse-battery\u{202e}{}", "x".repeat(50), "y".repeat(5000));
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "status": value }));
    let more = json!({ "json": { "field": "status", "equals": "ok" } });
    let (healthy, detail) = check(answer, &more).await;
    assert!(!healthy);
    assert!(detail.chars().count() < 120 && detail.contains("x[secret]"), "{detail}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_well() {
    // A port that was just free, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let probe = open(&format!("http://127.0.0.1:{port}/"), &json!({})).unwrap();
    let answer = probe.check().await;
    assert!(!answer.healthy);
    assert!(answer.detail.starts_with("could not be reached: "), "{}", answer.detail);
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for() {
    let answer = ResponseTemplate::new(200).set_delay(Duration::from_mins(5));
    let found = check(answer, &json!({ "timeout": "1s" })).await;
    assert_eq!(found, (false, "no answer within 1 s".to_owned()));
}

#[rstest]
#[case(json!({ "status": [] }), "`status` is empty")]
#[case(json!({ "status": [20] }), "20 is no status")]
#[case(json!({ "timeout": "1m" }), "`timeout`")]
#[case(json!({ "timeout": "0s" }), "`timeout`")]
#[case(json!({ "json": { "field": "", "equals": 1 } }), "`field` is empty")]
#[case(json!({ "url": "http://example.com/" }), "https")]
#[case(json!({ "method": "POST" }), "unknown field")]
#[tokio::test]
async fn a_mistake_in_the_configuration_is_told(#[case] more: Value, #[case] says: &str) {
    let error = open("http://127.0.0.1:1/", &more).err().unwrap().to_string();
    assert!(error.contains(says), "{error}");
}
