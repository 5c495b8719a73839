//! The bot's own alerts, whichever source they are from, as a probe.

use std::time::Duration;

use pilothouse::{clock::Timestamp, pipelines::RunState};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::world::{ALICE, Bot};

/// A bot with a source of alerts, which it asks every five seconds.
async fn town() -> (Bot, MockServer) {
    let source = MockServer::start().await;
    let rules = json!({
        "checkout": { "pipeline": "pretend", "environments": { "production": {
            "approvals": 0,
            "health": [{ "kind": "own_alerts", "labels": { "severity": "critical" } }],
            "verify": { "every": "10s", "in_a_row": 3, "within": "120s" },
            "rollback": { "after": "30s" },
        } } },
        "alerts": { "monitoring": {
            "kind": "alertmanager", "url": source.uri(), "every": "5s"
        } },
    });
    (Bot::with(&rules.to_string()).await, source)
}

fn alert(name: &str, severity: &str, starts: Timestamp) -> Value {
    let starts = crate::alerts::written(starts);
    json!({
        "labels": { "alertname": name, "service": "checkout", "environment": "production",
                    "severity": severity },
        "annotations": {}, "receivers": [{ "name": "bot" }], "fingerprint": name,
        "startsAt": starts, "updatedAt": starts, "endsAt": "2030-01-01T00:00:00Z",
        "status": { "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [] }
    })
}

async fn says(source: &MockServer, answer: ResponseTemplate) {
    source.reset().await;
    Mock::given(matchers::path("/api/v2/alerts")).respond_with(answer).mount(source).await;
}

async fn fires(source: &MockServer, alerts: &[Value]) {
    says(source, ResponseTemplate::new(200).set_body_json(alerts)).await;
}

/// Brings a version out.
async fn ships(bot: &Bot, version: &str) {
    bot.hears(ALICE, &format!("/deploy production {version}")).await;
    bot.pipeline.finishes(RunState::Succeeded);
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn what_fired_before_does_not_count_and_what_began_since_then_does() {
    let (bot, source) = town().await;
    let old = alert("Old", "critical", Timestamp(bot.clock.now().0 - 600_000));
    fires(&source, std::slice::from_ref(&old)).await;
    bot.passes(seconds(10)).await;
    ships(&bot, "v1").await;
    bot.passes(seconds(60)).await;
    let card = bot.shows_of("deployment");
    assert!(card.contains("All health checks passing"), "{card}");

    ships(&bot, "v2").await;
    let now = bot.clock.now();
    let minor = alert("Minor", "warning", now);
    fires(&source, &[old.clone(), minor.clone(), alert("New", "critical", now)]).await;
    let mut card = String::new();
    for _ in 0..26 {
        bot.passes(seconds(5)).await;
        card = bot.shows_of("deployment");
        if card.contains("[Stop]") {
            break;
        }
    }
    assert!(card.contains("New fires since") && card.contains("Going back to v1"), "{card}");
    fires(&source, &[old, minor]).await;
    bot.passes(seconds(60)).await;
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(120)).await;
    let card = bot.shows_of("deployment");
    assert!(card.contains("Rolled back to v1, which is healthy"), "{card}");
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_no_good_news() {
    let (bot, source) = town().await;
    fires(&source, &[]).await;
    bot.passes(seconds(10)).await;
    says(&source, ResponseTemplate::new(500)).await;
    bot.passes(seconds(180)).await;
    ships(&bot, "v1").await;
    bot.passes(seconds(130)).await;
    let card = bot.shows_of("deployment");
    assert!(card.contains("the source of alerts monitoring does not answer since"), "{card}");
}
