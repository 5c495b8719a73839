//! How senders prove themselves, by what their vendors publish.

use std::sync::LazyLock;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::{
    clock::{Clock, Timestamp},
    hooks::{Proof, Prover, Unproved},
    outbound::Outbound,
};
use serde_json::{Value, json};

use super::{Delivery, NEXT, SECRET, SIGNING, Secrets, digest, standard_signature};

/// The second at which every sender here speaks.
pub const NOW: i64 = 1_760_001_300;

/// Nothing goes out here, and reading the machine's certificates each time would take long.
static OUTBOUND: LazyLock<Outbound> = LazyLock::new(|| Outbound::new().unwrap());

pub fn prover(settings: Value) -> Prover {
    let proof: Proof = serde_json::from_value(settings).unwrap();
    let clock = Clock::manual(Timestamp(NOW * 1000));
    Prover::new(&proof, &OUTBOUND, &clock).unwrap()
}

pub fn headers(delivery: &Delivery) -> HeaderMap {
    let header = |(name, value): (&String, &String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    delivery.headers.iter().filter_map(header).collect()
}

async fn proves(prover: &Prover, delivery: &Delivery) -> bool {
    match prover.proves(&headers(delivery), &delivery.body).await {
        Ok(()) => true,
        Err(Unproved::Wrong(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn github_signs_as_its_own_page_says() {
    let secrets = Secrets::new();
    secrets.write("own", "It's a Secret to Everybody");
    let github = prover(json!({ "kind": "github", "secret": secrets.at("own") }));
    let published = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let said =
        |signature: &str| Delivery::of("Hello, World!").with("X-Hub-Signature-256", signature);
    assert!(proves(&github, &said(&format!("sha256={published}"))).await);
    assert!(proves(&github, &said(&format!("sha256={}", published.to_uppercase()))).await);
    for wrong in [
        published.to_owned(),
        format!("sha1={published}"),
        format!("sha256={}", &published[..63]),
        format!("sha256={published}0"),
        format!("sha256= {published}"),
        "sha256=".to_owned(),
        String::new(),
    ] {
        assert!(!proves(&github, &said(&wrong)).await, "{wrong}");
    }
    let other =
        Delivery::of("Hello, World?").with("X-Hub-Signature-256", format!("sha256={published}"));
    assert!(!proves(&github, &other).await);
    let older =
        Delivery::of("Hello, World!").with("X-Hub-Signature", format!("sha256={published}"));
    assert!(!proves(&github, &older).await, "the header of SHA-1 is none");
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_none() {
    let secrets = Secrets::new();
    let github = prover(json!({ "kind": "github", "secret": secrets.at("own") }));
    let good = HeaderValue::from_str(&format!("sha256={}", digest(SECRET, b"{}"))).unwrap();
    let name = HeaderName::from_static("x-hub-signature-256");
    let mut headers = HeaderMap::new();
    headers.append(name.clone(), good.clone());
    assert!(github.proves(&headers, b"{}").await.is_ok());
    headers.append(name, good);
    assert!(github.proves(&headers, b"{}").await.is_err());
}

#[tokio::test]
async fn one_of_pagerdutys_signatures_is_enough() {
    let secrets = Secrets::new();
    let pagerduty = prover(json!({ "kind": "pagerduty", "secret": secrets.at("own") }));
    let (good, old) = (digest(SECRET, b"{}"), digest("a-secret-of-before", b"{}"));
    for (signatures, right) in [
        (format!("v1={good}"), true),
        (format!("v1={old},v1={good}"), true),
        (format!("v1={good}, v1={old}"), true),
        (format!("v2={old},v1={good}"), true),
        (format!("v1={old}"), false),
        (format!("v2={good}"), false),
        (good.clone(), false),
        (",".repeat(5000), false),
    ] {
        let said = Delivery::of("{}").with("X-PagerDuty-Signature", &signatures);
        assert_eq!(proves(&pagerduty, &said).await, right, "{signatures:.80}");
    }
}

#[tokio::test]
async fn grafana_signs_the_body_or_the_moment_as_well() {
    let secrets = Secrets::new();
    let plain = prover(json!({ "kind": "grafana", "secret": secrets.at("own") }));
    let usual = "X-Grafana-Alerting-Signature";
    assert!(proves(&plain, &Delivery::of("{}").with(usual, digest(SECRET, b"{}"))).await);
    assert!(!proves(&plain, &Delivery::of("{ }").with(usual, digest(SECRET, b"{}"))).await);

    let timed = prover(json!({
        "kind": "grafana", "secret": secrets.at("own"), "header": "X-Signed",
        "timestamp_header": "X-When",
    }));
    let said = |seconds: i64, signed: String| {
        let signature = digest(SECRET, format!("{signed}:{{}}").as_bytes());
        Delivery::of("{}").with("X-Signed", signature).with("X-When", seconds)
    };
    assert!(proves(&timed, &said(NOW, NOW.to_string())).await);
    assert!(proves(&timed, &said(NOW - 299, (NOW - 299).to_string())).await);
    assert!(!proves(&timed, &said(NOW - 301, (NOW - 301).to_string())).await, "a recording");
    assert!(!proves(&timed, &said(NOW, (NOW - 301).to_string())).await, "another moment");
    assert!(!proves(&timed, &Delivery::of("{}").with("X-Signed", digest(SECRET, b"{}"))).await);
}

#[tokio::test]
async fn gitlab_shows_a_token_or_signs_with_one() {
    let secrets = Secrets::new();
    let both = json!({ "kind": "gitlab", "secret": secrets.at("own"), "next_secret": secrets.at("signing") });
    let (both, body) = (prover(both), json!({ "object_kind": "pipeline" }));
    let shown = |token: &str| Delivery::of("{}").with("X-Gitlab-Token", token);
    assert!(proves(&both, &shown(SECRET)).await);
    assert!(!proves(&both, &shown("another-token-of-its")).await);
    assert!(!proves(&both, &shown(SIGNING)).await, "what signs is never shown");
    let signed = Delivery::standard(SIGNING, "msg-1", NOW, &body);
    assert!(proves(&both, &signed).await);
    assert!(proves(&both, &signed.clone().with("X-Gitlab-Token", SECRET)).await);
    let forged = Delivery { body: b"{}".to_vec(), ..signed.clone().with("X-Gitlab-Token", SECRET) };
    assert!(!proves(&both, &forged).await, "the signature says more than the token");
    let by_token = Delivery::standard(SECRET, "msg-1", NOW, &body);
    assert!(!proves(&both, &by_token).await, "the token that is shown signs nothing");

    let token = prover(json!({ "kind": "gitlab", "secret": secrets.at("own") }));
    assert!(proves(&token, &signed.clone().with("X-Gitlab-Token", SECRET)).await);
    assert!(!proves(&token, &signed).await);
}

#[tokio::test]
async fn standard_webhooks_are_signed_with_their_id_and_moment() {
    let secrets = Secrets::new();
    for (file, secret) in [("own", SECRET), ("signing", SIGNING)] {
        let standard = prover(json!({ "kind": "standard", "secret": secrets.at(file) }));
        let good = Delivery::standard(secret, "msg-1", NOW, &json!({}));
        assert!(proves(&standard, &good).await);
        for wrong in [
            good.clone().with("webhook-id", "msg-2"),
            good.clone().with("webhook-timestamp", NOW + 1),
            good.clone().with("webhook-timestamp", format!("+{NOW}")),
            good.clone().with("webhook-timestamp", i64::MIN),
            good.clone().with("webhook-timestamp", "soon"),
            good.clone().with("webhook-signature", "v1,"),
            good.clone()
                .with("webhook-signature", good.headers["webhook-signature"].replace("v1", "v2")),
            Delivery::standard(secret, "msg-1", NOW - 301, &json!({})),
            Delivery::standard(secret, "msg-1", NOW + 301, &json!({})),
            Delivery { body: vec![], ..good.clone() },
        ] {
            assert!(!proves(&standard, &wrong).await, "{wrong:?}");
        }
        let old = standard_signature("another-secret-of-it", &format!("msg-1.{NOW}."), b"{}");
        let several = format!("{old} v1a,x {}", good.headers["webhook-signature"]);
        assert!(proves(&standard, &good.with("webhook-signature", several)).await);
    }
}

#[tokio::test]
async fn a_user_with_a_password_a_header_or_both() {
    let secrets = Secrets::new();
    let basic = json!({ "user": "hook", "password": secrets.at("own"), "next_password": secrets.at("next") });
    let header = json!({ "name": "X-Pilothouse", "secret": secrets.at("signing") });
    let said = |user: &str| {
        Delivery::of("{}").with("Authorization", format!("Basic {}", BASE64_STANDARD.encode(user)))
    };
    let mut kind = basic.clone();
    kind["kind"] = "basic".into();
    let alone = prover(kind);
    for (user, right) in [
        (format!("hook:{SECRET}"), true),
        (format!("hook:{NEXT}"), true),
        (format!("Hook:{SECRET}"), false),
        (format!("hook:{SECRET} "), false),
        (format!(":{SECRET}"), false),
        ("hook:".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(proves(&alone, &said(&user)).await, right, "{user}");
    }
    assert!(
        !proves(&alone, &Delivery::of("").with("Authorization", format!("Bearer {SECRET}"))).await
    );
    assert!(!proves(&alone, &Delivery::of("").with("Authorization", "Basic %%%")).await);
    let both = prover(json!({ "kind": "azure_devops", "basic": basic, "header": header }));
    let user = said(&format!("hook:{SECRET}"));
    assert!(!proves(&both, &user).await, "both are asked for");
    assert!(proves(&both, &user.clone().with("X-Pilothouse", SIGNING)).await);
    assert!(!proves(&both, &user.with("X-Pilothouse", SECRET)).await);
    let header = prover(json!({ "kind": "azure_devops", "header": header }));
    assert!(proves(&header, &Delivery::of("").with("x-pilothouse", SIGNING)).await);
    let nothing = prover(json!({ "kind": "azure_devops" }));
    assert!(!proves(&nothing, &Delivery::of("")).await, "what proves nothing lets nobody in");
}

#[tokio::test]
async fn while_secrets_change_places_either_counts_and_one_that_is_gone_may_be_right() {
    let secrets = Secrets::new();
    let of = |kind: &str| json!({ "kind": kind, "secret": secrets.at("own"), "next_secret": secrets.at("next") });
    let github = prover(of("github"));
    let signed = |secret: &str| {
        Delivery::of("{}").with("X-Hub-Signature-256", format!("sha256={}", digest(secret, b"{}")))
    };
    assert!(proves(&github, &signed(SECRET)).await);
    assert!(proves(&github, &signed(NEXT)).await);
    assert!(!proves(&github, &signed("another-secret-of-it")).await);
    secrets.loses("next");
    assert!(proves(&github, &signed(SECRET)).await, "the other still counts");
    for delivery in [signed(NEXT), signed("another-secret-of-it")] {
        let told = github.proves(&headers(&delivery), &delivery.body).await;
        assert!(matches!(told, Err(Unproved::Unread(_))), "{told:?}");
    }
    let missing = github.proves(&HeaderMap::new(), b"{}").await;
    assert!(matches!(missing, Err(Unproved::Wrong(_))), "no secret would make it right");
    secrets.write("own", "another-secret-of-it");
    assert!(proves(&github, &signed("another-secret-of-it")).await, "it is read anew each time");
    let gitlab = prover(of("gitlab"));
    let signed = Delivery::standard(SIGNING, "msg-1", NOW, &json!({}));
    let told = gitlab.proves(&headers(&signed), &signed.body).await;
    assert!(
        matches!(told, Err(Unproved::Unread(_))),
        "the one that is gone may be one to sign with"
    );
}
