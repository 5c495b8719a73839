//! How the bot proves to Microsoft Entra who it is. Every secret is read anew each time.

use std::{path::Path, time::Duration};

use anyhow::Context;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    secrets::{Secret, keep_quiet},
};

/// How long an assertion is good for; it is used at once.
const LIFE: Duration = Duration::from_mins(5);

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// What a bot with a certificate says about itself.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// The assertion of a bot that has a certificate, for the token endpoint `audience`.
///
/// # Errors
/// One sentence, when the files cannot be read or are none.
pub(super) async fn signed(
    app_id: &str,
    (certificate, key): (&Path, &Secret),
    audience: &str,
    now: Timestamp,
) -> anyhow::Result<String> {
    let pem = tokio::fs::read_to_string(certificate).await.with_context(|| {
        format!("the bot's certificate `{}` cannot be read", certificate.display())
    })?;
    let der = der(&pem)
        .with_context(|| format!("`{}` holds no certificate in PEM form", certificate.display()))?;
    let key = EncodingKey::from_rsa_pem(key.read()?.as_bytes())
        .with_context(|| format!("the secret `{key}` is no private RSA key in PEM form"))?;
    let header = Header {
        x5t_s256: Some(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der))),
        ..Header::new(Algorithm::PS256)
    };
    let seconds = |at: Timestamp| at.0.div_euclid(1000);
    let claims = Claims {
        aud: audience,
        iss: app_id,
        sub: app_id,
        jti: Uuid::now_v7().to_string(),
        nbf: seconds(now),
        iat: seconds(now),
        exp: seconds(now.plus(LIFE)),
    };
    let signed = jsonwebtoken::encode(&header, &claims, &key)
        .context("the bot's private key cannot sign")?;
    keep_quiet(&signed);
    Ok(signed)
}

/// The assertion somebody else keeps fresh in a file.
///
/// # Errors
/// One sentence, when it cannot be read.
pub(super) async fn federated(file: &Path) -> anyhow::Result<String> {
    let text = tokio::fs::read_to_string(file).await.with_context(|| {
        format!("the federated token `{}` cannot be read; is it mounted here?", file.display())
    })?;
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "the federated token `{}` is empty", file.display());
    keep_quiet(text);
    Ok(text.to_owned())
}

/// The first certificate of a PEM file: the bot's own, when its issuers follow.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: String = body.split_whitespace().collect();
    BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}
