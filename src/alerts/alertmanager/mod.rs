//! Prometheus Alertmanager: its deliveries, and its API where there is an address.

pub(super) mod api;
mod settings;
pub(super) mod wire;

use async_trait::async_trait;

pub use settings::{Settings, WebhookSettings};

use super::{Heard, NotOne, Reach, SilenceWish, Source, kept_here};
use crate::{clock::Timestamp, names::Correlation, outbound::Failure};
use api::Api;

/// The only version of a delivery there is.
const VERSION: &str = "4";

/// An Alertmanager.
pub struct Alertmanager {
    settings: Settings,
    api: Option<Api>,
}

impl Alertmanager {
    /// The one of these settings.
    pub fn new(settings: &Settings, reach: &Reach) -> Self {
        let credential = settings.credential.clone();
        let api = |url| Api::new((url, &["api", "v2"]), credential, &reach.outbound);
        Self { api: settings.url.clone().map(api), settings: settings.clone() }
    }
}

#[async_trait]
impl Source for Alertmanager {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let delivery = wire::delivery(("Alertmanager", VERSION), body)?;
        let incomplete = delivery.is_incomplete();
        let heard = |(index, alert): (usize, wire::Delivered)| {
            alert.heard(index + 1, &self.settings.runbook)
        };
        let heard: Result<_, _> = delivery.alerts.into_iter().enumerate().map(heard).collect();
        Ok((heard?, incomplete))
    }

    async fn list(&self, now: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        let Some(api) = &self.api else { return Ok(None) };
        let runbook = &self.settings.runbook;
        api.list(now, |alert, silences| alert.heard(runbook, silences, now)).await.map(Some)
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
