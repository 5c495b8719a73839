//! Alertmanager and Prometheus are asked what fires.

use pilothouse::{clock::Timestamp, health::Answer};
use rstest::rstest;
use serde_json::{Value, json};

use super::site::{NOW, Site, Stage, with};

const LABELS: [(&str, &str); 2] = [("service", "checkout"), ("path", "/a \"b\\c\"\n")];

pub(crate) struct AtAlertmanager;

pub(crate) struct AtPrometheus;

fn settings(stage: &Stage, from: &str) -> Value {
    json!({
        "kind": "alerts", "from": from, "url": stage.server.uri(),
        "credential": { "bearer": stage.secret() },
        "labels": { "service": "checkout", "path": "/a \"b\\c\"\n" }
    })
}

fn mistakes() -> Vec<(Value, &'static str)> {
    vec![
        (json!({ "labels": {} }), "`labels` must name one label"),
        (json!({ "labels": null }), "missing field"),
        (json!({ "labels": { "a b": "c" } }), "`a b`, which is no name of a label"),
        (json!({ "labels": { "": "c" } }), "which is no name of a label"),
        (json!({ "from": "grafana" }), "unknown variant"),
        (json!({ "credential": {} }), "`credential` must say one of the two"),
    ]
}

fn labels(name: &str) -> Value {
    let mut labels = json!({ "alertname": name });
    for (name, value) in LABELS {
        labels[name] = value.into();
    }
    labels
}

/// An alert of Alertmanager.
fn listed(name: &str, starts: &str) -> Value {
    json!({
        "labels": labels(name), "annotations": {}, "receivers": [{ "name": "bot" }],
        "fingerprint": "5ef77f1f8a3ecf8d", "startsAt": starts, "updatedAt": starts,
        "endsAt": "2026-11-25T03:00:00.000Z", "generatorURL": "http://prometheus.example/",
        "status": { "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [] }
    })
}

/// An alert of Prometheus.
fn ruled(name: &str, state: &str, active: &str) -> Value {
    json!({ "labels": labels(name), "annotations": {}, "state": state, "activeAt": active,
            "value": "1e+00" })
}

fn all(alerts: &[Value]) -> Value {
    json!({ "status": "success", "data": { "alerts": alerts } })
}

impl Site for AtAlertmanager {
    fn settings(&self, stage: &Stage) -> Value {
        settings(stage, "alertmanager")
    }

    fn path(&self) -> &'static str {
        "/api/v2/alerts"
    }

    fn described_in(&self) -> Option<&'static str> {
        Some("alertmanager-v2")
    }

    fn well(&self) -> Value {
        let mut other = listed("HighLatency", "2026-11-25T02:00:00.000Z");
        other["labels"]["service"] = json!("shop");
        json!([other])
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        let one = listed("HighLatency", "2026-11-25T02:00:00.000Z");
        let other = listed("HighErrorRate", "2026-11-25T02:05:00.000Z");
        let words = "HighLatency fires since 2026-11-25 02:00:00 UTC";
        vec![(json!([one]), words), (json!([one, other, other]), ", and 2 more")]
    }

    fn no_data(&self) -> Vec<Value> {
        vec![json!({}), json!(null)]
    }

    fn saying(&self, text: &str) -> Value {
        json!([listed(text, "2026-11-25T02:00:00.000Z")])
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        mistakes()
    }
}

impl Site for AtPrometheus {
    fn settings(&self, stage: &Stage) -> Value {
        settings(stage, "prometheus")
    }

    fn path(&self) -> &'static str {
        "/api/v1/alerts"
    }

    fn well(&self) -> Value {
        all(&[ruled("HighLatency", "pending", "2026-11-25T02:00:00.5Z")])
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        let one = ruled("HighLatency", "firing", "2026-11-25T02:00:00.123456789Z");
        vec![(all(&[one]), "HighLatency fires since 2026-11-25 02:00:00 UTC")]
    }

    fn no_data(&self) -> Vec<Value> {
        vec![json!({ "status": "success" }), json!({ "status": "success", "data": {} })]
    }

    fn saying(&self, text: &str) -> Value {
        all(&[ruled(text, "firing", "2026-11-25T02:00:00.5Z")])
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        mistakes()
    }
}

fn firing(site: &dyn Site, starts: &[&str]) -> Value {
    if site.path() == AtPrometheus.path() {
        let alerts = starts.iter().map(|starts| ruled("HighLatency", "firing", starts));
        return all(&alerts.collect::<Vec<_>>());
    }
    starts.iter().map(|starts| listed("HighLatency", starts)).collect()
}

/// What is found at 02:08:10, when the deployment began at 02:04:00.
async fn found(site: &dyn Site, starts: &[&str], since: Option<Timestamp>) -> Answer {
    let stage = Stage::of(site).await;
    stage.says(&firing(site, starts)).await;
    stage.probe(site).check(since).await
}

#[rstest]
#[case(&AtAlertmanager)]
#[case(&AtPrometheus)]
#[tokio::test]
async fn what_fired_before_the_deployment_does_not_count(#[case] site: &dyn Site) {
    let began = Some(Timestamp(NOW.0 - 250_000));
    let (before, after) = ("2026-11-25T02:03:59.999Z", "2026-11-25T02:04:00.001Z");
    let answer = found(site, &[before, before], began).await;
    let words =
        "no new alert fires (2 fired before the deployment began and do not count)".to_owned();
    assert_eq!((answer.healthy, answer.detail), (true, words));
    let answer = found(site, &[before, after], began).await;
    assert_eq!(answer.detail, "HighLatency fires since 2026-11-25 02:04:00 UTC");
    let answer = found(site, &[before], None).await;
    assert!(!answer.healthy, "asked how things are, everything counts: {answer:?}");
    let answer = found(site, &[], began).await;
    assert_eq!((answer.healthy, answer.detail.as_str()), (true, "no alert fires"));
}

#[rstest]
#[case(&AtAlertmanager)]
#[case(&AtPrometheus)]
#[tokio::test]
async fn what_ended_and_fires_again_counts(#[case] site: &dyn Site) {
    let began = Some(Timestamp(NOW.0 - 250_000));
    let stage = Stage::of(site).await;
    let probe = stage.probe(site);
    for (starts, healthy) in [
        (&["2026-11-25T01:00:00.000Z"][..], true),
        (&[], true),
        (&["2026-11-25T02:07:00.000Z"], false),
        (&[], true),
    ] {
        stage.says(&firing(site, starts)).await;
        assert_eq!(probe.check(began).await.healthy, healthy, "{starts:?}");
    }
}

#[tokio::test]
async fn an_alert_that_does_not_say_since_when_counts() {
    let began = Some(Timestamp(NOW.0));
    for starts in ["", "0001-01-01T00:00:00Z", "yesterday"] {
        let stage = Stage::of(&AtPrometheus).await;
        stage.says(&firing(&AtPrometheus, &[starts])).await;
        let answer = stage.probe(&AtPrometheus).check(began).await;
        assert_eq!((answer.healthy, answer.detail.as_str()), (false, "HighLatency fires"));
    }
}

#[tokio::test]
async fn alertmanager_is_asked_for_these_alerts_and_no_silenced_ones() {
    let stage = Stage::of(&AtAlertmanager).await;
    stage.says(&json!([])).await;
    assert!(stage.probe(&AtAlertmanager).check(None).await.healthy);
    let asked = stage.asked().await;
    let query: Vec<(String, String)> = asked[0].url.query_pairs().into_owned().collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        query,
        [
            ("active", "true"),
            ("silenced", "false"),
            ("inhibited", "true"),
            ("filter", "path=\"/a \\\"b\\\\c\\\"\\n\""),
            ("filter", "service=\"checkout\""),
        ]
    );
}

#[tokio::test]
async fn whoever_is_not_said_is_alertmanager() {
    let stage = Stage::of(&AtAlertmanager).await;
    stage.says(&json!([])).await;
    let probe = stage.open(with(settings(&stage, "x"), &json!({ "from": null }))).unwrap();
    assert!(probe.check(None).await.healthy);
}
