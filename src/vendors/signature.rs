//! Signs what is sent, so that whoever gets it knows who sent it (Standard Webhooks, version 1).

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};

/// How secrets begin that are written in the way of Standard Webhooks.
const PREFIX: &str = "whsec_";

/// The value of `webhook-signature`. A secret without the prefix is taken letter by letter.
pub(super) fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let decoded = secret.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok());
    let key = decoded.as_deref().unwrap_or(secret.as_bytes());
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    signed.update(format!("{id}.{seconds}.").as_bytes());
    signed.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(signed.sign()))
}
