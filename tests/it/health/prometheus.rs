//! Prometheus is asked for a number.

use pilothouse::secrets::keep_quiet;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::site::{Site, Stage, finds, with};

const QUERY: &str = "sum by (code) (rate(errors{path=\"/a&b=c d\"}[1m])) / 100 # +%";

/// `errors` below a hundredth.
pub(crate) struct Errors;

impl Site for Errors {
    fn settings(&self, stage: &Stage) -> Value {
        json!({
            "kind": "prometheus", "url": stage.server.uri(), "query": QUERY, "below": 0.01,
            "credential": { "bearer": stage.secret() }
        })
    }

    fn path(&self) -> &'static str {
        "/api/v1/query"
    }

    fn well(&self) -> Value {
        vector(&[("500", "0.003"), ("503", "0")])
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        vec![
            (vector(&[("500", "0.2")]), "Prometheus: 0.2 instead of below 0.01"),
            (vector(&[("500", "0.01")]), "0.01 instead of below 0.01"),
            (vector(&[("500", "0"), ("503", "1"), ("504", "2")]), "is 1 instead of below 0.01"),
            (vector(&[("500", "0"), ("503", "1"), ("504", "2")]), "{code=\"503\"}"),
            (vector(&[("500", "0"), ("503", "1"), ("504", "2")]), "(2 of 3 series)"),
            (vector(&[("500", "NaN")]), "NaN, so nothing could be measured"),
            (vector(&[("500", "-Inf")]), "infinite"),
            (vector(&[("500", "many")]), "no number"),
            (given("vector", &json!([{ "metric": {}, "histogram": [1.5, {}] }])), "no number"),
            (scalar("7"), "7 instead of below 0.01"),
            (given("matrix", &json!([])), "the query gives a matrix"),
            (given("string", &json!([1.5, "0"])), "the query gives a string"),
        ]
    }

    fn no_data(&self) -> Vec<Value> {
        vec![
            vector(&[]),
            json!({ "status": "success" }),
            json!({ "status": "success", "data": {} }),
        ]
    }

    fn saying(&self, text: &str) -> Value {
        vector(&[(text, "1"), ("500", "0")])
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        vec![
            (json!({ "query": " " }), "`query` is empty"),
            (json!({ "below": null }), "`query` needs a rule beside it"),
            (json!({ "equals": 1 }), "`equals` stands alone"),
            (json!({ "above": 1 }), "`above` must be less than `below`"),
            (json!({ "credential": {} }), "`credential` must say one of the two"),
            (json!({ "below": "a tenth" }), "invalid type"),
        ]
    }
}

fn given(kind: &str, result: &Value) -> Value {
    json!({ "status": "success", "data": { "resultType": kind, "result": result } })
}

fn scalar(value: &str) -> Value {
    given("scalar", &json!([1_795_572_490.5, value]))
}

fn vector(series: &[(&str, &str)]) -> Value {
    let series = series.iter().map(
        |(code, value)| json!({ "metric": { "code": code }, "value": [1_795_572_490.5, value] }),
    );
    given("vector", &series.collect())
}

#[rstest]
#[case(json!({ "below": 3 }), "2.5", Some("2.5, below 3"))]
#[case(json!({ "below": 2.5 }), "2.5", None)]
#[case(json!({ "above": 2 }), "2.5", Some("2.5, above 2"))]
#[case(json!({ "above": 2.5 }), "2.5", None)]
#[case(json!({ "above": 2, "below": 3 }), "2.5", Some("2.5, above 2 and below 3"))]
#[case(json!({ "above": 2.6, "below": 3 }), "2.5", None)]
#[case(json!({ "equals": 0 }), "0", Some("0, exactly 0"))]
#[case(json!({ "equals": 0 }), "-0", Some("-0, exactly 0"))]
#[case(json!({ "equals": 0 }), "1e-300", None)]
#[case(json!({ "above": 0 }), "+Inf", None)]
#[case(json!({ "below": 0 }), "NaN", None)]
#[case(json!({ "above": 1 }), "12345678901234567890", Some("1.2346e19, above 1"))]
#[tokio::test]
async fn the_rule_decides(#[case] rule: Value, #[case] value: &str, #[case] well: Option<&str>) {
    let stage = Stage::of(&Errors).await;
    let settings = with(Errors.settings(&stage), &json!({ "below": null, "name": "errors" }));
    let probe = stage.open(with(settings, &rule)).unwrap();
    for body in [scalar(value), vector(&[("500", value)])] {
        stage.says(&body).await;
        let answer = probe.check(None).await;
        assert_eq!(answer.healthy, well.is_some(), "{answer:?}");
        if let Some(well) = well {
            assert_eq!(answer.detail, format!("errors: {well}"));
        }
    }
}

#[tokio::test]
async fn every_series_has_to_keep_the_rule() {
    let well = finds(&Errors, &vector(&[("500", "0"), ("502", "0.009"), ("503", "0.001")])).await;
    assert_eq!(well.detail, "Prometheus: 3 series, each below 0.01");
    let unwell = finds(&Errors, &vector(&[("500", "0"), ("502", "0.01"), ("503", "0")])).await;
    assert!(!unwell.healthy);
}

#[tokio::test]
async fn no_data_is_said_to_be_none() {
    let answer = finds(&Errors, &vector(&[])).await;
    assert!(!answer.healthy);
    assert_eq!(answer.detail, "Prometheus: no data: the query finds nothing, which is not healthy");
}

#[tokio::test]
async fn the_query_is_asked_as_it_was_written_and_the_path_before_it_is_kept() {
    let stage = Stage::of(&Errors).await;
    let url = format!("{}/monitoring/", stage.server.uri());
    let probe = stage.open(with(Errors.settings(&stage), &json!({ "url": url }))).unwrap();
    _ = probe.check(None).await;
    let asked = stage.server.received_requests().await.unwrap();
    assert_eq!(asked[0].url.path(), "/monitoring/api/v1/query");
    let query: Vec<_> = asked[0].url.query_pairs().into_owned().collect();
    assert_eq!(query, [("query".to_owned(), QUERY.to_owned())]);
}

#[rstest]
#[case(400, "bad_data", "parse error: unexpected end of input")]
#[case(422, "execution", "multiple matches for labels")]
#[case(503, "timeout", "query timed out in expression evaluation")]
#[tokio::test]
async fn what_prometheus_says_is_wrong_is_told(
    #[case] status: u16,
    #[case] kind: &str,
    #[case] said: &str,
) {
    let stage = Stage::of(&Errors).await;
    let body = json!({ "status": "error", "errorType": kind, "error": said });
    stage.answers(ResponseTemplate::new(status).set_body_json(body)).await;
    let answer = stage.probe(&Errors).check(None).await;
    let words = format!("Prometheus says ({kind}): {said}");
    assert_eq!((answer.healthy, answer.detail), (false, words.clone()));
    let named = with(Errors.settings(&stage), &json!({ "name": "errors" }));
    let answer = stage.open(named).unwrap().check(None).await;
    assert_eq!(answer.detail, format!("errors: {words}"));
}

#[tokio::test]
async fn a_partial_answer_is_told_as_one() {
    for (mut body, healthy) in [(scalar("0"), true), (scalar("1"), false)] {
        let warning = format!("some store is not there{}", "y".repeat(500));
        body["warnings"] = json!([warning, "more"]);
        body["infos"] = json!(["metric might not be a counter"]);
        let answer = finds(&Errors, &body).await;
        assert_eq!(answer.healthy, healthy);
        assert!(answer.detail.contains("(Prometheus warns: some store is not there"), "{answer:?}");
        assert!(!answer.detail.contains("counter"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_user_with_a_password_is_proved_too() {
    keep_quiet("nothing-to-see");
    let stage = Stage::of(&Errors).await;
    stage.says(&scalar("0")).await;
    let basic = json!({ "basic": { "user": "pilothouse", "password": stage.secret() } });
    let probe = stage.open(with(Errors.settings(&stage), &json!({ "credential": basic }))).unwrap();
    assert!(probe.check(None).await.healthy);
    let asked = stage.asked().await;
    assert!(asked[0].headers["authorization"].to_str().unwrap().starts_with("Basic "));
    let nobody = stage.open(with(Errors.settings(&stage), &json!({ "credential": null }))).unwrap();
    assert!(nobody.check(None).await.healthy);
    assert!(!stage.asked().await[1].headers.contains_key("authorization"));
}
