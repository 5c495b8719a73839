//! The whole way: an incident that is declared in Teams, through Graph and back.

use std::{sync::Arc, time::Duration};

use pilothouse::{
    access::Actor,
    app::{App, World},
    chat::{Channel, Incoming, Listener},
    deployments::Probes,
    incidents,
    names::PersonId,
};
use serde_json::{Value, json};

use super::{BOB, CAROL, Corner, TEAM, TENANT, home, pretend::Trouble};

async fn app(corner: &Corner) -> App {
    let (people, roles) = (
        json!({ "bob": { "entra": BOB }, "carol": { "entra": CAROL } }),
        json!({ "ops": { "people": ["bob", "carol"], "may": [{ "do": ["look", "incidents"] }] } }),
    );
    let settings: incidents::Settings = serde_json::from_value(json!({
        "place": "channel", "team": TEAM, "members": ["carol"], "archive": "1h",
        "remind": { "sev1": "10m", "sev2": "20m" },
    }))
    .unwrap();
    let channel: Arc<dyn Channel> = corner.teams.clone();
    let world = World {
        oncall: pilothouse::oncall::Settings::new(),
        runbooks: None,
        access: pilothouse::access::Settings {
            people: serde_json::from_value(people).unwrap(),
            roles: serde_json::from_value(roles).unwrap(),
            tenant: Some(TENANT.to_owned()),
        },
        services: pilothouse::deployments::Settings::default(),
        incidents: settings,
        pipelines: std::collections::BTreeMap::default(),
        probes: Probes::new(),
        channels: vec![channel],
        checkpoints: Some(corner.kept.0.checkpoints()),
        ..World::default()
    };
    App::build(corner.foundation.clone(), world).await.unwrap()
}

/// Bob says something in the home channel, and what follows happens.
async fn says(corner: &Corner, app: &App, text: &str) {
    let actor = Actor { id: PersonId::entra(TENANT, BOB), name: "Bob".to_owned() };
    let origin = format!("{text} {}", corner.clock.now().0);
    let place = home();
    let said =
        Incoming { actor, place, text: text.to_owned(), origin, mentions: vec![], zone: None };
    app.commands.hear(said).await;
    app.worker.run_due().await.unwrap();
}

/// What was sent to the connector: path and card.
async fn sent(corner: &Corner) -> Vec<(String, String, Value)> {
    let requests = corner.graph.connector.received_requests().await.unwrap();
    let sent = requests.iter().map(|request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let card = body["attachments"][0]["content"].clone();
        (request.method.to_string(), request.url.path().to_owned(), card)
    });
    sent.collect()
}

async fn passes(corner: &Corner, app: &App, seconds: u64) {
    for _ in 0..seconds {
        corner.clock.advance(Duration::from_secs(1));
        app.worker.run_due().await.unwrap();
    }
}

#[tokio::test]
async fn one_card_stands_in_the_home_channel_and_one_in_the_new_one() {
    let corner = Corner::start().await;
    let first = app(&corner).await;
    corner.graph.troubles(&[Trouble::Lost]);
    says(&corner, &first, "/incident create \"nobody can pay\" --severity sev1").await;
    // The process ends without knowing that the channel was made; another takes over.
    drop(first);
    let app = app(&corner).await;
    passes(&corner, &app, 90).await;
    assert_eq!(corner.graph.made(), (1, 0), "found again after a crash");
    says(&corner, &app, "/incident update \"looking\"").await;
    let all = sent(&corner).await;
    let posts: Vec<_> = all.iter().filter(|(method, ..)| method == "POST").collect();
    assert_eq!(posts.len(), 2, "{posts:#?}");
    assert!(posts[0].1.contains("19%3Aabc%40thread.tacv2/activities"), "{}", posts[0].1);
    assert!(posts[1].1.contains("19%3A00000000000000000000000000000001%40thread.tacv2"));
    assert!(posts.iter().all(|(_, path, _)| path.starts_with("/emea/")), "{posts:?}");
    let (_, _, card) = all.last().unwrap();
    assert!(card.to_string().contains("looking"), "{card:#}");
    assert!(card.to_string().contains("Open its channel"), "{card:#}");
    // Reminded in the channel, with a mention of the commander.
    passes(&corner, &app, 600).await;
    let (method, path, card) = sent(&corner).await.pop().unwrap();
    assert!(method == "POST" && path.contains("00000001%40thread.tacv2"), "{method} {path}");
    let mention = &card["msteams"]["entities"][0];
    assert_eq!(mention["mentioned"], json!({ "id": BOB, "name": "Bob" }));
    assert!(card["body"].to_string().contains(mention["text"].as_str().unwrap()), "{card:#}");
    says(&corner, &app, "/incident resolve").await;
    passes(&corner, &app, 3601).await;
    let asked = corner.graph.asked().await;
    assert!(asked.last().unwrap().1.ends_with("/archive"), "{:?}", asked.last());
}

#[tokio::test]
async fn where_graph_lets_the_bot_make_nothing_the_card_says_what_is_missing() {
    let corner = Corner::start().await;
    let app = app(&corner).await;
    corner.graph.troubles(&[Trouble::Forbidden, Trouble::Forbidden]);
    says(&corner, &app, "/incident create \"nobody can pay\"").await;
    passes(&corner, &app, 10).await;
    let all = sent(&corner).await;
    assert_eq!(all.iter().filter(|(method, ..)| method == "POST").count(), 1, "the one card");
    let card = all.last().unwrap().2["body"].to_string().replace("\\\\", "");
    for why in [
        "No channel: Microsoft Graph does not let the bot make a channel: its app needs \
         Channel.Create.Group or Channel.Create",
        "No group chat: Microsoft Graph does not let the bot make a group chat: its app needs \
         Chat.Create",
        "the thread of this card",
    ] {
        assert!(card.contains(why), "`{why}` is missing in {card}");
    }
    assert_eq!(corner.graph.made(), (0, 0));
}
