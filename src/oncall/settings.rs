//! Who is on call when, as the configuration writes it.

use std::{borrow::Cow, collections::BTreeMap, path::PathBuf, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    calendar::{Day, Moment, TimeOfDay, ZoneName},
    clock::Span,
    names::{PersonName, ScheduleName, Service},
    outbound::{BadAddress, Base},
    secrets::Secret,
};

/// `oncall` of the configuration.
pub type Settings = BTreeMap<ScheduleName, ScheduleSettings>;

/// One schedule of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Which services it is for; without this line, for none in particular.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Where its days and hours are those of the clock on the wall.
    pub time_zone: ZoneName,
    /// Who is reached first, who next when nobody answers, and so on.
    pub levels: Vec<LevelSettings>,
    /// How its people are reached; in the chat, when nothing is said.
    #[serde(default)]
    pub page: PageSettings,
    /// How long a page waits for an answer before the next level is reached. Five minutes, when
    /// nothing is said.
    #[serde(default = "five_minutes")]
    pub escalate_after: Span,
}

/// Where it is known who is on call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LevelSettings {
    /// People who take turns.
    Rota(RotaSettings),
    /// A calendar in the iCalendar format.
    Ical(IcalSettings),
}

/// People who take turns.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaSettings {
    /// Who, in the order of their turns.
    pub people: Vec<PersonName>,
    /// The day of the first turn, or with `on` the first such weekday from then on.
    pub start: Moment,
    /// How long a turn is, in whole days: `7d`, when nothing is said.
    #[serde(default = "a_week")]
    pub every: Span,
    /// The weekday of the hand-over, where turns are whole weeks; that of `start`, when nothing is
    /// said.
    pub on: Option<Day>,
    /// When the hand-over is on its day; at midnight, when nothing is said.
    #[serde(default = "midnight")]
    pub at: TimeOfDay,
    /// Who stands in for whom. The later line counts where two overlap.
    #[serde(default)]
    pub overrides: Vec<OverrideSettings>,
}

/// Somebody who stands in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideSettings {
    /// Who.
    pub person: PersonName,
    /// From when on.
    pub from: Moment,
    /// Until when. A day alone is meant to its end.
    pub until: Moment,
}

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

/// How people are reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PageSettings {
    /// The bot writes to them.
    #[default]
    Chat,
    /// Another program reaches them.
    Webhook(WebhookSettings),
}

/// A program that reaches people.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where pages are sent to, as JSON.
    pub url: Base,
    /// What they are signed with.
    pub secret: Secret,
}

fn five_minutes() -> Span {
    Span(Duration::from_mins(5))
}

fn a_week() -> Span {
    Span(Duration::from_hours(7 * 24))
}

fn midnight() -> TimeOfDay {
    TimeOfDay::MIDNIGHT
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
