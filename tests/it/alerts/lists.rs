//! Alerts in lists: what fires, since when, what went out before, and what can be done about it.

use pilothouse::pipelines::RunState;
use serde_json::{Value, json};

use super::{Town, labelled, minutes, resolved, seconds};
use crate::world::{ALICE, BOB, CAROL};

/// Brings a version to production.
async fn ship(town: &Town, version: &str) {
    town.bot.hears(ALICE, &format!("/deploy production {version} --service checkout")).await;
    town.bot.pipeline.finishes(RunState::Succeeded);
    town.bot.passes(seconds(2)).await;
    assert!(town.bot.shows().contains("Deploy complete!"), "{}", town.bot.shows());
}

/// The same alert of another service, as bad as that.
fn of(alert: &Value, service: &str, severity: &str) -> Value {
    labelled(&labelled(alert, "service", service), "severity", severity)
}

#[tokio::test]
async fn they_stand_by_service_the_worst_first_with_what_went_out_before() {
    let town = Town::start().await;
    ship(&town, "v2.1.0").await;
    town.bot.clock.advance(minutes(12));
    let now = [town.alert("HighErrorRate", seconds(0)), town.alert("DiskFull", seconds(0))];
    let (worst, disk) = (now[0].clone(), of(&now[1], "checkout", "warning"));
    let shop = of(&town.alert("SlowPages", minutes(3)), "shop", "info");
    town.delivers(&[shop, disk, worst]).await;
    town.bot.clock.advance(seconds(90));
    let list = town.bot.hears(BOB, "/alerts").await;
    let lines: Vec<&str> = list.lines().collect();
    let begin = |line: usize| lines[line].split(". Number").next().unwrap();
    assert_eq!(lines[0], "3 alerts");
    assert_eq!(lines[1], "checkout · critical: 1");
    assert_eq!(
        begin(2),
        "HighErrorRate · production: Fires since 09:27 UTC, for 1 min 30 s. HighErrorRate of checkout \
         is too high. v2.1.0 went out 12 min earlier, by alice"
    );
    assert_eq!(lines[3], "checkout · warning: 1");
    assert_eq!(lines[5], "shop · info: 1");
    assert!(lines[6].starts_with("SlowPages · production: Fires since 09:24 UTC"), "{list}");
    assert!(!lines[6].contains("went out"), "nothing was deployed there: {list}");
    let back = town.bot.says_button(&town.titled("Roll back ("));
    assert_eq!(back, "/rollback production --service checkout --plan");
    assert!(town.bot.hears(BOB, "/alerts shop").await.starts_with("1 alert of shop\n"));
    assert!(
        town.bot.hears(BOB, "/alerts monitoring").await.starts_with("3 alerts of monitoring\n")
    );
    let own = town.bot.chat.newest_with_subject().to_string();
    assert!(own.contains("Roll back") || own.contains("SlowPages"), "{own}");
}

#[tokio::test]
async fn an_alert_that_begins_while_a_version_is_on_its_way_out_says_so() {
    let town = Town::start().await;
    town.bot.hears(ALICE, "/deploy production v3 --service checkout").await;
    town.bot.passes(seconds(2)).await;
    town.delivers(&[town.alert("HighErrorRate", seconds(0))]).await;
    let card = town.bot.reads();
    assert!(card.contains("v3 was on its way out when it began, by alice"), "{card}");
}

#[tokio::test]
async fn status_says_what_fires_and_of_that_not_everything() {
    let town = Town::start().await;
    let nothing = town.bot.hears(ALICE, "/status").await;
    assert!(!nothing.contains("Alert"), "{nothing}");
    let fired = town.alert("HighErrorRate", seconds(0));
    town.brings(&fired).await;
    town.bot.hears(CAROL, "/ack HighErrorRate").await;
    let status = town.bot.hears(ALICE, "/status checkout").await;
    let line = "  Alert HighErrorRate (critical) since 09:15 UTC, acknowledged by carol";
    assert!(status.contains(line), "{status}");
    let many: Vec<Value> = (0..7).map(|n| town.alert(&format!("Alert{n}"), seconds(0))).collect();
    town.delivers(&many).await;
    let status = town.bot.hears(ALICE, "/status").await;
    assert!(status.contains("  5 more alerts: say `/alerts checkout`"), "{status}");
    town.delivers(&[resolved(&fired, town.bot.clock.now())]).await;
    assert!(!town.bot.hears(ALICE, "/status").await.contains("HighErrorRate"));
}

#[tokio::test]
async fn a_long_list_has_pages_and_every_alert_is_on_one() {
    let town = Town::start().await;
    let many: Vec<Value> = (0..40).map(|n| town.alert(&format!("Alert{n}"), seconds(n))).collect();
    town.delivers(&many).await;
    let mut seen = std::collections::BTreeSet::new();
    town.bot.hears(BOB, "/alerts").await;
    for page in 1..=7 {
        let card = town.bot.reads();
        assert!(
            card.contains(&format!("40 alerts\nPage {page} of 7\ncheckout · critical: 40")),
            "{card}"
        );
        seen.extend(card.lines().filter(|line| line.ends_with(" · production")).map(str::to_owned));
        let size = town.bot.chat.newest().to_string().encode_utf16().count() * 2;
        assert!(size < 56_000, "{size} bytes are too much for Teams");
        if page < 7 {
            town.bot.presses(BOB, "Next page").await;
        }
    }
    assert_eq!(seen.len(), 40);
    town.bot.presses(BOB, "Page before").await;
    assert!(town.bot.reads().contains("Page 6 of 7"), "{}", town.bot.reads());
    town.bot.hears(BOB, "/alerts --page 99").await;
    assert!(town.bot.reads().contains("Page 7 of 7"), "{}", town.bot.reads());
    assert!(town.bot.hears(BOB, "/alerts shop").await.starts_with("No alerts of shop"));
}

#[tokio::test]
async fn what_is_over_is_listed_for_a_week_and_then_forgotten() {
    let town = Town::start().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    town.brings(&fired).await;
    town.delivers(&[resolved(&fired, town.bot.clock.now())]).await;
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("No alerts"));
    town.bot.clock.advance(minutes(7 * 24 * 60 - 60));
    town.bot.works().await;
    let over = town.bot.hears(BOB, "/alerts --resolved").await;
    assert!(over.starts_with("1 resolved alert\nResolved\nHighErrorRate · production"), "{over}");
    town.bot.clock.advance(minutes(120));
    town.bot.works().await;
    let over = town.bot.hears(BOB, "/alerts --resolved").await;
    assert!(over.starts_with("No resolved alerts"), "{over}");
}

#[tokio::test]
async fn a_runbook_is_opened_where_the_alert_names_one() {
    let town = Town::with(&json!({ "runbook": "docs" })).await;
    let mut fired = town.alert("HighErrorRate", seconds(0));
    fired["annotations"]["docs"] = "https://runbooks.example/HighErrorRate?a=\"b\"".into();
    town.delivers(&[fired]).await;
    let card = town.bot.chat.newest();
    let link = card["actions"].as_array().unwrap().iter().find(|a| a["type"] == "Action.OpenUrl");
    assert_eq!(link.unwrap()["url"], "https://runbooks.example/HighErrorRate?a=\"b\"");
    town.bot.hears(BOB, "/alerts").await;
    assert!(town.bot.chat.newest().to_string().contains("Action.OpenUrl"));
}

#[tokio::test]
async fn an_incident_is_declared_by_a_button_whatever_the_alert_says() {
    let town = Town::start().await;
    let mut fired = town.alert("HighErrorRate", seconds(0));
    let evil = "it's \"down\" \\ {title} --severity sev4 --service shop";
    fired["annotations"]["summary"] = evil.into();
    town.brings(&fired).await;
    let say = town.bot.says_button("Declare incident");
    assert!(say.ends_with("\" --severity sev1 --service checkout"), "{say}");
    town.bot.hears(CAROL, &say).await;
    let card = town.bot.chat.about("incident")[0].to_string();
    assert!(card.contains("HighErrorRate: it's 'down' ' 'title' --severity sev4"), "{card}");
    assert!(card.contains("checkout") && !card.contains("shop ·"), "{card}");
    town.bot.hears(CAROL, "/ack HighErrorRate").await;
    town.bot.hears(CAROL, "/silence HighErrorRate 1h nobody can *sleep*").await;
    town.bot.hears(CAROL, "/incident timeline").await;
    let story = town.bot.reads();
    for told in [
        "monitoring reported the alert HighErrorRate (critical) in production",
        "carol took the alert HighErrorRate production",
        "carol silenced the alert HighErrorRate production: nobody can *sleep*",
    ] {
        assert!(story.contains(told), "{told} is not in\n{story}");
    }
    assert!(!story.contains("silence made"), "{story}");
}
