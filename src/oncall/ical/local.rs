//! Times of a calendar, as the clock on one wall shows them. Pure.

use std::cell::RefCell;

use calcard::{
    common::{PartialDateTime, timezone::Tz},
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarPeriod,
        ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue, timezone::TzResolver,
    },
};
use jiff::{
    SignedDuration,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use crate::{clock::Timestamp, names::is_invisible};

/// The time zones a calendar speaks of.
pub(super) struct Zones<'a> {
    resolver: TzResolver<&'a str>,
    usual: &'a TimeZone,
    unknown: RefCell<Option<String>>,
}

impl<'a> Zones<'a> {
    /// Those of the calendar; `usual` is meant where it says nothing.
    pub(super) fn of(calendar: &'a ICalendar, usual: &'a TimeZone) -> Self {
        Self { resolver: calendar.build_tz_resolver(), usual, unknown: RefCell::new(None) }
    }

    /// The zone in which an event begins.
    pub(super) fn of_event(&self, event: &ICalendarComponent) -> TimeZone {
        let Some(start) = event.property(&ICalendarProperty::Dtstart) else {
            return self.usual.clone();
        };
        let in_utc = start.values.iter().any(
            |value| matches!(value, ICalendarValue::PartialDateTime(at) if at.tz_hour.is_some()),
        );
        if in_utc { TimeZone::UTC } else { self.of_entry(start) }
    }

    /// A zone that was named and that nobody knows.
    pub(super) fn unknown(&self) -> Option<String> {
        self.unknown.borrow().clone()
    }

    fn of_entry(&self, entry: &ICalendarEntry) -> TimeZone {
        let Some(name) = entry.tz_id() else { return self.usual.clone() };
        let known = match self.resolver.resolve(name) {
            Some(Tz::Fixed(offset)) => {
                let offset = jiff::tz::Offset::from_seconds(offset.local_minus_utc());
                offset.ok().map(TimeZone::fixed)
            }
            Some(zone) => zone.name().and_then(|name| TimeZone::get(&name).ok()),
            None => TimeZone::get(name).ok(),
        };
        known.unwrap_or_else(|| {
            let shown = name.chars().filter(|c| !is_invisible(*c) && *c != '`').take(60);
            *self.unknown.borrow_mut() = Some(shown.collect());
            self.usual.clone()
        })
    }
}

/// The clock on a wall, and until when anybody looks at it.
#[derive(Clone, Copy)]
pub(super) struct Wall<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) until: Timestamp,
}

/// The event with all its times as the clock on the wall shows them, and without any zone; what
/// would recur for ever ends when nobody looks any more.
pub(super) fn localise(
    event: &ICalendarComponent,
    zones: &Zones<'_>,
    on: Wall<'_>,
) -> ICalendarComponent {
    let zone = on.zone;
    let mut local = event.clone();
    local.component_ids.clear();
    // All of them belong to one series, whatever version each of them is.
    local.entries.retain(|entry| entry.name != ICalendarProperty::Sequence);
    let whole_days = event.property(&ICalendarProperty::Dtstart).is_some_and(|start| {
        let has_time = |value: &ICalendarValue| {
            matches!(value, ICalendarValue::PartialDateTime(at) if at.hour.is_some())
        };
        !start.values.iter().any(has_time)
    });
    for entry in &mut local.entries {
        let own = zones.of_entry(entry);
        entry.params.retain(|parameter| parameter.name != ICalendarParameterName::Tzid);
        for value in &mut entry.values {
            match value {
                ICalendarValue::PartialDateTime(at) => shift(at, &own, zone),
                ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                    shift(start, &own, zone);
                    shift(end, &own, zone);
                }
                ICalendarValue::Period(ICalendarPeriod::Duration { start, .. }) => {
                    shift(start, &own, zone);
                }
                ICalendarValue::RecurrenceRule(rule) => end(rule, on, whole_days),
                _ => {}
            }
        }
    }
    local
}

/// Has the rule end where anybody looks, and not later.
fn end(rule: &mut ICalendarRecurrenceRule, on: Wall<'_>, whole_days: bool) {
    let last = jiff::Timestamp::from_millisecond(on.until.0).ok();
    let last = last.map(|instant| on.zone.to_datetime(instant));
    if let Some(until) = &mut rule.until {
        shift(until, on.zone, on.zone);
        if until.hour.is_none() && !whole_days {
            // A day alone is meant to its end.
            (until.hour, until.minute, until.second) = (Some(23), Some(59), Some(59));
        }
        if wall(until).is_none_or(|until| last.is_none_or(|last| until <= last)) {
            return;
        }
    }
    if rule.count.is_none() {
        rule.until = last.map(partial);
    }
}

/// The same instant on another wall. What cannot be understood stays, and is refused later.
fn shift(at: &mut PartialDateTime, own: &TimeZone, zone: &TimeZone) {
    let Some(wall) = wall(at) else { return };
    let offset = at.tz_hour.map(|hours| {
        let seconds = i64::from(hours) * 3600 + i64::from(at.tz_minute.unwrap_or(0)) * 60;
        if at.tz_minus { -seconds } else { seconds }
    });
    let instant = match offset {
        None if own == zone => return,
        None => own.to_ambiguous_timestamp(wall).compatible().ok(),
        Some(offset) => TimeZone::UTC
            .to_ambiguous_timestamp(wall)
            .compatible()
            .ok()
            .and_then(|as_utc| as_utc.checked_sub(SignedDuration::from_secs(offset)).ok()),
    };
    let Some(there) = instant.map(|instant| zone.to_datetime(instant)) else { return };
    *at = partial(there);
}

fn partial(there: DateTime) -> PartialDateTime {
    let small = |number: i8| u8::try_from(number).ok();
    PartialDateTime {
        year: u16::try_from(there.year()).ok(),
        month: small(there.month()),
        day: small(there.day()),
        hour: small(there.hour()),
        minute: small(there.minute()),
        second: small(there.second()),
        tz_hour: None,
        tz_minute: None,
        tz_minus: false,
    }
}

/// What it says of the clock on the wall; nothing for a whole day.
fn wall(at: &PartialDateTime) -> Option<DateTime> {
    let number = |number: Option<u8>| i8::try_from(number?).ok();
    let year = i16::try_from(at.year?).ok()?;
    let date = Date::new(year, number(at.month)?, number(at.day)?).ok()?;
    let second = number(at.second).unwrap_or(0).min(59);
    let time = Time::new(number(at.hour)?, number(at.minute).unwrap_or(0), second, 0).ok()?;
    Some(date.to_datetime(time))
}
