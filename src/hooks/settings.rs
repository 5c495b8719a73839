//! How a sender proves that it is itself, as the configuration writes it.
//!
//! Every secret may have a next one: while the two change places at the sender's, either is taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::header::HeaderName;
use crate::{outbound::Base, secrets::Secret};

/// How a sender proves that it is itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// `Authorization: Bearer …`.
    Bearer(BearerProof),
    /// `Authorization: Basic …`.
    Basic(BasicProof),
    /// A secret in a header.
    Header(HeaderProof),
    /// Service hooks of Azure DevOps: a user with a password, a secret in a header, or both.
    AzureDevops(AzureDevopsProof),
    /// GitHub: HMAC-SHA-256 in hex digits, in `X-Hub-Signature-256`.
    Github(SecretProof),
    /// GitLab: a secret token, or a signing token (one that begins with `whsec_`).
    Gitlab(SecretProof),
    /// `PagerDuty`: one or more of HMAC-SHA-256 in hex digits, in `X-PagerDuty-Signature`.
    Pagerduty(SecretProof),
    /// Grafana's contact points: HMAC-SHA-256 in hex digits.
    Grafana(GrafanaProof),
    /// Standard Webhooks (<https://www.standardwebhooks.com>), as Svix, incident.io and others send.
    Standard(SecretProof),
    /// Azure Monitor's secure webhook: a token of Microsoft Entra.
    Entra(EntraProof),
}

/// A bearer token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BearerProof {
    /// The token.
    pub token: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_token: Option<Secret>,
}

/// A user with a password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicProof {
    /// The user's name.
    pub user: String,
    /// Where their password is kept.
    pub password: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_password: Option<Secret>,
}

/// A secret in a header.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderProof {
    /// The header.
    pub name: HeaderName,
    /// What it holds, to the letter.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
}

/// One of the two, or both; what is named must be right.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzureDevopsProof {
    /// "Basic authentication username" and "password" of the service hook.
    pub basic: Option<BasicProof>,
    /// One of the service hook's "HTTP headers".
    pub header: Option<HeaderProof>,
}

/// A secret that both sides know.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretProof {
    /// The secret.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
}

/// The HMAC signature of a contact point of Grafana.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrafanaProof {
    /// The secret.
    pub secret: Secret,
    /// The one that will follow it: while the two change places, either is taken.
    pub next_secret: Option<Secret>,
    /// The header the signature is in: `X-Grafana-Alerting-Signature`, when nothing is said.
    #[serde(default = "grafana_header")]
    pub header: HeaderName,
    /// The "timestamp header" of the contact point. With one, a recording is good for five minutes.
    pub timestamp_header: Option<HeaderName>,
}

/// Azure Monitor, as it proves itself to a secure webhook.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntraProof {
    /// The tenant whose tokens count.
    pub tenant: String,
    /// Whom the tokens are for: the "application id" of the app that the secure webhook names, or
    /// its "application id URI".
    pub audience: String,
    /// Who they are for: Microsoft's `AzNS AAD Webhook`, when nothing is said.
    #[serde(default = "azns")]
    pub sender: String,
    /// Where the tenant announces its keys, without the tenant.
    #[serde(default = "login")]
    pub login: Base,
}

fn grafana_header() -> HeaderName {
    "X-Grafana-Alerting-Signature".parse().expect("letters and dashes")
}

/// The same app in every tenant.
fn azns() -> String {
    "461e8683-5575-4561-ac7f-899cc907d62a".to_owned()
}

fn login() -> Base {
    "https://login.microsoftonline.com".parse().expect("it is an address")
}
