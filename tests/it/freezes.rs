//! The calendar keeps deployments out, by the clock on some wall.

use std::time::Duration;

use pilothouse::{
    clock::Timestamp,
    deployments::{FreezeSettings, Freezes, Hold},
};

use sqlx::Row;

use crate::world::{ALICE, BOB, Bot, CAROL, SERVICES};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// The usual services, and these freezes.
fn with(freezes: &str) -> String {
    let services = SERVICES.trim().strip_suffix('}').unwrap();
    format!("{services}, \"freezes\": [{freezes}]}}")
}

/// Production, from an hour after every story begins, for an hour.
const LUNCH: &str = r#"{"name": "lunch", "environments": ["production"], "time_zone": "UTC",
    "from": "2025-10-09 10:15", "until": "2025-10-09 11:15", "reason": "everybody is out"}"#;

#[tokio::test]
async fn a_freeze_that_begins_between_approval_and_start_holds_until_it_is_over() {
    let bot = Bot::with(&with(LUNCH)).await;
    bot.hears(ALICE, "/deploy production v2").await;
    bot.clock.advance(minutes(59));
    let approve = bot.says_button("Approve");
    bot.is_told(BOB, &approve).await;
    bot.clock.advance(minutes(1));
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 0);
    let card = bot.reads();
    assert!(
        card.contains("Frozen until 11:15 UTC by the freeze lunch: everybody is out"),
        "{card}"
    );
    bot.hears(ALICE, "/deploy staging v2").await;
    assert_eq!(bot.pipeline.asked(), 1, "staging is not frozen");
    bot.clock.advance(minutes(60));
    bot.works().await;
    assert_eq!(bot.pipeline.asked(), 2, "it went on by itself");
}

#[tokio::test]
async fn a_freeze_can_be_overridden_by_those_who_may_and_everybody_reads_why() {
    let bot = Bot::with(&with(LUNCH)).await;
    bot.clock.advance(minutes(70));
    bot.hears(ALICE, "/deploy production v2").await;
    bot.presses(BOB, "Approve").await;
    assert_eq!(bot.pipeline.asked(), 0, "frozen");
    let told = bot.hears(ALICE, "/deploy production v3 --override \"it burns\"").await;
    assert!(told.contains("alice may not override a freeze of checkout in production"), "{told}");
    bot.hears(BOB, "/deploy production v3 --override \"it *burns*\"").await;
    assert!(bot.reads().contains("Overrides freezes: it *burns* (bob)"), "{}", bot.reads());
    let refused = bot.presses(BOB, "Approve").await;
    assert!(refused.contains("someone else must approve it"), "{refused}");
    bot.presses(CAROL, "Approve").await;
    assert_eq!(bot.pipeline.asked(), 1, "and it does not wait behind what is frozen");
    assert_eq!(bot.pipeline.orders()[0].version.as_str(), "v3");
    let row =
        sqlx::query("SELECT detail FROM audit WHERE actor_name = 'bob' AND action = 'deploy'")
            .fetch_one(bot.app.foundation.db.reader())
            .await
            .unwrap();
    let detail: String = row.try_get("detail").unwrap();
    assert!(detail.contains(r#""override":"it *burns*""#), "{detail}");
}

fn freeze(json: &str) -> FreezeSettings {
    serde_json::from_str(json).unwrap()
}

/// Until when checkout is frozen in production at that moment, in UTC.
fn frozen(freezes: &[&str], at: &str) -> Option<String> {
    let freezes = Freezes::new(freezes.iter().map(|json| freeze(json)).collect());
    let at: jiff::Timestamp = at.parse().unwrap();
    let (service, environment) = ("checkout".parse().unwrap(), "production".parse().unwrap());
    let hold = freezes.on(&service, &environment, Timestamp(at.as_millisecond()))?;
    let Hold::Frozen { until, .. } = hold else { panic!("{hold:?} is no freeze") };
    Some(jiff::Timestamp::from_millisecond(until.0).unwrap().to_string())
}

#[test]
fn a_night_is_as_long_as_the_clock_on_the_wall_makes_it() {
    let night = r#"{"name": "night", "time_zone": "Europe/Berlin",
        "weekly": {"days": ["saturday"], "from": "22:00", "until": "06:00"}}"#;
    // Clocks are put back on 26 October 2025 at 03:00, and forward on 29 March 2026 at 02:00.
    for (at, until) in [
        ("2025-10-18T19:59:59Z", None),
        ("2025-10-18T20:00:00Z", Some("2025-10-19T04:00:00Z")),
        ("2025-10-25T20:00:00Z", Some("2025-10-26T05:00:00Z")),
        ("2025-10-26T04:59:59Z", Some("2025-10-26T05:00:00Z")),
        ("2025-10-26T05:00:00Z", None),
        ("2026-03-28T21:00:00Z", Some("2026-03-29T04:00:00Z")),
        ("2026-03-29T04:00:00Z", None),
    ] {
        assert_eq!(frozen(&[night], at).as_deref(), until, "at {at}");
    }
}

#[test]
fn an_hour_that_comes_twice_is_frozen_twice_and_one_that_never_comes_opens_no_gap() {
    let back = r#"{"name": "x", "time_zone": "Europe/Berlin",
        "from": "2025-10-26 02:15", "until": "2025-10-26 02:45"}"#;
    for (at, until) in [
        ("2025-10-26T00:14:59Z", None),
        ("2025-10-26T00:15:00Z", Some("2025-10-26T01:45:00Z")),
        ("2025-10-26T01:44:59Z", Some("2025-10-26T01:45:00Z")),
        ("2025-10-26T01:45:00Z", None),
    ] {
        assert_eq!(frozen(&[back], at).as_deref(), until, "at {at}");
    }
    let forward = r#"{"name": "x", "time_zone": "Europe/Berlin",
        "from": "2026-03-29 02:15", "until": "2026-03-29 02:45"}"#;
    assert!(
        frozen(&[forward], "2026-03-29T01:00:00Z").is_some(),
        "the moment the hour is left out"
    );
}

#[test]
fn freezes_in_a_row_are_one_and_a_day_is_meant_to_its_end() {
    let row = [
        r#"{"name": "friday", "time_zone": "UTC", "weekly": {"days": ["friday"], "from": "16:00"}}"#,
        r#"{"name": "weekend", "time_zone": "UTC", "weekly": {"days": ["saturday", "sunday"]}}"#,
    ];
    assert_eq!(frozen(&row, "2025-10-10T15:59:59Z"), None);
    assert_eq!(frozen(&row, "2025-10-10T16:00:00Z").unwrap(), "2025-10-13T00:00:00Z");
    let year = r#"{"name": "y", "time_zone": "America/New_York", "from": "2025-12-24",
        "until": "2026-01-01"}"#;
    assert_eq!(frozen(&[year], "2025-12-24T04:59:59Z"), None);
    assert_eq!(frozen(&[year], "2025-12-24T05:00:00Z").unwrap(), "2026-01-02T05:00:00Z");
    let always = r#"{"name": "a", "time_zone": "UTC", "weekly": {"days": ["monday", "tuesday",
        "wednesday", "thursday", "friday", "saturday", "sunday"]}}"#;
    assert!(frozen(&[always], "2025-12-24T05:00:00Z").is_some(), "it ends looking at some time");
    let other = r#"{"name": "o", "time_zone": "UTC", "services": ["shop"], "from": "2025-12-24",
        "until": "2025-12-24"}"#;
    assert_eq!(frozen(&[other], "2025-12-24T05:00:00Z"), None, "another service");
}
