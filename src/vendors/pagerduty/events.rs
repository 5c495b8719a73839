//! Hands in events to one integration of PagerDuty (Events API v2): what fires, what changed.

use std::time::Duration;

use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::NAME;
use crate::{
    clock::{Clock, Span},
    outbound::{Base, Failure, Outbound},
    secrets::Secret,
    vendors::{
        quiet::Quiet,
        server::{Error, PATIENCE, patience},
    },
};

/// The longest summary that is taken, in letters.
pub const SUMMARY: usize = 1024;

/// An integration of a service of PagerDuty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSettings {
    /// Where events are handed in; of an account in the EU it is
    /// `https://events.eu.pagerduty.com`.
    #[serde(default = "us")]
    pub url: Base,
    /// The integration key: 32 letters and digits.
    pub routing_key: Secret,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// One integration. Its key is read anew for each event.
pub struct Events {
    settings: EventsSettings,
    timeout: Duration,
    outbound: Outbound,
    quiet: Quiet,
}

impl Events {
    /// The integration these settings speak of.
    ///
    /// # Errors
    /// When the key cannot be read, or the time for an answer is none.
    pub fn new(
        settings: &EventsSettings,
        (clock, outbound): (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let timeout = settings.timeout.0;
        let fits = !timeout.is_zero() && timeout <= PATIENCE;
        anyhow::ensure!(fits, "`timeout` must be between 1 ms and {PATIENCE:?}");
        settings.routing_key.read()?;
        let quiet = Quiet::new(NAME, clock);
        Ok(Self { settings: settings.clone(), timeout, outbound, quiet })
    }

    /// Tells what happens to something: `event` has `event_action` and what belongs to it. The
    /// same `dedup_key` again is the same thing.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn enqueue(&self, event: Value) -> Result<(), Error> {
        self.send(&["v2", "enqueue"], event).await
    }

    /// Tells that something was changed: `event` has a `payload` with a `summary`. PagerDuty shows
    /// it beside incidents and tells nobody.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn change(&self, event: Value) -> Result<(), Error> {
        self.send(&["v2", "change", "enqueue"], event).await
    }

    async fn send(&self, path: &[&str], mut event: Value) -> Result<(), Error> {
        let failed = |failure| Error::Failed(NAME, failure);
        self.quiet.is_over().map_err(failed)?;
        let key = self.settings.routing_key.read();
        event["routing_key"] = json!(key.map_err(|error| Error::NoKey(NAME, error.to_string()))?);
        let url = self.settings.url.url(path);
        let url = url.map_err(|error| failed(Failure::Unreached(error.to_string())))?;
        let request = self.outbound.request(Method::POST, url).timeout(self.timeout).json(&event);
        let answer = self.outbound.send(request).await;
        if let Err(failure) = &answer {
            self.quiet.note(failure);
        }
        answer.map(|_| ()).map_err(failed)
    }
}

fn us() -> Base {
    "https://events.pagerduty.com".parse().expect("it is a web address")
}
