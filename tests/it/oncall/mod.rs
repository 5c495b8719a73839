//! Who is on call, and the pages that reach them.

mod calendars;
mod ical;
mod pages;
mod registers;
mod rota;
mod told;

use pilothouse::{
    clock::Timestamp,
    oncall::{Turn, Who, Window},
};

/// A moment, as `2026-11-30T09:00+01:00[Europe/Berlin]` or in UTC as `2026-11-30T08:00Z`.
fn at(text: &str) -> Timestamp {
    let zoned = text.parse::<jiff::Zoned>().map(|zoned| zoned.timestamp());
    Timestamp(zoned.or_else(|_| text.parse::<jiff::Timestamp>()).unwrap().as_millisecond())
}

fn window(from: &str, until: &str) -> Window {
    Window { from: at(from), until: at(until) }
}

/// Turns as lines: `alice 2026-11-30T08:00Z 2026-12-07T08:00Z`.
fn lines(turns: &[Turn]) -> Vec<String> {
    let time = |at: Timestamp| {
        let instant = jiff::Timestamp::from_millisecond(at.0).unwrap();
        instant.strftime("%Y-%m-%dT%H:%MZ").to_string()
    };
    turns.iter().map(|t| format!("{} {} {}", t.who, time(t.from), time(t.until))).collect()
}

/// Who is on call then, by the turns.
fn there(turns: &[Turn], now: Timestamp) -> Vec<Who> {
    let on = turns.iter().filter(|turn| turn.from <= now && now < turn.until);
    on.map(|turn| turn.who.clone()).collect()
}
