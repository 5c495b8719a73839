//! Turns a credential into the token that goes with a call.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::{App, Credential, Error, Repository, headers};
use crate::{
    clock::{Clock, Timestamp},
    outbound::{Answer, Base, Failure, Outbound},
    secrets::keep_quiet,
};

/// A token is left unused this long before it ends, so that none ends on its way.
const MARGIN: Duration = Duration::from_mins(5);

/// How far back an app's own token is dated: GitHub's clock may be behind ours by as much.
const BEHIND: Duration = Duration::from_mins(1);

/// How long an app's own token counts. GitHub takes ten minutes at most, `BEHIND` included.
const SIGNED_FOR: Duration = Duration::from_mins(9);

/// What a token of ours may do, and nothing besides: the app itself may be allowed more.
const PERMISSIONS: [(&str, &str); 3] =
    [("actions", "write"), ("contents", "read"), ("metadata", "read")];

/// Signs in: one for each repository.
pub(super) struct SignIn {
    pub(super) api: Base,
    pub(super) repository: Repository,
    pub(super) credential: Credential,
    pub(super) outbound: Outbound,
    pub(super) clock: Clock,
    pub(super) timeout: Duration,
    /// Whether tokens may write deployments as well.
    pub(super) deployments: bool,
    /// Locked while a token is fetched, so that many callers fetch one.
    pub(super) held: Mutex<Held>,
}

/// What was fetched earlier.
#[derive(Default)]
pub(super) struct Held {
    installation: Option<u64>,
    token: Option<(String, Timestamp)>,
}

/// What an app says about itself (RFC 7519).
#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct Minted {
    token: String,
    expires_at: jiff::Timestamp,
}

impl SignIn {
    /// Whether the secrets can be read and are what they should be; asks nobody.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.credential {
            Credential::Token(secret) => {
                plain(secret.read().map_err(|error| bad(error.to_string()))?).map(drop)
            }
            Credential::App(app) => self.signed(app).map(drop),
        }
    }

    /// The token to call with.
    pub(super) async fn token(&self) -> Result<String, Error> {
        let app = match &self.credential {
            Credential::Token(secret) => {
                return plain(secret.read().map_err(|error| bad(error.to_string()))?);
            }
            Credential::App(app) => app,
        };
        let mut held = self.held.lock().await;
        if let Some((token, until)) = &held.token
            && self.clock.now().plus(MARGIN) < *until
        {
            return Ok(token.clone());
        }
        let signed = self.signed(app)?;
        let installation = match app.installation.or(held.installation) {
            Some(id) => id,
            None => *held.installation.insert(self.installation(&signed).await?),
        };
        let minted = self.mint(&signed, installation).await?;
        keep_quiet(&minted.token);
        let token = plain(minted.token)?;
        held.token = Some((token.clone(), Timestamp(minted.expires_at.as_millisecond())));
        Ok(token)
    }

    /// GitHub no longer takes this token: the next call fetches another. Says whether there can
    /// be another.
    pub(super) async fn forget(&self, token: &str) -> bool {
        let mut held = self.held.lock().await;
        if held.token.as_ref().is_some_and(|(ours, _)| ours == token) {
            *held = Held::default();
        }
        match &self.credential {
            Credential::App(_) => true,
            // It may have been changed in this very moment.
            Credential::Token(secret) => secret.read().is_ok_and(|now| now != token),
        }
    }

    /// A token the app signs itself; good for asking for a real one only.
    pub(super) fn signed(&self, app: &App) -> Result<String, Error> {
        let pem = app.key.read().map_err(|error| bad(error.to_string()))?;
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
            bad(format!("the secret `{}` is not an RSA private key in PEM form", app.key))
        })?;
        let now = self.clock.now().0 / 1000;
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(0);
        let claims = Claims {
            iat: now - seconds(BEHIND),
            exp: now + seconds(SIGNED_FOR),
            iss: app.app.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
            .map_err(|error| bad(format!("nothing can be signed with `{}`: {error}", app.key)))
    }

    async fn installation(&self, signed: &str) -> Result<u64, Error> {
        let (owner, name) = (self.repository.owner(), self.repository.name());
        let url = self
            .api
            .url(&["repos", owner, name, "installation"])
            .map_err(|error| bad(error.to_string()))?;
        let answer = self.send(self.request(Method::GET, url, signed)).await.map_err(|error| {
            let repository = &self.repository;
            refused(
                error,
                &format!("the app is not installed for {repository}, or its id is wrong"),
            )
        })?;
        Ok(answer.json::<Installation>().map_err(before)?.id)
    }

    async fn mint(&self, signed: &str, installation: u64) -> Result<Minted, Error> {
        let id = installation.to_string();
        let url = self
            .api
            .url(&["app", "installations", &id, "access_tokens"])
            .map_err(|error| bad(error.to_string()))?;
        let mut permissions: std::collections::BTreeMap<_, _> = PERMISSIONS.into();
        if self.deployments {
            permissions.insert("deployments", "write");
        }
        let body = json!({ "repositories": [self.repository.name()], "permissions": permissions });
        let request = self.request(Method::POST, url, signed).json(&body);
        let answer = self
            .send(request)
            .await
            .map_err(|error| refused(error, "GitHub gives the app no token for this repository"))?;
        answer.json().map_err(before)
    }

    fn request(&self, method: Method, url: Url, signed: &str) -> RequestBuilder {
        headers(self.outbound.request(method, url), signed).timeout(self.timeout)
    }

    /// Asks once: a start is waiting behind this, and a job has half a minute for all of it.
    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        self.outbound.send(request).await
    }
}

fn bad(why: impl Into<String>) -> Error {
    Error::SignIn(why.into())
}

/// What went wrong before the call itself: the call was never made, whatever happened here.
fn before(failure: Failure) -> Error {
    Error::Failed(match failure {
        Failure::Unclear(why) => Failure::Unreached(format!("signing in got {why}")),
        other => other,
    })
}

fn refused(failure: Failure, what: &str) -> Error {
    match failure {
        Failure::Refused { status, said } => bad(format!("{what} (status {status}: {said})")),
        other => before(other),
    }
}

/// A token goes into a header: anything but visible ASCII is a mistake there.
fn plain(token: String) -> Result<String, Error> {
    if token.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(token);
    }
    Err(bad("the token holds characters that no token of GitHub's has"))
}
