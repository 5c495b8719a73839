//! PagerDuty: calls as one account, page by page, and what it says of an incident; no policy.
//!
//! [`PagerDuty`] talks to the REST API with a key of the account or of a person; [`Events`] hands
//! in events for one integration, and needs no account.

mod events;
mod incident;
mod settings;
mod subscription;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use events::{Events, EventsSettings, SUMMARY};
pub use incident::{Id, IncidentSeen, NotAnId, NoteSeen, OURS, Reference, Status};
pub use settings::{NoSender, Sender, Settings};
pub use subscription::{Delivery, Subscription};

use super::server::{Error, Key, Server};
use crate::{
    clock::Clock,
    outbound::{Failure, Outbound},
};

/// What people call it.
const NAME: &str = "PagerDuty";

/// How many things a page holds: the most PagerDuty gives.
const PAGE: usize = 100;

/// How many pages of a list are read. More than 1,000 of anything are told by nobody.
const PAGES: usize = 10;

/// One account of PagerDuty.
pub struct PagerDuty {
    server: Server,
    from: Option<Sender>,
}

/// A list, as far as it was read.
#[derive(Debug)]
pub struct List<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Whether that is all of it.
    pub whole: bool,
}

impl PagerDuty {
    /// The account these settings speak of.
    ///
    /// # Errors
    /// When the key cannot be read, or the time for an answer is none.
    pub fn new(settings: &Settings, ground: (Clock, Outbound)) -> anyhow::Result<Self> {
        let Settings { api, token, from, timeout } = settings.clone();
        let key = Key::After("Token token=", token);
        let server = Server::new(NAME, (api, timeout), key, ground)?
            .accepting("application/vnd.pagerduty+json;version=2");
        Ok(Self { server, from })
    }

    /// Asks a question that changes nothing.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let url = self.url(path, query)?;
        // PagerDuty asks for this header even where nothing is sent.
        let typed =
            |request: reqwest::RequestBuilder| request.header("content-type", "application/json");
        self.server.decoded(&self.server.look_with(url, typed).await?)
    }

    /// Asks for a list, page by page; `named` is what the list is called in the answer.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`].
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        named: &'static str,
    ) -> Result<List<T>, Error> {
        let mut items = vec![];
        for page in 0..PAGES {
            let (limit, offset) = (PAGE.to_string(), (page * PAGE).to_string());
            let paged = [("limit", limit.as_str()), ("offset", offset.as_str())];
            let mut answer: Value = self.ask(path, &[query, &paged].concat()).await?;
            let listed = answer.get_mut(named).map(Value::take).unwrap_or_default();
            let listed: Vec<T> = decoded(listed)?;
            let more = answer.get("more") == Some(&Value::Bool(true)) && !listed.is_empty();
            items.extend(listed);
            if !more {
                return Ok(List { items, whole: true });
            }
        }
        Ok(List { items, whole: false })
    }

    /// Asks for something to be done, once, in the name of the configured person.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`].
    pub async fn act<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<T, Error> {
        let with = |request: reqwest::RequestBuilder| match &self.from {
            Some(from) => request.header("from", from.as_str()).json(body),
            None => request.json(body),
        };
        let answer = self.server.act((method, self.url(path, &[])?), &[], with).await?;
        self.server.decoded(&answer)
    }

    /// An address from an answer, when it is a page of this PagerDuty; a link to anywhere else is
    /// not shown to people.
    pub fn page(&self, address: &str) -> Option<String> {
        self.server.page(address).or_else(|| {
            let url = Url::parse(address).ok()?;
            let home = self.server.url(&[]).ok()?;
            let domain = home.host_str()?.strip_prefix("api.")?;
            let plain = url.username().is_empty() && url.password().is_none();
            let below = url.host_str()?.strip_suffix(domain)?.ends_with('.');
            (plain && url.scheme() == "https" && below).then(|| url.into())
        })
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Error> {
        let url = self.server.url(path);
        let mut url = url.map_err(|error| failed(Failure::Unreached(error.to_string())))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

fn failed(failure: Failure) -> Error {
    Error::Failed(NAME, failure)
}

fn decoded<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| {
        failed(Failure::Unclear(format!("the answer is not what was expected: {error}")))
    })
}
