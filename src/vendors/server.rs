//! A server of a vendor that needs nothing but a key: signing in, calls, pages, limits.
//!
//! A call either has an answer or an [`Error`] that says what may be concluded. When the server
//! asks to be left alone, every further call is answered here until it is over.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use url::Url;

use super::{entra::Tokens, quiet::Quiet, signature::sign};
use crate::{
    clock::{Clock, Span},
    outbound::{Answer, Base, Failure, Outbound},
    secrets::Secret,
};

/// A server slower than this is taken not to have answered; longer would outlast a job's turn.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How Pilothouse proves who it is. Every secret is read anew for each call.
#[derive(Clone)]
pub enum Key {
    /// Nobody in particular: the server asks nobody who they are.
    Nobody,
    /// A secret in a header of its own.
    Header(&'static str, Secret),
    /// A secret as a bearer token.
    Bearer(Secret),
    /// A secret in the header `authorization`, after these words.
    After(&'static str, Secret),
    /// A secret as the password of a user, whose name may be empty.
    Basic(String, Secret),
    /// A token of Microsoft Entra.
    Entra(Tokens),
    /// A secret that signs what is sent, in the way of Standard Webhooks; each request has its
    /// own `webhook-id`.
    Signature(Secret),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The secret is of no use. The call was not made, and making it again changes nothing.
    #[error("Pilothouse cannot sign in to {0}: {1}")]
    NoKey(&'static str, String),
    /// No token could be had now. The call was not made.
    #[error("Pilothouse could not sign in to {0}: {1}")]
    NoToken(&'static str, String),
    /// What became of the call.
    #[error("{0}: {1}")]
    Failed(&'static str, Failure),
}

impl Error {
    /// The status, when the server gave one of the definite kind.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NoKey(..) | Self::NoToken(..) => None,
            Self::Failed(_, failure) => failure.status(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            // Without a token, nothing was ever sent.
            Error::NoKey(..) | Error::NoToken(..) => Self::Unreached(error.to_string()),
            Error::Failed(_, failure) => failure,
        }
    }
}

/// One server, as one identity.
pub struct Server {
    name: &'static str,
    base: Base,
    key: Key,
    outbound: Outbound,
    timeout: Duration,
    clock: Clock,
    quiet: Quiet,
    accept: &'static str,
}

/// How long an answer may take when the configuration says nothing.
pub fn patience() -> Span {
    Span(PATIENCE)
}

impl Server {
    /// The server `name` at an address.
    ///
    /// # Errors
    /// When the secret cannot be read, or the time for an answer is none.
    pub fn new(
        name: &'static str,
        (base, timeout): (Base, Span),
        key: Key,
        (clock, outbound): (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let timeout = timeout.0;
        let fits = !timeout.is_zero() && timeout <= PATIENCE;
        anyhow::ensure!(fits, "`timeout` must be between 1 ms and {PATIENCE:?}");
        let quiet = Quiet::new(name, clock.clone());
        let accept = "application/json";
        let server = Self { name, base, key, outbound, timeout, clock, quiet, accept };
        server.secret()?;
        Ok(server)
    }

    /// The same, asked for answers of another kind than plain JSON.
    #[must_use]
    pub fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address of something there. Each segment becomes exactly one of the path.
    ///
    /// # Errors
    /// When a segment could not be one.
    pub fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        self.base.url(segments)
    }

    /// An address from an answer, when it is a page of this server; a link to anywhere else is
    /// not shown to people.
    pub fn page(&self, address: &str) -> Option<String> {
        self.base.page(address)
    }

    /// Asks a question that changes nothing.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn ask<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        self.decoded(&self.look(url).await?)
    }

    /// Asks a question that changes nothing, for the whole answer.
    ///
    /// # Errors
    /// As [`Server::ask`].
    pub async fn look(&self, url: Url) -> Result<Answer, Error> {
        self.look_with(url, |request| request).await
    }

    /// Asks a question that changes nothing, once and no more: for who comes back by themselves.
    /// An answer of a status in `also` is as good as any 2xx.
    ///
    /// # Errors
    /// As [`Server::ask`].
    pub async fn look_once(&self, url: Url, also: &[u16]) -> Result<Answer, Error> {
        self.act((Method::GET, url), also, |request| request).await
    }

    /// As [`Server::look`], with more in the request.
    ///
    /// # Errors
    /// As [`Server::ask`].
    pub async fn look_with(
        &self,
        url: Url,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Error> {
        self.call(|| with(self.outbound.request(Method::GET, url.clone())), None).await
    }

    /// Asks for a list, page by page, `most` pages at most.
    ///
    /// # Errors
    /// As [`Server::ask`]; also when the next page is said to be on another server.
    pub async fn pages<T: DeserializeOwned>(&self, url: Url, most: usize) -> Result<Vec<T>, Error> {
        let (mut pages, mut next) = (vec![], Some(url));
        while let Some(url) = next.take().filter(|_| pages.len() < most) {
            let answer = self.look(url.clone()).await?;
            pages.push(self.decoded(&answer)?);
            next = answer.header("link").and_then(next_page);
            if next.as_ref().is_some_and(|next| next.origin() != url.origin()) {
                let why = "the list goes on at another server, which is not asked";
                return Err(Error::Failed(self.name, Failure::Unclear(why.to_owned())));
            }
        }
        Ok(pages)
    }

    /// Asks for something to be done, once. After a 401 (nothing happened) it is asked again with
    /// another token, when there is one. An answer of a status in `also` is as good as any 2xx.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn act(
        &self,
        (method, url): (Method, Url),
        also: &[u16],
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Error> {
        let request = || with(self.outbound.request(method.clone(), url.clone()));
        self.call(request, Some(also)).await
    }

    /// What an answer says.
    ///
    /// # Errors
    /// When it is not what was expected: it is unclear then what happened.
    pub fn decoded<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Error> {
        answer.json().map_err(|failure| Error::Failed(self.name, failure))
    }

    async fn call(
        &self,
        request: impl Fn() -> RequestBuilder,
        act: Option<&[u16]>,
    ) -> Result<Answer, Error> {
        self.quiet.is_over().map_err(|failure| Error::Failed(self.name, failure))?;
        let token = self.token().await?;
        match self.once(self.signed(request(), &token), act).await {
            Err(error) if error.status() == Some(401) => {
                let Some(token) = self.another(&token).await? else { return Err(error) };
                self.once(self.signed(request(), &token), act).await
            }
            settled => settled,
        }
    }

    async fn once(&self, request: RequestBuilder, act: Option<&[u16]>) -> Result<Answer, Error> {
        let request = request.timeout(self.timeout);
        let answer = match act {
            None => self.outbound.ask(request).await,
            Some(also) => self.outbound.send_for(request, also).await,
        };
        match &answer {
            // Azure DevOps asks for a pause before it refuses.
            Ok(answer) => _ = answer.pause().map(|wait| self.quiet.begin(wait)),
            Err(failure) => self.quiet.note(failure),
        }
        answer.map_err(|failure| Error::Failed(self.name, failure))
    }

    fn signed(&self, request: RequestBuilder, token: &str) -> RequestBuilder {
        let request = request.header("accept", self.accept);
        match &self.key {
            Key::Nobody => request,
            Key::Header(name, _) => request.header(*name, token),
            Key::Bearer(_) | Key::Entra(_) => request.bearer_auth(token),
            Key::After(words, _) => request.header("authorization", format!("{words}{token}")),
            Key::Basic(user, _) => request.basic_auth(user, Some(token)),
            Key::Signature(_) => self.stamped(request, token),
        }
    }

    fn stamped(&self, request: RequestBuilder, secret: &str) -> RequestBuilder {
        // One that cannot be built is told of when it is sent.
        let Some(Ok(built)) = request.try_clone().map(RequestBuilder::build) else {
            return request;
        };
        let id = built.headers().get("webhook-id").and_then(|id| id.to_str().ok());
        let body = built.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let seconds = self.clock.now().0.div_euclid(1000);
        request
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign(secret, id.unwrap_or_default(), seconds, body))
    }

    async fn token(&self) -> Result<String, Error> {
        match (&self.key, self.secret()?) {
            (Key::Nobody, _) => Ok(String::new()),
            (_, Some(secret)) => Ok(secret),
            (Key::Entra(tokens), None) => {
                tokens.bearer().await.map_err(|error| Error::NoToken(self.name, error.to_string()))
            }
            (_, None) => Err(Error::NoKey(self.name, "there is no secret".to_owned())),
        }
    }

    /// Another token than one that was refused, when there is one.
    async fn another(&self, refused: &str) -> Result<Option<String>, Error> {
        if let Key::Entra(tokens) = &self.key {
            tokens.drop_token(refused);
        }
        Ok(Some(self.token().await?).filter(|token| token != refused))
    }

    /// The secret as it is now; none when tokens come from elsewhere.
    fn secret(&self) -> Result<Option<String>, Error> {
        let secret = match &self.key {
            Key::Header(_, secret)
            | Key::Bearer(secret)
            | Key::After(_, secret)
            | Key::Basic(_, secret)
            | Key::Signature(secret) => secret,
            Key::Nobody | Key::Entra(_) => return Ok(None),
        };
        let token = secret.read().map_err(|error| Error::NoKey(self.name, error.to_string()))?;
        if token.chars().all(|c| c.is_ascii_graphic()) {
            return Ok(Some(token));
        }
        let why = format!("the secret `{secret}` is no token: it holds blanks or other letters");
        Err(Error::NoKey(self.name, why))
    }
}

/// The address of the next page (RFC 8288).
pub(super) fn next_page(link: &str) -> Option<Url> {
    link.split(',').find_map(|link| {
        let (address, attributes) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |attribute: &str| matches!(attribute.trim(), "rel=\"next\"" | "rel=next");
        attributes.split(';').any(is_next).then(|| Url::parse(address).ok())?
    })
}
