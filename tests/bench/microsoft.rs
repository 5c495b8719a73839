//! A pretend Microsoft on this machine: it announces the key it signs with, gives the bot a token,
//! and takes whatever the bot sends.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{
    App as Site, HttpRequest, HttpResponse, HttpServer,
    web::{Data, route},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use pilothouse::clock::Clock;
use serde_json::{Value, json};

/// The bot.
pub const APP: &str = "9f2f1c1e-5a0b-4a63-8a3c-000000000001";
/// Its organisation.
pub const TENANT: &str = "7e4a0000-1111-4222-8333-444455556666";

const KEY: &str = include_str!("../fixtures/entra/key.pem");
const KEY_ID: &str = "bench";
const ISSUER: &str = "https://api.botframework.com";

/// Microsoft, as far as one bot sees it.
pub struct Microsoft {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
}

impl Microsoft {
    /// Opens it on a free port.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, sent) = (listener.local_addr()?, Arc::new(AtomicU64::new(0)));
        let (key, counted) = (announced()?, sent.clone());
        let site = move || {
            let house = Data::new((address, key.clone(), counted.clone()));
            Site::new().app_data(house).default_service(route().to(answer))
        };
        tokio::spawn(HttpServer::new(site).workers(1).disable_signals().listen(listener)?.run());
        Ok(Self { address, sent })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the connector takes messages.
    pub fn service_url(&self) -> String {
        format!("{}/emea/", self.url())
    }

    /// How many messages and changes of messages the bot has sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// A header as the connector sends it, good for an hour. Each number makes another token.
    pub fn bearer(&self, number: u64) -> anyhow::Result<String> {
        let now = Clock::system().now().0 / 1000;
        let claims = json!({
            "iss": ISSUER, "aud": APP, "nbf": now - 60, "exp": now + 3600,
            "serviceurl": self.service_url(), "jti": number.to_string(),
        });
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_pem(KEY.as_bytes())?;
        Ok(format!("Bearer {}", jsonwebtoken::encode(&header, &claims, &key)?))
    }
}

/// The public half of the key, as the connector announces it.
fn announced() -> anyhow::Result<Value> {
    let key =
        Jwk::from_encoding_key(&EncodingKey::from_rsa_pem(KEY.as_bytes())?, Algorithm::RS256)?;
    let mut key = serde_json::to_value(key)?;
    key["kid"] = KEY_ID.into();
    key["endorsements"] = json!(["msteams"]);
    Ok(json!({ "keys": [key] }))
}

async fn answer(
    request: HttpRequest,
    house: Data<(SocketAddr, Value, Arc<AtomicU64>)>,
) -> HttpResponse {
    let (address, keys, sent) = &**house;
    let path = request.path();
    HttpResponse::Ok().json(match path {
        "/openid" => json!({ "jwks_uri": format!("http://{address}/keys") }),
        "/keys" => keys.clone(),
        _ if path.ends_with("/token") => {
            json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "a-token-of-nobody" })
        }
        _ => json!({ "id": sent.fetch_add(1, Ordering::Relaxed).to_string() }),
    })
}
