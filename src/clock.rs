//! The time, as something a test can move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment, later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long it is from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2026-01-31 15:40:12 UTC`: for whoever must know exactly.
    pub fn exact(self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.0);
        let time = time.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// `15:40 UTC`, or with its day when that is not today's.
    pub fn time_of_day(self, now: Self) -> String {
        let zoned = |t: Self| {
            jiff::Timestamp::from_millisecond(t.0)
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
                .to_zoned(jiff::tz::TimeZone::UTC)
        };
        let (this, today) = (zoned(self), zoned(now));
        let form = if this.date() == today.date() { "%H:%M UTC" } else { "%d %b %H:%M UTC" };
        this.strftime(form).to_string()
    }
}

/// `4 min 10 s`, `2 h`, `850 ms` is `0 s`: how long something takes, as people say it.
pub fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    let (big, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86400, "d"), (seconds % 86400 / 3600, "h")),
    };
    match small.0 {
        0 => format!("{} {}", big.0, big.1),
        rest => format!("{} {} {rest} {}", big.0, big.1, small.1),
    }
}

/// A length of time as a configuration or a person writes it: `90s`, `5m`, `2h 30m`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

/// Not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write it like `90s`, `5m`, `2h 30m` or `1d`")]
pub struct BadSpan(String);

impl std::str::FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = || BadSpan(text.chars().filter(|c| !c.is_control()).take(40).collect());
        // A day is 24 hours here; jiff leaves days to calendars.
        let (days, rest) = match text.split_once('d') {
            Some((days, rest)) => (days.trim().parse::<u32>().map_err(|_| bad())?, rest.trim()),
            None => (0, text.trim()),
        };
        let rest = match rest {
            "" if days > 0 => Duration::ZERO,
            rest => {
                let span: jiff::SignedDuration = rest.parse().map_err(|_| bad())?;
                span.try_into().map_err(|_| bad())?
            }
        };
        let whole = Duration::from_hours(24).saturating_mul(days).saturating_add(rest);
        // Ten years: nothing here waits longer, and every sum stays within its type.
        if whole > Duration::from_hours(24 * 3650) { Err(bad()) } else { Ok(Self(whole)) }
    }
}

impl TryFrom<String> for Span {
    type Error = BadSpan;

    fn try_from(text: String) -> Result<Self, BadSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}s", span.0.as_secs())
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time: `90s`, `5m`, `2h 30m`, `1d`."
        })
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Either the wall clock, or hands that a test turns. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Hands);

#[derive(Clone)]
enum Hands {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The wall clock.
    pub fn system() -> Self {
        Self(Hands::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] turns it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Hands::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// What time it is.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may look")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Hands::Manual(hands) => Timestamp(hands.load(Ordering::Relaxed)),
            Hands::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Timestamp(since.map_or(0, millis))
            }
        }
    }

    /// Turns the hands of a manual clock; the wall clock does not care.
    pub fn advance(&self, wait: Duration) {
        if let Hands::Manual(hands) = &self.0 {
            hands.fetch_add(millis(wait), Ordering::Relaxed);
        }
    }
}
