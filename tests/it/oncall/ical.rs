//! Calendars as other programs write them, and as nobody should.

use std::collections::BTreeMap;

use pilothouse::{
    names::PersonName,
    oncall::{BadCalendar, Read, Roll, Who, read},
};
use proptest::prelude::*;

use super::{lines, window};

/// A calendar with these events.
fn calendar(events: &str) -> String {
    let events = events.trim().lines().map(str::trim).collect::<Vec<_>>().join("\r\n");
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n{events}\r\nEND:VCALENDAR\r\n")
}

fn roll() -> Roll {
    let people: Vec<PersonName> = ["alice", "bob", "al"].map(|name| name.parse().unwrap()).to_vec();
    let called: BTreeMap<PersonName, Vec<String>> = BTreeMap::from([
        (people[0].clone(), vec!["Alice@Example.com".to_owned(), "Alice Adams".to_owned()]),
        (people[1].clone(), vec!["bob@example.com".to_owned()]),
    ]);
    Roll::new(&people, &called)
}

fn reading(text: &str, from: &str, until: &str) -> Result<Read, BadCalendar> {
    read(text, &"Europe/Berlin".parse().unwrap(), &roll(), window(from, until))
}

fn turns(events: &str, from: &str, until: &str) -> Vec<String> {
    let read = reading(&calendar(events), from, until).unwrap();
    assert_eq!(read.odd, None);
    lines(&read.turns)
}

/// What somebody wrote down counts more than what a name happens to be.
#[test]
fn a_name_that_is_written_to_somebody_is_theirs_alone() {
    let people: Vec<PersonName> = ["bob", "robert"].map(|name| name.parse().unwrap()).to_vec();
    let called = BTreeMap::from([(people[1].clone(), vec!["Bob".to_owned()])]);
    let event = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261012T090000Z\r\n\
                 DTEND:20261012T100000Z\r\nSUMMARY:On call: Bob\r\nEND:VEVENT";
    let zone = "Europe/Berlin".parse().unwrap();
    let days = window("2026-10-12T00:00Z", "2026-10-13T00:00Z");
    let read = read(&calendar(event), &zone, &Roll::new(&people, &called), days).unwrap();
    assert_eq!(read.turns.len(), 1, "{:?}", read.turns);
    assert_eq!(read.turns[0].who, Who::Person(people[1].clone()));
}

#[test]
fn a_series_stays_at_its_hour_when_the_clocks_change() {
    let weekly = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20261012T090000\n\
                  DTEND;TZID=Europe/Berlin:20261019T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2\n\
                  SUMMARY:Alice Adams\nEND:VEVENT";
    assert_eq!(
        turns(weekly, "2026-10-13T00:00Z", "2026-11-15T00:00Z"),
        [
            "alice 2026-10-12T07:00Z 2026-10-19T07:00Z",
            "alice 2026-10-26T08:00Z 2026-11-02T08:00Z",
            "alice 2026-11-09T08:00Z 2026-11-16T08:00Z"
        ]
    );
}

#[test]
fn what_was_left_out_moved_or_cancelled_is_so() {
    // Outlook's way: a Windows zone, UNTIL in UTC at the very last hand-over, another SEQUENCE.
    let events = "BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nBEGIN:STANDARD\n\
        DTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VEVENT\nUID:1\nSEQUENCE:1\nDTSTART;TZID=W. Europe Standard Time:20261102T090000\n\
        DTEND;TZID=W. Europe Standard Time:20261103T090000\n\
        RRULE:FREQ=DAILY;UNTIL=20261107T080000Z\nEXDATE;TZID=W. Europe Standard Time:20261103T090000\n\
        ATTENDEE;CN=\"Adams\":mailto:alice@example.COM\nSUMMARY:On call\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nSEQUENCE:7\nRECURRENCE-ID:20261104T080000Z\n\
        DTSTART:20261104T120000Z\nDTEND:20261105T080000Z\nSUMMARY:bob helps out\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;TZID=W. Europe Standard Time:20261105T090000\n\
        DTSTART;TZID=W. Europe Standard Time:20261105T090000\nDURATION:P1D\nSTATUS:CANCELLED\n\
        SUMMARY:bob\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:2\nSEQUENCE:1\nDTSTART;TZID=W. Europe Standard Time:20261104T090000\n\
        DURATION:PT4H\nRRULE:FREQ=DAILY;COUNT=1\nSUMMARY:somebody else\nEND:VEVENT";
    assert_eq!(
        turns(events, "2026-11-01T00:00Z", "2026-12-01T00:00Z"),
        [
            "alice 2026-11-02T08:00Z 2026-11-03T08:00Z",
            "somebody else 2026-11-04T08:00Z 2026-11-04T12:00Z",
            "bob 2026-11-04T12:00Z 2026-11-05T08:00Z",
            "alice 2026-11-06T08:00Z 2026-11-07T08:00Z",
            "alice 2026-11-07T08:00Z 2026-11-08T08:00Z",
        ]
    );
}

#[test]
fn whole_days_are_those_of_the_schedule() {
    let events = "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20261024\nDTEND;VALUE=DATE:20261026\n\
                  SUMMARY:Alice\nEND:VEVENT\n\
                  BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261101\nRRULE:FREQ=WEEKLY;UNTIL=20261115\n\
                  SUMMARY:bob\nEND:VEVENT";
    // The day on which the clocks go back has 25 hours.
    assert_eq!(
        turns(events, "2026-10-20T00:00Z", "2026-12-20T00:00Z"),
        [
            "alice 2026-10-23T22:00Z 2026-10-25T23:00Z",
            "bob 2026-10-31T23:00Z 2026-11-01T23:00Z",
            "bob 2026-11-07T23:00Z 2026-11-08T23:00Z",
            "bob 2026-11-14T23:00Z 2026-11-15T23:00Z",
        ]
    );
}

#[test]
fn an_hour_that_is_left_out_loses_no_event() {
    let events = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260329T023000\n\
                  DTEND;TZID=Europe/Berlin:20260329T090000\nSUMMARY:bob\nEND:VEVENT\n\
                  BEGIN:VEVENT\nUID:2\nDTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT1H\n\
                  SUMMARY:alice\nEND:VEVENT\n\
                  BEGIN:VEVENT\nUID:3\nDTSTART;TZID=America/New_York:20261101T013000\nDURATION:PT1H\n\
                  RDATE;TZID=America/New_York:20261201T013000\nSUMMARY:al\nEND:VEVENT";
    assert_eq!(
        turns(events, "2026-01-01T00:00Z", "2026-12-31T00:00Z"),
        [
            "bob 2026-03-29T01:30Z 2026-03-29T07:00Z",
            "alice 2026-10-25T00:30Z 2026-10-25T01:30Z",
            "al 2026-11-01T05:30Z 2026-11-01T06:30Z",
            "al 2026-12-01T06:30Z 2026-12-01T07:30Z",
        ]
    );
}

#[test]
fn people_are_found_by_address_by_name_or_shown_as_the_calendar_calls_them() {
    let who = |lines: &str| {
        let event =
            format!("BEGIN:VEVENT\nDTSTART:20261101T090000Z\nDURATION:PT1H\n{lines}\nEND:VEVENT");
        let read = reading(&calendar(&event), "2026-11-01T00:00Z", "2026-11-02T00:00Z").unwrap();
        read.turns.iter().map(|turn| turn.who.to_string()).collect::<Vec<_>>().join("+")
    };
    for (lines, expected) in [
        ("ATTENDEE:MAILTO:bob@example.com\nSUMMARY:Alice", "bob"),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.com\nSUMMARY:Alice", "alice"),
        ("ATTENDEE;CUTYPE=ROOM:mailto:bob@example.com\nSUMMARY:nobody here", "nobody here"),
        ("ATTENDEE:mailto:alice@example.com\nATTENDEE:mailto:bob@example.com", "alice+bob"),
        ("SUMMARY:Primary: Bob (UTC)", "bob"),
        ("SUMMARY:Bobby and Alicia", "Bobby and Alicia"),
        ("SUMMARY:al dente", "al dente"),
        ("ATTENDEE;CN=Jane Doe:mailto:jane@x.org\nSUMMARY:On call", "Jane Doe"),
        ("ATTENDEE:mailto:jane@x.org\nSUMMARY:On call", "jane@x.org"),
        ("SUMMARY:\u{202e}evil\\n<at>x</at>", "evil<at>x</at>"),
        ("DESCRIPTION:nothing", "somebody the calendar does not name"),
    ] {
        assert_eq!(who(lines), expected, "{lines}");
    }
    let long = who(&format!("SUMMARY:{}", "x".repeat(5000)));
    assert_eq!(long.len(), 80);
}

#[test]
fn what_is_no_calendar_is_refused_and_half_of_one_too() {
    let refused = |text: &str| reading(text, "2026-11-01T00:00Z", "2026-12-01T00:00Z").err();
    assert_eq!(refused("<html><body>Sign in</body></html>"), Some(BadCalendar::NotOne));
    assert_eq!(refused(""), Some(BadCalendar::NotOne));
    assert_eq!(refused("BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n"), Some(BadCalendar::NotOne));
    let whole = calendar("BEGIN:VEVENT\nDTSTART:20261101T090000Z\nSUMMARY:bob\nEND:VEVENT");
    assert_eq!(refused(whole.split("END:VEVENT").next().unwrap()), Some(BadCalendar::CutShort));
    assert_eq!(refused(&"x".repeat(3 * 1024 * 1024)), Some(BadCalendar::TooLarge));
    assert_eq!(refused(&calendar("")), None, "an empty calendar is one");
}

#[test]
fn an_event_that_cannot_be_understood_is_left_out_and_said_so() {
    let odd = |events: &str| {
        let read = reading(&calendar(events), "2026-11-01T00:00Z", "2026-12-01T00:00Z").unwrap();
        (lines(&read.turns).len(), read.odd.unwrap_or_default())
    };
    let good = "BEGIN:VEVENT\nDTSTART:20261101T090000Z\nDURATION:PT1H\nSUMMARY:bob\nEND:VEVENT";
    let (count, said) = odd(&format!("{good}\nBEGIN:VEVENT\nUID:9\nSUMMARY:x\nEND:VEVENT"));
    assert_eq!(
        (count, said.as_str()),
        (1, "1 event in it cannot be read, so something is missing")
    );
    let seconds = "BEGIN:VEVENT\nUID:1\nDTSTART:20200101T000000Z\nDURATION:PT1S\n\
                   RRULE:FREQ=SECONDLY\nSUMMARY:bob\nEND:VEVENT";
    assert!(odd(seconds).1.contains("something is missing"), "{:?}", odd(seconds));
    let zone = "BEGIN:VEVENT\nDTSTART;TZID=Mars/Olympus:20261101T090000\nDURATION:PT1H\n\
                SUMMARY:bob\nEND:VEVENT";
    assert_eq!(
        odd(zone),
        (
            1,
            "its time zone `Mars/Olympus` is unknown, so those times are read as Europe/Berlin"
                .into()
        )
    );
}

#[test]
fn a_calendar_made_to_keep_us_busy_is_refused_in_time() {
    let never = "BEGIN:VEVENT\nUID:{n}\nDTSTART:20200101T000000Z\nDURATION:PT1S\n\
                 RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=1\nSUMMARY:bob\nEND:VEVENT\n";
    let events: String = (0..2000).map(|n| never.replace("{n}", &n.to_string())).collect();
    let began = std::time::Instant::now();
    let read = reading(&calendar(&events), "2026-11-01T00:00Z", "2026-12-01T00:00Z");
    assert!(began.elapsed().as_secs() < 60, "it took {:?}", began.elapsed());
    match read {
        Ok(read) => assert!(read.turns.is_empty()),
        Err(error) => assert_eq!(error, BadCalendar::TooMuch),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_a_calendar_breaks_its_reader(
        rule in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY);?)?(INTERVAL=[0-9]{0,5};?)?(COUNT=[0-9]{0,6};?)?(BYDAY=[-0-9MOTUWE,]{0,9};?)?(BYMONTHDAY=[-0-9,]{0,6};?)?(BYSETPOS=[-0-9]{0,4})?",
        start in "[0-9]{0,8}T?[0-9]{0,6}Z?", end in "[0-9]{8}T[0-9]{6}", duration in "-?P[0-9]{0,12}[WDH]?T?[0-9]{0,9}[HMS]?",
        junk in "\\PC{0,80}", zone in "[A-Za-z/ .\u{202e}]{0,30}",
    ) {
        let events = format!(
            "BEGIN:VEVENT\nUID:1\nDTSTART;TZID={zone}:{start}\nDURATION:{duration}\nRRULE:{rule}\nSUMMARY:{junk}\nEND:VEVENT\n\
             BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:{end}\nDTSTART:{end}\nDTEND:{start}\n{junk}\nEND:VEVENT"
        );
        if let Ok(read) = reading(&calendar(&events), "2026-11-01T00:00Z", "2026-12-01T00:00Z") {
            for turn in &read.turns {
                prop_assert!(turn.from < turn.until);
                prop_assert!(!turn.who.to_string().chars().any(pilothouse::names::is_invisible));
            }
        }
    }
}
