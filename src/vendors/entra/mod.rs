//! Microsoft Entra: who the bot is there, and its tokens: one per scope, fetched by one task for
//! all, renewed early.

mod asking;
mod claims;
mod proof;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::{Clock, Timestamp},
    outbound::{Base, Outbound},
    secrets::{Secret, keep_quiet},
};

/// How long before its end a token is renewed: a request under way must not outlive its token, and
/// a login service that is down for this long is not noticed.
const EARLY: Duration = Duration::from_mins(5);

/// How long a failure is remembered: a wrong secret asks no more often than this, however many
/// messages wait, and a corrected one counts this much later.
const FAILED: Duration = Duration::from_secs(30);

/// How the bot proves to Microsoft Entra who it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// A client secret of the app registration.
    Secret {
        /// Where it is kept.
        secret: Secret,
    },
    /// A certificate that is registered with the app; both in PEM form.
    Certificate {
        /// The certificate's file.
        certificate: PathBuf,
        /// Its private RSA key.
        key: Secret,
    },
    /// A token some other party (Kubernetes, say) keeps fresh in a file, and that the app
    /// registration trusts.
    FederatedFile {
        /// The file.
        file: PathBuf,
    },
    /// The identity of the Azure machine or container the bot runs on.
    ManagedIdentity {
        /// Which, when it has several: the identity's client id. Without it, the app id.
        client_id: Option<String>,
    },
}

/// Who the bot is in Entra where it is somebody else than in Teams.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The app id of the service principal, or the client id of the managed identity.
    pub app_id: String,
    /// The tenant it is known in.
    pub tenant: String,
    /// How it proves who it is.
    pub proof: Credential,
    /// Where tokens come from.
    #[serde(default = "login")]
    pub login: Base,
}

fn login() -> Base {
    "https://login.microsoftonline.com".parse().expect("it is a web address")
}

impl Principal {
    /// Its tokens for what `scope` says.
    ///
    /// # Errors
    /// When the tenant cannot be part of an address.
    pub fn tokens(&self, scope: &str, outbound: Outbound, clock: Clock) -> anyhow::Result<Tokens> {
        let Self { app_id, tenant, proof, login } = self.clone();
        Tokens::new(Identity { app_id, tenant, credential: proof, login }, scope, outbound, clock)
    }
}

/// Who the bot is in Entra.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its app id.
    pub app_id: String,
    /// The tenant it is registered in.
    pub tenant: String,
    /// How it proves who it is.
    pub credential: Credential,
    /// Where tokens come from, without tenant.
    pub login: Base,
}

/// The tokens of one bot. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    source: asking::Source,
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
    /// The tokens of this identity; `scope` is what they are for when nobody says.
    ///
    /// # Errors
    /// When the tenant cannot be part of an address.
    pub fn new(
        identity: Identity,
        scope: &str,
        outbound: Outbound,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let Identity { app_id, tenant, credential, login } = identity;
        let url = login.url(&[&tenant, "oauth2", "v2.0", "token"])?;
        let source = asking::Source { app_id, credential, url, outbound };
        let (scope, slots) = (scope.to_owned(), Mutex::default());
        Ok(Self(Arc::new(Inner { source, scope, clock, slots })))
    }

    /// A token for what these tokens are for.
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

    /// This token was refused: the next one who asks gets another. Another that was fetched
    /// meanwhile stays.
    pub fn drop_token(&self, refused: &str) {
        self.drop_token_for(&self.0.scope, refused);
    }

    /// The same for a token for `scope`.
    pub fn drop_token_for(&self, scope: &str, refused: &str) {
        self.slot(scope).write(|known| {
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
