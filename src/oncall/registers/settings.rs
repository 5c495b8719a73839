//! Where a register is, how it is read, and what it calls people.

use std::{borrow::Cow, collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    clock::Span,
    names::PersonName,
    outbound::{BadAddress, Base},
    secrets::Secret,
    vendors::server::patience,
};

/// A calendar in the iCalendar format, by its address or as a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IcalSettings {
    /// Its address; where that is kept, when whoever knows it may read the calendar.
    pub url: Option<CalendarUrl>,
    /// The file it is.
    pub file: Option<PathBuf>,
    /// What it calls people: their e-mail addresses, or their names in an event's title.
    #[serde(default)]
    pub who: BTreeMap<PersonName, Vec<String>>,
    /// How often it is read. Every five minutes, when nothing is said.
    #[serde(default = "five_minutes")]
    pub refresh: Span,
}

/// A schedule of PagerDuty, or a level of one of its escalation policies.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySettings {
    /// The API; of an account in the EU it is `https://api.eu.pagerduty.com`.
    #[serde(default = "pagerduty")]
    pub api: Base,
    /// The id of the schedule; the last part of its page's address.
    pub schedule: Option<OutsideId>,
    /// The id of the escalation policy, in place of a schedule or beside it.
    pub policy: Option<OutsideId>,
    /// Which level of the policy; 1 is called first.
    pub level: Option<u32>,
    /// A REST API key; one that may only read is enough.
    pub token: Secret,
    /// What it calls people: their e-mail addresses or names.
    #[serde(default)]
    pub who: BTreeMap<PersonName, Vec<String>>,
    /// How often it is read. Every five minutes, when nothing is said.
    #[serde(default = "five_minutes")]
    pub refresh: Span,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// A schedule of Jira Service Management.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraSettings {
    /// Where Jira's programs are asked, when it is not where they always are.
    #[serde(default = "atlassian")]
    pub url: Base,
    /// The id of your Jira: `https://YOURS.atlassian.net/_edge/tenant_info` shows it.
    pub cloud_id: OutsideId,
    /// The id of the schedule; the last part of its page's address.
    pub schedule: OutsideId,
    /// Whose API token it is: the e-mail address of somebody who may see the schedule.
    pub email: String,
    /// Their API token.
    pub token: Secret,
    /// Your Jira, `https://YOURS.atlassian.net`: it is asked for people's names and e-mail
    /// addresses. Without it, people are known by their account ids only.
    pub site: Option<Base>,
    /// What it calls people: their names, e-mail addresses or account ids.
    #[serde(default)]
    pub who: BTreeMap<PersonName, Vec<String>>,
    /// How often it is read. Every five minutes, when nothing is said.
    #[serde(default = "five_minutes")]
    pub refresh: Span,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

/// A schedule of Grafana IRM.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrafanaIrmSettings {
    /// Where its programs are asked: IRM, Settings, Admin & API shows it.
    pub url: Base,
    /// The id of the schedule; the last part of its page's address.
    pub schedule: OutsideId,
    /// A token of a service account, or an API key of OnCall.
    pub token: Secret,
    /// The address of your Grafana, which a service account's token needs.
    pub stack: Option<Base>,
    /// What it calls people: their user names or e-mail addresses.
    #[serde(default)]
    pub who: BTreeMap<PersonName, Vec<String>>,
    /// How often it is read. Every five minutes, when nothing is said.
    #[serde(default = "five_minutes")]
    pub refresh: Span,
    /// How long one answer may take, 10 s at most.
    #[serde(default = "patience")]
    pub timeout: Span,
}

fn five_minutes() -> Span {
    Span(Duration::from_mins(5))
}

fn pagerduty() -> Base {
    "https://api.pagerduty.com".parse().expect("it is a web address")
}

fn atlassian() -> Base {
    "https://api.atlassian.com".parse().expect("it is a web address")
}

/// The id a vendor gave to something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct OutsideId(String);

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is meant, such as `P1ABCDE`: copy it from the page's address there")]
pub struct BadOutsideId;

impl OutsideId {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutsideId {
    type Error = BadOutsideId;

    fn try_from(text: String) -> Result<Self, BadOutsideId> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
        if fits { Ok(Self(text)) } else { Err(BadOutsideId) }
    }
}

impl From<OutsideId> for String {
    fn from(id: OutsideId) -> Self {
        id.0
    }
}

impl fmt::Display for OutsideId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a calendar, or where it is kept when whoever knows it may read the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CalendarUrl {
    /// `https://…`
    Plain(Base),
    /// `env:NAME` or `file:/path`.
    Secret(Secret),
}

impl CalendarUrl {
    /// The address itself.
    ///
    /// # Errors
    /// When it is kept elsewhere and cannot be read there, or is no address.
    pub fn read(&self) -> anyhow::Result<Url> {
        match self {
            Self::Plain(base) => Ok(base.as_url().clone()),
            Self::Secret(secret) => {
                let address = secret.read()?;
                let base: Base = address
                    .trim()
                    .parse()
                    .map_err(|_| anyhow::anyhow!("`{secret}` holds no web address"))?;
                Ok(base.as_url().clone())
            }
        }
    }
}

impl FromStr for CalendarUrl {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        match Secret::try_from(text.to_owned()) {
            Ok(secret) => Ok(Self::Secret(secret)),
            Err(_) => text.parse().map(Self::Plain),
        }
    }
}

impl TryFrom<String> for CalendarUrl {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

impl From<CalendarUrl> for String {
    fn from(url: CalendarUrl) -> Self {
        match url {
            CalendarUrl::Plain(base) => base.into(),
            CalendarUrl::Secret(secret) => secret.into(),
        }
    }
}

impl JsonSchema for CalendarUrl {
    fn schema_name() -> Cow<'static, str> {
        "CalendarUrl".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`https://…`, or where such an address is kept when it is a secret: \
                            `env:NAME` or `file:/path`."
        })
    }
}
