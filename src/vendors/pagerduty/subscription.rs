//! Whom PagerDuty tells what happens there.

use serde::Deserialize;

use super::PagerDuty;
use crate::vendors::server::Error;

/// A webhook subscription (version 3), as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// Whether it is switched on.
    #[serde(default = "yes")]
    pub active: bool,
    /// Where it calls.
    pub delivery_method: Delivery,
}

/// Where a subscription calls.
#[derive(Clone, Debug, Deserialize)]
pub struct Delivery {
    /// The address. Text from outside.
    #[serde(default)]
    pub url: String,
    /// Whether PagerDuty has given up on it for a while, because nobody took what it brought.
    #[serde(default)]
    pub temporarily_disabled: bool,
}

fn yes() -> bool {
    true
}

impl PagerDuty {
    /// Every subscription of the account that the key may see.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, Error> {
        let named = "webhook_subscriptions";
        Ok(self.list(&[named], &[], named).await?.items)
    }
}
