//! Grafana Alerting: what its contact point brings, and the API of the Alertmanager within it.

mod settings;

use async_trait::async_trait;

pub use settings::Settings;

use super::{
    Heard, NotOne, Reach, SilenceWish, Source,
    alertmanager::{api::Api, wire},
    heard::sentence,
    kept_here,
};
use crate::{
    clock::Timestamp, names::Correlation, outbound::Failure, vendors::credential::Credential,
};

/// The version of the deliveries of Grafana's own contact points.
const VERSION: &str = "1";

/// Where the Alertmanager within Grafana answers.
const PATH: &[&str] = &["api", "alertmanager", "grafana", "api", "v2"];

/// How labels begin that Grafana keeps to itself: deliveries do not show them, lists do.
const PRIVATE: &str = "__";

/// How many figures of an alert are shown.
const MOST_VALUES: usize = 5;

/// A Grafana.
pub struct Grafana {
    settings: Settings,
    api: Option<Api>,
}

impl Grafana {
    /// The one of these settings.
    pub fn new(settings: &Settings, reach: &Reach) -> Self {
        let token = settings.token.clone();
        let credential = token.map(|token| Credential { bearer: Some(token), basic: None });
        let api = |url| Api::new((url, PATH), credential, &reach.outbound);
        Self { api: settings.url.clone().map(api), settings: settings.clone() }
    }

    /// The page of an alert, when it is one of this very server.
    fn page(&self, alert: &wire::Delivered) -> Option<String> {
        let url = self.settings.url.as_ref()?;
        [&alert.panel, &alert.dashboard].into_iter().find_map(|address| url.page(address))
    }
}

#[async_trait]
impl Source for Grafana {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let delivery = wire::delivery(("Grafana", VERSION), body)?;
        let incomplete = delivery.is_incomplete();
        let heard = |(index, alert): (usize, wire::Delivered)| {
            let (page, values) = (self.page(&alert), figures(&alert));
            let mut heard = public(alert.heard(index + 1, &self.settings.runbook)?);
            heard.words.page = page;
            heard.words.description = heard.words.description.or(values);
            Ok(heard)
        };
        let heard: Result<_, _> = delivery.alerts.into_iter().enumerate().map(heard).collect();
        Ok((heard?, incomplete))
    }

    async fn list(&self, now: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        let Some(api) = &self.api else { return Ok(None) };
        let runbook = &self.settings.runbook;
        let heard = api.list(now, |alert, silences| public(alert.heard(runbook, silences, now)));
        heard.await.map(Some)
    }

    fn tells_silences(&self) -> bool {
        self.api.is_some()
    }

    async fn silence(&self, wish: &SilenceWish) -> Result<String, Failure> {
        match &self.api {
            Some(api) => api.silence(wish).await,
            None => Ok(kept_here(wish)),
        }
    }

    async fn unsilence(&self, id: &str, correlation: &Correlation) -> Result<(), Failure> {
        match &self.api {
            Some(api) => api.unsilence(id, correlation).await,
            None => Ok(()),
        }
    }
}

/// Without the labels Grafana keeps to itself, so that an alert is the same however it was heard of.
fn public(mut heard: Heard) -> Heard {
    heard.labels.retain(|name, _| !name.starts_with(PRIVATE));
    heard
}

/// The figures it was decided by: `B 0.97, C 1`.
fn figures(alert: &wire::Delivered) -> Option<String> {
    let values = alert.values.as_object()?.iter().take(MOST_VALUES);
    let values = values.map(|(name, value)| format!("{name} {value}"));
    sentence(&values.collect::<Vec<_>>().join(", "))
}
