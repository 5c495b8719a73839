//! Who is in a group may what the group's role allows, and for as long as they are in it.

use std::time::Duration;

use pilothouse::pipelines::RunState;
use serde_json::json;

use super::{EVE, FRED, KEEPERS, MAKERS, actor, buttons, hears, hears_of, rules, start};
use crate::world::{ALICE, BOB, Bot, CAROL, Directory, MALLORY};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn members_deploy_and_approve_without_a_line_of_configuration_each() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, MAKERS);
    directory.lets_in(FRED, KEEPERS);
    hears(&bot, EVE, "/deploy production v2").await;
    assert!(bot.shows().contains("Waiting for 1 approval"), "{}", bot.shows());
    let who = "bob, carol or somebody with the role keeper";
    assert!(bot.reads().contains(who), "{}", bot.reads());
    let approve = bot.says_button("Approve");
    let told = hears(&bot, EVE, &approve).await;
    let words = "e0e may not approve deployments of anything here. Ask bob, carol or somebody with \
                 the role keeper.";
    assert_eq!(told, words);
    assert_eq!(hears(&bot, FRED, &approve).await, "");
    bot.pipeline.finishes(RunState::Succeeded);
    bot.passes(seconds(60)).await;
    assert!(bot.shows().contains("All health checks passing"), "{}", bot.shows());
}

#[tokio::test]
async fn who_is_taken_out_approves_nothing_more_and_soon_sees_nothing_more() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert!(buttons(&bot, EVE).await.unwrap().contains(&"Approve".to_owned()));
    directory.takes_out(EVE, KEEPERS);
    bot.passes(seconds(3)).await;
    assert!(hears(&bot, EVE, &approve).await.contains("may not approve"));
    assert_eq!(bot.pipeline.started(), 0);
    assert_eq!(buttons(&bot, EVE).await, None, "what was learnt counts for what is shown too");

    directory.lets_in(FRED, KEEPERS);
    assert!(!hears(&bot, FRED, "/status").await.contains("may not"));
    directory.takes_out(FRED, KEEPERS);
    bot.passes(seconds(299)).await;
    assert!(!hears(&bot, FRED, "/status").await.contains("may not"), "for a few minutes");
    bot.passes(seconds(1)).await;
    assert!(hears(&bot, FRED, "/status").await.contains("f0f may not look at"));
}

#[tokio::test]
async fn who_is_let_in_need_not_wait() {
    let (bot, directory) = start().await;
    assert!(hears(&bot, EVE, "/deploy staging v2").await.contains("may not deploy"));
    directory.lets_in(EVE, MAKERS);
    bot.passes(seconds(3)).await;
    assert_eq!(hears(&bot, EVE, "/deploy staging v2").await, "");
    assert_eq!(bot.pipeline.started(), 1);
}

#[tokio::test]
async fn an_approval_counts_when_it_starts_only_if_they_are_in_the_group_still() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(CAROL, "/lock production the sale").await;
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert_eq!(hears(&bot, EVE, &approve).await, "");
    directory.takes_out(EVE, KEEPERS);
    let bot = bot.restarts().await;
    bot.hears(CAROL, "/unlock production").await;
    bot.passes(seconds(60)).await;
    assert_eq!(bot.pipeline.started(), 0);
    assert!(bot.shows_of("deployment").contains("Waiting for 1 approval"), "{}", bot.shows());
}

#[tokio::test]
async fn an_approval_of_a_member_lasts_over_a_restart() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(CAROL, "/lock production the sale").await;
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert_eq!(hears(&bot, EVE, &approve).await, "");
    let bot = bot.restarts().await;
    bot.hears(CAROL, "/unlock production").await;
    bot.passes(seconds(60)).await;
    assert_eq!(bot.pipeline.started(), 1);
}

#[tokio::test]
async fn whoever_may_by_name_or_is_of_another_tenant_is_not_asked_about() {
    let (bot, directory) = start().await;
    directory.lets_in(EVE, KEEPERS);
    bot.hears(ALICE, "/deploy production v2").await;
    let approve = bot.says_button("Approve");
    assert!(hears_of(&bot, actor("other", EVE), &approve).await.contains("may not approve"));
    assert!(bot.hears(MALLORY, &approve).await.contains("may not approve"));
    assert_eq!(hears_of(&bot, actor("T", "b0b"), &approve).await, "", "Bob, by his name");
    assert_eq!(bot.pipeline.started(), 1);
    assert_eq!(directory.asked(), []);
    _ = BOB;
}

#[tokio::test]
async fn many_groups_are_asked_about_in_as_few_calls_as_graph_takes() {
    let directory = Directory::start().await;
    let mut rules = rules(&directory);
    let groups: Vec<String> =
        (0..21).map(|n| format!("33333333-3333-4333-8333-3333333333{n:02}")).collect();
    directory.lets_in(EVE, &groups[20]);
    rules["roles"] =
        json!({ "maker": { "groups": groups, "may": [{ "do": ["look", "deploy"] }] } });
    let bot = Bot::with(&rules.to_string()).await;
    assert_eq!(hears(&bot, EVE, "/deploy staging v2").await, "");
    let mut asked = directory.asked();
    asked.sort();
    assert_eq!(asked, [(EVE.to_owned(), 1), (EVE.to_owned(), 20)]);
}

#[tokio::test]
async fn an_override_is_a_decision_of_now() {
    let directory = Directory::start().await;
    let mut rules = rules(&directory);
    rules["freezes"] = json!([{ "name": "sale", "from": "2025-10-01", "until": "2025-12-01",
                                "time_zone": "UTC", "reason": "the sale" }]);
    let bot = Bot::with(&rules.to_string()).await;
    directory.lets_in(EVE, MAKERS);
    directory.lets_in(EVE, KEEPERS);
    let over = "/deploy staging v2 --override \"the basket is empty\"";
    assert_eq!(hears(&bot, EVE, over).await, "");
    assert_eq!(bot.pipeline.started(), 1);
    directory.takes_out(EVE, KEEPERS);
    bot.passes(seconds(3)).await;
    assert!(hears(&bot, EVE, over).await.contains("may not override a freeze"));
}
