//! The whole bot and a GitHub whose environment it guards.

use std::time::Duration;

use pilothouse::app::World;
use serde_json::{Value, json};

use super::{
    hub::{DISPATCHES, Hub, JOBS, RUN, SHA},
    protection::{RULE, delivered, guarded, waits},
    shapes::commit,
};
use crate::{
    guard::{SECRET, delivers, guarding},
    world::{ALICE, BOB, Bot},
};

/// A bot whose only pipeline is a workflow of this GitHub.
async fn bot(hub: &Hub, folder: &tempfile::TempDir) -> Bot {
    let pipeline = guarded(hub, "approved").await;
    let at = |version: &str| format!("/repos/acme/checkout/commits/{version}");
    hub.answers("GET", &at("v2.1.0"), 200, commit(SHA, "Bob", "Round prices once")).await;
    hub.answers("POST", DISPATCHES, 200, hub.dispatched()).await;
    hub.answers("POST", RULE, 204, Value::Null).await;
    let change = |world: &mut World| {
        world.pipelines.insert("pretend".parse().unwrap(), pipeline);
    };
    guarding(folder).await.restarts_in(change).await
}

#[tokio::test]
async fn what_was_agreed_upon_passes_and_the_card_says_how_it_goes() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    let bot = bot(&hub, &folder).await;
    waits(&hub, "waiting", false).await;
    bot.hears(ALICE, "/deploy production v2.1.0").await;
    bot.presses(BOB, "Approve").await;
    bot.passes(Duration::from_secs(2)).await;
    let said = hub.posted(RULE).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["environment_name"], "Production EU");
    assert_eq!(said[0]["state"], "approved");
    let comment = said[0]["comment"].as_str().unwrap();
    assert!(comment.starts_with("Approved by Pilothouse (deployment "), "{comment}");
    assert!(comment.ends_with(": approved by bob; asked for by alice"), "{comment}");
    assert!(bot.reads().contains("Production EU (Pilothouse)"), "{}", bot.reads());
    // GitHub says so as well, and the run goes on.
    assert_eq!(delivers(&bot, SECRET, &delivered(&hub.server.uri()).to_string()).await, 200);
    hub.server.reset().await;
    hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", "completed", Some("success"))).await;
    hub.answers("GET", JOBS, 200, json!({ "total_count": 0, "jobs": [] })).await;
    bot.passes(Duration::from_mins(1)).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
    assert_eq!(bot.messages(), 1);
}

#[tokio::test]
async fn who_starts_the_workflow_by_hand_is_turned_away() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    let bot = bot(&hub, &folder).await;
    let body = delivered(&hub.server.uri()).to_string();
    assert_eq!(delivers(&bot, SECRET, &body).await, 200);
    let said = &hub.posted(RULE).await[0];
    assert_eq!(said["state"], "rejected");
    let comment = said["comment"].as_str().unwrap();
    assert!(comment.ends_with("/deploy production <version>"), "{comment}");
}
