//! A calendar in the iCalendar format (RFC 5545), read into turns. Pure.
//!
//! A series is unfolded by the clock on the wall of its own time zone, and only then turned into
//! instants: a hand-over at nine stays at nine when the clocks change.

mod guests;
mod local;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use calcard::{
    Entry, Parser,
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus,
        ICalendarValue, dates::TimeOrDelta,
    },
};
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};

use self::local::{Wall, Zones, localise};
use super::{
    roll::Roll,
    timeline::{Turn, Window},
};
use crate::{calendar::ZoneName, clock::Timestamp};

/// The largest calendar that is read, in bytes: years of a team's turns are a tenth of it.
pub(super) const LARGEST: usize = 2 * 1024 * 1024;

/// How often one event may recur: half a century of days. More are left out, and said so.
const RECURRENCES: usize = 20_000;

/// How many turns one window may have; more is no schedule.
const TURNS: usize = 5_000;

/// How long reading may take; a calendar made to take longer is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many pieces are read of something that is no calendar before that is said.
const PIECES: usize = 1_000;

/// Why a text is no calendar that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCalendar {
    /// A sign-in page, for one.
    #[error("it is no calendar: no `BEGIN:VCALENDAR` is in it")]
    NotOne,
    /// Half of it is not what was meant.
    #[error("it is cut short: an `END:` is missing")]
    CutShort,
    /// Longer than anybody's schedule.
    #[error("it is larger than {LARGEST} bytes")]
    TooLarge,
    /// Made to keep us busy.
    #[error("it recurs so often that reading it takes too long")]
    TooMuch,
}

/// What a calendar says.
#[derive(Debug, Default)]
pub struct Read {
    /// The turns that touch the window.
    pub turns: Vec<Turn>,
    /// What of it could not be understood, in a sentence.
    pub odd: Option<String>,
}

/// Reads the calendar; times without a zone, and whole days, are those of `zone`.
///
/// # Errors
/// [`BadCalendar`] when it cannot be used at all.
pub fn read(text: &str, zone: &ZoneName, roll: &Roll, window: Window) -> Result<Read, BadCalendar> {
    if text.len() > LARGEST {
        return Err(BadCalendar::TooLarge);
    }
    let until = Instant::now() + PATIENCE;
    let (mut found, mut left_out) = (Read::default(), 0);
    for calendar in calendars(text)? {
        let zones = Zones::of(&calendar, zone.zone());
        for series in series(&calendar) {
            if Instant::now() > until || found.turns.len() > TURNS {
                return Err(BadCalendar::TooMuch);
            }
            left_out += unfold(&series, &zones, (roll, window), &mut found.turns);
        }
        if let Some(name) = zones.unknown() {
            found.odd = Some(format!(
                "its time zone `{name}` is unknown, so those times are read as {zone}"
            ));
        }
    }
    if left_out > 0 {
        let events = if left_out == 1 { "event" } else { "events" };
        found.odd =
            Some(format!("{left_out} {events} in it cannot be read, so something is missing"));
    }
    found.turns.sort_by(|one, other| (one.from, &one.who).cmp(&(other.from, &other.who)));
    Ok(found)
}

fn calendars(text: &str) -> Result<Vec<ICalendar>, BadCalendar> {
    let (mut parser, mut calendars) = (Parser::new(text), vec![]);
    for _ in 0..PIECES {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendars.push(calendar),
            Entry::TooManyComponents => return Err(BadCalendar::TooLarge),
            Entry::Eof => break,
            _ => {}
        }
    }
    let is_calendar = |calendar: &ICalendar| {
        let first = calendar.components.first().map(|component| &component.component_type);
        first == Some(&ICalendarComponentType::VCalendar)
    };
    if calendars.is_empty() || !calendars.iter().all(is_calendar) {
        return Err(BadCalendar::NotOne);
    }
    // The parser takes half a calendar for a whole one.
    let end = text.trim_end().lines().last().unwrap_or_default().trim();
    if !end.eq_ignore_ascii_case("END:VCALENDAR") {
        return Err(BadCalendar::CutShort);
    }
    Ok(calendars)
}

/// The events of a calendar, each with those that change one of its recurrences.
fn series(calendar: &ICalendar) -> Vec<Vec<&ICalendarComponent>> {
    let mut by_uid: BTreeMap<&str, Vec<&ICalendarComponent>> = BTreeMap::new();
    let mut alone = vec![];
    for event in &calendar.components {
        match (&event.component_type, event.uid()) {
            (ICalendarComponentType::VEvent, Some(uid)) => {
                by_uid.entry(uid).or_default().push(event);
            }
            (ICalendarComponentType::VEvent, None) => alone.push(vec![event]),
            _ => {}
        }
    }
    by_uid.into_values().chain(alone).collect()
}

/// Adds the turns of one series; returns how many events of it could not be read.
fn unfold(
    series: &[&ICalendarComponent],
    zones: &Zones<'_>,
    (roll, window): (&Roll, Window),
    turns: &mut Vec<Turn>,
) -> usize {
    let recurs = |event: &&&ICalendarComponent| event.has_property(&ICalendarProperty::Rrule);
    let leader = series.iter().find(recurs).or(series.first());
    let Some(zone) = leader.map(|event| zones.of_event(event)) else { return 0 };
    let wall = Wall { zone: &zone, until: window.until };
    let components: Vec<_> = series.iter().map(|event| localise(event, zones, wall)).collect();
    // No time zone is left in it, so that nothing falls into an hour that is not there.
    let local = ICalendar { components };
    let expanded = local.expand_dates(calcard::common::timezone::Tz::Floating, RECURRENCES);
    let endless = expanded.events.len() >= RECURRENCES;
    let mut left_out = expanded.errors.len() + usize::from(endless);
    for event in expanded.events {
        let Some(component) = usize::try_from(event.comp_id).ok().and_then(|id| series.get(id))
        else {
            continue;
        };
        if component.status() == Some(&ICalendarStatus::Cancelled) {
            continue;
        }
        let begin = shown(event.start.naive_local().and_utc().timestamp());
        let end = match event.end {
            TimeOrDelta::Time(end) => End::At(shown(end.naive_local().and_utc().timestamp())),
            TimeOrDelta::Delta(lasts) => {
                let lasts = SignedDuration::from_secs(lasts.num_seconds());
                let by_hours = component.has_property(&ICalendarProperty::Duration) && lasts < DAY;
                if by_hours { End::After(lasts) } else { End::Later(lasts) }
            }
        };
        let Some((from, until)) = begin.and_then(|begin| span(begin, end, &zone)) else {
            left_out += 1;
            continue;
        };
        if from < until && from < window.until && until > window.from && turns.len() <= TURNS {
            let people = guests::people_of(component, roll);
            turns.extend(people.into_iter().map(|who| Turn { who, from, until }));
        }
    }
    left_out
}

/// When an event is over.
#[derive(Clone, Copy)]
enum End {
    /// When the clock on the wall shows this.
    At(Option<DateTime>),
    /// When it shows so much more than at the beginning.
    Later(SignedDuration),
    /// When so much time has passed, whatever the clock shows.
    After(SignedDuration),
}

/// What lasts as long is meant by days, not by hours.
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn span(begin: DateTime, end: End, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let from = instant(begin, zone)?;
    let until = match end {
        End::At(end) => instant(end?, zone)?,
        End::Later(lasts) => instant(begin.checked_add(lasts).ok()?, zone)?,
        End::After(lasts) => from.plus(lasts.try_into().ok()?),
    };
    Some((from, until))
}

/// What a clock without a zone shows so many seconds after 1970.
fn shown(seconds: i64) -> Option<DateTime> {
    let instant = jiff::Timestamp::from_second(seconds).ok()?;
    Some(TimeZone::UTC.to_datetime(instant))
}

fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    super::rota::instant(wall, zone)
}

/// The text of a property, when it has one.
fn text(event: &ICalendarComponent, property: &ICalendarProperty) -> Option<String> {
    let value = event.property(property)?.values.first().and_then(ICalendarValue::as_text)?;
    Some(value.to_owned())
}
