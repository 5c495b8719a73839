//! Freezes as the configuration writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Day, Moment, TimeOfDay, ZoneName},
    names::{Environment, Service},
};

/// A time in which nothing is deployed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeSettings {
    /// What people call it.
    pub name: String,
    /// Which services; without this line, all of them.
    pub services: Option<Vec<Service>>,
    /// Which environments; without this line, all of them.
    pub environments: Option<Vec<Environment>>,
    /// When it begins, if it comes once.
    pub from: Option<Moment>,
    /// When it is over, if it comes once. A day alone is meant to its end.
    pub until: Option<Moment>,
    /// When it comes, if it comes every week.
    pub weekly: Option<WeeklySettings>,
    /// Where its days and hours are those of the clock on the wall.
    pub time_zone: ZoneName,
    /// Why, for whoever has to wait.
    pub reason: Option<String>,
}

/// A freeze that comes every week.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklySettings {
    /// The days it begins on.
    pub days: Vec<Day>,
    /// When it begins on each of them; at midnight, when nothing is said.
    #[serde(default = "midnight")]
    pub from: TimeOfDay,
    /// When it is over: the same day, or the next when that is not later than `from`. At the end
    /// of the day, when nothing is said.
    #[serde(default = "end_of_day")]
    pub until: TimeOfDay,
}

fn midnight() -> TimeOfDay {
    TimeOfDay::MIDNIGHT
}

fn end_of_day() -> TimeOfDay {
    TimeOfDay::END_OF_DAY
}
