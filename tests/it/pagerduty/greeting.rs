//! What an operator is told of PagerDuty's webhooks.

use pilothouse::{
    alerts::{self, Reach},
    clock::{Clock, Timestamp},
    greeting::Verdict,
    outbound::Outbound,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::duty::TOKEN;
use crate::contracts::{Checked, Contract};

const AT: &str = "/webhook_subscriptions";

fn subscription(url: &str, active: bool, given_up: bool) -> Value {
    json!({
        "id": "PXYZ", "type": "webhook_subscription", "active": active,
        "events": ["incident.triggered"], "filter": { "type": "account_reference" },
        "delivery_method": { "type": "http_delivery_method", "url": url, "secret": null,
                             "temporarily_disabled": given_up }
    })
}

#[tokio::test]
async fn a_webhook_that_no_longer_calls_is_told_of() {
    let ours = "https://chatops.example.com/hooks/pagerduty";
    for (seen, verdict, words) in [
        (vec![subscription(ours, true, false)], Verdict::Ok, "switched on"),
        (vec![subscription(ours, true, true)], Verdict::Warn, "given up"),
        (vec![subscription(ours, false, false)], Verdict::Warn, "switched off"),
        (
            vec![subscription("https://elsewhere.example", false, false)],
            Verdict::Warn,
            "no webhook",
        ),
        (vec![], Verdict::Warn, "no webhook"),
    ] {
        let body = json!({ "webhook_subscriptions": seen, "limit": 100, "offset": 0,
                           "more": false, "total": null });
        let contract = Contract::of("pagerduty");
        if let Some(contract) = &contract {
            assert_eq!(contract.answer("GET", AT, 200, &body), Checked::Obeys);
        }
        let server = MockServer::builder().start().await;
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path(AT)).respond_with(answer).mount(&server).await;
        let told = told(&server).await;
        assert_eq!(told.0, verdict, "{told:?}");
        assert!(told.1.contains(words), "{told:?}");
        for request in server.received_requests().await.unwrap() {
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            if let Some(contract) = &contract {
                let asked = (request.method.as_str(), request.url.path());
                assert_eq!(contract.request(asked.0, asked.1, &query, b""), Checked::Obeys);
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_may_not_see_them_is_no_mistake() {
    let server = MockServer::builder().start().await;
    Mock::given(path(AT)).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    assert_eq!(told(&server).await.0, Verdict::Unseen);
}

async fn told(server: &MockServer) -> (Verdict, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let settings = serde_json::from_value(json!({
        "kind": "pagerduty",
        "account": { "api": server.uri(), "token": format!("file:{}", file.display()) },
    }))
    .unwrap();
    let clock = Clock::manual(Timestamp(1_795_572_490_000));
    let reach = Reach { outbound: Outbound::new().unwrap(), clock };
    let told = alerts::open(&settings, &reach).unwrap().source.greet().await;
    assert_eq!(told.len(), 1, "{told:?}");
    (told[0].verdict, told[0].said.clone())
}
