//! Which account of PagerDuty, by which key, in whose name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{clock::Span, outbound::Base, secrets::Secret, vendors::server::patience};

/// An account of PagerDuty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API; of an account in the EU it is `https://api.eu.pagerduty.com`.
    #[serde(default = "us")]
    pub api: Base,
    /// A REST API key (of the account, or of a person).
    pub token: Secret,
    /// The e-mail address of the person in PagerDuty in whose name Pilothouse writes. A key of the
    /// account cannot write without one.
    #[serde(default)]
    pub from: Option<Sender>,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// The e-mail address of somebody in PagerDuty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sender(String);

/// Not an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an e-mail address such as bot@example.com")]
pub struct NoSender(String);

impl Sender {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sender {
    type Error = NoSender;

    fn try_from(text: String) -> Result<Self, NoSender> {
        let parts = text.split_once('@');
        let plain = text.len() <= 254 && text.chars().all(|letter| letter.is_ascii_graphic());
        match parts {
            Some((name, host)) if plain && !name.is_empty() && host.contains('.') => Ok(Self(text)),
            _ => Err(NoSender(text.chars().filter(|c| !c.is_control()).take(60).collect())),
        }
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> Self {
        sender.0
    }
}

impl JsonSchema for Sender {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EmailAddress".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "email" })
    }
}

fn us() -> Base {
    "https://api.pagerduty.com".parse().expect("it is a web address")
}
