//! People who take turns, by the clock on some wall. Pure.
//!
//! A hand-over is always at the same time on the wall, so that a turn over which the clocks change
//! is an hour shorter or longer. A moment that a clock put forward leaves out counts as the moment
//! after; of one that comes twice, the first counts.

use jiff::{
    Span,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::{
    settings::RotaSettings,
    timeline::{Turn, Who, Window, replace},
};
use crate::{
    calendar::{TimeOfDay, ZoneName},
    clock::Timestamp,
};

/// More turns than this are never asked for at once: two months of daily ones are sixty.
const MOST: i64 = 1000;

/// Every turn that touches the window, stand-ins included.
pub fn turns(rota: &RotaSettings, zone: &ZoneName, window: Window) -> Vec<Turn> {
    let zone = zone.zone();
    let mut turns = regular(rota, zone, window).unwrap_or_default();
    for over in &rota.overrides {
        let span = instant(over.from.begin(), zone).zip(instant(over.until.end(), zone));
        if let Some((from, until)) = span {
            turns = replace(turns, Turn { who: Who::Person(over.person.clone()), from, until });
        }
    }
    turns.retain(|turn| turn.from < window.until && turn.until > window.from);
    turns
}

/// The day of the first hand-over.
pub fn first_day(rota: &RotaSettings) -> Date {
    let start = rota.start.begin().date();
    let Some(day) = rota.on else { return start };
    let ahead = start.weekday().until(day.weekday());
    start.checked_add(Span::new().days(ahead)).unwrap_or(start)
}

fn regular(rota: &RotaSettings, zone: &TimeZone, window: Window) -> Option<Vec<Turn>> {
    let people = i64::try_from(rota.people.len()).ok().filter(|count| *count > 0)?;
    let days = i64::try_from(rota.every.0.as_secs() / 86_400).ok().filter(|days| *days > 0)?;
    let first = first_day(rota);
    let today = zone.to_datetime(jiff::Timestamp::from_millisecond(window.from.0).ok()?).date();
    let past = i64::from(first.until(today).ok()?.get_days());
    // One more to each side: the hand-over may be late on its day, or a day away in another zone.
    let first_number = past.div_euclid(days) - 2;
    let mut turns = vec![];
    for number in first_number..first_number + MOST {
        let from = instant(hand_over(first, number.checked_mul(days)?, rota.at)?, zone)?;
        let next = instant(hand_over(first, (number + 1).checked_mul(days)?, rota.at)?, zone)?;
        if from >= window.until {
            break;
        }
        if number >= 0 && from < next && next > window.from {
            let index = usize::try_from(number.rem_euclid(people)).ok()?;
            let who = Who::Person(rota.people[index].clone());
            turns.push(Turn { who, from, until: next });
        }
    }
    Some(turns)
}

/// What the clock on the wall shows at the hand-over so many days after the first.
fn hand_over(first: Date, days: i64, at: TimeOfDay) -> Option<DateTime> {
    let day = first.checked_add(Span::new().try_days(days).ok()?).ok()?;
    day.to_datetime(Time::midnight()).checked_add(Span::new().minutes(at.minutes())).ok()
}

/// The instant at which the clock on the wall shows that.
pub(super) fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(wall).compatible().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}
