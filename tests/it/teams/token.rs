//! Whoever is not Microsoft stays outside, and nothing they sent is looked at.

use actix_web::{http::header::AUTHORIZATION, test::TestRequest};
use serde_json::{Value, json};

use super::{
    APP, Wire,
    microsoft::{How, Token, stranger, today},
};

/// What a request says about itself, and what is wrong with it.
type Bad = (String, Vec<String>);

/// A body nobody can read: whoever tries answers 400.
const BROKEN: &str = "{\"type\": ";

#[tokio::test]
async fn a_bad_token_is_turned_away_before_the_body_is_read() {
    let wire = Wire::start().await;
    let mut endorsed_elsewhere = today().announced();
    endorsed_elsewhere["kid"] = json!("webchat");
    endorsed_elsewhere["endorsements"] = json!(["webchat"]);
    let mut elliptic = today().announced();
    elliptic["kid"] = json!("elliptic");
    elliptic["kty"] = json!("EC");
    let (halved, odd) = (json!({ "kty": "RSA", "kid": "halved", "e": "AQAB" }), json!(17));
    let secret = json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" });
    let keys = vec![odd, endorsed_elsewhere, elliptic, halved, secret, today().announced()];
    wire.microsoft.announces(keys);
    let good = wire.token();
    let mut bad = headers(&good.text());
    bad.extend(tokens(malformed(&good)));
    bad.extend(tokens(algorithms(&good)));
    bad.extend(tokens(keys_of(&good)));
    bad.extend(tokens(claims_of(&good)));
    bad.extend(tokens(others(&good)));
    assert!(bad.len() >= 60, "{} are too few", bad.len());
    for (what, headers) in &bad {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        // Twice: a refusal that is remembered stays one.
        for _ in 0..2 {
            let (status, body) = wire.gets(&headers, BROKEN).await;
            assert_eq!((status, body), (401, json!({})), "{what}");
        }
    }
    assert!(wire.is_untouched().await);
    assert_eq!(wire.gets(&[&good.bearer()], BROKEN).await.0, 400, "only now it is read");
}

#[tokio::test]
async fn a_header_that_is_no_text_is_no_token() {
    let wire = Wire::start().await;
    let mut header = wire.token().bearer().into_bytes();
    header.push(0xff);
    let header = actix_web::http::header::HeaderValue::from_bytes(&header).unwrap();
    let request = TestRequest::post().uri("/api/messages").append_header((AUTHORIZATION, header));
    assert_eq!(wire.knocks(request.set_payload(BROKEN)).await.0, 401);
    assert!(wire.is_untouched().await);
}

#[tokio::test]
async fn what_microsoft_may_send_is_let_in() {
    let wire = Wire::start().await;
    let good = wire.token();
    let lower = good.bearer().replacen("Bearer", "bearer", 1);
    let now = wire.clock.now().0 / 1000;
    for (what, header) in [
        ("a good one", good.bearer()),
        ("the scheme in lower case", lower),
        ("without nbf", good.clone().without("nbf").bearer()),
        ("the audience alone in a list", good.clone().with("aud", json!([APP])).bearer()),
        ("another claim", good.clone().with("ver", "1.0").bearer()),
        ("another header", good.clone().header("custom", json!({})).bearer()),
        ("without typ", good.clone().without_header("typ").bearer()),
        ("the latest second", good.clone().with("exp", now - 299).bearer()),
    ] {
        let (status, body) = wire.gets(&[&header], &wire.message("1", "hi").to_string()).await;
        assert_eq!((status, body), (200, json!({})), "{what}");
    }
}

#[tokio::test]
async fn a_key_that_says_nothing_of_endorsements_may_sign_for_teams() {
    for endorsements in [None, Some(json!([])), Some(Value::Null)] {
        let wire = Wire::start().await;
        let mut key = today().announced();
        key.as_object_mut().unwrap().remove("endorsements");
        if let Some(endorsements) = &endorsements {
            key["endorsements"] = endorsements.clone();
        }
        wire.microsoft.announces(vec![key]);
        let (status, _) = wire.delivers(&wire.message("1", "hi")).await;
        assert_eq!(status, 200, "{endorsements:?}");
    }
}

fn tokens(tokens: impl IntoIterator<Item = (&'static str, Token)>) -> Vec<Bad> {
    tokens.into_iter().map(|(what, token)| (what.to_owned(), vec![token.bearer()])).collect()
}

/// A good token in a header that is not as it should be; and what is no token at all.
fn headers(good: &str) -> Vec<Bad> {
    let parts: Vec<&str> = good.split('.').collect();
    let (head, claims, signature) = (parts[0], parts[1], parts[2]);
    let mut flipped = signature.to_owned();
    flipped.replace_range(9..10, if &signature[9..10] == "A" { "B" } else { "A" });
    let one = |what: &str, header: String| (what.to_owned(), vec![header]);
    vec![
        ("no header".to_owned(), vec![]),
        ("twice the same".to_owned(), vec![format!("Bearer {good}"), format!("Bearer {good}")]),
        ("a good and a bad".to_owned(), vec![format!("Bearer {good}"), "Bearer x".to_owned()]),
        ("a basic and a good".to_owned(), vec!["Basic eDp5".to_owned(), format!("Bearer {good}")]),
        one("empty", String::new()),
        one("a scheme", "Bearer".to_owned()),
        one("a scheme and a space", "Bearer ".to_owned()),
        one("basic", "Basic eDp5".to_owned()),
        one("basic with a token", format!("Basic {good}")),
        one("no scheme", good.to_owned()),
        one("no space", format!("Bearer{good}")),
        one("two spaces", format!("Bearer  {good}")),
        one("a tab", format!("Bearer\t{good}")),
        one("a space before", format!(" Bearer {good}")),
        one("a space behind", format!("Bearer {good} ")),
        one("two tokens", format!("Bearer {good} {good}")),
        one("two tokens and a comma", format!("Bearer {good},Bearer {good}")),
        one("a comma", format!("Bearer {good},")),
        one("garbage", "Bearer garbage".to_owned()),
        one("dots", "Bearer ..".to_owned()),
        one("one letter each", "Bearer a.b.c".to_owned()),
        one("two parts", format!("Bearer {head}.{claims}")),
        one("no signature", format!("Bearer {head}.{claims}.")),
        one("four parts", format!("Bearer {good}.{signature}")),
        one("a dot behind", format!("Bearer {good}.")),
        one("a dot before", format!("Bearer .{good}")),
        one("padding", format!("Bearer {good}==")),
        one("another signature", format!("Bearer {head}.{claims}.{flipped}")),
        one("a shorter signature", format!("Bearer {}", &good[..good.len() - 4])),
        one("other claims", format!("Bearer {head}.{head}.{signature}")),
        one("a long one", format!("Bearer {}", "a".repeat(20 * 1024))),
        one("good but long", format!("Bearer {good}{}", "A".repeat(20 * 1024))),
    ]
}

fn malformed(good: &Token) -> [(&'static str, Token); 6] {
    [
        ("claims are a list", good.clone().saying(json!([1]))),
        ("claims are nothing", good.clone().saying(Value::Null)),
        ("claims are a text", good.clone().saying(json!("iss"))),
        ("no claims", good.clone().saying(json!({}))),
        ("something critical", good.clone().header("crit", json!(["b64"])).header("b64", false)),
        ("everything critical", good.clone().header("crit", json!(["exp"]))),
    ]
}

fn algorithms(good: &Token) -> [(&'static str, Token); 17] {
    let public = today().public();
    let hs256 = |n: usize| good.clone().signed("HS256", How::Hs256(public[n].clone()));
    [
        ("none", good.clone().signed("none", How::Bare)),
        ("None", good.clone().signed("None", How::Bare)),
        ("none, but signed", good.clone().signed("none", How::Rs256)),
        ("empty", good.clone().signed("", How::Rs256)),
        ("in lower case", good.clone().signed("rs256", How::Rs256)),
        ("signed with the public key", hs256(0)),
        ("signed with the public key as PEM", hs256(1)),
        ("signed with the announced modulus", hs256(2)),
        ("signed with the modulus", hs256(3)),
        ("signed with nothing", good.clone().signed("HS256", How::Hs256(vec![]))),
        ("RS384", good.clone().signed("RS384", How::Rs384)),
        ("RS512", good.clone().signed("RS512", How::Rs512)),
        ("PS256", good.clone().signed("PS256", How::Ps256)),
        ("RS384 that calls itself RS256", good.clone().signed("RS256", How::Rs384)),
        ("ES256", good.clone().signed("ES256", How::Rs256)),
        ("missing", good.clone().without_header("alg")),
        ("several", good.clone().header("alg", json!(["RS256", "none"]))),
    ]
}

fn keys_of(good: &Token) -> [(&'static str, Token); 15] {
    let theirs = stranger().announced();
    [
        ("no key id", good.clone().without_header("kid")),
        ("key id null", good.clone().header("kid", Value::Null)),
        ("key id empty", good.clone().header("kid", "")),
        ("key id a number", good.clone().header("kid", 7)),
        ("key id a list", good.clone().header("kid", json!(["today"]))),
        ("an unknown key id", good.clone().header("kid", "nobody")),
        ("key id in capitals", good.clone().header("kid", "TODAY")),
        ("a stranger's key", good.clone().of(stranger())),
        ("a stranger with our key id", good.clone().by(stranger())),
        ("a key it brings along", good.clone().by(stranger()).header("jwk", theirs)),
        (
            "a key elsewhere",
            good.clone().of(stranger()).header("jku", "http://127.0.0.1:1/keys").header("x5u", "x"),
        ),
        ("a key of another kind", good.clone().header("kid", "elliptic")),
        ("half a key", good.clone().header("kid", "halved")),
        (
            "a shared key",
            good.clone().header("kid", "shared").signed("HS256", How::Hs256(b"secret".to_vec())),
        ),
        ("a key endorsed for others", good.clone().header("kid", "webchat")),
    ]
}

/// Every claim that counts, missing and as everything it must not be.
fn claims_of(good: &Token) -> Vec<(&'static str, Token)> {
    let mut all: Vec<(&'static str, Token)> = vec![];
    for claim in ["iss", "aud", "exp", "serviceurl"] {
        all.push((claim, good.clone().without(claim)));
    }
    for claim in ["iss", "aud", "exp", "nbf", "serviceurl"] {
        let strange = [
            Value::Null,
            json!(""),
            json!(1e300),
            json!(1_795_003_600.5),
            json!([]),
            json!([1_795_003_600]),
            json!({}),
            json!(true),
            json!(u64::MAX),
        ];
        all.extend(strange.into_iter().map(|value| (claim, good.clone().with(claim, value))));
    }
    for claim in ["iss", "aud", "exp", "serviceurl"] {
        all.push((claim, good.clone().with(claim, -1_795_003_600_i64)));
    }
    all
}

/// Tokens that are good for somebody else.
fn others(good: &Token) -> [(&'static str, Token); 24] {
    let iss = |issuer: &str| good.clone().with("iss", issuer);
    let aud = |audience: Value| good.clone().with("aud", audience);
    [
        (
            "Entra",
            iss("https://login.microsoftonline.com/7e4a0000-1111-4222-8333-444455556666/v2.0"),
        ),
        ("Entra, older", iss("https://sts.windows.net/7e4a0000-1111-4222-8333-444455556666/")),
        ("the emulator", iss("https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/")),
        ("the government", iss("https://api.botframework.us")),
        ("China", iss("https://api.botframework.azure.cn")),
        ("a slash behind", iss("https://api.botframework.com/")),
        ("capitals", iss("https://API.botframework.com")),
        ("plain", iss("http://api.botframework.com")),
        ("a space behind", iss("https://api.botframework.com ")),
        ("a longer one", iss("https://api.botframework.com.evil.example")),
        ("several issuers", good.clone().with("iss", json!(["https://api.botframework.com"]))),
        ("another bot", aud(json!("9f2f1c1e-5a0b-4a63-8a3c-000000000002"))),
        ("the bot in capitals", aud(json!(APP.to_uppercase()))),
        ("the bot's address", aud(json!(format!("api://{APP}")))),
        ("the bot's other address", aud(json!(format!("api://botid-{APP}")))),
        ("a slash behind the bot", aud(json!(format!("{APP}/")))),
        ("a space behind the bot", aud(json!(format!("{APP} ")))),
        ("the connector itself", aud(json!("https://api.botframework.com"))),
        ("the bot and another", aud(json!([APP, "https://graph.microsoft.com"]))),
        ("another and the bot", aud(json!(["other", APP]))),
        ("the bot twice", aud(json!([APP, APP]))),
        ("a list in a list", aud(json!([[APP]]))),
        ("expired in text", good.clone().with("exp", "1795003600")),
        ("begins in text", good.clone().with("nbf", "1794999940")),
    ]
}
