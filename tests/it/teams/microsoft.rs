//! A pretend Microsoft: announces its signing keys, hands out the bot's token, and takes what the
//! bot sends to Teams. It keeps everything it was asked.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RsaEncoding,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::{APP, TENANT};

/// What the bot's own token is.
pub const BEARER: &str = "the-bots-own-bearer-token";

/// Whoever signs tokens.
pub struct Signer {
    pub kid: &'static str,
    pair: KeyPair,
}

static SIGNERS: LazyLock<[Signer; 3]> = LazyLock::new(|| {
    ["today", "tomorrow", "stranger"]
        .map(|kid| Signer { kid, pair: KeyPair::generate(KeySize::Rsa2048).unwrap() })
});

/// Whose key Microsoft announces.
pub fn today() -> &'static Signer {
    &SIGNERS[0]
}

/// Whose key it announces later.
pub fn tomorrow() -> &'static Signer {
    &SIGNERS[1]
}

/// Whose key it never announces.
pub fn stranger() -> &'static Signer {
    &SIGNERS[2]
}

impl Signer {
    /// The public key as it is announced, endorsed for Teams.
    pub fn announced(&self) -> Value {
        // RFC 8017, A.1.1: of a key of 2048 bits the modulus stands at a fixed place.
        let der = self.pair.public_key().as_ref();
        let (n, e) = (BASE64.encode(&der[9..265]), BASE64.encode(&der[267..]));
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "n": n, "e": e,
            "endorsements": ["msteams", "webchat"],
        })
    }

    /// The public key in the forms a confused program might take for a shared secret.
    pub fn public(&self) -> Vec<Vec<u8>> {
        let x509: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        let x509 = x509.as_ref().to_vec();
        let lines = base64::prelude::BASE64_STANDARD.encode(&x509);
        let lines: Vec<_> = lines.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let pem = lines.join("\n");
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
        let n = self.announced()["n"].as_str().unwrap().to_owned();
        vec![x509, pem.into_bytes(), n.clone().into_bytes(), BASE64.decode(n).unwrap()]
    }
}

/// How a token is signed.
#[derive(Clone)]
pub enum How {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Hs256(Vec<u8>),
    /// Not at all.
    Bare,
}

/// A token, good until it is spoilt.
#[derive(Clone)]
pub struct Token {
    header: Value,
    claims: Value,
    by: &'static Signer,
    how: How,
}

impl Token {
    /// One as Microsoft sends it, at `now`, in seconds since 1970.
    pub fn good(now: i64, service_url: &str) -> Self {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": today().kid, "x5t": "x" });
        let claims = json!({
            "serviceurl": service_url, "nbf": now - 60, "exp": now + 3600,
            "iss": "https://api.botframework.com", "aud": APP,
        });
        Self { header, claims, by: today(), how: How::Rs256 }
    }

    pub fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        self.claims[claim] = value.into();
        self
    }

    pub fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim).unwrap();
        self
    }

    /// Claims that are something else altogether.
    pub fn saying(mut self, claims: Value) -> Self {
        self.claims = claims;
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    /// Signed by somebody else, under the key id that is there.
    pub fn by(mut self, signer: &'static Signer) -> Self {
        self.by = signer;
        self
    }

    /// Signed by somebody else, who says so.
    pub fn of(self, signer: &'static Signer) -> Self {
        self.header("kid", signer.kid).by(signer)
    }

    pub fn signed(mut self, alg: &str, how: How) -> Self {
        self.how = how;
        self.header("alg", alg)
    }

    pub fn text(&self) -> String {
        let part = |value: &Value| BASE64.encode(value.to_string());
        let said = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = self.signature(said.as_bytes());
        format!("{said}.{}", BASE64.encode(signature))
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.text())
    }

    fn signature(&self, said: &[u8]) -> Vec<u8> {
        let padding: &'static dyn RsaEncoding = match &self.how {
            How::Rs256 => &RSA_PKCS1_SHA256,
            How::Rs384 => &RSA_PKCS1_SHA384,
            How::Rs512 => &RSA_PKCS1_SHA512,
            How::Ps256 => &RSA_PSS_SHA256,
            How::Hs256(key) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                return hmac::sign(&key, said).as_ref().to_vec();
            }
            How::Bare => return vec![],
        };
        let mut signature = vec![0; self.by.pair.public_modulus_len()];
        self.by.pair.sign(padding, &SystemRandom::new(), said, &mut signature).unwrap();
        signature
    }
}

/// What the bot sent to Teams.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    /// Encoded, as it was sent.
    pub path: String,
    pub body: Value,
    pub authorization: Option<String>,
}

/// The servers.
pub struct Microsoft {
    /// Announces keys and hands out tokens.
    pub login: MockServer,
    /// Takes messages.
    pub connector: MockServer,
    /// The keys it announces; without any it is out of order.
    keys: Arc<Mutex<Option<Vec<Value>>>>,
}

impl Microsoft {
    pub async fn start() -> Self {
        let (login, connector) = (MockServer::start().await, MockServer::start().await);
        let keys = Arc::new(Mutex::new(Some(vec![today().announced()])));
        let (announced, uri) = (keys.clone(), login.uri());
        Mock::given(any())
            .respond_with(move |asked: &Request| {
                let keys = announced.lock().unwrap().clone();
                match (asked.url.path(), keys) {
                    ("/v1/openid", Some(_)) => ResponseTemplate::new(200).set_body_json(json!({
                        "issuer": "https://api.botframework.com",
                        "jwks_uri": format!("{uri}/v1/keys"),
                        "id_token_signing_alg_values_supported": ["RS256"],
                    })),
                    ("/v1/keys", Some(keys)) => {
                        ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
                    }
                    (path, _) if path == format!("/{TENANT}/oauth2/v2.0/token") => {
                        ResponseTemplate::new(200)
                            .set_body_json(json!({ "expires_in": 3600, "access_token": BEARER }))
                    }
                    _ => ResponseTemplate::new(404),
                }
            })
            .mount(&login)
            .await;
        let number = AtomicUsize::new(1);
        Mock::given(any())
            .respond_with(move |asked: &Request| match asked.method.as_str() {
                "POST" => {
                    let id = format!("1:{}", number.fetch_add(1, Ordering::SeqCst));
                    ResponseTemplate::new(201).set_body_json(json!({ "id": id }))
                }
                _ => ResponseTemplate::new(200).set_body_json(json!({})),
            })
            .mount(&connector)
            .await;
        Self { login, connector, keys }
    }

    /// From now on it announces these.
    pub fn announces(&self, keys: Vec<Value>) {
        *self.keys.lock().unwrap() = Some(keys);
    }

    /// From now on nobody can ask it for keys.
    pub fn is_out_of_order(&self) {
        *self.keys.lock().unwrap() = None;
    }

    /// How often it was asked for that path.
    pub async fn asked(&self, path: &str) -> usize {
        let asked = self.login.received_requests().await.unwrap();
        asked.iter().filter(|request| request.url.path() == path).count()
    }

    /// Whether it was asked for anything but its keys, and never with a token.
    pub async fn was_asked_for_keys_only(&self) -> bool {
        self.login.received_requests().await.unwrap().iter().all(|request| {
            ["/v1/openid", "/v1/keys"].contains(&request.url.path())
                && !request.headers.contains_key("authorization")
        })
    }

    /// What the bot has sent to Teams once that is so; the bot is given a while.
    pub async fn sent_when(&self, so: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        for _ in 0..500 {
            let sent = self.sent().await;
            if so(&sent) {
                return sent;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the bot sent only {:#?}", self.sent().await);
    }

    /// What the bot sent to Teams.
    pub async fn sent(&self) -> Vec<Sent> {
        let sent = self.connector.received_requests().await.unwrap();
        let sent = sent.iter().map(|request| Sent {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
            authorization: request
                .headers
                .get("authorization")
                .map(|value| value.to_str().unwrap().to_owned()),
        });
        sent.collect()
    }
}
