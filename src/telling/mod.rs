//! Telling others that something is deployed: change events, annotations, signed messages.
//!
//! A deployment never waits for it and never depends on it. Whatever becomes of one is turned
//! into [`News`], and for everybody who wants to hear of it a job is written down in the same
//! transaction. [`Teller`] tells them, one by one, for as long as they may be out of reach; then
//! it gives up, which the log and a metric say once.

mod github;
mod grafana;
mod news;
mod pagerduty;
mod settings;
mod teller;
mod webhook;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use async_trait::async_trait;

pub use news::{News, What};
pub use settings::{
    AllSettings, GithubSettings, GrafanaSettings, Only, PagerDutySettings, Settings,
    WebhookSettings,
};
pub use teller::Teller;

use crate::{
    clock::{Clock, Timestamp},
    jobs,
    names::SubscriberName,
    outbound::Outbound,
    store::Tx,
};

/// Somebody outside who wants to hear of deployments.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Tells them. They may be told the same news twice: whoever can, makes one of it.
    async fn tell(&self, news: &News) -> Told;
}

/// What became of telling somebody.
#[derive(Debug)]
pub enum Told {
    /// They have heard it.
    Heard,
    /// They may not have. It is to be told again, after this long when they say so.
    Later {
        /// Why, for the log.
        why: String,
        /// When they want to be asked again.
        after: Option<std::time::Duration>,
    },
    /// They will not hear it, however often it is told.
    Refused(String),
}

/// Everybody who wants to hear of deployments, and of which.
#[derive(Clone, Default)]
pub struct Subscribers(BTreeMap<SubscriberName, (Only, Arc<dyn Subscriber>)>);

/// Opens everybody whom the configuration names.
///
/// # Errors
/// When a secret cannot be read.
pub fn open(
    settings: &AllSettings,
    clock: &Clock,
    outbound: &Outbound,
) -> anyhow::Result<Subscribers> {
    let mut subscribers = Subscribers::default();
    for (name, settings) in settings {
        let ground = (clock.clone(), outbound.clone());
        let opened = settings.open(ground).with_context(|| format!("`tell`, `{name}`"))?;
        subscribers.add(name.clone(), settings.only().clone(), opened);
    }
    Ok(subscribers)
}

impl Subscribers {
    /// One more. Their name is how what they have yet to hear is kept for them.
    pub fn add(&mut self, name: SubscriberName, only: Only, subscriber: Arc<dyn Subscriber>) {
        self.0.insert(name, (only, subscriber));
    }

    /// Has everybody told who wants to hear of it, once this transaction is committed.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx<'_>,
        news: &News,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        for (name, _) in self.0.iter().filter(|(_, (only, _))| only.fits(news)) {
            jobs::enqueue(tx, &teller::wish(name, news, now)?).await?;
        }
        Ok(())
    }
}
