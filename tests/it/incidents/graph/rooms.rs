//! One wish for a room at a time.

use pilothouse::chat::{
    Channel as _, Place,
    RoomKind::{Channel, Chat, Thread},
};
use serde_json::json;

use super::{BOB, CAROL, Corner, HOME, TEAM, home, later, never, pretend::Trouble};

#[tokio::test]
async fn a_channel_is_looked_for_and_then_made() {
    let corner = Corner::start().await;
    let opened = corner.wants(Channel, "a1b2c3d4").await.unwrap();
    assert_eq!(opened.place.conversation, "19:00000000000000000000000000000001@thread.tacv2");
    assert_eq!(opened.name, "INC-7 is it us");
    assert!(opened.link.unwrap().starts_with("https://teams.microsoft.com/l/channel/"));
    let asked = corner.graph.asked().await;
    let path = format!("/v1.0/teams/{TEAM}/channels");
    assert_eq!((asked[0].0.as_str(), &asked[0].1), ("GET", &path));
    assert_eq!((asked[1].0.as_str(), &asked[1].1), ("POST", &path));
    assert_eq!(
        asked[1].2,
        json!({
            "displayName": "INC-7 is it us", "membershipType": "standard",
            "description": "INC-7 is it \"us\"? · Pilothouse a1b2c3d4",
        })
    );
    let scope = corner.graph.login.received_requests().await.unwrap().pop().unwrap().body;
    let scope = String::from_utf8(scope).unwrap();
    let graph = corner.graph.server.uri();
    let graph = url::form_urlencoded::byte_serialize(graph.as_bytes());
    assert!(scope.contains(&format!("scope={}%2F.default", graph.collect::<String>())), "{scope}");
}

#[tokio::test]
async fn a_private_channel_has_an_owner_and_members() {
    let corner = Corner::start().await;
    corner.wants_so(Channel, "m", |wish| wish.private = true).await.unwrap();
    let body = &corner.graph.asked().await[1].2;
    assert_eq!(body["membershipType"], "private");
    let bind = |id| format!("{}/v1.0/users('{id}')", corner.graph.server.uri());
    let member = |id, roles: &[&str]| {
        json!({
            "@odata.type": "#microsoft.graph.aadUserConversationMember",
            "roles": roles, "user@odata.bind": bind(id),
        })
    };
    assert_eq!(body["members"], json!([member(BOB, &["owner"]), member(CAROL, &[])]));
}

#[tokio::test]
async fn what_was_made_and_never_heard_of_is_found_again() {
    for trouble in [Trouble::Lost, Trouble::Garbage] {
        for kind in [Channel, Chat] {
            let corner = Corner::start().await;
            corner.wants(kind, "another").await.unwrap();
            corner.graph.troubles(&[trouble]);
            assert_eq!(
                later(corner.wants_so(kind, "lost", |wish| wish.name = "INC-8").await),
                15,
                "{trouble:?}"
            );
            let opened = corner.wants_so(kind, "lost", |wish| wish.name = "INC-8").await.unwrap();
            assert!(opened.name.starts_with("INC-8"), "on the second page: {opened:?}");
            let (channels, chats) = corner.graph.made();
            assert_eq!(channels + chats, 2, "{trouble:?}: one is made, and one was there");
        }
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_no_answer() {
    let corner = Corner::start().await;
    corner.graph.troubles(&[Trouble::Slow]);
    assert_eq!(later(corner.wants(Channel, "slow").await), 15);
    corner.wants(Channel, "slow").await.unwrap();
    assert_eq!(corner.graph.made(), (1, 0));
}

#[tokio::test]
async fn a_channel_that_is_in_no_list_yet_is_not_made_a_second_time() {
    let corner = Corner::start().await;
    corner.graph.troubles(&[Trouble::Unlisted]);
    assert_eq!(later(corner.wants(Channel, "new").await), 15);
    assert_eq!(later(corner.wants(Channel, "new").await), 15, "its name is taken: by itself");
    corner.graph.state.lock().unwrap().unlisted = false;
    corner.wants(Channel, "new").await.unwrap();
    assert_eq!(corner.graph.made(), (1, 0));
}

#[tokio::test]
async fn a_refusal_says_what_to_do_about_it() {
    for (trouble, why) in [
        (
            Trouble::Forbidden,
            "Microsoft Graph does not let the bot make a channel: its app needs \
             Channel.Create.Group or Channel.Create",
        ),
        (
            Trouble::Gone,
            "Microsoft Graph could not make a channel, because it knows no such team, person or app",
        ),
        (Trouble::Full, "Microsoft Graph refused to make a channel (400 Bad Request)"),
    ] {
        let corner = Corner::start().await;
        corner.graph.troubles(&[trouble]);
        assert_eq!(never(corner.wants(Channel, "m").await), why);
        assert_eq!(corner.graph.made(), (0, 0));
    }
    let corner = Corner::start().await;
    corner.graph.state.lock().unwrap().secretive = true;
    let why = never(corner.wants(Channel, "m").await);
    assert!(why.contains("see the team's channels: its app needs ChannelSettings.Read"), "{why}");
    let why = never(corner.wants(Chat, "m").await);
    assert!(why.contains("see people's chats: its app needs Chat.ReadBasic.All"), "{why}");
    assert_eq!(corner.graph.posts().await, 0, "what could be there already is not made");
}

#[tokio::test]
async fn whoever_is_asked_to_wait_waits_without_asking_again() {
    let corner = Corner::start().await;
    corner.graph.troubles(&[Trouble::Throttled]);
    assert_eq!(later(corner.wants(Channel, "m").await), 40);
    let asked = corner.graph.asked().await.len();
    assert_eq!(later(corner.wants(Channel, "m").await), 40, "answered here");
    assert_eq!(corner.graph.asked().await.len(), asked);
    corner.clock.advance(std::time::Duration::from_secs(40));
    corner.wants(Channel, "m").await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_not_good_any_more_is_renewed_once() {
    let corner = Corner::start().await;
    corner.wants(Channel, "m").await.unwrap();
    corner.graph.state.lock().unwrap().refused.push("graph-token-number-1".to_owned());
    corner.wants(Channel, "m").await.unwrap();
    let all: Vec<_> = (1..20).map(|n| format!("graph-token-number-{n}")).collect();
    corner.graph.state.lock().unwrap().refused = all;
    let why = never(corner.wants(Channel, "m").await);
    assert!(why.contains("401 Unauthorized"), "{why}");
}

#[tokio::test]
async fn a_group_chat_holds_the_people_and_the_bot() {
    let corner = Corner::start().await;
    let opened = corner.wants(Chat, "a1b2c3d4").await.unwrap();
    assert_eq!(opened.place.conversation, "19:00000000000000000000000000000001@thread.v2");
    let asked = corner.graph.asked().await;
    assert_eq!(asked[0].1, format!("/v1.0/users/{BOB}/chats"));
    let (_, path, body) = &asked[1];
    assert_eq!((path.as_str(), &body["chatType"]), ("/v1.0/chats", &json!("group")));
    assert_eq!(body["topic"], "INC-7 is it us · a1b2c3d4");
    assert_eq!(body["members"].as_array().unwrap().len(), 2);
    assert!(body["members"][1]["roles"] == json!(["owner"]), "{body}");
    let (method, path, body) = asked.last().unwrap();
    assert!(method == "POST" && path.ends_with("/installedApps"), "{path}");
    assert!(body["teamsApp@odata.bind"].as_str().unwrap().contains("/appCatalogs/teamsApps/b1c5"));
    corner.graph.state.lock().unwrap().catalogued = false;
    let why = never(corner.wants(Chat, "a1b2c3d4").await);
    assert!(why.contains("could not join the group chat"), "{why}");
    let why = never(corner.wants_so(Chat, "other", |wish| wish.people = &[]).await);
    assert!(why.contains("a group chat needs two people"), "{why}");
}

#[tokio::test]
async fn a_thread_begins_below_the_card() {
    let corner = Corner::start().await;
    let opened = corner.wants(Thread, "m").await.unwrap();
    assert_eq!(opened.place.conversation, format!("{HOME};messageid=1700000000001"));
    assert_eq!(later(corner.wants_so(Thread, "m", |wish| wish.message = None).await), 2);
    for (home, answer) in [
        ("19:abc@thread.tacv2;messageid=5", Ok("19:abc@thread.tacv2;messageid=5")),
        ("a:personal", Err("there are threads in channels only")),
        ("19:group@thread.v2", Err("there are threads in channels only")),
    ] {
        let there = Place { conversation: home.to_owned(), ..self::home() };
        let opened = corner.wants_at(&there, (Thread, "m"), |_| {}).await;
        match answer {
            Ok(place) => assert_eq!(opened.unwrap().place.conversation, place),
            Err(why) => assert_eq!(never(opened), why),
        }
    }
    assert!(corner.graph.asked().await.is_empty(), "Graph has nothing to do with it");
}

#[tokio::test]
async fn a_mention_is_who_the_connector_says_it_is() {
    let corner = Corner::start().await;
    let carol = corner.teams.mentioned(&home(), "29:carol").await.unwrap();
    assert_eq!(carol.id.entra_object(), Some(CAROL));
    let asked = corner.graph.connector.received_requests().await.unwrap();
    assert!(asked[0].url.path().ends_with("/members/29%3Acarol"), "{}", asked[0].url);
}

#[tokio::test]
async fn a_channel_is_archived_and_taken_out_again() {
    let corner = Corner::start().await;
    let opened = corner.wants(Channel, "m").await.unwrap();
    corner.teams.put_away(&opened.place, TEAM, true).await.unwrap();
    corner.teams.put_away(&opened.place, TEAM, false).await.unwrap();
    let asked = corner.graph.asked().await;
    let ends: Vec<_> =
        asked.iter().rev().take(2).map(|(_, path, _)| path.rsplit('/').next()).collect();
    assert_eq!(ends, [Some("unarchive"), Some("archive")]);
}
