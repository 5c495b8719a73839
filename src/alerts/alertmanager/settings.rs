//! An Alertmanager as the configuration writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    alerts::settings::{Flaw, half_a_minute, settings_of_a_source},
    clock::Span,
    hooks::{BearerProof, Proof},
    outbound::Base,
    secrets::Secret,
    vendors::credential::Credential,
};

settings_of_a_source! {
    /// Prometheus Alertmanager.
    proved by WebhookSettings {
        /// Its address; without one it is only listened to, and silences live in the bot.
        url: Option<Base>,
        /// Who Pilothouse is there; without this line, nobody in particular.
        credential: Option<Credential>,
        /// How often it is asked what is active; 30 s, when nothing is said.
        #[serde(default = "half_a_minute")]
        every: Span,
    }
}

/// How it proves that it is itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// The bearer token it sends.
    pub token: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_token: Option<Secret>,
}

impl From<WebhookSettings> for Proof {
    fn from(WebhookSettings { token, next_token }: WebhookSettings) -> Self {
        Self::Bearer(BearerProof { token, next_token })
    }
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let unclear = self.credential.as_ref().filter(|credential| !credential.is_one());
        let what = "must say one of the two: `bearer` or `basic`";
        unclear.map(|_| Flaw::at(&["credential"], what)).into_iter().collect()
    }
}
