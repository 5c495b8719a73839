//! Our own rule at GitHub: which runs may pass where it stands.

use std::sync::Arc;

use pilothouse::pipelines::{Answer, Answered, Asked, Pipeline, RunState, Verdict};
use serde_json::{Value, json};

use super::{
    hub::{Hub, JOBS, RUN, SHA, the_run},
    shapes::{account, pending, refusal, repository},
    signing_in::{TOKENS, app, minted},
};
use crate::contracts::Contract;

const PENDING: &str = "/repos/acme/checkout/actions/runs/30433642/pending_deployments";
pub(crate) const RULE: &str =
    "/repos/acme/checkout/actions/runs/30433642/deployment_protection_rule";

/// A pipeline whose app guards production, which GitHub calls `Production EU`.
pub(crate) async fn guarded(hub: &Hub, head: &str) -> Arc<dyn Pipeline> {
    let (mut settings, _) = app(hub, &json!({ "installation": 7 }));
    let environments = json!({ "production": "Production EU" });
    settings["protection_rule"] = json!({ "environments": environments, "head": head });
    let mut token = minted("ghs_guard_pretended", "2026-11-25T03:08:10Z");
    token["permissions"]["deployments"] = json!("write");
    hub.answers("POST", TOKENS, 201, token).await;
    hub.pipeline(&settings)
}

pub(crate) async fn waits(hub: &Hub, status: &str, reviewed: bool) {
    hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", status, None)).await;
    hub.answers("GET", JOBS, 200, json!({ "total_count": 0, "jobs": [] })).await;
    let pending = pending(&hub.server.uri(), "Production EU", (false, reviewed));
    hub.answers("GET", PENDING, 200, json!([pending])).await;
}

/// What GitHub delivers when a run wants to pass, held against its description.
pub(crate) fn delivered(api: &str) -> Value {
    let body = json!({
        "action": "requested", "environment": "Production EU", "event": "workflow_dispatch",
        "deployment_callback_url": format!("{api}{RULE}"), "pull_requests": [],
        "repository": repository(api), "sender": account(api, "alice")
    });
    if let Some(contract) = Contract::of("github-webhooks") {
        let mut described = body.clone();
        // The description asks for more of a repository than is looked at here.
        described.as_object_mut().unwrap().remove("repository");
        contract.loosely_obeys("webhook-deployment-protection-rule-requested", &described);
    }
    body
}

#[tokio::test]
async fn its_gate_says_what_the_run_is_made_of_and_is_answered_by_its_name() {
    for (head, commit) in [("approved", Some(SHA.to_owned())), ("any", None)] {
        let hub = Hub::start().await;
        let pipeline = guarded(&hub, head).await;
        waits(&hub, "waiting", false).await;
        let seen = pipeline.progress(&the_run()).await.unwrap();
        let [gate] = seen.gates.as_slice() else { panic!("{seen:?}") };
        let own = gate.own.as_ref().unwrap();
        assert_eq!((own.environment.as_str(), &own.commit), ("production", &commit));
        assert!(gate.answerable);
        hub.answers("POST", RULE, 204, Value::Null).await;
        let answer = Answer::new(Verdict::Approve, "Approved by Pilothouse");
        assert_eq!(pipeline.answer(&the_run(), gate, &answer).await, Answered::Done);
        let said = json!({ "environment_name": "Production EU", "state": "approved",
                           "comment": "Approved by Pilothouse" });
        assert_eq!(hub.posted(RULE).await, [said]);
        let asked = &hub.posted(TOKENS).await[0];
        assert_eq!(asked["permissions"]["deployments"], "write");
    }
}

#[tokio::test]
async fn reviewers_of_the_same_environment_are_a_gate_of_their_own() {
    let hub = Hub::start().await;
    let pipeline = guarded(&hub, "any").await;
    waits(&hub, "in_progress", true).await;
    let seen = pipeline.progress(&the_run()).await.unwrap();
    assert_eq!(seen.state, RunState::Running, "another job may be at work meanwhile");
    let gates: Vec<_> = seen.gates.iter().map(|g| (g.id.as_str(), g.answerable)).collect();
    assert_eq!(gates, [("rule-161088068", true), ("161088068", false)]);
}

#[tokio::test]
async fn a_delivery_asks_about_the_run_whose_address_is_in_it() {
    let hub = Hub::start().await;
    let pipeline = guarded(&hub, "approved").await;
    let api = hub.server.uri();
    let asked = pipeline.asked("deployment_protection_rule", &delivered(&api)).unwrap();
    let expected = Asked {
        run: "30433642".parse().unwrap(),
        name: "Production EU".to_owned(),
        environment: Some("production".parse().unwrap()),
    };
    assert_eq!(asked, expected);
    hub.answers("POST", RULE, 204, Value::Null).await;
    let no = Answer::new(Verdict::Reject, "Not from here");
    assert_eq!(pipeline.turn_away(&asked, &no).await, Answered::Done);
    assert_eq!(hub.posted(RULE).await[0]["state"], "rejected");
}

#[tokio::test]
async fn no_delivery_leads_to_another_address() {
    let hub = Hub::start().await;
    let pipeline = guarded(&hub, "approved").await;
    let api = hub.server.uri();
    let event = "deployment_protection_rule";
    for address in [
        format!("https://evil.example{RULE}"),
        format!("{api}/repos/acme/other/actions/runs/1/deployment_protection_rule"),
        format!("{api}/repos/acme/checkout/actions/runs/../deployment_protection_rule"),
        format!("{api}/repos/acme/checkout/actions/runs/1/deployment_protection_rule?a=b"),
        format!("{api}/repos/acme/checkout/actions/runs/-1/deployment_protection_rule"),
        format!("{api}/repos/acme/checkout/actions/runs/1/cancel"),
        format!("{}@{}", api.replace("//", "//user:word"), RULE),
        "deployment_protection_rule".to_owned(),
        String::new(),
    ] {
        let mut body = delivered(&api);
        body["deployment_callback_url"] = json!(address);
        assert_eq!(pipeline.asked(event, &body), None, "{address}");
    }
    for (path, value) in [
        ("action", json!("completed")),
        ("environment", json!("x".repeat(5000))),
        ("environment", json!(7)),
        ("repository", json!({ "full_name": "acme/other" })),
        ("repository", json!(null)),
    ] {
        let mut body = delivered(&api);
        body[path] = value;
        assert_eq!(pipeline.asked(event, &body), None, "{path}");
    }
    assert_eq!(pipeline.asked("workflow_run", &delivered(&api)), None);
    assert_eq!(hub.pipeline(&json!({})).asked(event, &delivered(&api)), None, "it has no rule");
    assert!(hub.asked().await.is_empty());
}

#[tokio::test]
async fn what_the_rule_cannot_say_is_no_answer() {
    let hub = Hub::start().await;
    let pipeline = guarded(&hub, "approved").await;
    let asked = pipeline.asked("deployment_protection_rule", &delivered(&hub.server.uri()));
    hub.answers("POST", RULE, 404, refusal("Not Found", 404)).await;
    let no = Answer::new(Verdict::Reject, "Not from here");
    let answered = pipeline.turn_away(&asked.unwrap(), &no).await;
    assert!(matches!(answered, Answered::Refused(_)), "{answered:?}");
}

#[tokio::test]
async fn a_rule_is_an_apps() {
    let hub = Hub::start().await;
    let rule = json!({ "environments": { "production": "production" } });
    let error = hub.open(&json!({ "protection_rule": rule })).err().unwrap();
    assert!(error.to_string().contains("use the credential `app`"), "{error}");
}
