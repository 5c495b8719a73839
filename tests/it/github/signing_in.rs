//! Tokens of people and of apps.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pilothouse::{pipelines::Started, secrets::redact};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    hub::{CANCEL, DISPATCHES, Hub, RUN, order, the_run},
    shapes::refusal,
};

pub(crate) const TOKENS: &str = "/app/installations/7/access_tokens";
const INSTALLATION: &str = "/repos/acme/checkout/installation";

/// An app with a key of its own; its settings, and the key that proves its signatures.
pub(crate) fn app(hub: &Hub, more: &Value) -> (Value, DecodingKey) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let lines = STANDARD.encode(der.as_ref());
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let file = hub.folder.path().join("app.pem");
    std::fs::write(&file, format!("{begin}\n{lines}\n{end}\n")).unwrap();
    let mut app = json!({ "app": 4711, "key": format!("file:{}", file.display()) });
    app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let settings = json!({ "github": { "credential": { "app": app } } });
    (settings, DecodingKey::from_rsa_der(pair.public_key().as_ref()))
}

pub(crate) fn minted(token: &str, expires_at: &str) -> Value {
    json!({
        "token": token, "expires_at": expires_at, "repository_selection": "selected",
        "permissions": { "actions": "write", "contents": "read", "metadata": "read" }
    })
}

async fn bearers(hub: &Hub, at: &str) -> Vec<String> {
    let asked = hub.asked().await;
    let here = asked.iter().filter(|r| r.url.path() == at);
    here.map(|r| r.headers["authorization"].to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_app_signs_in_with_a_narrow_token_that_is_kept_until_shortly_before_its_end() {
    let hub = Hub::start().await;
    let (settings, proof) = app(&hub, &json!({ "installation": 7 }));
    let pipeline = hub.pipeline(&settings);
    hub.answers("POST", TOKENS, 201, minted("ghs_first_pretended", "2026-11-25T03:08:10Z")).await;
    hub.answers("POST", CANCEL, 202, json!({})).await;
    let run = the_run();
    let (one, two) = tokio::join!(pipeline.cancel(&run), pipeline.cancel(&run));
    one.unwrap();
    two.unwrap();
    assert_eq!(hub.count("POST", TOKENS).await, 1, "many callers fetch one token");
    let narrow = json!({
        "repositories": ["checkout"],
        "permissions": { "actions": "write", "contents": "read", "metadata": "read" }
    });
    assert_eq!(hub.posted(TOKENS).await, [narrow]);
    assert_eq!(bearers(&hub, CANCEL).await, ["Bearer ghs_first_pretended"; 2]);
    assert_eq!(redact("said ghs_first_pretended"), "said [secret]");

    let signed = bearers(&hub, TOKENS).await[0].replace("Bearer ", "");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&signed, &proof, &validation).unwrap().claims;
    let now = hub.clock.now().0 / 1000;
    assert_eq!(claims, json!({ "iat": now - 60, "exp": now + 540, "iss": "4711" }));

    hub.clock.advance(Duration::from_mins(54));
    pipeline.cancel(&run).await.unwrap();
    assert_eq!(hub.count("POST", TOKENS).await, 1);
    hub.clock.advance(Duration::from_mins(2));
    pipeline.cancel(&run).await.unwrap();
    assert_eq!(hub.count("POST", TOKENS).await, 2);
}

#[tokio::test]
async fn an_app_finds_its_installation_by_the_repository() {
    let hub = Hub::start().await;
    let (settings, _) = app(&hub, &json!({}));
    let installation = json!({
        "id": 7, "account": null, "access_tokens_url": "https://x.example", "app_id": 4711,
        "repositories_url": "https://x.example", "html_url": "https://x.example", "events": [],
        "target_id": 1, "target_type": "Organization", "permissions": { "actions": "write" },
        "created_at": "2026-11-25T02:08:12Z", "updated_at": "2026-11-25T02:08:12Z",
        "single_file_name": null, "repository_selection": "selected", "app_slug": "pilothouse",
        "suspended_by": null, "suspended_at": null
    });
    hub.answers("GET", INSTALLATION, 200, installation).await;
    hub.answers("POST", TOKENS, 201, minted("ghs_second_pretended", "2026-11-25T03:08:10Z")).await;
    hub.answers("POST", CANCEL, 202, json!({})).await;
    hub.pipeline(&settings).cancel(&the_run()).await.unwrap();
    assert_eq!(bearers(&hub, CANCEL).await, ["Bearer ghs_second_pretended"]);
}

#[tokio::test]
async fn a_token_that_no_longer_counts_is_replaced_and_the_order_given_once() {
    let hub = Hub::start().await;
    let (settings, _) = app(&hub, &json!({ "installation": 7 }));
    hub.answers("POST", TOKENS, 201, minted("ghs_third_pretended", "2026-11-25T03:08:10Z")).await;
    let stale = ResponseTemplate::new(401).set_body_json(refusal("Bad credentials", 401));
    hub.once("POST", DISPATCHES, stale).await;
    hub.answers("POST", DISPATCHES, 200, hub.dispatched()).await;
    hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", "queued", None)).await;
    let started = hub.pipeline(&settings).start(&order(&hub.clock)).await;
    assert!(matches!(started, Started::Run(_)), "{started:?}");
    assert_eq!(hub.count("POST", TOKENS).await, 2);
    assert_eq!(hub.count("POST", DISPATCHES).await, 2, "the refused one, and the one that counts");
}

#[tokio::test]
async fn whoever_cannot_sign_in_has_started_nothing() {
    let cases = [
        (ResponseTemplate::new(401).set_body_json(refusal("Bad key", 401)), true),
        (ResponseTemplate::new(404).set_body_json(refusal("Not Found", 404)), true),
        (ResponseTemplate::new(500), false),
        (ResponseTemplate::new(201).set_body_raw("<html>", "text/html"), false),
        (ResponseTemplate::new(429).append_header("retry-after", "30"), false),
    ];
    for (answer, for_good) in cases {
        let hub = Hub::start().await;
        let (settings, _) = app(&hub, &json!({ "installation": 7 }));
        hub.raw("POST", TOKENS, answer).await;
        let started = hub.pipeline(&settings).start(&order(&hub.clock)).await;
        match &started {
            Started::Refused(_) => assert!(for_good, "{started:?}"),
            Started::NotNow(_) => assert!(!for_good, "{started:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(hub.count("POST", DISPATCHES).await, 0);
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_said_before_anything_runs_and_never_shown() {
    let hub = Hub::start().await;
    let (settings, _) = app(&hub, &json!({}));
    std::fs::write(hub.folder.path().join("app.pem"), "hunter2-hunter2").unwrap();
    let Err(error) = hub.open(&settings) else { panic!("it is no key") };
    let error = format!("{error:#}");
    assert!(error.contains("is not an RSA private key in PEM form"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    std::fs::remove_file(hub.folder.path().join("token")).unwrap();
    assert!(hub.open(&json!({})).is_err());
}
