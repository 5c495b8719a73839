//! `/silence k7m2qx 1h the disk is on its way`, and the buttons that say it.

use std::time::Duration;

use jiff::{civil::time, tz::TimeZone};

use super::{Command, Error, Reply, Said, asking::kept};
use crate::{
    access::Permission,
    alerts::{Act, Wanted},
    clock::{Span, Timestamp},
    names::{Correlation, is_invisible},
};

/// Keeps an alert quiet for a while.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Silence {
    alert: String,
    /// For how long, and why in any number of words.
    words: Vec<String>,
}

impl Command for Silence {
    const NAME: &'static str = "silence";
    const USAGE: &'static str = "<alert> <1h | until tomorrow> [reason]";
    const SUMMARY: &'static str = "Hear nothing of an alert for a while.";
    const EXAMPLES: &'static [&'static str] =
        &["/silence k7m2qx 1h the new disk is on its way", "/silence k7m2qx until tomorrow"];
    const PERMISSION: Option<Permission> = Some(Permission::Alerts);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let alert = said.alert_meant(&self.alert).await?;
        let (now, zone) = (said.bot.clock.now(), said.bot.time_zone.as_ref());
        let zone = zone.map_or(TimeZone::UTC, |zone| zone.zone().clone());
        let (until, reason) = end(&self.words, now, &zone).map_err(Error::NothingMeant)?;
        let (by, reason) = (said.actor.clone(), kept(Some(reason.join(" "))));
        let correlation = Correlation::random();
        said.act(alert, Act::Silence(Wanted { by, until, reason, correlation })).await
    }
}

const GOOD: &str = "say for how long: `30m`, `1h`, `2h 30m`, `1d` or `until tomorrow`";

/// When it ends, and the words that are left.
fn end<'a>(
    words: &'a [String],
    now: Timestamp,
    zone: &TimeZone,
) -> Result<(Timestamp, &'a [String]), String> {
    let mut lower = words.iter().map(|word| word.to_lowercase());
    let (first, second) = (lower.next().unwrap_or_default(), lower.next().unwrap_or_default());
    let until = match (first.as_str(), second.as_str()) {
        ("", _) => return Err(format!("A silence needs an end: {GOOD}.")),
        ("until", "tomorrow") => return Ok((tomorrow(now, zone)?, &words[2..])),
        ("tomorrow", _) => return Ok((tomorrow(now, zone)?, &words[1..])),
        ("for", _) => &words[1..],
        _ => words,
    };
    let spans = until.iter().map_while(|word| word.parse::<Span>().ok());
    let spans: Vec<Duration> = spans.map(|span| span.0).collect();
    let lasts = spans.iter().fold(Duration::ZERO, |sum, span| sum.saturating_add(*span));
    if spans.is_empty() {
        let word: String = until
            .first()
            .map_or(first.as_str(), String::as_str)
            .chars()
            .filter(|c| !is_invisible(*c) && *c != '`')
            .take(40)
            .collect();
        return Err(format!("`{word}` is no length of time: {GOOD}."));
    }
    if lasts.is_zero() {
        return Err(format!("A silence of no time is none: {GOOD}."));
    }
    Ok((now.plus(lasts), &until[spans.len()..]))
}

/// Nine o'clock of the day after this one, by the clock on the wall.
fn tomorrow(now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let beyond = |_| "There is no tomorrow in the calendar.".to_owned();
    let today = jiff::Timestamp::from_millisecond(now.0).map_err(beyond)?.to_zoned(zone.clone());
    let morning = today.date().tomorrow().map_err(beyond)?.to_datetime(time(9, 0, 0, 0));
    let morning = zone.to_ambiguous_timestamp(morning).compatible().map_err(beyond)?;
    Ok(Timestamp(morning.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quarter past nine in London, in October 2025.
    const NOW: Timestamp = Timestamp(1_759_997_700_000);

    fn ends(words: &str, zone: &str) -> Result<(i64, String), String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let zone = TimeZone::get(zone).unwrap();
        let (until, reason) = end(&words, NOW, &zone)?;
        Ok(((until.0 - NOW.0) / 60_000, reason.join(" ")))
    }

    #[test]
    fn a_silence_ends_when_people_say() {
        let disk = "the disk".to_owned();
        assert_eq!(ends("1h the disk", "UTC").unwrap(), (60, disk.clone()));
        assert_eq!(ends("for 2h 30m the disk", "UTC").unwrap(), (150, disk.clone()));
        assert_eq!(ends("1d", "UTC").unwrap(), (24 * 60, String::new()));
        assert_eq!(ends("until tomorrow the disk", "UTC").unwrap(), (24 * 60 + 45, disk));
        assert_eq!(ends("Tomorrow", "Europe/Berlin").unwrap().0, 24 * 60 - 75);
        assert_eq!(ends("until tomorrow", "Pacific/Kiritimati").unwrap().0, 24 * 60 - 795);
    }

    #[test]
    fn no_end_and_no_length_of_time_are_met_with_good_ones() {
        for said in ["", "soon", "until friday", "0s", "for", "until", "-5m", "1y", "\u{202e}1h"] {
            let told = ends(said, "UTC").unwrap_err();
            assert!(told.contains("`1h`") && told.contains("`until tomorrow`"), "{said}: {told}");
        }
    }
}
