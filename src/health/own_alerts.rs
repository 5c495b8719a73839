//! Asks the bot itself whether alerts fire that did not fire before, whichever source they are from.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Probe,
    alerts::{Firing, judge},
    common::answer,
};
use crate::{
    clock::Timestamp,
    names::{Environment, Service},
};

/// No alert of the service may fire in the environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// More labels that the alerts which are meant have.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Whoever knows which alerts fire.
#[async_trait]
pub trait Lookout: Send + Sync {
    /// Those that fire in one environment of a service, and are not silenced. Fails when they may
    /// be others: a source that does not answer, say.
    async fn firing(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> anyhow::Result<Vec<Firing>>;
}

/// Where whoever knows which alerts fire will stand: probes are there before the alerts are.
#[derive(Clone, Default)]
pub struct Post(Arc<OnceLock<Arc<dyn Lookout>>>);

impl Post {
    /// From now on somebody stands there. Nobody takes their place.
    pub fn take(&self, lookout: Arc<dyn Lookout>) {
        _ = self.0.set(lookout);
    }
}

pub(super) struct OwnAlerts {
    labels: BTreeMap<String, String>,
    place: (Service, Environment),
    post: Post,
}

impl OwnAlerts {
    pub(super) fn new(settings: &Settings, place: (&Service, &Environment), post: Post) -> Self {
        let place = (place.0.clone(), place.1.clone());
        Self { labels: settings.labels.clone(), place, post }
    }

    async fn firing(&self) -> Result<Vec<Firing>, String> {
        let (service, environment) = &self.place;
        let lookout = self.post.0.get().ok_or("nobody knows of alerts yet")?;
        let mut firing = lookout.firing(service, environment).await.map_err(|e| e.to_string())?;
        firing.retain(|alert| alert.has(&self.labels));
        Ok(firing)
    }
}

#[async_trait]
impl Probe for OwnAlerts {
    async fn check(&self, since: Option<Timestamp>) -> Answer {
        answer(self.firing().await.and_then(|firing| judge(&firing, since)))
    }
}
