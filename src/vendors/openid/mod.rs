//! Tokens that a server signs with keys it announces: what every one of them must hold.
//!
//! The crate checks the signature; the claims are checked here and by whoever asks, all of them and
//! by our own clock. Its own checks pass a token in which a claim is missing.

mod keys;

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::Value;

pub use keys::{Key, Keys};

use crate::clock::Timestamp;
use keys::NoKey;

/// Longest header that is looked at; real ones have about 1 KB.
const LONGEST: usize = 16 * 1024;

/// How far two clocks may be apart, as Microsoft's documentation has it.
const LEEWAY: i64 = 300;

/// Why a token proves nothing. Only ever counted and logged; the stranger is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is none.
    #[error("malformed")]
    Malformed,
    /// It is signed in another way than RS256.
    #[error("algorithm")]
    Algorithm,
    /// Somebody else made it.
    #[error("issuer")]
    Issuer,
    /// Its key was not announced.
    #[error("unknown_key")]
    UnknownKey,
    /// The keys cannot be asked for: the token may be good.
    #[error("keys_unreachable")]
    KeysUnreachable,
    /// The signature is not of that key.
    #[error("signature")]
    Signature,
    /// It is for somebody else.
    #[error("audience")]
    Audience,
    /// It was good once.
    #[error("expired")]
    Expired,
    /// It will be good.
    #[error("not_yet")]
    NotYet,
}

/// `Bearer <token>`, and nothing beside it.
///
/// # Errors
/// When it is anything else.
pub fn bearer(header: &str) -> Result<&str, BadToken> {
    if header.len() > LONGEST {
        return Err(BadToken::Malformed);
    }
    let mut parts = header.split(' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(token), None)
            if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() =>
        {
            Ok(token)
        }
        _ => Err(BadToken::Malformed),
    }
}

/// What a token says that one of those issuers signed, and the key it was signed with. Whether it
/// is for us and still good is the caller's to check.
///
/// # Errors
/// When it was not, or nobody can tell.
pub async fn claims(
    token: &str,
    keys: &Keys,
    is_issuer: impl Fn(&str) -> bool + Send,
) -> Result<(Value, Arc<Key>), BadToken> {
    let header = decode_header(token).map_err(|_| BadToken::Malformed)?;
    if header.alg != Algorithm::RS256 {
        return Err(BadToken::Algorithm);
    }
    // What is marked as critical must be understood, and nothing is (RFC 7515, 4.1.11).
    if header.crit.is_some() {
        return Err(BadToken::Malformed);
    }
    let id = header.kid.filter(|id| !id.is_empty()).ok_or(BadToken::UnknownKey)?;
    let issued = |claims: &Value| claims.get("iss").and_then(Value::as_str).is_some_and(&is_issuer);
    // Not yet proved, but it saves the fetch for tokens that are not even meant for us.
    if !issued(&unproved(token)?) {
        return Err(BadToken::Issuer);
    }
    let key = keys.key(&id).await.map_err(|no| match no {
        NoKey::Unknown => BadToken::UnknownKey,
        NoKey::Unreachable => BadToken::KeysUnreachable,
    })?;
    let claims = decode::<Value>(token, &key.decoding, &signature_only())
        .map_err(|_| BadToken::Signature)?
        .claims;
    if !issued(&claims) {
        return Err(BadToken::Issuer);
    }
    Ok((claims, key))
}

/// Until when the token is good.
///
/// # Errors
/// When it is not good now, or does not say.
pub fn until(claims: &Value, now: Timestamp) -> Result<Timestamp, BadToken> {
    let now = now.0 / 1000;
    let seconds = |name: &str| claims.get(name).map(Value::as_i64);
    let expires = seconds("exp").flatten().ok_or(BadToken::Expired)?;
    if expires.saturating_add(LEEWAY) < now {
        return Err(BadToken::Expired);
    }
    match seconds("nbf") {
        None => {}
        Some(Some(begins)) if begins.saturating_sub(LEEWAY) <= now => {}
        Some(_) => return Err(BadToken::NotYet),
    }
    Ok(Timestamp(expires.saturating_add(LEEWAY).saturating_mul(1000)))
}

/// One value, plain or alone in a list.
pub fn is_only(claim: Option<&Value>, wanted: &str) -> bool {
    match claim {
        Some(Value::String(said)) => said == wanted,
        Some(Value::Array(said)) => said.len() == 1 && said[0] == wanted,
        _ => false,
    }
}

/// The claims of a token nobody has checked.
fn unproved(token: &str) -> Result<Value, BadToken> {
    let claims = token.split('.').nth(1).ok_or(BadToken::Malformed)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims);
    serde_json::from_slice(&claims.map_err(|_| BadToken::Malformed)?)
        .map_err(|_| BadToken::Malformed)
}

fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}
