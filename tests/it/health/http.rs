//! A page is asked.

use pilothouse::secrets::keep_quiet;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::site::{Site, Stage, with};

pub(crate) struct Page;

impl Site for Page {
    fn settings(&self, stage: &Stage) -> Value {
        let url = format!("{}/healthz", stage.server.uri());
        json!({ "kind": "http", "url": url, "json": { "field": "status", "equals": "ok" } })
    }

    fn path(&self) -> &'static str {
        "/healthz"
    }

    fn well(&self) -> Value {
        json!({ "status": "ok" })
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        vec![(json!({ "status": "down" }), r#""status" is "down" instead of "ok""#)]
    }

    fn no_data(&self) -> Vec<Value> {
        vec![json!({}), json!({ "status": null })]
    }

    fn saying(&self, text: &str) -> Value {
        json!({ "status": text })
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        vec![
            (json!({ "status": [] }), "`status` is empty"),
            (json!({ "status": [20] }), "`status` names 20"),
            (json!({ "json": { "field": "", "equals": 1 } }), "`json` must name a field"),
            (json!({ "method": "POST" }), "unknown field"),
        ]
    }

    fn has_secret(&self) -> bool {
        false
    }

    fn keeps_quiet(&self) -> bool {
        false
    }
}

async fn check(answer: ResponseTemplate, more: &Value) -> (bool, String) {
    let stage = Stage::of(&Page).await;
    stage.answers(answer).await;
    let settings = with(Page.settings(&stage), &json!({ "json": null }));
    let answer = stage.open(with(settings, more)).unwrap().check(None).await;
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
