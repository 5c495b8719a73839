//! What GitHub answers to a harmless question, and what an operator is told.

#![expect(clippy::unwrap_used, reason = "a test may")]

use base64::{Engine, engine::general_purpose::STANDARD};
use pilothouse::greeting::{Greeting, Verdict};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    hub::{Hub, TOKEN},
    shapes::refusal,
    signing_in::{TOKENS, app, minted},
};

const WORKFLOW: &str = "/repos/acme/checkout/actions/workflows/deploy.yml";
const FILE: &str = "/repos/acme/checkout/contents/.github/workflows/deploy.yml";
const REPOSITORY: &str = "/repos/acme/checkout";

const WHOLE: &str = include_str!("../../../deploy/github/pilothouse-deploy.yml");

fn workflow(state: &str) -> Value {
    let page = "https://github.example/x";
    json!({
        "id": 159_038, "node_id": "W_1", "name": "Deploy", "state": state,
        "path": ".github/workflows/deploy.yml", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "url": page, "html_url": page, "badge_url": page
    })
}

fn file(text: &str) -> Value {
    // GitHub breaks its lines.
    let content: Vec<String> = STANDARD
        .encode(text)
        .as_bytes()
        .chunks(60)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    json!({ "type": "file", "encoding": "base64", "content": content.join("\n") })
}

async fn well(hub: &Hub) {
    hub.answers("GET", WORKFLOW, 200, workflow("active")).await;
    hub.answers("GET", FILE, 200, file(WHOLE)).await;
    hub.answers("GET", REPOSITORY, 200, json!({ "permissions": { "push": true } })).await;
}

async fn told(hub: &Hub) -> Vec<Greeting> {
    let pipeline = hub.pipeline(&json!({}));
    let told = pipeline.greet(hub.clock.now()).await;
    for request in hub.asked().await {
        assert_eq!(request.method.as_str(), "GET", "the question is harmless");
    }
    told
}

async fn is_bad(hub: &Hub, said: &str, advice: &str) {
    let told = told(hub).await;
    let bad: Vec<_> = told.iter().filter(|one| one.verdict == Verdict::Bad).collect();
    assert_eq!(bad.len(), 1, "{told:?}");
    assert!(bad[0].said.contains(said), "{bad:?}");
    assert!(bad[0].advice.as_ref().unwrap().contains(advice), "{bad:?}");
}

#[tokio::test]
async fn a_workflow_as_it_should_be_is_well() {
    let hub = Hub::start().await;
    well(&hub).await;
    let told = told(&hub).await;
    assert_eq!(told[0], Greeting::ok("acme/checkout, workflow deploy.yml is active"));
    assert_eq!(told[1].verdict, Verdict::Unseen);
    assert!(told[1].said.contains("Actions (read and write)"), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[tokio::test]
async fn a_token_that_ends_soon_is_told_of() {
    for (end, verdict) in [
        ("2026-11-30 05:00:00 UTC", Verdict::Warn),
        ("2027-11-30 05:00:00 UTC", Verdict::Ok),
        ("2026-11-01 05:00:00 -0800", Verdict::Bad),
    ] {
        let hub = Hub::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(workflow("active"));
        let answer = answer
            .append_header("github-authentication-token-expiration", end)
            .append_header("x-oauth-scopes", "workflow, repo");
        hub.once("GET", WORKFLOW, answer).await;
        well(&hub).await;
        let told = told(&hub).await;
        assert_eq!(told[1], Greeting::ok("the token may start runs"));
        assert_eq!(told[2].verdict, verdict, "{told:?}");
        assert!(told[2].said.contains(&end[..10]), "{told:?}");
    }
}

#[tokio::test]
async fn what_keeps_a_run_from_being_started_is_told_beforehand() {
    let hub = Hub::start().await;
    hub.answers("GET", WORKFLOW, 404, refusal("Not Found", 404)).await;
    is_bad(&hub, "no workflow `deploy.yml` in acme/checkout", "Actions (read and write)").await;

    let hub = Hub::start().await;
    hub.answers("GET", WORKFLOW, 401, refusal(&format!("Bad credentials {TOKEN}"), 401)).await;
    is_bad(&hub, "does not take the credential", "make a new one").await;
    assert!(!format!("{:?}", told(&hub).await).contains(TOKEN));

    let hub = Hub::start().await;
    hub.answers("GET", WORKFLOW, 200, workflow("disabled_inactivity")).await;
    well(&hub).await;
    is_bad(&hub, "not active but disabled_inactivity", "Enable it").await;

    let hub = Hub::start().await;
    hub.answers("GET", FILE, 404, refusal("No commit found for the ref main", 404)).await;
    well(&hub).await;
    is_bad(&hub, "not on the branch `main`", "Correct `ref`").await;

    for (text, said, advice) in [
        ("on: push", "no trigger `workflow_dispatch`", "pilothouse-deploy.yml"),
        (&*WHOLE.replace("commit", "sha"), "no input `commit`", "inputs: { commit: null }"),
    ] {
        let hub = Hub::start().await;
        hub.answers("GET", FILE, 200, file(text)).await;
        well(&hub).await;
        is_bad(&hub, said, advice).await;
    }

    for (repository, said) in [
        (json!({ "permissions": { "push": false } }), "may only read"),
        (json!({ "archived": true, "permissions": { "push": true } }), "archived"),
    ] {
        let hub = Hub::start().await;
        hub.answers("GET", REPOSITORY, 200, repository).await;
        well(&hub).await;
        is_bad(&hub, said, "").await;
    }
}

#[tokio::test]
async fn a_run_name_without_the_id_is_a_warning() {
    let hub = Hub::start().await;
    let text = WHOLE.replace("run-name:", "name:");
    hub.answers("GET", FILE, 200, file(&text)).await;
    well(&hub).await;
    let told = told(&hub).await;
    let warned: Vec<_> = told.iter().filter(|one| one.verdict == Verdict::Warn).collect();
    assert_eq!(warned.len(), 1, "{told:?}");
    let advice = warned[0].advice.as_ref().unwrap();
    assert!(advice.contains("[${{ inputs.request_id }}]"), "{advice}");
}

#[tokio::test]
async fn an_app_is_given_its_token_only_when_it_may_start_runs() {
    let hub = Hub::start().await;
    let (settings, _) = app(&hub, &json!({ "installation": 7 }));
    let pipeline = hub.pipeline(&settings);
    hub.answers("POST", TOKENS, 201, minted("ghs_first_pretended", "2026-11-25T03:08:10Z")).await;
    well(&hub).await;
    let told = pipeline.greet(hub.clock.now()).await;
    assert_eq!(told[1], Greeting::ok("the app may start runs"), "{told:?}");
    assert_eq!(told.len(), 2, "an app without a webhook has nothing to say of it: {told:?}");

    let hub = Hub::start().await;
    let (settings, _) = app(&hub, &json!({ "installation": 7 }));
    let pipeline = hub.pipeline(&settings);
    let said = "The permissions requested are not granted to this installation.";
    hub.answers("POST", TOKENS, 422, refusal(said, 422)).await;
    let told = pipeline.greet(hub.clock.now()).await;
    assert_eq!((told.len(), told[0].verdict), (1, Verdict::Bad), "{told:?}");
    assert!(told[0].said.contains("not granted"), "{told:?}");
    assert!(told[0].advice.as_ref().unwrap().contains("what it may do"), "{told:?}");
}

#[tokio::test]
async fn an_app_whose_webhook_does_not_arrive_is_told_of() {
    let ours = "https://chatops.example.com/hooks/github";
    let call = |status: u16| json!({ "id": 1, "event": "workflow_run", "status_code": status });
    for (url, calls, wanted) in [
        (ours, vec![call(204), call(502)], Some(Verdict::Ok)),
        (ours, vec![call(502), call(204)], Some(Verdict::Warn)),
        (ours, vec![call(0)], Some(Verdict::Warn)),
        (ours, vec![], Some(Verdict::Ok)),
        ("https://elsewhere.example/x", vec![call(502)], None),
    ] {
        let hub = Hub::start().await;
        let (settings, _) = app(&hub, &json!({ "installation": 7 }));
        let pipeline = hub.pipeline(&settings);
        hub.answers("POST", TOKENS, 201, minted("ghs_pretended", "2026-11-25T03:08:10Z")).await;
        hub.answers("GET", "/app/hook/config", 200, json!({ "url": url })).await;
        hub.answers("GET", "/app/hook/deliveries", 200, json!(calls)).await;
        well(&hub).await;
        let told = pipeline.greet(hub.clock.now()).await;
        let about: Vec<_> = told.iter().filter(|one| one.said.contains("webhook")).collect();
        assert_eq!(about.first().map(|one| one.verdict), wanted, "{told:?}");
    }
}
