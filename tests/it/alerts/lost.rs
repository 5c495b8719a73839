//! What a source did not say, or said to nobody, is found by asking it.

use serde_json::json;
use wiremock::ResponseTemplate;

use super::{Town, minutes, pretend::Pretend, resolved, seconds};
use crate::world::{BOB, CAROL};

async fn town() -> (Town, Pretend) {
    let pretend = Pretend::start().await;
    (Town::with(&json!({ "url": pretend.url() })).await, pretend)
}

#[tokio::test]
async fn a_delivery_that_was_lost_costs_half_a_minute() {
    let (town, pretend) = town().await;
    town.bot.works().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    pretend.lists_only(&fired);
    town.bot.passes(seconds(31)).await;
    assert!(town.bot.shows().contains("Fires since 09:15 UTC"), "{}", town.bot.shows());
    town.delivers(&[fired]).await;
    assert_eq!(town.bot.messages(), 1, "the same alert, however it was heard of");
    let town = town.restarts().await;
    pretend.lists(&[]);
    town.bot.passes(seconds(60)).await;
    assert!(town.bot.shows().contains("Fires since"), "an Alertmanager may have been started anew");
    town.bot.passes(seconds(75)).await;
    assert!(town.bot.shows().contains("Resolved at"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn an_alertmanager_that_was_started_anew_resolves_nothing() {
    let (town, pretend) = town().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    pretend.lists_only(&fired);
    town.brings(&fired).await;
    town.bot.presses(CAROL, "Acknowledge").await;
    pretend.lists(&[]);
    town.bot.passes(seconds(61)).await;
    pretend.lists(&[fired]);
    town.bot.passes(minutes(4)).await;
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
}

#[tokio::test]
async fn silences_that_others_make_and_end_are_taken_over() {
    let (town, pretend) = town().await;
    let fired = town.alert("DiskFull", seconds(0));
    pretend.lists_only(&fired);
    town.delivers(&[fired]).await;
    let id = pretend.silences("DiskFull", "<b>dana</b> [x](y)", "2025-10-09T11:00:00.000Z");
    town.bot.passes(seconds(31)).await;
    assert!(
        town.bot.shows().contains("Silenced until 11:00 UTC by ‹b›dana‹/b› [x](y): by hand"),
        "{}",
        town.bot.shows()
    );
    assert_eq!(
        town.bot.shows().lines().last().unwrap(),
        "[Acknowledge] [Declare incident]",
        "it is not ours to end"
    );
    let told = town.bot.hears(CAROL, "/unsilence DiskFull").await;
    assert!(told.contains("That silence was made at monitoring itself, by <b>dana</b>"), "{told}");
    pretend.ends(&id);
    town.bot.passes(seconds(31)).await;
    assert!(town.bot.shows().contains("Fires since"), "{}", town.bot.shows());
    pretend.inhibits();
    town.bot.passes(seconds(31)).await;
    assert!(town.bot.shows().contains("another alert says as much"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn what_is_silenced_before_we_hear_of_it_makes_no_noise_until_the_silence_ends() {
    let (town, pretend) = town().await;
    pretend.lists(&[town.alert("DiskFull", seconds(0))]);
    let id = pretend.silences("DiskFull", "dana", "2025-10-09T11:00:00.000Z");
    town.bot.passes(seconds(31)).await;
    assert_eq!(town.bot.messages(), 0);
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(list.contains("Silenced until 11:00 UTC by dana: by hand"), "{list}");
    pretend.ends(&id);
    town.bot.passes(seconds(31)).await;
    assert_eq!(town.bot.messages(), 2);
    assert!(town.bot.shows().contains("Fires since"), "{}", town.bot.shows());
}

#[tokio::test]
async fn a_source_that_is_silent_is_said_to_be_and_asked_again_ever_more_seldom() {
    let (town, pretend) = town().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    pretend.lists_only(&fired);
    town.delivers(&[fired]).await;
    let before = pretend.asked("GET").await.len();
    pretend
        .fails(Some(("GET", ResponseTemplate::new(502).set_body_string("<html>gateway</html>"))));
    town.bot.passes(minutes(10)).await;
    let asked = pretend.asked("GET").await.len() - before;
    assert!((5..15).contains(&asked), "asked {asked} times in ten minutes");
    let town = town.restarts().await;
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(
        list.contains("monitoring has not answered since 09:15 UTC, so this may be old"),
        "{list}"
    );
    assert!(list.contains("Fires since 09:15 UTC"), "what is not known to be over is not: {list}");
    pretend.fails(None);
    town.bot.passes(minutes(2)).await;
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(!list.contains("has not answered"), "{list}");
}

#[tokio::test]
async fn an_old_message_about_what_is_over_is_no_proof_and_the_source_is_asked() {
    let (town, pretend) = town().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    town.brings(&fired).await;
    town.delivers(&[resolved(&fired, town.bot.clock.now())]).await;
    pretend.lists_only(&fired);
    town.bot.clock.advance(seconds(1));
    town.delivers(&[fired]).await;
    assert!(town.bot.shows().contains("Fires since 09:15 UTC"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}
