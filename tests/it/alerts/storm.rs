//! A storm of alerts does not become a storm of messages, and none of it is lost.

use pilothouse::clock::Timestamp;
use serde_json::Value;

use super::{Town, alert, minutes, resolved, seconds};
use crate::world::{ALICE, BOB, CAROL};

/// How many alerts there are, and in how many deliveries they come within a minute.
const ALERTS: usize = 10_000;
const DELIVERIES: usize = 60;

fn alerts(starts: Timestamp) -> Vec<Value> {
    let one = |number: usize| {
        let mut alert = alert(&format!("Disk{}", number % 7), starts);
        alert["labels"]["instance"] = format!("10.0.{}.{}", number / 250, number % 250).into();
        alert["labels"]["severity"] =
            if number.is_multiple_of(100) { "critical" } else { "warning" }.into();
        alert["fingerprint"] = format!("{number:016x}").into();
        alert
    };
    (0..ALERTS).map(one).collect()
}

#[tokio::test]
async fn ten_thousand_alerts_in_a_minute_are_ten_messages_and_all_are_listed() {
    let town = Town::start().await;
    let all = alerts(town.bot.clock.now());
    for some in all.chunks(ALERTS.div_ceil(DELIVERIES)) {
        town.delivers(some).await;
        town.bot.passes(seconds(1)).await;
    }
    town.bot.passes(seconds(10)).await;
    let messages = town.bot.messages();
    assert!(messages <= 20, "{messages} messages within a minute and ten seconds");
    let storm = town.bot.chat.about("storm");
    assert_eq!(storm.len(), 1, "one card counts what is not shown one by one");
    let own = town.bot.chat.about("alert").len();
    let card = storm[0].to_string();
    assert!(card.contains(&format!("A storm of alerts: {} more", ALERTS - own)), "{card}");
    let town = town.restarts().await;
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(list.starts_with("10000 alerts\nPage 1 of 1667\ncheckout · critical: 100\n"), "{list}");
    let status = town.bot.hears(ALICE, "/status").await;
    assert!(status.contains("9997 more alerts: say `/alerts checkout`"), "{status}");

    // Somebody takes one that is counted only: from then on it has a message of its own.
    town.bot.hears(BOB, "/alerts --page 1667").await;
    let before = town.bot.chat.about("alert").len();
    town.bot.presses(CAROL, &town.titled("Acknowledge (")).await;
    assert_eq!(town.bot.chat.about("alert").len(), before + 1);

    // The storm passes, and the count is kept up to date.
    town.bot.clock.advance(minutes(5));
    for some in all[..6000].chunks(1000) {
        let now = town.bot.clock.now();
        town.delivers(&some.iter().map(|alert| resolved(alert, now)).collect::<Vec<_>>()).await;
    }
    town.bot.passes(seconds(6)).await;
    let card = town.bot.chat.about("storm")[0].to_string();
    let firing = 4000;
    assert!(card.contains(&format!("{firing} fire, ")) || card.contains("3999 fire, "), "{card}");
    let now = town.bot.clock.now();
    for some in all[6000..].chunks(1000) {
        town.delivers(&some.iter().map(|alert| resolved(alert, now)).collect::<Vec<_>>()).await;
    }
    town.bot.passes(seconds(30)).await;
    let card = town.bot.chat.about("storm")[0].to_string();
    assert!(card.contains("are resolved; they began at 09:15 UTC"), "{card}");
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("No alerts"));
    let each = town.bot.chat.about("alert");
    assert!(each.iter().all(|card| card.to_string().contains("Resolved at")), "none is forgotten");
}

#[tokio::test]
async fn the_worst_are_shown_one_by_one() {
    let town = Town::start().await;
    town.delivers(&alerts(town.bot.clock.now())[..1000]).await;
    assert_eq!(town.bot.messages(), 10);
    let own = town.bot.chat.about("alert");
    assert_eq!(own.len(), 9);
    for card in own {
        assert!(card.to_string().contains("critical"), "{card}");
    }
}

#[tokio::test]
async fn what_is_over_before_it_could_be_shown_is_counted_all_the_same() {
    let town = Town::start().await;
    let (all, now) = (alerts(town.bot.clock.now())[..50].to_vec(), town.bot.clock.now());
    let over: Vec<Value> = all.iter().map(|alert| resolved(alert, now)).collect();
    let body = super::delivery(&[all, over].concat());
    let bearer = format!("Bearer {}", super::TOKEN);
    assert_eq!(town.gets(&[&bearer], &body).await.0, 200);
    let town = town.restarts().await;
    town.bot.works().await;
    let card = town.bot.chat.about("storm")[0].to_string();
    assert!(card.contains("A storm of alerts: 41 more") && card.contains("All 41 are"), "{card}");
}
