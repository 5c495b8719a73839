//! Several replicas of one bot on one PostgreSQL: nothing happens twice.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use pilothouse::{app::App, chat::Listener, pipelines::RunState};

use crate::world::{ALICE, BOB, Bot, CAROL, Database};

/// How many replicas there are, beside the first.
const REPLICAS: usize = 2;

/// How many requests are raced for.
const REQUESTS: usize = 20;

/// Three replicas on one database; none without a server that takes several.
async fn town() -> Option<(Bot, Vec<App>)> {
    if Database::server().is_none() {
        eprintln!("left out: replicas need PostgreSQL (TEST_POSTGRES)");
        return None;
    }
    let bot = Bot::start().await;
    let mut replicas = vec![bot.app.clone()];
    for _ in 0..REPLICAS {
        replicas.push(bot.replica().await);
    }
    Some((bot, replicas))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_presses_at_once_on_every_replica_and_each_deployment_starts_once() {
    let Some((bot, replicas)) = town().await else { return };
    for number in 0..REQUESTS {
        bot.hears(ALICE, &format!("/deploy production v{number}")).await;
        let approve = bot.says_button("Approve");
        let presses = replicas.iter().flat_map(|replica| {
            [BOB, CAROL, BOB, CAROL].map(|who| {
                let (message, replica) = (bot.utterance(who, &approve), replica.clone());
                async move { replica.commands.hear(message).await }
            })
        });
        join_all(presses).await;
        join_all(replicas.iter().map(|replica| replica.worker.run_due())).await;
        assert_eq!(bot.pipeline.started(), number + 1, "request {number}");
        bot.pipeline.finishes(RunState::Succeeded);
        for _ in 0..90 {
            bot.clock.advance(Duration::from_secs(1));
            join_all(replicas.iter().map(|replica| replica.worker.run_due())).await;
        }
        assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
    }
    assert_eq!(bot.pipeline.asked(), REQUESTS);
    assert_eq!(bot.messages(), REQUESTS, "one deployment is one message, whoever draws it");
    let approvals = bot.audit().await.iter().filter(|row| row.ends_with("approve done")).count();
    assert_eq!(approvals, REQUESTS, "one approval each, however often it was pressed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_heard_by_every_replica_is_heard_once() {
    let Some((bot, replicas)) = town().await else { return };
    let message = Arc::new(bot.utterance(ALICE, "/deploy production v1"));
    let hearings = replicas.iter().map(|replica| {
        let (inbox, message) = (replica.foundation.chat().inbox, message.clone());
        async move { inbox.put(&message).await.unwrap() }
    });
    let heard = join_all(hearings).await.into_iter().filter(|new| *new).count();
    assert_eq!(heard, 1);
    join_all(replicas.iter().map(|replica| replica.worker.run_due())).await;
    bot.works().await;
    assert_eq!(bot.messages(), 1);
}
