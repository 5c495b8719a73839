//! Whatever is sent: nothing but the right thing is ever let in, and nothing breaks.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use pilothouse::hooks::Unproved;
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};

use super::{
    Delivery, SECRET, Secrets, digest,
    proofs::{NOW, headers, prover},
};

/// Every kind that needs no other server, and the headers it looks at.
fn kinds(secrets: &Secrets) -> Vec<(Value, &'static [&'static str])> {
    let own = secrets.at("own");
    let secret =
        |kind: &str| json!({ "kind": kind, "secret": own, "next_secret": secrets.at("signing") });
    vec![
        (json!({ "kind": "bearer", "token": own }), &["authorization"]),
        (json!({ "kind": "basic", "user": "hook", "password": own }), &["authorization"]),
        (json!({ "kind": "header", "name": "X-Own", "secret": own }), &["x-own"]),
        (secret("github"), &["x-hub-signature-256"]),
        (
            secret("gitlab"),
            &["x-gitlab-token", "webhook-id", "webhook-timestamp", "webhook-signature"],
        ),
        (secret("pagerduty"), &["x-pagerduty-signature"]),
        (secret("standard"), &["webhook-id", "webhook-timestamp", "webhook-signature"]),
        (
            json!({ "kind": "grafana", "secret": own, "timestamp_header": "X-When" }),
            &["x-grafana-alerting-signature", "x-when"],
        ),
    ]
}

/// What a header might hold, near to what it should.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let form =
        |form: &str| proptest::string::string_regex(form).unwrap().prop_map(String::into_bytes);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        form("\\PC{0,60}"),
        form("(Bearer|Basic|bearer|basic) [A-Za-z0-9+/=:]{0,40}"),
        form("(sha256=|v1=|v1,|v1=[0-9a-f]{64},v1=)[0-9a-fA-F]{60,68}"),
        form("-?[0-9]{1,20}"),
        Just(NOW.to_string().into_bytes()),
        form("v1,[A-Za-z0-9+/]{43}="),
    ]
}

fn stays_out(values: &[Vec<u8>], body: &[u8]) -> TestCaseResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let secrets = Secrets::new();
    for (settings, names) in kinds(&secrets) {
        let prover = prover(settings);
        let mut said = HeaderMap::new();
        for (name, value) in names.iter().zip(values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                said.append(HeaderName::from_static(name), value);
            }
        }
        let told = runtime.block_on(prover.proves(&said, body));
        prop_assert!(matches!(told, Err(Unproved::Wrong(_))), "{said:?} was let in: {told:?}");
        // Whoever skips the first look finds the second as closed.
        prop_assert!(prover.signs(&said, body).is_err());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_guess_is_let_in(
        values in proptest::collection::vec(value(), 4),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        stays_out(&values, &body)?;
    }

    #[test]
    fn no_other_body_goes_with_a_signature(
        body in proptest::collection::vec(any::<u8>(), 1..200), place in any::<usize>(), by in 1..=255_u8
    ) {
        let secrets = Secrets::new();
        let github = prover(json!({ "kind": "github", "secret": secrets.at("own") }));
        let signature = format!("sha256={}", digest(SECRET, &body));
        let mut delivery = Delivery::of(body).with("X-Hub-Signature-256", signature);
        let said = headers(&delivery);
        prop_assert!(github.signs(&said, &delivery.body).is_ok());
        let place = place % delivery.body.len();
        delivery.body[place] ^= by;
        prop_assert!(github.signs(&said, &delivery.body).is_err());
    }
}
