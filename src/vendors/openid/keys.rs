//! The keys a server signs with, as its OpenID metadata announces them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::DecodingKey;
use moka::future::Cache;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    clock::{Clock, Timestamp},
    outbound::{Base, Outbound},
};

/// Older keys are not trusted any more: Microsoft's documentation asks for a fetch a day.
const OLDEST: Duration = Duration::from_hours(24);

/// From this age on fresh ones are looked for, long before the old ones run out.
const AGEING: Duration = Duration::from_hours(12);

/// An unknown key id has the keys fetched again at most this often, however many strangers invent
/// key ids. A new key is accepted this much later at worst.
const PATIENCE: Duration = Duration::from_mins(1);

/// While there are no keys at all, they are asked for this often.
const IMPATIENCE: Duration = Duration::from_secs(5);

/// A fetch may take this long: whoever sent the token waits for our answer meanwhile, and a button's
/// answer takes its own time afterwards.
const WAIT: Duration = Duration::from_secs(2);

/// One signing key.
pub struct Key {
    pub(super) decoding: DecodingKey,
    /// The channels it may sign for; empty when it says nothing of that.
    pub endorsements: Vec<String>,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// Nobody announced one of that id.
    Unknown,
    /// Nobody could be asked.
    Unreachable,
}

/// Every signing key of one server.
pub struct Keys {
    metadata: Base,
    outbound: Outbound,
    clock: Clock,
    shelf: RwLock<Arc<Shelf>>,
    /// One fetch per stretch of time, whoever asks for it and however many.
    fetches: Cache<(u64, i64), ()>,
}

#[derive(Default)]
struct Shelf {
    keys: HashMap<String, Arc<Key>>,
    fetched: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Metadata {
    jwks_uri: Base,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
}

/// One odd key must not spoil the others, so each is read by itself.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The crate's own key type knows no endorsements, and would take symmetric keys as well.
#[derive(Deserialize)]
struct Announced {
    #[serde(default)]
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    endorsements: Option<Vec<String>>,
}

impl Keys {
    /// The keys that this metadata leads to. None is fetched before it is needed.
    pub fn new(metadata: Base, outbound: Outbound, clock: Clock) -> Self {
        let fetches = Cache::builder().max_capacity(16).build();
        Self { metadata, outbound, clock, shelf: RwLock::default(), fetches }
    }

    /// The key of that id; asks for the announced ones when it is not among those known.
    pub(super) async fn key(&self, id: &str) -> Result<Arc<Key>, NoKey> {
        let known = self.known();
        let age = known.fetched.map(|fetched| self.clock.now().since(fetched));
        let trusted = known.keys.get(id).filter(|_| age.is_some_and(|age| age < OLDEST));
        if let (Some(key), Some(age)) = (trusted, age)
            && age < AGEING
        {
            return Ok(key.clone());
        }
        self.fetch_now_and_then(if age.is_some() { PATIENCE } else { IMPATIENCE }).await;
        let known = self.known();
        let fresh = known.fetched.is_some_and(|fetched| self.clock.now().since(fetched) < OLDEST);
        match known.keys.get(id) {
            _ if !fresh => Err(NoKey::Unreachable),
            Some(key) => Ok(key.clone()),
            None => Err(NoKey::Unknown),
        }
    }

    /// How many keys are announced now.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn count(&self) -> anyhow::Result<usize> {
        Ok(self.fetch().await?.keys.len())
    }

    fn known(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fetch_now_and_then(&self, every: Duration) {
        let stretch = self.clock.now().0 / i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        self.fetches
            .get_with((every.as_secs(), stretch), async {
                let fetched = tokio::time::timeout(WAIT, self.fetch()).await;
                match fetched.unwrap_or_else(|late| Err(late.into())) {
                    Ok(fetched) => {
                        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) =
                            Arc::new(fetched);
                    }
                    Err(error) => {
                        let server = self.metadata.as_url().host_str().unwrap_or_default();
                        tracing::error!(server, "signing keys cannot be had: {error:#}");
                    }
                }
            })
            .await;
    }

    async fn fetch(&self) -> anyhow::Result<Shelf> {
        let asked = self.outbound.request(Method::GET, self.metadata.as_url().clone());
        let metadata: Metadata = self.outbound.ask(asked).await?.json()?;
        let (here, there) = (self.metadata.as_url(), metadata.jwks_uri.as_url());
        anyhow::ensure!(
            here.origin() == there.origin(),
            "the metadata sends us to another server for the keys: {there}"
        );
        let algorithms = &metadata.id_token_signing_alg_values_supported;
        anyhow::ensure!(
            algorithms.is_empty() || algorithms.iter().any(|name| name == "RS256"),
            "the server does not sign with RS256 any more"
        );
        let asked = self.outbound.request(Method::GET, there.clone());
        let announced: KeySet = self.outbound.ask(asked).await?.json()?;
        let read = |key| Announced::deserialize(key).ok().and_then(Announced::taken);
        let keys: HashMap<_, _> = announced.keys.into_iter().filter_map(read).collect();
        anyhow::ensure!(!keys.is_empty(), "the server announced no key that can be used");
        Ok(Shelf { keys, fetched: Some(self.clock.now()) })
    }
}

impl Announced {
    fn taken(self) -> Option<(String, Arc<Key>)> {
        if self.kty != "RSA" {
            return None;
        }
        let decoding = DecodingKey::from_rsa_components(&self.n?, &self.e?).ok()?;
        let endorsements = self.endorsements.unwrap_or_default();
        Some((self.kid?, Arc::new(Key { decoding, endorsements })))
    }
}
