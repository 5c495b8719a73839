//! Whether a delivery comes from whom it says: by its headers, and by its body, byte for byte.
//!
//! Whoever guesses learns nothing from how long an answer takes: only digests of one length and
//! signatures are compared, and those in constant time.

use actix_web::http::header::HeaderMap;
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest as _, Sha256};

use super::{
    entra::Entra,
    settings::{AzureDevopsProof, BasicProof, GrafanaProof, HeaderProof, Proof, SecretProof},
};
use crate::{
    clock::Clock,
    names::hex,
    outbound::Outbound,
    secrets::{self, Secret},
    vendors::signature,
};

/// How far apart the clocks may be, in seconds; a message older than this may be a recording.
const SKEW: u64 = 5 * 60;

/// How the secrets of Standard Webhooks begin; a token of GitLab that does is one to sign with.
const SIGNING: &str = "whsec_";

/// Proves deliveries of one sender.
pub struct Prover {
    proof: Proof,
    entra: Option<Entra>,
    clock: Clock,
}

/// What is known before the body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// All there is to prove: the body need not be looked at for that.
    Wholly,
    /// The body decides.
    Perhaps,
}

/// Why a delivery is not proved.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// It is not from whom it should be: what is missing or wrong.
    #[error("{0}")]
    Wrong(&'static str),
    /// Our own secret cannot be read: the delivery may well be right.
    #[error("a secret to compare with cannot be read: {0}")]
    Unread(#[from] secrets::Error),
    /// Nobody can say now which keys are right.
    #[error("the keys to check a token with cannot be had")]
    NoKeys,
}

use Unproved::Wrong;

/// A secret, and the one that follows it.
type Pair<'a> = (&'a Secret, Option<&'a Secret>);

impl SecretProof {
    fn pair(&self) -> Pair<'_> {
        (&self.secret, self.next_secret.as_ref())
    }
}

impl Prover {
    /// Proves deliveries of a sender that does it so.
    ///
    /// # Errors
    /// When a tenant cannot be part of an address.
    pub fn new(proof: &Proof, outbound: &Outbound, clock: &Clock) -> anyhow::Result<Self> {
        let entra = match proof {
            Proof::Entra(settings) => Some(Entra::new(settings, outbound, clock)?),
            _ => None,
        };
        Ok(Self { proof: proof.clone(), entra, clock: clock.clone() })
    }

    /// Proves a delivery by its headers and its raw body.
    ///
    /// # Errors
    /// When it is not proved, and why.
    pub async fn proves(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unproved> {
        match self.admits(headers).await? {
            Admitted::Wholly => Ok(()),
            Admitted::Perhaps => self.signs(headers, body),
        }
    }

    /// What the headers alone prove: whoever could never be proved is turned away before the body
    /// is read.
    ///
    /// # Errors
    /// When nothing in a body could prove it any more.
    pub async fn admits(&self, headers: &HeaderMap) -> Result<Admitted, Unproved> {
        let headers = Headers(headers);
        match &self.proof {
            Proof::Bearer(own) => bearer(headers, (&own.token, own.next_token.as_ref()))?,
            Proof::Basic(own) => basic(headers, own)?,
            Proof::Header(own) => secret_header(headers, own)?,
            Proof::AzureDevops(own) => azure_devops(headers, own)?,
            Proof::Entra(_) => self.entra(headers).await?,
            Proof::Github(_) => return perhaps(headers.one("x-hub-signature-256")),
            Proof::Pagerduty(_) => return perhaps(headers.one("x-pagerduty-signature")),
            Proof::Standard(_) => return self.standard(headers).map(|_| Admitted::Perhaps),
            Proof::Gitlab(own) => return self.gitlab(headers, own),
            Proof::Grafana(own) => {
                self.moment(headers, own)?;
                return perhaps(headers.one(own.header.as_str()));
            }
        }
        Ok(Admitted::Wholly)
    }

    /// What headers and body prove together, where the headers have been admitted.
    ///
    /// # Errors
    /// When they do not.
    pub fn signs(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unproved> {
        let headers = Headers(headers);
        match &self.proof {
            Proof::Github(own) => {
                let said = headers.one("x-hub-signature-256")?.strip_prefix("sha256=");
                let said = said.ok_or(Wrong("the signature is not one of SHA-256"))?;
                either(own.pair(), |secret| is_hex(secret, &[body], said))
            }
            Proof::Pagerduty(own) => {
                let said = headers.one("x-pagerduty-signature")?;
                let ours = |secret: &str| {
                    let mut signatures =
                        said.split(',').filter_map(|one| one.trim().strip_prefix("v1="));
                    signatures.any(|one| is_hex(secret, &[body], one))
                };
                either(own.pair(), ours)
            }
            Proof::Grafana(own) => {
                let said = headers.one(own.header.as_str())?;
                let moment = self.moment(headers, own)?;
                let whole = match moment {
                    Some(moment) => vec![moment.as_bytes(), b":", body],
                    None => vec![body],
                };
                let pair = (&own.secret, own.next_secret.as_ref());
                either(pair, |secret| is_hex(secret, &whole, said))
            }
            Proof::Standard(own) | Proof::Gitlab(own) => {
                let (id, at, said) = self.standard(headers)?;
                let signs = |secret: &str| {
                    // Another secret of GitLab's is one that it shows, and never signs with.
                    let may =
                        !matches!(self.proof, Proof::Gitlab(_)) || secret.starts_with(SIGNING);
                    may && signature::is_signed(secret, (id, at), body, said)
                };
                either(own.pair(), signs)
            }
            _ => Err(Wrong("nothing in it is signed")),
        }
    }

    /// What was signed, in short, where no two deliveries sign the same: the same again is a
    /// recording, or a second try. `None` where nothing is signed, or the same thing may be said and
    /// meant twice.
    pub fn mark(&self, headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
        let headers = Headers(headers);
        let beside = match &self.proof {
            // Each of its events has an id.
            Proof::Pagerduty(_) => String::new(),
            Proof::Standard(_) | Proof::Gitlab(_) => {
                let (id, at, _) = self.standard(headers).ok()?;
                format!("{id}.{at}.")
            }
            Proof::Grafana(own) => format!("{}:", self.moment(headers, own).ok()??),
            _ => return None,
        };
        Some(Sha256::new().chain_update(beside).chain_update(body).finalize().to_vec())
    }

    async fn entra(&self, headers: Headers<'_>) -> Result<(), Unproved> {
        match &self.entra {
            Some(entra) => entra.proves(headers.one("authorization")?).await,
            None => Err(Unproved::NoKeys),
        }
    }

    /// The three headers of Standard Webhooks: id, moment and signatures.
    fn standard<'a>(&self, headers: Headers<'a>) -> Result<(&'a str, &'a str, &'a str), Unproved> {
        let (id, at) = (headers.one("webhook-id")?, headers.one("webhook-timestamp")?);
        self.recent(at)?;
        Ok((id, at, headers.one("webhook-signature")?))
    }

    /// A token that GitLab shows is known now, one that it signs with only with the body.
    fn gitlab(&self, headers: Headers<'_>, own: &SecretProof) -> Result<Admitted, Unproved> {
        // The signature says more than the token, where both are there.
        if headers.has("webhook-signature") && signs_for_gitlab(own) {
            return self.standard(headers).map(|_| Admitted::Perhaps);
        }
        let said = headers.one("x-gitlab-token")?;
        let shown = |secret: &str| !secret.starts_with(SIGNING) && is_same(secret, said);
        either(own.pair(), shown).map(|()| Admitted::Wholly)
    }

    fn moment<'a>(
        &self,
        headers: Headers<'a>,
        own: &GrafanaProof,
    ) -> Result<Option<&'a str>, Unproved> {
        let Some(name) = &own.timestamp_header else { return Ok(None) };
        let at = headers.one(name.as_str())?;
        self.recent(at)?;
        Ok(Some(at))
    }

    fn recent(&self, seconds: &str) -> Result<(), Unproved> {
        let seconds: i64 = seconds.parse().map_err(|_| Wrong("its timestamp is no number"))?;
        if self.clock.now().0.div_euclid(1000).abs_diff(seconds) > SKEW {
            return Err(Wrong("it was signed over five minutes ago, or will be"));
        }
        Ok(())
    }
}

/// Whether one of the secrets is one to sign with.
fn signs_for_gitlab(own: &SecretProof) -> bool {
    let (secret, next) = own.pair();
    // One that cannot be read may be one.
    let signing = |secret: &Secret| secret.read().map_or(true, |text| text.starts_with(SIGNING));
    signing(secret) || next.is_some_and(signing)
}

/// The headers of a delivery. One that is there twice is none: who knows which one somebody else
/// on the way has looked at.
#[derive(Clone, Copy)]
struct Headers<'a>(&'a HeaderMap);

impl<'a> Headers<'a> {
    fn one(self, name: &str) -> Result<&'a str, Unproved> {
        let mut all = self.0.get_all(name);
        let first = all.next().ok_or(Wrong("the header that proves it is missing"))?;
        if all.next().is_some() {
            return Err(Wrong("the header that proves it is there twice"));
        }
        first.to_str().map_err(|_| Wrong("the header that proves it is no text"))
    }

    fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn perhaps(header: Result<&str, Unproved>) -> Result<Admitted, Unproved> {
    header.map(|_| Admitted::Perhaps)
}

fn bearer(headers: Headers<'_>, pair: Pair<'_>) -> Result<(), Unproved> {
    let header = headers.one("authorization")?;
    let is_bearer = header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let said =
        if is_bearer { &header[7..] } else { return Err(Wrong("there is no bearer token")) };
    either(pair, |token| is_same(token, said))
}

fn basic(headers: Headers<'_>, own: &BasicProof) -> Result<(), Unproved> {
    let header = headers.one("authorization")?;
    let is_basic = header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "));
    let said = is_basic.then(|| BASE64_STANDARD.decode(&header[6..]).ok()).flatten();
    let said = said.ok_or(Wrong("there is no user with a password"))?;
    let pair = (&own.password, own.next_password.as_ref());
    either(pair, |password| is_same(format!("{}:{password}", own.user), &said))
}

fn secret_header(headers: Headers<'_>, own: &HeaderProof) -> Result<(), Unproved> {
    let said = headers.one(own.name.as_str())?;
    either((&own.secret, own.next_secret.as_ref()), |secret| is_same(secret, said))
}

fn azure_devops(headers: Headers<'_>, own: &AzureDevopsProof) -> Result<(), Unproved> {
    if own.basic.is_none() && own.header.is_none() {
        return Err(Wrong("nothing is known that would prove it"));
    }
    own.basic.as_ref().map_or(Ok(()), |own| basic(headers, own))?;
    own.header.as_ref().map_or(Ok(()), |own| secret_header(headers, own))
}

/// Whether one of two secrets fits. One that cannot be read might have.
fn either((own, next): Pair<'_>, fits: impl Fn(&str) -> bool) -> Result<(), Unproved> {
    let mut unread = None;
    for secret in [Some(own), next].into_iter().flatten() {
        match secret.read() {
            Ok(secret) if fits(&secret) => return Ok(()),
            Ok(_) => {}
            Err(error) => unread = Some(error),
        }
    }
    Err(unread.map_or(Wrong("what proves it is wrong"), Unproved::Unread))
}

fn is_same(own: impl AsRef<[u8]>, said: impl AsRef<[u8]>) -> bool {
    verify_slices_are_equal(&Sha256::digest(own), &Sha256::digest(said)).is_ok()
}

/// Whether `said` is, in hex digits, how that secret signs the parts as one.
fn is_hex(secret: &str, parts: &[&[u8]], said: &str) -> bool {
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    for part in parts {
        signed.update(part);
    }
    is_same(hex(signed.sign().as_ref()), said.to_ascii_lowercase())
}
