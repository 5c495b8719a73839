//! When nothing is deployed: freezes that come once or every week, by the clock on some wall. Pure.
//!
//! Where that clock is put back, an hour that comes twice is frozen both times when either is; a
//! moment that a clock put forward leaves out begins a freeze early and ends it late.

mod settings;

use jiff::{
    Span,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

pub use settings::{FreezeSettings, WeeklySettings};

use super::hold::Hold;
use crate::{
    calendar::TimeOfDay,
    clock::Timestamp,
    names::{Environment, Service},
};

/// How many freezes in a row are followed to their common end. A year of days in a row ends with a
/// moment that is too early, and is looked at again then.
const IN_A_ROW: usize = 366;

/// Every freeze of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Freezes(Vec<FreezeSettings>);

impl Freezes {
    /// These freezes.
    pub fn new(settings: Vec<FreezeSettings>) -> Self {
        Self(settings)
    }

    /// The freeze that is on there, if one is.
    pub fn on(&self, service: &Service, environment: &Environment, now: Timestamp) -> Option<Hold> {
        let there: Vec<&FreezeSettings> =
            self.0.iter().filter(|freeze| freeze.covers(service, environment)).collect();
        let at = |now: Timestamp| {
            let ends = there.iter().filter_map(|freeze| Some((*freeze, freeze.ends(now)?)));
            ends.max_by_key(|(_, until)| *until)
        };
        let (freeze, mut until) = at(now)?;
        for _ in 0..IN_A_ROW {
            match at(until) {
                Some((_, later)) => until = later,
                None => break,
            }
        }
        Some(Hold::Frozen { name: freeze.name.clone(), reason: freeze.reason.clone(), until })
    }
}

impl FreezeSettings {
    fn covers(&self, service: &Service, environment: &Environment) -> bool {
        self.services.as_ref().is_none_or(|all| all.contains(service))
            && self.environments.as_ref().is_none_or(|all| all.contains(environment))
    }

    /// When it is over, if it is on now.
    fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = self.time_zone.zone();
        let is_on = |(from, until): &(Timestamp, Timestamp)| *from <= now && now < *until;
        if let Some(weekly) = &self.weekly {
            let instant = jiff::Timestamp::from_millisecond(now.0).ok()?;
            let today = zone.to_datetime(instant).date();
            // One that began yesterday may still be on.
            let days = [today.yesterday().ok(), Some(today)];
            let on = days.into_iter().flatten().filter_map(|day| weekly.on(day, zone));
            return on.filter(is_on).map(|(_, until)| until).max();
        }
        let (from, until) = (self.from?.begin(), self.until?.end());
        Some((begin(from, zone)?, end(until, zone)?)).filter(is_on).map(|(_, until)| until)
    }
}

impl WeeklySettings {
    /// From when to when it is on if it begins on that day.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days.iter().any(|known| known.weekday() == day.weekday()) {
            return None;
        }
        let at = |minutes: i16| {
            let midnight = day.to_datetime(Time::midnight());
            midnight.checked_add(Span::new().minutes(minutes)).ok()
        };
        let over_night = self.until <= self.from;
        let until = self.until.minutes() + if over_night { TimeOfDay::DAY } else { 0 };
        Some((begin(at(self.from.minutes())?, zone)?, end(at(until)?, zone)?))
    }
}

/// The first instant at which the clock on the wall shows that, or would have.
fn begin(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(wall).earlier().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

/// The last one.
fn end(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(wall).later().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}
