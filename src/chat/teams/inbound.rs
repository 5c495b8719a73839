//! Proves that a request comes from the connector, before anything else of it is looked at.
//!
//! The checks are those of the connector's authentication documentation, in the order of what they
//! cost. A token that was proved once is remembered: the connector sends the same one for about an
//! hour.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use moka::sync::Cache;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    keys::{Key, Keys, NoKey},
    settings::Addresses,
};
use crate::{
    clock::{Clock, Timestamp},
    outbound::Outbound,
};

/// The only channel this bot listens to.
pub(super) const MSTEAMS: &str = "msteams";

/// Longest header that is looked at; real ones have about 1 KB.
const LONGEST: usize = 16 * 1024;

/// How far two clocks may be apart, as the documentation has it.
const LEEWAY: i64 = 300;

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
    #[error("malformed")]
    Malformed,
    #[error("algorithm")]
    Algorithm,
    #[error("issuer")]
    Issuer,
    #[error("unknown_key")]
    UnknownKey,
    #[error("keys_unreachable")]
    KeysUnreachable,
    #[error("signature")]
    Signature,
    #[error("audience")]
    Audience,
    #[error("expired")]
    Expired,
    #[error("not_yet")]
    NotYet,
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
        let token = bearer(header)?;
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
            Err(refused @ (Refused::KeysUnreachable | Refused::UnknownKey)) => return Err(refused),
            Err(refused) => (now.plus(GRUDGE), Err(refused)),
        };
        self.remembered.insert(digest, (until, proof.clone()));
        proof
    }

    async fn check(&self, token: &str) -> Result<(Proven, Timestamp), Refused> {
        let header = decode_header(token).map_err(|_| Refused::Malformed)?;
        if header.alg != Algorithm::RS256 {
            return Err(Refused::Algorithm);
        }
        // What is marked as critical must be understood, and nothing is (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(Refused::Malformed);
        }
        let id = header.kid.filter(|id| !id.is_empty()).ok_or(Refused::UnknownKey)?;
        // Not yet proved, but it saves the fetch for tokens that are not even meant for us.
        if unproved(token)?.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        let key = self.keys.key(&id).await.map_err(|no| match no {
            NoKey::Unknown => Refused::UnknownKey,
            NoKey::Unreachable => Refused::KeysUnreachable,
        })?;
        let claims = decode::<Value>(token, &key.decoding, &signature_only())
            .map_err(|_| Refused::Signature)?
            .claims;
        self.judge(&claims, &key)
    }

    fn judge(&self, claims: &Value, key: &Key) -> Result<(Proven, Timestamp), Refused> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        if !is_only(claims.get("aud"), &self.app_id) {
            return Err(Refused::Audience);
        }
        let now = self.clock.now().0 / 1000;
        let seconds = |name: &str| claims.get(name).map(Value::as_i64);
        let expires = seconds("exp").flatten().ok_or(Refused::Expired)?;
        if expires.saturating_add(LEEWAY) < now {
            return Err(Refused::Expired);
        }
        match seconds("nbf") {
            None => {}
            Some(Some(begins)) if begins.saturating_sub(LEEWAY) <= now => {}
            Some(_) => return Err(Refused::NotYet),
        }
        let endorsed = |channel: &String| channel == MSTEAMS;
        if !key.endorsements.is_empty() && !key.endorsements.iter().any(endorsed) {
            return Err(Refused::Endorsement);
        }
        let service_url = claims.get("serviceurl").and_then(Value::as_str);
        let service_url = service_url.filter(|url| !url.is_empty()).ok_or(Refused::ServiceUrl)?;
        let until = Timestamp(expires.saturating_add(LEEWAY).saturating_mul(1000));
        Ok((Proven { service_url: service_url.to_owned() }, until))
    }
}

/// `Bearer <token>`, and nothing beside it.
fn bearer(header: &str) -> Result<&str, Refused> {
    if header.len() > LONGEST {
        return Err(Refused::Malformed);
    }
    let mut parts = header.split(' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(token), None)
            if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() =>
        {
            Ok(token)
        }
        _ => Err(Refused::Malformed),
    }
}

/// The claims of a token nobody has checked.
fn unproved(token: &str) -> Result<Value, Refused> {
    use base64::Engine;
    let claims = token.split('.').nth(1).ok_or(Refused::Malformed)?;
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims);
    serde_json::from_slice(&claims.map_err(|_| Refused::Malformed)?).map_err(|_| Refused::Malformed)
}

/// One value, plain or alone in a list.
fn is_only(claim: Option<&Value>, wanted: &str) -> bool {
    match claim {
        Some(Value::String(said)) => said == wanted,
        Some(Value::Array(said)) => said.len() == 1 && said[0] == wanted,
        _ => false,
    }
}

/// The crate checks the signature; the claims are checked here, all of them and by our own clock.
/// Its own checks pass a token in which the claim is missing.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}
