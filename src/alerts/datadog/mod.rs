//! Datadog: what its webhooks bring in our own template, and what its monitors say when asked.

mod settings;
mod wire;

use async_trait::async_trait;
use reqwest::Method;
use url::Url;

pub use settings::Settings;

use super::{Alert, Heard, NotOne, Reach, Source};
use crate::{
    clock::{Span, Timestamp},
    outbound::{Base, Failure, Outbound},
    secrets::Secret,
    vendors::server::{Key, PATIENCE, Server},
};
use wire::Monitor;

const NAME: &str = "Datadog";

/// How many monitors are asked for at once; each is some kilobytes.
const PAGE: usize = 200;

/// How many pages are read. What is not read would count as over, so a longer list is none.
const PAGES: usize = 25;

/// The largest page that is read, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// Datadog.
pub struct Datadog {
    settings: Settings,
    api: Option<Api>,
}

/// The API of one organization.
struct Api {
    server: Server,
    application_key: Secret,
    tags: String,
}

impl Datadog {
    /// The one of these settings.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub fn new(settings: &Settings, reach: &Reach) -> anyhow::Result<Self> {
        let api = match (&settings.url, &settings.api_key, &settings.application_key) {
            (Some(url), Some(key), Some(application_key)) => {
                let outbound: Outbound = reach.outbound.reading(LARGEST);
                let key = Key::Header("dd-api-key", key.clone());
                let place = (url.clone(), Span(PATIENCE));
                let server = Server::new(NAME, place, key, (reach.clock.clone(), outbound))?;
                let (application_key, tags) = (application_key.clone(), settings.tags.join(","));
                Some(Api { server, application_key, tags })
            }
            _ => None,
        };
        Ok(Self { settings: settings.clone(), api })
    }
}

#[async_trait]
impl Source for Datadog {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let delivery = wire::delivery(body)?;
        let page = self.settings.url.as_ref().and_then(|url| page(url, &delivery.link));
        let mut heard = delivery.heard();
        heard.words.page = page;
        Ok((vec![heard], false))
    }

    fn lists(&self, alert: &Alert, _: Timestamp) -> bool {
        // A delivery need not name all tags of its monitor.
        let has = |tag: &String| {
            let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
            alert.labels.get(name).is_some_and(|label| label == value)
        };
        self.settings.tags.iter().all(has)
    }

    async fn list(&self, now: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        let Some(api) = &self.api else { return Ok(None) };
        let mut heard = vec![];
        for number in 0..PAGES {
            let monitors = api.page(number).await?;
            heard.extend(monitors.iter().flat_map(|monitor| monitor.heard(now)));
            if monitors.len() < PAGE {
                return Ok(Some(heard));
            }
        }
        let why = "it has more monitors than are read: name some by `tags`";
        Err(Failure::Unclear(why.to_owned()))
    }
}

impl Api {
    async fn page(&self, number: usize) -> Result<Vec<Monitor>, Failure> {
        let unsent = |error: String| Failure::Unreached(error);
        let url = self.server.url(&["api", "v1", "monitor"]);
        let mut url = url.map_err(|error| unsent(error.to_string()))?;
        url.query_pairs_mut()
            .append_pair("group_states", "alert,warn,no data")
            .append_pair("with_downtimes", "true")
            .append_pair("page", &number.to_string())
            .append_pair("page_size", &PAGE.to_string());
        if !self.tags.is_empty() {
            url.query_pairs_mut().append_pair("monitor_tags", &self.tags);
        }
        let key = self.application_key.read().map_err(|error| unsent(error.to_string()))?;
        let with = |request: reqwest::RequestBuilder| request.header("dd-application-key", &key);
        let answer = self.server.act((Method::GET, url), &[], with).await?;
        answer.json()
    }
}

/// A page of Datadog's own: people's pages are on another server than the API, of the same site.
fn page(api: &Base, link: &str) -> Option<String> {
    if let Some(page) = api.page(link) {
        return Some(page);
    }
    let site = api.as_url().host_str()?.strip_prefix("api.")?;
    let url = Url::parse(link).ok()?;
    let there = url.host_str().is_some_and(|host| host == site || host == format!("app.{site}"));
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    (there && plain && url.scheme() == "https").then(|| url.into())
}
