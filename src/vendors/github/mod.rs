//! GitHub: authentication and calls, for one repository.
//!
//! A call either has an answer or an [`Error`] that says what may be concluded. When GitHub asks
//! to be left alone, every further call is answered here, without a request, until it is over.

mod hook;
mod settings;
mod sign_in;

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

pub use hook::Hook;
pub use settings::{App, AppId, BadRepository, Credential, Repository, Settings};

use super::{quiet::Quiet, server::next_page};
use crate::{
    clock::Clock,
    outbound::{Answer, Base, Failure, Outbound},
};
use sign_in::{Held, SignIn};

/// The version of the API. It is the one that GitHub.com and every supported Enterprise Server
/// know; a newer one is refused by servers that have never heard of it.
const VERSION: &str = "2022-11-28";

/// How much of what was polled is kept for comparing, in bytes. Less costs quota, never truth.
const KEPT: u64 = 4 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No token could be had, and trying again changes nothing. The call was not made.
    #[error("Pilothouse cannot sign in to GitHub: {0}")]
    SignIn(String),
    /// What became of the call.
    #[error("GitHub: {0}")]
    Failed(#[from] Failure),
}

impl Error {
    /// The status, when GitHub gave one of the definite kind.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::SignIn(_) => None,
            Self::Failed(failure) => failure.status(),
        }
    }
}

/// Calls GitHub about one repository.
pub struct Github {
    api: Base,
    repository: Repository,
    outbound: Outbound,
    timeout: Duration,
    sign_in: SignIn,
    quiet: Quiet,
    /// The last answer to each polled address, with its entity tag.
    seen: moka::sync::Cache<Url, (String, std::sync::Arc<Vec<u8>>)>,
}

impl Github {
    /// Opens the way to one repository.
    ///
    /// # Errors
    /// When a secret cannot be read or is none of the kind that is needed.
    pub fn open(
        settings: &Settings,
        repository: Repository,
        (clock, outbound): (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let api = settings.api.clone();
        let timeout = settings.timeout.0;
        let fits = !timeout.is_zero() && timeout <= settings::PATIENCE;
        anyhow::ensure!(fits, "`timeout` must be between 1 ms and {:?}", settings::PATIENCE);
        let sign_in = SignIn {
            api: api.clone(),
            repository: repository.clone(),
            credential: settings.credential.clone(),
            outbound: outbound.clone(),
            clock: clock.clone(),
            timeout,
            deployments: false,
            held: tokio::sync::Mutex::new(Held::default()),
        };
        sign_in.check()?;
        let seen = moka::sync::Cache::builder()
            .weigher(|_: &Url, (_, body): &(String, std::sync::Arc<Vec<u8>>)| {
                u32::try_from(body.len()).unwrap_or(u32::MAX)
            })
            .max_capacity(KEPT)
            .build();
        let quiet = Quiet::new("GitHub", clock);
        Ok(Self { api, repository, outbound, timeout, sign_in, quiet, seen })
    }

    /// The same, with tokens that may write deployments and answer for protection rules as well.
    /// An app that has not been given that permission gets no token then.
    #[must_use]
    pub fn writing_deployments(mut self) -> Self {
        self.sign_in.deployments = true;
        self
    }

    /// The repository this is about.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The address of something of the repository. Each segment becomes exactly one of the path.
    ///
    /// # Errors
    /// When a segment could not be one.
    pub fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        let whole = [&["repos", self.repository.owner(), self.repository.name()], segments];
        self.api.url(&whole.concat())
    }

    /// An address from an answer, when it is a page of this GitHub; a link to anywhere else is
    /// not shown to people.
    pub fn page(&self, address: &str) -> Option<String> {
        let (url, api) = (Url::parse(address).ok()?, self.api.as_url());
        let (host, home) = (url.host_str()?, api.host_str()?);
        let ours = home == host || home.strip_prefix("api.") == Some(host);
        let plain = url.username().is_empty() && url.password().is_none();
        (ours && plain && url.scheme() == api.scheme()).then(|| url.into())
    }

    /// Asks a question that changes nothing.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn ask<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        Ok(self.call(|| self.outbound.request(Method::GET, url.clone()), true).await?.json()?)
    }

    /// Asks a question that changes nothing, for the whole answer.
    ///
    /// # Errors
    /// As [`Github::ask`].
    pub async fn look(&self, url: Url) -> Result<Answer, Error> {
        self.call(|| self.outbound.request(Method::GET, url.clone()), true).await
    }

    /// Whether it calls as an app, whose tokens may do what it asks for or are not given at all.
    pub fn is_app(&self) -> bool {
        matches!(self.sign_in.credential, Credential::App(_))
    }

    /// Asks a question once and does not wait longer than `patience`.
    ///
    /// # Errors
    /// As [`Github::ask`].
    pub async fn glance<T: DeserializeOwned>(
        &self,
        url: Url,
        patience: Duration,
    ) -> Result<T, Error> {
        let request = || self.outbound.request(Method::GET, url.clone());
        let call = tokio::time::timeout(patience, self.call(request, false));
        let late = |_| Failure::Unclear("time ran out".to_owned());
        Ok(call.await.map_err(late)??.json()?)
    }

    /// Asks a question that is asked again and again: an unchanged answer costs no quota.
    ///
    /// # Errors
    /// As [`Github::ask`].
    pub async fn poll<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        let seen = self.seen.get(&url);
        let request = || {
            let request = self.outbound.request(Method::GET, url.clone());
            match &seen {
                Some((tag, _)) => request.header("if-none-match", tag),
                None => request,
            }
        };
        let answer = match (self.call(request, true).await, &seen) {
            (Err(error), Some((_, body))) if error.status() == Some(304) => {
                return Ok(crate::outside::json(body).map_err(|error| {
                    Failure::Unclear(format!("the answer is not what was expected: {error}"))
                })?);
            }
            (answer, _) => answer?,
        };
        let decoded = answer.json()?;
        if let Some(tag) = answer.header("etag") {
            self.seen.insert(url, (tag.to_owned(), answer.body.into()));
        }
        Ok(decoded)
    }

    /// Asks for a list, page by page, `most` pages at most.
    ///
    /// # Errors
    /// As [`Github::ask`]; also when the next page is said to be on another server.
    pub async fn pages<T: DeserializeOwned>(&self, url: Url, most: usize) -> Result<Vec<T>, Error> {
        let (mut pages, mut next) = (vec![], Some(url));
        while let Some(url) = next.take().filter(|_| pages.len() < most) {
            let request = || self.outbound.request(Method::GET, url.clone());
            let answer = self.call(request, true).await?;
            pages.push(answer.json()?);
            next = answer.header("link").and_then(next_page);
            if next.as_ref().is_some_and(|next| next.origin() != url.origin()) {
                let why = "the list goes on at another server, which is not asked";
                return Err(Failure::Unclear(why.to_owned()).into());
            }
        }
        Ok(pages)
    }

    /// Asks for something to be done, once. After a 401 (nothing happened) it is asked again with
    /// a fresh token, when there can be one.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn act(&self, url: Url, body: Option<&impl Serialize>) -> Result<Answer, Error> {
        let request = || {
            let request = self.outbound.request(Method::POST, url.clone());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        self.call(request, false).await
    }

    async fn call(
        &self,
        request: impl Fn() -> RequestBuilder,
        question: bool,
    ) -> Result<Answer, Error> {
        self.quiet.is_over()?;
        let token = self.noted(self.sign_in.token().await)?;
        match self.once(request(), &token, question).await {
            Err(error) if error.status() == Some(401) && self.sign_in.forget(&token).await => {
                let token = self.noted(self.sign_in.token().await)?;
                self.once(request(), &token, question).await
            }
            settled => settled,
        }
    }

    async fn once(
        &self,
        request: RequestBuilder,
        token: &str,
        question: bool,
    ) -> Result<Answer, Error> {
        let request = headers(request, token).timeout(self.timeout);
        let answer = if question {
            self.outbound.ask(request).await
        } else {
            self.outbound.send(request).await
        };
        self.noted(answer.map_err(|failure| Error::Failed(limit(failure))))
    }

    /// Remembers when GitHub asked to be left alone.
    fn noted<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Failed(failure)) = &answer {
            self.quiet.note(failure);
        }
        answer
    }
}

/// What goes with every call.
fn headers(request: RequestBuilder, token: &str) -> RequestBuilder {
    request
        .bearer_auth(token)
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", VERSION)
}

/// GitHub's second limit comes as a 403 that may name itself only in words.
fn limit(failure: Failure) -> Failure {
    match failure {
        Failure::Refused { status: 403, said } if said.contains("rate limit") => {
            Failure::NotNow { status: 403, after: None, said }
        }
        other => other,
    }
}
