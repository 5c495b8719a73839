//! A PagerDuty as the configuration writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    alerts::settings::{Flaw, half_a_minute, settings_of_a_source},
    clock::Span,
    hooks::{Proof, SecretProof},
    names::{Environment, Service},
    secrets::Secret,
    vendors::{
        pagerduty::{self, Id},
        server::PATIENCE,
    },
};

settings_of_a_source! {
    /// PagerDuty.
    proved by WebhookSettings {
        /// The account whose incidents are heard of: it is asked what is open, and told who has one.
        account: pagerduty::Settings,
        /// Which of its services are heard of, and what they are here. All are, by the names they
        /// have there, when nothing is said.
        #[serde(default)]
        services: Vec<ServiceSettings>,
        /// How often it is asked what is open; 30 s, when nothing is said.
        #[serde(default = "half_a_minute")]
        every: Span,
    }
}

/// What a service of PagerDuty is here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The id at the end of its address.
    pub id: Id,
    /// What it is here.
    pub service: Service,
    /// Where, when that is always the same.
    #[serde(default)]
    pub environment: Option<Environment>,
}

/// How it proves that it is itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// The secret that PagerDuty showed when the subscription was made.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
}

impl From<WebhookSettings> for Proof {
    fn from(WebhookSettings { secret, next_secret }: WebhookSettings) -> Self {
        Self::Pagerduty(SecretProof { secret, next_secret })
    }
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = vec![];
        if self.account.from.is_none() {
            let what = "PagerDuty is told who has an alert in the name of a person only: add \
                        `from`, the e-mail address of one";
            flaws.push(Flaw::at(&["account"], what));
        }
        let timeout = self.account.timeout.0;
        if timeout.is_zero() || timeout > PATIENCE {
            let what = format!("must be between 1ms and {}s", PATIENCE.as_secs());
            flaws.push(Flaw::at(&["account", "timeout"], what));
        }
        flaws
    }
}
