//! The bot's own tokens: one per scope, fetched by one task for all, renewed early.

mod entra;
mod proof;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::settings::{Addresses, Credential, Settings};
use crate::{
    clock::{Clock, Timestamp},
    outbound::Outbound,
    secrets::keep_quiet,
};

/// How long before its end a token is renewed: a request under way must not outlive its token, and
/// a login service that is down for this long is not noticed.
const EARLY: Duration = Duration::from_mins(5);

/// How long a failure is remembered: a wrong secret asks no more often than this, however many
/// messages wait, and a corrected one counts this much later.
const FAILED: Duration = Duration::from_secs(30);

/// The tokens of one bot. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    source: entra::Source,
    scope: String,
    clock: Clock,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// What is known about one scope.
#[derive(Default)]
struct Slot {
    known: Mutex<Known>,
    /// Held by the one who fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    token: Option<Token>,
    /// When the last attempt failed, and why.
    failed: Option<(Timestamp, String)>,
}

#[derive(Clone)]
struct Token {
    value: String,
    renew: Timestamp,
    end: Timestamp,
}

impl Tokens {
    /// The tokens of the bot of these settings.
    ///
    /// # Errors
    /// When the tenant cannot be part of an address.
    pub fn new(
        settings: &Settings,
        addresses: &Addresses,
        outbound: Outbound,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let url = addresses.login.url(&[&settings.tenant, "oauth2", "v2.0", "token"])?;
        let source = entra::Source {
            app_id: settings.app_id.clone(),
            credential: settings.credential.clone(),
            url,
            outbound,
        };
        let scope = addresses.scope.clone();
        Ok(Self(Arc::new(Inner { source, scope, clock, slots: Mutex::default() })))
    }

    /// A token for the connector.
    ///
    /// # Errors
    /// One sentence for the operator, when there is none.
    pub async fn bearer(&self) -> anyhow::Result<String> {
        self.bearer_for(&self.0.scope).await
    }

    /// A token for `scope`: `https://graph.microsoft.com/.default`, say.
    ///
    /// # Errors
    /// One sentence for the operator, when there is none.
    pub async fn bearer_for(&self, scope: &str) -> anyhow::Result<String> {
        let slot = self.slot(scope);
        let clock = &self.0.clock;
        if let Some(token) = slot.read().token.filter(|token| clock.now() < token.renew) {
            return Ok(token.value);
        }
        let _turn = slot.fetching.lock().await;
        let (known, now) = (slot.read(), clock.now());
        if let Some(token) = known.token.as_ref().filter(|token| now < token.renew) {
            return Ok(token.value.clone());
        }
        let failed = match known.failed {
            Some((at, why)) if now.since(at) < FAILED => why,
            _ => match self.fetch(scope).await {
                Ok(token) => {
                    slot.write(|known| *known = Known { token: Some(token.clone()), failed: None });
                    return Ok(token.value);
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    tracing::warn!(scope, "no token: {why}");
                    slot.write(|known| known.failed = Some((clock.now(), why.clone())));
                    why
                }
            },
        };
        // The old one may still be good for some minutes.
        match known.token.filter(|token| now < token.end) {
            Some(token) => Ok(token.value),
            None => Err(anyhow::anyhow!(failed)),
        }
    }

    /// The connector refused this token: the next one who asks gets another. Another that was
    /// fetched meanwhile stays.
    pub fn drop_token(&self, refused: &str) {
        self.slot(&self.0.scope).write(|known| {
            known.token.take_if(|token| token.value == refused);
        });
    }

    fn slot(&self, scope: &str) -> Arc<Slot> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }

    async fn fetch(&self, scope: &str) -> anyhow::Result<Token> {
        let asked = self.0.clock.now();
        let fetched = self.0.source.fetch(scope, asked).await?;
        keep_quiet(&fetched.token);
        Ok(Token {
            value: fetched.token,
            // One that lives shorter than twice the margin is renewed at half its life.
            renew: asked.plus(fetched.life.saturating_sub(EARLY).max(fetched.life / 2)),
            end: asked.plus(fetched.life),
        })
    }
}

impl Slot {
    fn read(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
