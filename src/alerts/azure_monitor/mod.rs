//! Azure Monitor: what its action groups bring; and the alerts of a subscription, which it is told
//! who has.

mod settings;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use url::Url;

pub use settings::Settings;

use super::{Alert, Carried, Heard, NotOne, Reach, Source, Word};
use crate::{
    clock::{Span, Timestamp},
    outbound::Failure,
    vendors::server::{Key, PATIENCE, Server},
};
use wire::{Listed, Page};

const NAME: &str = "Azure Monitor";

/// The version of the API that is spoken.
const VERSION: &str = "2019-03-01";

/// How many alerts are asked for at once: as many as there may be.
const PAGE: &str = "250";

/// How many pages are read. What is not read would count as over, so a longer list is none.
const PAGES: usize = 20;

/// How long alerts are remembered there: what began earlier is listed nowhere.
const MEMORY: &str = "30d";

/// The same, with a day to spare for clocks and calendars.
const REMEMBERED: Duration = Duration::from_hours(29 * 24);

/// The label of an alert from a subscription that is not asked: which one that is.
const ELSEWHERE: &str = "subscription";

/// Azure Monitor.
pub struct AzureMonitor {
    settings: Settings,
    api: Option<Api>,
}

/// The alerts of one subscription.
struct Api {
    server: Server,
    subscription: String,
    resource_group: Option<String>,
}

impl AzureMonitor {
    /// The one of these settings.
    ///
    /// # Errors
    /// When the tenant cannot be part of an address.
    pub fn new(settings: &Settings, reach: &Reach) -> anyhow::Result<Self> {
        let Reach { outbound, clock } = reach;
        let api = match (&settings.subscription, &settings.credential) {
            (Some(subscription), Some(principal)) => {
                let scope = format!(
                    "{}/.default",
                    settings.management.as_url().origin().ascii_serialization()
                );
                let tokens = principal.tokens(&scope, outbound.clone(), clock.clone())?;
                let place = (settings.management.clone(), Span(PATIENCE));
                let means = (clock.clone(), outbound.clone());
                let server = Server::new(NAME, place, Key::Entra(tokens), means)?;
                let (subscription, resource_group) =
                    (subscription.clone(), settings.resource_group.clone());
                Some(Api { server, subscription, resource_group })
            }
            _ => None,
        };
        Ok(Self { settings: settings.clone(), api })
    }
}

#[async_trait]
impl Source for AzureMonitor {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let Settings { runbook, portal, subscription, .. } = &self.settings;
        let (mut heard, from) = wire::delivery(body, (runbook, portal))?;
        let asked = subscription.as_deref().unwrap_or_default();
        if !from.is_empty() && !asked.is_empty() && !from.eq_ignore_ascii_case(asked) {
            heard.labels.insert(ELSEWHERE.to_owned(), from);
        }
        Ok((vec![heard], false))
    }

    fn lists(&self, alert: &Alert, now: Timestamp) -> bool {
        let is_in = |group: &String| {
            let label = alert.labels.get("resource_group");
            label.is_some_and(|label| label.eq_ignore_ascii_case(group))
        };
        !alert.labels.contains_key(ELSEWHERE)
            && self.settings.resource_group.as_ref().is_none_or(is_in)
            && now.since(alert.starts) < REMEMBERED
    }

    async fn list(&self, _: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        let Some(api) = &self.api else { return Ok(None) };
        api.list().await.map(Some)
    }

    fn carries(&self) -> bool {
        self.api.is_some()
    }

    async fn carry(&self, word: &Word) -> Result<Carried, Failure> {
        let Some(api) = &self.api else { return Ok(Carried::Done) };
        // It is no harm to acknowledge what is over, but nobody would have it.
        let alert = api.look(&word.fingerprint).await?;
        if alert.is_over() {
            return Ok(Carried::Over { at: alert.ended() });
        }
        if !alert.is_acknowledged() {
            api.acknowledge(&word.fingerprint).await?;
        }
        Ok(Carried::Done)
    }
}

impl Api {
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Failure> {
        let provider = ["providers", "Microsoft.AlertsManagement", "alerts"];
        let whole = [&["subscriptions", &self.subscription], &provider[..], path].concat();
        let url = self.server.url(&whole);
        let mut url = url.map_err(|error| Failure::Unreached(error.to_string()))?;
        url.query_pairs_mut().append_pair("api-version", VERSION).extend_pairs(query);
        Ok(url)
    }

    async fn list(&self) -> Result<Vec<Heard>, Failure> {
        let mut query =
            vec![("monitorCondition", "Fired"), ("timeRange", MEMORY), ("pageCount", PAGE)];
        query.extend(self.resource_group.as_deref().map(|group| ("targetResourceGroup", group)));
        let (mut heard, mut next) = (vec![], Some(self.url(&[], &query)?));
        for _ in 0..PAGES {
            let Some(url) = next else { break };
            let answer = self.server.act((Method::GET, url), &[], |request| request).await?;
            let page: Page = answer.json()?;
            heard.extend(page.value.into_iter().filter_map(Listed::heard));
            next = page
                .next_link
                .filter(|link| !link.is_empty())
                .map(|l| self.next(&l))
                .transpose()?;
        }
        if next.is_some() {
            return Err(Failure::Unclear("more alerts fire there than are read".to_owned()));
        }
        Ok(heard)
    }

    fn next(&self, link: &str) -> Result<Url, Failure> {
        let page = self.server.page(link).and_then(|page| Url::parse(&page).ok());
        let why = "the list goes on at another server, which is not asked";
        page.ok_or_else(|| Failure::Unclear(why.to_owned()))
    }

    async fn look(&self, number: &str) -> Result<Listed, Failure> {
        Ok(self.server.ask(self.url(&[number], &[])?).await?)
    }

    async fn acknowledge(&self, number: &str) -> Result<(), Failure> {
        let url = self.url(&[number, "changestate"], &[("newState", "Acknowledged")])?;
        // Without a body, and with a length: some of Azure's doors want to be told that.
        let empty = |request: reqwest::RequestBuilder| request.header("content-length", "0");
        self.server.act((Method::POST, url), &[], empty).await?;
        Ok(())
    }
}
