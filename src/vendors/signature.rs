//! Signs what is sent, so that whoever gets it knows who sent it (Standard Webhooks, version 1).

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};

/// How secrets begin that are written in the way of Standard Webhooks.
const PREFIX: &str = "whsec_";

/// The value of `webhook-signature`. A secret without the prefix is taken letter by letter.
pub(super) fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let mut signed = hmac::Context::with_key(&key(secret));
    signed.update(format!("{id}.{seconds}.").as_bytes());
    signed.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(signed.sign()))
}

/// Whether one of the signatures in `said`, divided by blanks, is ours. Whoever guesses learns
/// nothing from how long that takes. `at` is the moment, in the sender's own digits.
pub fn is_signed(secret: &str, (id, at): (&str, &str), body: &[u8], said: &str) -> bool {
    let message = [format!("{id}.{at}.").as_bytes(), body].concat();
    said.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        let tag = BASE64_STANDARD.decode(one).unwrap_or_default();
        hmac::verify(&key(secret), &message, &tag).is_ok()
    })
}

fn key(secret: &str) -> hmac::Key {
    let decoded = secret.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok());
    hmac::Key::new(hmac::HMAC_SHA256, decoded.as_deref().unwrap_or(secret.as_bytes()))
}
