//! The bot's own tokens, from a pretend Microsoft Entra.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pilothouse::{
    chat::teams::Settings,
    clock::{Clock, Timestamp},
    outbound::Outbound,
    secrets::redact,
    vendors::entra::Tokens,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

/// A Wednesday morning.
const NOW: Timestamp = Timestamp(1_795_000_000_000);
const APP: &str = "9f2f1c1e-5a0b-4a63-8a3c-000000000001";

/// Answers the n-th request with `token-n`, which lives an hour.
struct Grants(std::sync::atomic::AtomicUsize);

impl Grants {
    fn new() -> Self {
        Self(std::sync::atomic::AtomicUsize::new(1))
    }
}

impl Respond for Grants {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        ResponseTemplate::new(200).set_body_json(json!({
            "token_type": "Bearer", "expires_in": 3600, "access_token": format!("entra-token-{n}"),
        }))
    }
}

async fn entra(answer: impl Respond + 'static) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn tokens(server: &MockServer, credential: &Value, clock: &Clock) -> Tokens {
    let settings: Settings = serde_json::from_value(json!({
        "app_id": APP, "tenant": "contoso-tenant", "credential": credential,
        "addresses": { "login": server.uri() },
    }))
    .unwrap();
    let addresses = settings.addresses().unwrap();
    settings.tokens(&addresses, Outbound::new().unwrap(), clock.clone()).unwrap()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn secret_in(folder: &tempfile::TempDir) -> Value {
    json!({ "kind": "secret", "secret": format!("file:{}/secret", folder.path().display()) })
}

async fn forms(server: &MockServer) -> Vec<HashMap<String, String>> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|r| url::form_urlencoded::parse(&r.body).into_owned().collect()).collect()
}

#[tokio::test]
async fn a_client_secret_buys_a_token_for_the_connector() {
    let folder = folder(&[("secret", "correct-horse-battery\n")]);
    let server = entra(Grants::new()).await;
    let tokens = tokens(&server, &secret_in(&folder), &Clock::manual(NOW));

    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.path(), "/contoso-tenant/oauth2/v2.0/token");
    let form = &forms(&server).await[0];
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_id"], APP);
    assert_eq!(form["client_secret"], "correct-horse-battery");
    assert_eq!(form["scope"], "https://api.botframework.com/.default");
    assert_eq!(redact("it was entra-token-1"), "it was [secret]");
}

#[tokio::test]
async fn fifty_tasks_ask_entra_once() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    let slow = ResponseTemplate::new(200)
        .set_delay(Duration::from_millis(100))
        .set_body_json(json!({ "expires_in": 3600, "access_token": "shared-by-fifty" }));
    let server = entra(slow).await;
    let tokens = tokens(&server, &secret_in(&folder), &Clock::manual(NOW));

    let all = join_all((0..50).map(|_| {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.bearer().await.unwrap() })
    }))
    .await;

    assert!(all.into_iter().all(|token| token.unwrap() == "shared-by-fifty"));
    assert_eq!(forms(&server).await.len(), 1);
}

#[tokio::test]
async fn each_scope_has_a_token_of_its_own() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    let server = entra(Grants::new()).await;
    let tokens = tokens(&server, &secret_in(&folder), &Clock::manual(NOW));
    let graph = "https://graph.microsoft.com/.default";
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
    assert_eq!(tokens.bearer_for(graph).await.unwrap(), "entra-token-2");
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
    assert_eq!(forms(&server).await[1]["scope"], graph);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_early_with_the_secret_of_that_moment() {
    let folder = folder(&[("secret", "the-first-secret")]);
    let server = entra(Grants::new()).await;
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &secret_in(&folder), &clock);
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");

    std::fs::write(folder.path().join("secret"), "the-second-secret").unwrap();
    clock.advance(Duration::from_secs(55 * 60 - 1));
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
    clock.advance(Duration::from_secs(1));
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-2");

    let forms = forms(&server).await;
    assert_eq!(forms[0]["client_secret"], "the-first-secret");
    assert_eq!(forms[1]["client_secret"], "the-second-secret");
}

#[tokio::test]
async fn an_outage_of_entra_is_not_noticed_while_the_old_token_lives() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Grants::new()).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &secret_in(&folder), &clock);
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
    clock.advance(Duration::from_mins(56));
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
    clock.advance(Duration::from_mins(4));
    let error = tokens.bearer().await.unwrap_err().to_string();
    assert!(error.contains("503 Service Unavailable"), "{error}");
}

#[tokio::test]
async fn a_failure_is_remembered_for_half_a_minute() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    let server = MockServer::start().await;
    let denied = json!({ "error": "invalid_client", "error_codes": [7_000_215],
        "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: x" });
    let no = ResponseTemplate::new(401).set_body_json(denied);
    Mock::given(any()).respond_with(no).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(Grants::new()).mount(&server).await;
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &secret_in(&folder), &clock);

    for _ in 0..5 {
        assert!(tokens.bearer().await.is_err());
    }
    clock.advance(Duration::from_secs(29));
    assert!(tokens.bearer().await.is_err());
    assert_eq!(forms(&server).await.len(), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(tokens.bearer().await.unwrap(), "entra-token-1");
}

#[tokio::test]
async fn an_error_of_entra_becomes_one_sentence_about_what_to_do() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    for (code, wanted) in [
        (7_000_215, "copy the secret's value"),
        (7_000_222, "has expired"),
        (7_000_229, "az ad sp create"),
        (700_016, "`teams.app_id`"),
        (90_002, "no such tenant"),
        (700_027, "certificate is not registered"),
        (700_213, "federated credential"),
        (1, "AADSTS1: something new with [secret]"),
    ] {
        let server = entra(ResponseTemplate::new(400).set_body_json(json!({
            "error": "x", "error_codes": [code],
            "error_description":
                format!("AADSTS{code}: something new with correct-horse-battery\r\nTrace ID: 1"),
        })))
        .await;
        let tokens = tokens(&server, &secret_in(&folder), &Clock::manual(NOW));
        let error = tokens.bearer().await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        assert!(error.contains(&format!("AADSTS{code}")), "{error}");
        assert!(!error.contains("Trace ID") && !error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_a_token_is_an_error_that_does_not_quote_it() {
    let folder = folder(&[("secret", "correct-horse-battery")]);
    for body in ["<html>Sign in", "{\"access_token\": \"\"}", "{\"access_token\": [\"leaky\"]}"] {
        let server = entra(ResponseTemplate::new(200).set_body_string(body)).await;
        let tokens = tokens(&server, &secret_in(&folder), &Clock::manual(NOW));
        let error = format!("{:#}", tokens.bearer().await.unwrap_err());
        assert_eq!(error, "Microsoft Entra answered with something that is no token");
    }
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_that_its_public_key_confirms() {
    let folder = folder(&[
        ("key.pem", include_str!("../fixtures/entra/key.pem")),
        ("certificate.pem", include_str!("../fixtures/entra/certificate.pem")),
    ]);
    let at = folder.path().display();
    let credential = json!({ "kind": "certificate",
        "certificate": format!("{at}/certificate.pem"), "key": format!("file:{at}/key.pem") });
    let server = entra(Grants::new()).await;
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &credential, &clock);
    tokens.bearer().await.unwrap();
    clock.advance(Duration::from_hours(1));
    tokens.bearer().await.unwrap();

    let forms = forms(&server).await;
    let audience = format!("{}/contoso-tenant/oauth2/v2.0/token", server.uri());
    let key = DecodingKey::from_rsa_pem(include_bytes!("../fixtures/entra/public.pem")).unwrap();
    let mut rules = Validation::new(Algorithm::PS256);
    rules.set_audience(&[&audience]);
    rules.set_issuer(&[APP]);
    rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    rules.validate_exp = false;
    let read = |n: usize| {
        assert!(!forms[n].contains_key("client_secret"));
        assert_eq!(
            forms[n]["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        jsonwebtoken::decode::<Value>(&forms[n]["client_assertion"], &key, &rules).unwrap()
    };
    let (first, second) = (read(0), read(1));
    let thumbprint = include_str!("../fixtures/entra/thumbprint.txt").trim();
    assert_eq!(first.header.x5t_s256.as_deref(), Some(thumbprint));
    assert_eq!(first.claims["sub"], APP);
    assert_eq!(first.claims["nbf"], NOW.0 / 1000);
    assert_eq!(first.claims["exp"], NOW.0 / 1000 + 300);
    assert_ne!(first.claims["jti"], second.claims["jti"]);
}

#[tokio::test]
async fn files_that_are_no_certificate_are_named() {
    let folder = folder(&[
        ("key.pem", "-----BEGIN NONSENSE-----"),
        ("certificate.pem", include_str!("../fixtures/entra/certificate.pem")),
    ]);
    let at = folder.path().display();
    let server = entra(Grants::new()).await;
    for (certificate, wanted) in [
        ("certificate.pem", "is no private RSA key in PEM form"),
        ("key.pem", "holds no certificate in PEM form"),
        ("absent.pem", "cannot be read"),
    ] {
        let credential = json!({ "kind": "certificate",
            "certificate": format!("{at}/{certificate}"), "key": format!("file:{at}/key.pem") });
        let tokens = tokens(&server, &credential, &Clock::manual(NOW));
        let error = tokens.bearer().await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    assert!(forms(&server).await.is_empty());
}

#[tokio::test]
async fn a_federated_token_is_read_anew_each_time() {
    let folder = folder(&[("token", "first.projected.token\n")]);
    let file = folder.path().join("token");
    let server = entra(Grants::new()).await;
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &json!({ "kind": "federated_file", "file": file }), &clock);
    tokens.bearer().await.unwrap();
    std::fs::write(&file, "second.projected.token").unwrap();
    clock.advance(Duration::from_hours(1));
    tokens.bearer().await.unwrap();
    let forms = forms(&server).await;
    assert_eq!(forms[0]["client_assertion"], "first.projected.token");
    assert_eq!(forms[1]["client_assertion"], "second.projected.token");
}

#[tokio::test]
async fn without_a_managed_identity_there_is_a_sentence_about_it() {
    let server = entra(Grants::new()).await;
    let credential = json!({ "kind": "managed_identity" });
    let tokens = tokens(&server, &credential, &Clock::manual(NOW));
    let error = tokens.bearer().await.unwrap_err().to_string();
    assert!(error.contains("IDENTITY_ENDPOINT") && error.contains("169.254.169.254"), "{error}");
}

#[tokio::test]
async fn a_managed_identity_is_asked_where_the_environment_says() {
    let server = entra(ResponseTemplate::new(200).set_body_json(json!({
        "access_token": "from-the-machine", "expires_on": (NOW.0 / 1000 + 86_400).to_string(),
    })))
    .await;
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "teams_entra::in_a_process_with_an_identity"])
        .env("IDENTITY_ENDPOINT", format!("{}/msi/token", server.uri()))
        .env("IDENTITY_HEADER", "header-of-the-machine")
        .output();
    let output = child.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].url.path(), "/msi/token");
    assert_eq!(requests[0].headers["x-identity-header"], "header-of-the-machine");
    let query: HashMap<_, _> = requests[0].url.query_pairs().into_owned().collect();
    assert_eq!(query["resource"], "https://api.botframework.com");
    assert_eq!(query["client_id"], "the-identity");
    assert_eq!(query["api-version"], "2019-08-01");
}

#[tokio::test]
#[ignore = "run by a_managed_identity_is_asked_where_the_environment_says, in its own process"]
async fn in_a_process_with_an_identity() {
    let server = entra(ResponseTemplate::new(500)).await;
    let credential = json!({ "kind": "managed_identity", "client_id": "the-identity" });
    let clock = Clock::manual(NOW);
    let tokens = tokens(&server, &credential, &clock);
    assert_eq!(tokens.bearer().await.unwrap(), "from-the-machine");
    clock.advance(Duration::from_hours(23));
    assert_eq!(tokens.bearer().await.unwrap(), "from-the-machine");
}
