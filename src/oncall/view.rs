//! Who is on call, as people see it. Pure.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Roster, ScheduleSettings, Watch, Who, Window, watches};
use crate::{
    calendar::ZoneName,
    cards::{Button, View},
    clock::Timestamp,
    names::{ScheduleName, Service},
};

/// Who is on call at one level, from now on.
#[derive(Clone, Debug, Default)]
pub struct LevelNow {
    /// This watch and those after it; none when nothing is known.
    pub watches: Vec<Watch>,
    /// What to know about it, as a sentence.
    pub note: Option<String>,
    /// Where it is from, as a sentence.
    pub source: Option<String>,
    /// Until when it is known, when that is not long enough to see what comes.
    pub known_until: Option<Timestamp>,
}

impl LevelNow {
    /// What a level knows of that stretch of time.
    pub(super) fn of(roster: Roster, window: Window) -> Self {
        let Roster { turns, known, note, until, source } = roster;
        let known_until = until.filter(|until| *until < window.until);
        let window = Window { until: known_until.unwrap_or(window.until), ..window };
        let watches = if known { watches(&turns, window) } else { vec![] };
        Self { watches, note, source, known_until }
    }

    /// Whether anything is known about it.
    pub fn is_known(&self) -> bool {
        !self.watches.is_empty()
    }

    /// Who is on call now.
    pub fn who(&self) -> &[Who] {
        self.watches.first().map_or(&[], |watch| watch.who.as_slice())
    }
}

/// One schedule at a moment.
#[derive(Debug)]
pub struct ScheduleNow<'a> {
    /// What it is called.
    pub name: &'a ScheduleName,
    /// Its rules.
    pub rules: &'a ScheduleSettings,
    /// Its levels.
    pub levels: Vec<LevelNow>,
    /// Whether whoever reads this may page its people.
    pub may_page: bool,
}

/// Whoever reads it, and when.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Now.
    pub now: Timestamp,
    /// Their time zone, when their chat tells it.
    pub zone: Option<&'a TimeZone>,
}

/// The card of who is on call.
#[derive(Debug, Serialize)]
pub struct OnCallView {
    title: String,
    note: Option<String>,
    schedules: Vec<Section>,
}

#[derive(Debug, Serialize)]
struct Section {
    name: String,
    /// What it is for, and in which zone its times are.
    about: String,
    levels: Vec<Row>,
    button: Option<Button>,
}

#[derive(Debug, Serialize)]
struct Row {
    who: String,
    /// `warning` when nobody is, or nothing is known: never the only sign of it.
    color: &'static str,
    then: Option<String>,
    note: Option<String>,
    source: Option<String>,
}

impl OnCallView {
    /// The schedules, for whoever reads this; `about` is the service they asked for.
    pub fn of(schedules: &[ScheduleNow<'_>], about: Option<&Service>, reader: Reader<'_>) -> Self {
        let title = about.map_or_else(
            || "Who is on call".to_owned(),
            |service| format!("Who is on call for {service}"),
        );
        let note = schedules.is_empty().then(|| {
            "There is no schedule that you may look at. They stand in the section `oncall` of the \
             configuration."
                .to_owned()
        });
        let schedules = schedules.iter().map(|schedule| Section::of(schedule, reader)).collect();
        Self { title, note, schedules }
    }
}

impl Section {
    fn of(schedule: &ScheduleNow<'_>, reader: Reader<'_>) -> Self {
        let ScheduleNow { name, rules, levels, may_page } = schedule;
        let services: Vec<&str> = rules.services.iter().map(Service::as_str).collect();
        let services = match services.as_slice() {
            [] => String::new(),
            services => format!("For {}. ", services.join(", ")),
        };
        let about = format!("{services}Times are those of {}{}.", rules.time_zone, yours(reader));
        let alone = levels.len() == 1;
        let rows = levels.iter().enumerate();
        let rows = rows.map(|(number, level)| {
            let label = if alone { String::new() } else { format!("Level {}: ", number + 1) };
            Row::of(&label, level, &rules.time_zone, reader)
        });
        let button = may_page.then(|| Button {
            title: format!("Page {name}"),
            say: format!("/page {name}"),
            style: "default",
            secondary: false,
        });
        Self { name: name.to_string(), about, levels: rows.collect(), button }
    }

    fn text(&self) -> String {
        let rows = self.levels.iter().flat_map(|row| {
            let more = [&row.then, &row.note, &row.source].into_iter().flatten();
            [&row.who].into_iter().chain(more)
        });
        let lines: Vec<String> = rows.map(|line| format!("  {line}")).collect();
        format!("{}. {}\n{}", self.name, self.about, lines.join("\n"))
    }
}

impl Row {
    fn of(label: &str, level: &LevelNow, zone: &ZoneName, reader: Reader<'_>) -> Self {
        let LevelNow { watches, note, source, known_until } = level;
        let Some(first) = watches.first() else {
            let who = format!("{label}not known now");
            let (note, source) = (note.clone(), source.clone());
            return Self { who, color: "warning", then: None, note, source };
        };
        let until = match (first.until, known_until) {
            (Some(until), _) => format!(" until {}", moment(until, zone, reader)),
            (None, Some(known)) => format!(" at least until {}", moment(*known, zone, reader)),
            (None, None) => ", with no hand-over in the next two months".to_owned(),
        };
        let next = watches.get(1).map(|next| {
            let until = next.until.map_or_else(String::new, |until| {
                format!(", until {}", moment(until, zone, reader))
            });
            // A gap is followed by somebody: say who, or it sounds as if that were the end.
            let after = watches.get(2).filter(|_| next.who.is_empty());
            let after = after.map_or_else(String::new, |after| format!("; then {}", names(after)));
            format!("Then {}{until}{after}.", names(next))
        });
        Self {
            who: format!("{label}{}{until}", names(first)),
            color: if first.who.is_empty() { "warning" } else { "emphasis" },
            then: next,
            note: note.clone(),
            source: source.clone(),
        }
    }
}

fn names(watch: &Watch) -> String {
    let names: Vec<String> = watch.who.iter().map(Who::to_string).collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `Mon 30 Nov 09:00 (08:00 for you)`: by the schedule's clock, and by the reader's where that
/// shows something else.
fn moment(at: Timestamp, zone: &ZoneName, reader: Reader<'_>) -> String {
    let wall = |at: Timestamp, zone: &TimeZone| {
        let instant = jiff::Timestamp::from_millisecond(at.0);
        zone.to_datetime(instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    };
    let (there, today) = (wall(at, zone.zone()), wall(reader.now, zone.zone()));
    let form = match (there.date() == today.date(), there.year() == today.year()) {
        (true, _) => "%H:%M today",
        (false, true) => "%a %-d %b %H:%M",
        (false, false) => "%a %-d %b %Y %H:%M",
    };
    let here = reader.zone.map(|zone| wall(at, zone)).filter(|here| *here != there);
    let here = here.map_or_else(String::new, |here| {
        let form = if here.date() == there.date() { "%H:%M" } else { "%a %-d %b %H:%M" };
        format!(" ({} for you)", here.strftime(form))
    });
    format!("{}{here}", there.strftime(form))
}

/// What the reader's own times are those of.
fn yours(reader: Reader<'_>) -> String {
    let name = reader.zone.and_then(TimeZone::iana_name);
    name.map_or_else(String::new, |name| format!("; yours, where they differ, those of {name}"))
}

impl View for OnCallView {
    const NAME: &'static str = "oncall";

    fn text(&self) -> String {
        let head = [self.title.clone()].into_iter().chain(self.note.clone());
        head.chain(self.schedules.iter().map(Section::text)).collect::<Vec<_>>().join("\n")
    }
}
