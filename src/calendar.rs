//! Days, times of the day and time zones, as people write them into a configuration.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::{
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::is_invisible;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    /// The same, as a calendar counts with it.
    pub fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

/// Not what is meant there, in words for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {meant}")]
pub struct NotMeant {
    text: String,
    meant: &'static str,
}

impl NotMeant {
    fn new(text: &str, meant: &'static str) -> Self {
        let shown: String = text.chars().filter(|c| !is_invisible(*c)).take(40).collect();
        Self { text: shown.replace('`', "'"), meant }
    }
}

/// A day, or a moment of it: `2026-12-20`, `2026-12-20 18:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Moment {
    /// The whole day.
    Day(Date),
    /// This moment of a day.
    At(DateTime),
}

impl Moment {
    /// What the clock on the wall shows when it begins.
    pub fn begin(self) -> DateTime {
        match self {
            Self::Day(day) => day.to_datetime(Time::midnight()),
            Self::At(moment) => moment,
        }
    }

    /// What it shows when it is over.
    pub fn end(self) -> DateTime {
        match self {
            // The last day of the calendar has no tomorrow.
            Self::Day(day) => day.tomorrow().unwrap_or(day).to_datetime(Time::midnight()),
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for Moment {
    type Err = NotMeant;

    fn from_str(text: &str) -> Result<Self, NotMeant> {
        let bad = || NotMeant::new(text, "a day such as `2026-12-20`, or `2026-12-20 18:00`");
        // Only digits and their marks: jiff would take (and ignore) an offset too.
        let plain = |c: char| c.is_ascii_digit() || "-: T".contains(c);
        if !text.chars().all(plain) {
            return Err(bad());
        }
        if text.len() == 10 {
            return text.parse().map(Self::Day).map_err(|_| bad());
        }
        text.parse().map(Self::At).map_err(|_| bad())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(moment) => moment.fmt(f),
        }
    }
}

/// A time of the day, to the minute: `09:00`; `24:00` is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: i16,
}

impl TimeOfDay {
    /// The minutes of a day on the wall.
    pub const DAY: i16 = 24 * 60;

    /// The beginning of the day.
    pub const MIDNIGHT: Self = Self { minutes: 0 };

    /// Its end, `24:00`.
    pub const END_OF_DAY: Self = Self { minutes: Self::DAY };

    /// Minutes since midnight, by the clock on the wall.
    pub fn minutes(self) -> i16 {
        self.minutes
    }
}

impl FromStr for TimeOfDay {
    type Err = NotMeant;

    fn from_str(text: &str) -> Result<Self, NotMeant> {
        let digits = |part: &str| {
            let two = part.len() == 2 && part.chars().all(|c| c.is_ascii_digit());
            two.then(|| part.parse::<i16>().ok()).flatten()
        };
        let parts = text.split_once(':').and_then(|(h, m)| digits(h).zip(digits(m)));
        match parts {
            Some((hours, minutes)) if minutes < 60 && hours * 60 + minutes <= Self::DAY => {
                Ok(Self { minutes: hours * 60 + minutes })
            }
            _ => Err(NotMeant::new(text, "a time of the day such as `09:00` (in quotes)")),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// A time zone by its name in the IANA database: `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName {
    name: String,
    zone: TimeZone,
}

impl ZoneName {
    /// The zone itself.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Its name in the database.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl FromStr for ZoneName {
    type Err = NotMeant;

    fn from_str(text: &str) -> Result<Self, NotMeant> {
        let bad = |_| NotMeant::new(text, "a time zone such as `Europe/Berlin` or `UTC`");
        Ok(Self { name: text.to_owned(), zone: TimeZone::get(text).map_err(bad)? })
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A type that is written as text.
macro_rules! text {
    ($type:ident, $description:literal) => {
        impl TryFrom<String> for $type {
            type Error = NotMeant;

            fn try_from(text: String) -> Result<Self, NotMeant> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}

text!(Moment, "A day, or a moment of it: `2026-12-20`, `2026-12-20 18:00`.");
text!(TimeOfDay, "A time of the day: `09:00`; `24:00` is its end.");
text!(ZoneName, "A time zone: `Europe/Berlin`.");
