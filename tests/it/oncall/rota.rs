//! People who take turns, by a clock on a wall that is put forward and back.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use pilothouse::{
    clock::Timestamp,
    oncall::{RotaSettings, Turn, Who, Window, replace, rota_turns, watches},
};
use proptest::prelude::*;
use serde_json::json;

use super::{at, lines, there, window};

fn rota(json: serde_json::Value) -> RotaSettings {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_hand_over_stays_at_nine_when_the_clocks_change() {
    let weekly = rota(json!({
        "people": ["alice", "bob"], "start": "2026-10-12", "on": "monday", "at": "09:00",
    }));
    let zone = "Europe/Berlin".parse().unwrap();
    let turns = rota_turns(&weekly, &zone, window("2026-10-13T00:00Z", "2026-11-01T00:00Z"));
    // The clocks go back on 25 October: that turn has an hour more.
    assert_eq!(
        lines(&turns),
        [
            "alice 2026-10-12T07:00Z 2026-10-19T07:00Z",
            "bob 2026-10-19T07:00Z 2026-10-26T08:00Z",
            "alice 2026-10-26T08:00Z 2026-11-02T08:00Z",
        ]
    );
}

#[test]
fn a_hand_over_in_an_hour_that_is_left_out_or_comes_twice_happens_once() {
    let daily = rota(json!({
        "people": ["alice", "bob", "carol"], "start": "2026-03-27", "every": "1d", "at": "02:30",
    }));
    let zone = "Europe/Berlin".parse().unwrap();
    let turns = rota_turns(&daily, &zone, window("2026-03-28T12:00Z", "2026-03-30T12:00Z"));
    assert_eq!(
        lines(&turns),
        [
            "bob 2026-03-28T01:30Z 2026-03-29T01:30Z",
            "carol 2026-03-29T01:30Z 2026-03-30T00:30Z",
            "alice 2026-03-30T00:30Z 2026-03-31T00:30Z",
        ]
    );
    let turns = rota_turns(&daily, &zone, window("2026-10-25T00:00Z", "2026-10-25T12:00Z"));
    assert_eq!(lines(&turns)[1], "carol 2026-10-25T00:30Z 2026-10-26T01:30Z", "the first 02:30");
}

#[test]
fn before_its_start_nobody_is_on_call_and_the_first_turn_waits_for_its_weekday() {
    let weekly = rota(json!({
        "people": ["alice"], "start": "2026-11-25", "on": "monday", "at": "24:00",
    }));
    let zone = "UTC".parse().unwrap();
    let window = window("2026-11-20T00:00Z", "2026-12-20T00:00Z");
    let turns = rota_turns(&weekly, &zone, window);
    let watches = watches(&turns, window);
    assert_eq!(watches.len(), 2, "{watches:?}");
    assert!(watches[0].who.is_empty());
    assert_eq!(watches[0].until, Some(at("2026-12-01T00:00Z")), "Monday at 24:00");
    assert_eq!(watches[1].until, None, "one person hands over to nobody");
}

#[test]
fn whoever_stands_in_has_the_time_to_themselves_and_the_later_line_counts() {
    let weekly = rota(json!({
        "people": ["alice", "bob"], "start": "2026-01-05", "at": "09:00",
        "overrides": [
            {"person": "carol", "from": "2026-01-07 12:00", "until": "2026-01-13"},
            {"person": "dave", "from": "2026-01-08", "until": "2026-01-08"},
            {"person": "erin", "from": "2026-01-09", "until": "2026-01-08"},
        ],
    }));
    let zone = "UTC".parse().unwrap();
    let turns = rota_turns(&weekly, &zone, window("2026-01-05T00:00Z", "2026-01-20T00:00Z"));
    assert_eq!(
        lines(&turns),
        [
            "alice 2026-01-05T09:00Z 2026-01-07T12:00Z",
            "carol 2026-01-07T12:00Z 2026-01-08T00:00Z",
            "dave 2026-01-08T00:00Z 2026-01-09T00:00Z",
            "carol 2026-01-09T00:00Z 2026-01-14T00:00Z",
            "bob 2026-01-14T00:00Z 2026-01-19T09:00Z",
            "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
        ]
    );
}

const ZONES: &[&str] = &[
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/St_Johns",
    "UTC",
];

prop_compose! {
    fn turns()(
        spans in prop::collection::vec((0..4_usize, 0..500_i64, 1..200_i64), 0..12)
    ) -> Vec<Turn> {
        let turn = |(who, from, lasts): (usize, i64, i64)| Turn {
            who: Who::Person(["alice", "bob", "carol", "dave"][who].parse().unwrap()),
            from: Timestamp(from),
            until: Timestamp(from + lasts),
        };
        spans.into_iter().map(turn).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn turns_follow_each_other_without_a_gap_or_an_overlap_wherever_they_are_taken(
        zone in 0..ZONES.len(), people in 1..5_usize, every in 1..30_i64, minutes in 0..=1440_i64,
        year in 1990..2090_i16, day in 1..28_i8, month in 1..13_i8, away in 0..2000_i64,
    ) {
        let names = &["alice", "bob", "carol", "dave", "erin"][..people];
        let rota = rota(json!({
            "people": names, "start": format!("{year}-{month:02}-{day:02}"),
            "every": format!("{every}d"),
            "at": format!("{:02}:{:02}", minutes / 60, minutes % 60),
        }));
        let zone: pilothouse::calendar::ZoneName = ZONES[zone].parse().unwrap();
        let start = jiff::civil::date(year, month, day).at(0, 0, 0, 0);
        let start = start.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
        // Two days later it has begun wherever that is.
        let from = Timestamp(start + (2 + away) * 86_400_000);
        let window = Window { from, until: Timestamp(from.0 + 62 * 86_400_000) };
        let turns = rota_turns(&rota, &zone, window);
        prop_assert!(turns.first().unwrap().from <= window.from);
        prop_assert!(turns.last().unwrap().until >= window.until);
        for pair in turns.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from, "{:?}", lines(&turns));
            let next = |who: &Who| {
                let at = names.iter().position(|name| who.to_string() == *name).unwrap();
                names[(at + 1) % people]
            };
            // Samoa left a whole day out: whoever's turn that was had none.
            if zone.as_str() != "Pacific/Apia" {
                prop_assert_eq!(pair[1].who.to_string(), next(&pair[0].who));
            }
        }
        // The clock on the wall shows the same at every hand-over, but where it jumps over it.
        for turn in &turns[1..] {
            let wall = zone.zone().to_datetime(jiff::Timestamp::from_millisecond(turn.from.0).unwrap());
            let shown = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
            let late = (shown - minutes % 1440).rem_euclid(1440);
            prop_assert!(late == 0 || late == 30 || late == 60, "{} at {}", late, wall);
        }
    }

    #[test]
    fn watches_say_of_every_moment_who_is_there(turns in turns(), moments in prop::collection::vec(0..700_i64, 20)) {
        let window = Window { from: Timestamp(50), until: Timestamp(600) };
        let watches = watches(&turns, window);
        prop_assert_eq!(watches[0].from, window.from);
        for pair in watches.windows(2) {
            prop_assert_eq!(pair[0].until, Some(pair[1].from));
            prop_assert_ne!(&pair[0].who, &pair[1].who);
        }
        prop_assert_eq!(watches.last().unwrap().until, None);
        for moment in moments.into_iter().map(Timestamp).filter(|m| window.from <= *m && *m < window.until) {
            let expected: BTreeSet<Who> = there(&turns, moment).into_iter().collect();
            let watch = watches.iter().rfind(|watch| watch.from <= moment).unwrap();
            prop_assert_eq!(watch.who.iter().cloned().collect::<BTreeSet<_>>(), expected);
        }
    }

    #[test]
    fn an_override_changes_its_own_time_and_no_other(turns in turns(), from in 0..500_i64, lasts in 0..300_i64) {
        let over = Turn { who: Who::Text("over".into()), from: Timestamp(from), until: Timestamp(from + lasts) };
        let replaced = replace(turns.clone(), over.clone());
        for moment in (0..800).map(Timestamp) {
            let expected: BTreeSet<Who> = if over.from <= moment && moment < over.until {
                BTreeSet::from([over.who.clone()])
            } else {
                there(&turns, moment).into_iter().collect()
            };
            prop_assert_eq!(there(&replaced, moment).into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}
