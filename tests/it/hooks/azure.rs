//! Azure Monitor's secure webhook: tokens of Microsoft Entra, of the right tenant, for us, by it.

use std::sync::{Arc, Mutex};

use pilothouse::{
    clock::{Clock, Timestamp},
    hooks::{Proof, Prover, Unproved},
    outbound::Outbound,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::{
    Delivery,
    proofs::{NOW, headers},
};
use crate::teams::microsoft::{How, Token, stranger, today};

const TENANT: &str = "7b0e4c9d-1a6f-4e38-b2d5-90c8f3a7e614";
const APP: &str = "3f1c2b7a-9d44-4c1e-8a52-6f0e7d9b1a23";
const AZNS: &str = "461e8683-5575-4561-ac7f-899cc907d62a";

/// A tenant that announces its keys, until it is out of order.
struct Tenant {
    server: MockServer,
    open: Arc<Mutex<bool>>,
    prover: Prover,
}

impl Tenant {
    async fn start() -> Self {
        let (server, open) = (MockServer::start().await, Arc::new(Mutex::new(true)));
        let (uri, is_open) = (server.uri(), open.clone());
        let answer = move |asked: &Request| {
            let metadata = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
            let keys = format!("/{TENANT}/discovery/v2.0/keys");
            match (*is_open.lock().unwrap(), asked.url.path()) {
                (true, path) if path == metadata => ResponseTemplate::new(200)
                    .set_body_json(json!({ "jwks_uri": format!("{uri}{keys}") })),
                (true, path) if path == keys => ResponseTemplate::new(200)
                    .set_body_json(json!({ "keys": [today().announced()] })),
                _ => ResponseTemplate::new(503),
            }
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let proof: Proof = serde_json::from_value(json!({
            "kind": "entra", "tenant": TENANT, "audience": APP, "login": server.uri(),
        }))
        .unwrap();
        let clock = Clock::manual(Timestamp(NOW * 1000));
        let prover = Prover::new(&proof, &Outbound::new().unwrap(), &clock).unwrap();
        Self { server, open, prover }
    }

    /// One of version 2.
    fn token(&self) -> Token {
        Token::good(NOW, "").saying(json!({
            "iss": format!("{}/{TENANT}/v2.0", self.server.uri()), "aud": APP, "azp": AZNS,
            "nbf": NOW - 60, "exp": NOW + 3600, "ver": "2.0",
        }))
    }

    async fn hears(&self, header: &str) -> Result<(), Unproved> {
        let delivery = Delivery::of("{}").with("Authorization", header);
        self.prover.proves(&headers(&delivery), &delivery.body).await
    }
}

#[tokio::test]
async fn both_versions_of_its_tokens_are_taken() {
    let tenant = Tenant::start().await;
    let first = json!({
        "iss": format!("https://sts.windows.net/{TENANT}/"), "aud": format!("api://{APP}"),
        "appid": AZNS, "nbf": NOW - 60, "exp": NOW + 3600, "ver": "1.0",
    });
    for token in
        [tenant.token(), tenant.token().saying(first), tenant.token().with("exp", NOW - 299)]
    {
        assert!(tenant.hears(&token.bearer()).await.is_ok());
    }
    let asked = tenant.server.received_requests().await.unwrap().len();
    assert_eq!(asked, 2, "the keys are fetched once");
}

#[tokio::test]
async fn what_is_not_its_token_for_us_is_not_taken() {
    let tenant = Tenant::start().await;
    let good = tenant.token();
    let another = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let public = today().public().remove(1);
    for (what, token) in [
        ("another tenant", good.clone().with("iss", format!("https://sts.windows.net/{another}/"))),
        ("another issuer", good.clone().with("iss", "https://api.botframework.com")),
        ("no issuer", good.clone().without("iss")),
        ("for somebody else", good.clone().with("aud", another)),
        ("for several", good.clone().with("aud", json!([APP, another]))),
        ("for nobody", good.clone().without("aud")),
        ("by another app", good.clone().with("azp", another)),
        ("by two apps", good.clone().with("appid", another)),
        ("by nobody", good.clone().without("azp")),
        ("by a number", good.clone().with("azp", 7)),
        ("expired", good.clone().with("exp", NOW - 301)),
        ("for ever", good.clone().without("exp")),
        ("not yet", good.clone().with("nbf", NOW + 301)),
        ("signed by a stranger", good.clone().by(stranger())),
        ("of an unknown key", good.clone().of(stranger())),
        ("not signed", good.clone().signed("none", How::Bare)),
        ("a shared secret", good.clone().signed("HS256", How::Hs256(public))),
        ("another algorithm", good.clone().signed("RS512", How::Rs512)),
    ] {
        let told = tenant.hears(&token.bearer()).await;
        assert!(matches!(told, Err(Unproved::Wrong(_))), "{what}: {told:?}");
    }
    for header in
        [good.text(), String::new(), "Bearer".to_owned(), format!("Basic {}", good.text())]
    {
        assert!(matches!(tenant.hears(&header).await, Err(Unproved::Wrong(_))), "{header:.20}");
    }
    let none = Delivery::of("{}");
    let told = tenant.prover.proves(&headers(&none), &none.body).await;
    assert!(matches!(told, Err(Unproved::Wrong(_))));
}

#[tokio::test]
async fn while_its_keys_cannot_be_had_nobody_is_called_wrong() {
    let tenant = Tenant::start().await;
    *tenant.open.lock().unwrap() = false;
    let good = tenant.token();
    assert!(matches!(tenant.hears(&good.bearer()).await, Err(Unproved::NoKeys)));
    let stray = good.with("iss", Value::from("https://evil.example"));
    let before = tenant.server.received_requests().await.unwrap().len();
    assert!(matches!(tenant.hears(&stray.bearer()).await, Err(Unproved::Wrong(_))));
    let after = tenant.server.received_requests().await.unwrap().len();
    assert_eq!(before, after, "a token of somebody else's is no reason to ask for keys");
}
