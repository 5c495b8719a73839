//! Proves that a request comes from the connector, before anything else of it is looked at.
//!
//! The checks are those of the connector's authentication documentation, in the order of what they
//! cost. A token that was proved once is remembered: the connector sends the same one for about an
//! hour.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::settings::Addresses;
use crate::{
    clock::{Clock, Timestamp},
    outbound::Outbound,
    vendors::openid::{self, BadToken, Key, Keys},
};

/// The only channel this bot listens to.
pub(super) const MSTEAMS: &str = "msteams";

/// How long a proof is remembered; also how long a token outlives the key it was signed with.
const MEMORY: Duration = Duration::from_mins(5);

/// How long a refusal is remembered, so that a flood of one bad token costs one check.
const GRUDGE: Duration = Duration::from_secs(5);

/// Tokens remembered at once, some 200 bytes each. A bot sees one per region and hour.
const TOKENS: u64 = 1000;

/// What a token says that has proved good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proven {
    /// Where its sender takes answers; the activity must say the same.
    pub(super) service_url: String,
}

/// Why a request is not let in. Only ever counted and logged; the stranger is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("no_token")]
    NoToken,
    #[error(transparent)]
    Token(#[from] BadToken),
    #[error("endorsement")]
    Endorsement,
    #[error("service_url")]
    ServiceUrl,
    #[error("channel")]
    Channel,
    #[error("not_this_machine")]
    NotThisMachine,
}

type Proof = Result<Arc<Proven>, Refused>;

/// Lets the connector in, and nobody else.
pub(super) struct Inbound {
    app_id: String,
    issuer: String,
    keys: Keys,
    clock: Clock,
    remembered: Cache<[u8; 32], (Timestamp, Proof)>,
}

impl Inbound {
    pub(super) fn new(
        app_id: &str,
        addresses: &Addresses,
        outbound: Outbound,
        clock: Clock,
    ) -> Self {
        Self {
            app_id: app_id.to_owned(),
            issuer: addresses.issuer.clone(),
            keys: Keys::new(addresses.openid_metadata.clone(), outbound, clock.clone()),
            clock,
            remembered: Cache::builder().max_capacity(TOKENS).time_to_live(MEMORY).build(),
        }
    }

    /// What the `Authorization` header proves.
    pub(super) async fn prove(&self, header: &str) -> Proof {
        let token = openid::bearer(header)?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        let now = self.clock.now();
        if let Some((until, proof)) = self.remembered.get(&digest)
            && now < until
        {
            return proof;
        }
        let (until, proof) = match self.check(token).await {
            Ok((proven, expires)) => (now.plus(MEMORY).min(expires), Ok(Arc::new(proven))),
            // Nothing was found out about the token itself.
            Err(refused @ Refused::Token(BadToken::KeysUnreachable | BadToken::UnknownKey)) => {
                return Err(refused);
            }
            Err(refused) => (now.plus(GRUDGE), Err(refused)),
        };
        self.remembered.insert(digest, (until, proof.clone()));
        proof
    }

    async fn check(&self, token: &str) -> Result<(Proven, Timestamp), Refused> {
        let (claims, key) =
            openid::claims(token, &self.keys, |issuer| issuer == self.issuer).await?;
        self.judge(&claims, &key)
    }

    fn judge(&self, claims: &Value, key: &Key) -> Result<(Proven, Timestamp), Refused> {
        if !openid::is_only(claims.get("aud"), &self.app_id) {
            return Err(BadToken::Audience.into());
        }
        let until = openid::until(claims, self.clock.now())?;
        let endorsed = |channel: &String| channel == MSTEAMS;
        if !key.endorsements.is_empty() && !key.endorsements.iter().any(endorsed) {
            return Err(Refused::Endorsement);
        }
        let service_url = claims.get("serviceurl").and_then(Value::as_str);
        let service_url = service_url.filter(|url| !url.is_empty()).ok_or(Refused::ServiceUrl)?;
        Ok((Proven { service_url: service_url.to_owned() }, until))
    }
}
