//! Datadog as the configuration writes it.

use std::time::Duration;

use crate::{
    alerts::settings::{Flaw, settings_of_a_source},
    clock::Span,
    hooks::Proof,
    outbound::Base,
    secrets::Secret,
};

settings_of_a_source! {
    /// Datadog.
    proved by Proof {
        /// Its address, which depends on your site: `https://api.datadoghq.eu`, say. Without one
        /// it is only listened to, and nothing leads to its pages.
        url: Option<Base>,
        /// An API key of your organization.
        api_key: Option<Secret>,
        /// An application key that may read monitors and downtimes.
        application_key: Option<Secret>,
        /// Only monitors that have all of these tags are asked for; usually every one.
        #[serde(default)]
        tags: Vec<String>,
        /// How often it is asked what fires; one minute, when nothing is said.
        #[serde(default = "a_minute")]
        every: Span,
    }
}

/// Datadog allows some thousands of questions an hour, and each page of monitors is one.
fn a_minute() -> Span {
    Span(Duration::from_mins(1))
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = vec![];
        let keys = self.api_key.is_some() && self.application_key.is_some();
        if self.url.is_some() && !keys {
            let what = "needs `api_key` and `application_key` beside it: Datadog answers nobody \
                        without them";
            flaws.push(Flaw::without(&["api_key", "application_key"], &["url"], what));
        }
        let sends =
            |proof: &Proof| matches!(proof, Proof::Header(_) | Proof::Bearer(_) | Proof::Basic(_));
        if self.webhook.as_ref().is_some_and(|proof| !sends(proof)) {
            let what = "is not how Datadog can prove itself: it signs nothing, and sends a secret \
                        in a header of yours (`header`, `bearer` or `basic`)";
            flaws.push(Flaw::at(&["webhook"], what));
        }
        flaws
    }
}
