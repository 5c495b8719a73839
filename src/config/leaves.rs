//! Values that are more than text: names, addresses, spans, references to secrets.

use std::{borrow::Cow, net::SocketAddr};

use super::{database::Database, words::shown};
use crate::{
    alerts::webhook::Pointer,
    calendar::{Moment, TimeOfDay, ZoneName},
    clock::Span,
    hooks::HeaderName,
    names::{
        Environment, PersonName, PipelineName, RoleName, RoomName, ScheduleName, Service,
        SourceName, StepName, SubscriberName, Version,
    },
    oncall::{CalendarUrl, OutsideId},
    outbound::{BadAddress, Base},
    pipelines::{InputName, Place},
    secrets::Secret,
    vendors::{
        github::Repository,
        pagerduty::{Id, Sender},
    },
};

/// Whether a text is right; the sentence that says why not.
pub(super) type Check = fn(&str) -> Result<(), String>;

/// By the schema's name for a type.
const LEAVES: &[(&str, Check)] = &[
    ("Address", address),
    ("CalendarUrl", calendar),
    ("Database", parsed::<Database>),
    ("EmailAddress", parsed::<Sender>),
    ("Environment", parsed::<Environment>),
    ("HeaderName", parsed::<HeaderName>),
    ("InputName", parsed::<InputName>),
    ("Listen", listen),
    ("Moment", parsed::<Moment>),
    ("OutsideId", parsed::<OutsideId>),
    ("PagerDutyId", parsed::<Id>),
    ("PersonName", parsed::<PersonName>),
    ("PipelineName", parsed::<PipelineName>),
    ("Place", parsed::<Place>),
    ("Pointer", parsed::<Pointer>),
    ("Repository", parsed::<Repository>),
    ("RoleName", parsed::<RoleName>),
    ("RoomName", parsed::<RoomName>),
    ("ScheduleName", parsed::<ScheduleName>),
    ("Secret", parsed::<Secret>),
    ("Service", parsed::<Service>),
    ("Span", parsed::<Span>),
    ("TimeOfDay", parsed::<TimeOfDay>),
    ("Version", parsed::<Version>),
    ("ZoneName", parsed::<ZoneName>),
];

/// What the keys below a key are. A schema cannot say it: to it, they are any text.
const KEYS: &[(&str, Check)] = &[
    ("alerts", parsed::<SourceName>),
    ("environments", parsed::<Environment>),
    ("hooks", parsed::<SourceName>),
    ("oncall", parsed::<ScheduleName>),
    ("people", parsed::<PersonName>),
    ("pipelines", parsed::<PipelineName>),
    ("roles", parsed::<RoleName>),
    ("rooms", parsed::<RoomName>),
    ("services", parsed::<Service>),
    ("steps", parsed::<StepName>),
    ("tell", parsed::<SubscriberName>),
    ("who", parsed::<PersonName>),
];

/// How values of that type are checked.
pub(super) fn leaf(type_name: &str) -> Option<Check> {
    LEAVES.iter().find(|(name, _)| *name == type_name).map(|(_, check)| *check)
}

/// How the names below that key are checked.
pub(super) fn names_below(key: &str) -> Option<Check> {
    KEYS.iter().find(|(name, _)| *name == key).map(|(_, check)| *check)
}

fn parsed<T: TryFrom<String, Error: std::fmt::Display>>(text: &str) -> Result<(), String> {
    T::try_from(text.to_owned()).map(drop).map_err(|error| error.to_string())
}

fn address(text: &str) -> Result<(), String> {
    // An address that does not parse may hold a password all the same.
    if text.contains('@') {
        let words = "an address must not hold a user name or password: refer to a secret instead";
        return Err(words.to_owned());
    }
    text.parse::<Base>().map(drop).map_err(|error| match error {
        BadAddress::NotOne(text) => BadAddress::NotOne(shown(&text)).to_string(),
        BadAddress::Plain(text) => BadAddress::Plain(shown(&text)).to_string(),
        BadAddress::Credentials => error.to_string(),
    })
}

/// The address of a calendar, or where one is kept.
fn calendar(text: &str) -> Result<(), String> {
    if CalendarUrl::try_from(text.to_owned()).is_ok_and(|url| matches!(url, CalendarUrl::Secret(_)))
    {
        return Ok(());
    }
    address(text)
}

fn listen(text: &str) -> Result<(), String> {
    let bad = "an address and a port are meant, such as `127.0.0.1:3978` or `0.0.0.0:3978`";
    text.parse::<SocketAddr>().map(drop).map_err(|_| bad.to_owned())
}

/// The schema of an address to listen on.
pub(super) struct Listen;

impl schemars::JsonSchema for Listen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An address and a port: `127.0.0.1:3978`."
        })
    }
}
