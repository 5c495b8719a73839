//! Beginning conversations, knowing who is in them, remembering the way there, and the pace.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use pilothouse::{
    chat::{
        ShowError,
        teams::{Connector, Pace, Reference, References, conversation_is_gone},
    },
    clock::{Clock, Timestamp},
    outbound::Outbound,
    store::Db,
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpListener};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param, query_param_is_missing},
};

const NOW: Timestamp = Timestamp(1_795_000_000_000);
const CHANNEL: &str = "19:abc@thread.tacv2";

fn reference(service_url: &str) -> Reference {
    Reference {
        conversation: CHANNEL.to_owned(),
        service_url: service_url.to_owned(),
        kind: "channel".to_owned(),
        tenant: "contoso".to_owned(),
        bot: "28:the-bot".to_owned(),
        team: Some("19:team@thread.tacv2".to_owned()),
    }
}

fn connector(allowed: &str) -> Connector {
    Connector::new(None, Outbound::new().unwrap(), Clock::manual(NOW), vec![allowed.to_owned()])
}

fn json(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

#[tokio::test]
async fn a_personal_conversation_is_made_with_exactly_one_member() {
    let server = MockServer::start().await;
    let created = json(201, &json!({ "id": "a:personal" }));
    Mock::given(path("/v3/conversations")).respond_with(created).mount(&server).await;
    let to = reference(&server.uri());
    let made = connector(&server.uri()).create_personal(&to, "29:ann").await;
    assert_eq!(made.unwrap(), "a:personal");
    let asked = &server.received_requests().await.unwrap()[0];
    let body: Value = asked.body_json().unwrap();
    assert_eq!(asked.method.as_str(), "POST");
    assert_eq!(body["members"], json!([{ "id": "29:ann" }]));
    assert_eq!((&body["isGroup"], &body["tenantId"]), (&json!(false), &json!("contoso")));
}

#[tokio::test]
async fn a_thread_begins_with_its_message_whichever_way_its_id_is_told() {
    for answer in [
        json!({ "id": "19:abc@thread.tacv2;messageid=5", "activityId": "5" }),
        json!({ "id": "19:abc@thread.tacv2;messageid=5" }),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(json(201, &answer)).mount(&server).await;
        let to = reference(&server.uri());
        let (activity, in_thread) =
            (json!({ "type": "message" }), format!("{CHANNEL};messageid=1"));
        let made = connector(&server.uri()).create_thread(&to, &in_thread, &activity).await;
        assert_eq!(made.unwrap(), (format!("{CHANNEL};messageid=5"), "5".to_owned()));
        let body: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
        assert_eq!(body["channelData"]["channel"]["id"], CHANNEL);
        assert_eq!((&body["activity"], &body["isGroup"]), (&activity, &json!(true)));
    }
}

#[tokio::test]
async fn members_come_page_by_page_with_either_name_of_their_entra_id() {
    let server = MockServer::start().await;
    let at = || {
        Mock::given(path("/v3/conversations/19%3Aabc%40thread.tacv2/pagedmembers"))
            .and(query_param("pageSize", "500"))
    };
    let people = |from: usize, to: usize, name: &str| {
        (from..to).map(|n| json!({ "id": format!("29:{n}"), name: n.to_string() })).collect()
    };
    let (first, second): (Vec<_>, Vec<_>) =
        (people(0, 500, "aadObjectId"), people(500, 700, "objectId"));
    at().and(query_param_is_missing("continuationToken"))
        .respond_with(json(200, &json!({ "members": first, "continuationToken": "a+b/c=" })))
        .mount(&server)
        .await;
    at().and(query_param("continuationToken", "a+b/c="))
        .respond_with(json(200, &json!({ "members": second })))
        .mount(&server)
        .await;
    let members = connector(&server.uri()).members(&reference(&server.uri()), CHANNEL).await;
    let ids: Vec<_> = members.unwrap().into_iter().filter_map(|m| m.entra_id).collect();
    assert_eq!(ids, (0..700).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_list_of_members_that_never_ends_is_given_up() {
    let server = MockServer::start().await;
    let pages = std::sync::atomic::AtomicUsize::new(0);
    Mock::given(method("GET"))
        .respond_with(move |_: &wiremock::Request| {
            let page = pages.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            json(200, &json!({ "members": [], "continuationToken": page.to_string() }))
        })
        .mount(&server)
        .await;
    let members = connector(&server.uri()).members(&reference(&server.uri()), CHANNEL).await;
    assert!(members.is_err());
    assert_eq!(server.received_requests().await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_member_is_known_or_absent_or_the_conversation_is_gone() {
    let server = MockServer::start().await;
    let ann = json!({ "id": "29:ann", "objectId": "", "aadObjectId": "ann-in-entra",
        "userPrincipalName": "ann@contoso.com", "unknown": 1 });
    for (id, answer) in [
        ("29%3Aann", json(200, &ann)),
        ("29%3Abob", json(404, &json!({ "error": { "code": "MemberNotFoundInConversation" } }))),
        ("29%3Aeve", json(404, &json!({ "error": { "code": "ConversationNotFound" } }))),
    ] {
        let at = format!("/v3/conversations/19%3Aabc%40thread.tacv2/members/{id}");
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
    }
    let (connector, to) = (connector(&server.uri()), reference(&server.uri()));
    let ann = connector.member(&to, CHANNEL, "29:ann").await.unwrap().unwrap();
    assert_eq!(ann.entra_id.as_deref(), Some("ann-in-entra"));
    assert_eq!(ann.upn.as_deref(), Some("ann@contoso.com"));
    assert_eq!(connector.member(&to, CHANNEL, "29:bob").await.unwrap(), None);
    assert!(conversation_is_gone(&connector.member(&to, CHANNEL, "29:eve").await.unwrap_err()));
}

#[tokio::test]
async fn a_message_that_may_have_arrived_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        // Takes the request and hangs up; whoever comes back is counted.
        let mut taken = 0;
        while let Ok(Ok((mut socket, _))) =
            tokio::time::timeout(Duration::from_millis(1500), listener.accept()).await
        {
            let read = socket.read(&mut [0; 4096]).await;
            taken += usize::from(read.is_ok_and(|n| n > 0));
        }
        taken
    });
    let sent = connector(&uri).send(&reference(&uri), CHANNEL, &json!({ "type": "message" })).await;
    assert!(matches!(sent, Err(ShowError::Broken(_))));
    assert_eq!(server.await.unwrap(), 1);
}

/// The database of a test, the folder it lives in, and the way to the references in it.
async fn references(allowed: &[&str]) -> (References, Db, Clock, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("db").display());
    let (db, clock) = (Db::open(&url).await.unwrap(), Clock::manual(NOW));
    let allowed = allowed.iter().map(|&url| url.to_owned()).collect();
    (References::new(db.clone(), clock.clone(), allowed), db, clock, folder)
}

async fn seen(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT seen FROM conversations").fetch_one(db.reader()).await.unwrap()
}

const AMER: &str = "https://smba.trafficmanager.net/amer/";
const EMEA: &str = "https://smba.trafficmanager.net/emea/";

#[tokio::test]
async fn the_newest_way_to_a_conversation_is_kept_for_its_threads_too() {
    let (references, _db, _clock, _folder) = references(&["https://smba.trafficmanager.net"]).await;
    let thread = format!("{CHANNEL};messageid=17");
    let first = Reference { conversation: thread.clone(), ..reference(AMER) };
    references.keep(&first).await.unwrap();
    assert_eq!(references.find(CHANNEL).await.unwrap(), Some(reference(AMER)));
    references.keep(&reference(EMEA)).await.unwrap();
    assert_eq!(references.find(&thread).await.unwrap(), Some(reference(EMEA)));
    assert_eq!(references.all().await.unwrap(), vec![reference(EMEA)]);
    references.forget(&thread).await.unwrap();
    assert_eq!(references.find(CHANNEL).await.unwrap(), None);
}

#[tokio::test]
async fn a_known_conversation_is_written_again_after_an_hour_only() {
    let (references, db, clock, _folder) = references(&["https://smba.trafficmanager.net"]).await;
    references.keep(&reference(AMER)).await.unwrap();
    clock.advance(Duration::from_mins(59));
    references.keep(&reference(AMER)).await.unwrap();
    assert_eq!(seen(&db).await, NOW.0);
    clock.advance(Duration::from_mins(1));
    references.keep(&reference(AMER)).await.unwrap();
    assert_eq!(seen(&db).await, NOW.plus(Duration::from_hours(1)).0);
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_is_neither_kept_nor_read() {
    let (references, db, clock, _folder) = references(&["https://smba.trafficmanager.net"]).await;
    assert!(references.keep(&reference("https://evil.trafficmanager.net/")).await.is_err());
    assert!(references.all().await.unwrap().is_empty());

    references.keep(&reference(AMER)).await.unwrap();
    let stricter = References::new(db.clone(), clock, vec![EMEA.to_owned()]);
    assert_eq!(stricter.find(CHANNEL).await.unwrap(), None);
    assert!(stricter.all().await.unwrap().is_empty());
    // The next activity from an address on the list replaces it.
    stricter.keep(&reference(EMEA)).await.unwrap();
    assert_eq!(stricter.find(CHANNEL).await.unwrap(), Some(reference(EMEA)));

    for poison in [r#"{"service_url":"https://evil.com/"}"#, "no JSON"] {
        let mut tx = db.begin().await.unwrap();
        let sql = "UPDATE conversations SET data = $1";
        sqlx::query(sql).bind(poison).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(references.find(CHANNEL).await.unwrap(), None, "{poison}");
    }
}

/// Sends so many requests as fast as the pace lets them; when each left, in nanoseconds.
fn leave(count: usize, threads: &[Option<&str>]) -> Vec<u64> {
    let clock = FakeRelativeClock::default();
    let pace = Pace::new(clock.clone());
    let mut left = vec![];
    for n in 0..count {
        let mut turn = pace.turn(threads[n % threads.len()], "contoso");
        for _ in 0..10 {
            match turn.wait() {
                Some(wait) => clock.advance(wait),
                None => break,
            }
        }
        assert_eq!(turn.wait(), None, "a turn comes after a few waits");
        left.push(clock.now().as_u64());
    }
    left
}

/// The most that left within any span of so many seconds.
fn most(left: &[u64], seconds: u64) -> usize {
    let within = |from: u64| {
        left.iter().filter(move |at| (from..=from + seconds * 1_000_000_000).contains(*at))
    };
    left.iter().map(|from| within(*from).count()).max().unwrap_or(0)
}

#[test]
fn one_thread_never_gets_more_than_teams_takes() {
    let left = leave(2500, &[Some(CHANNEL)]);
    for (seconds, limit) in [(1, 7), (2, 8), (30, 60), (3600, 1800)] {
        assert!(most(&left, seconds) <= limit, "{seconds} s: {}", most(&left, seconds));
    }
    assert_eq!(left[5], 0, "a few leave at once");
    assert!(left[99] <= 94_000_000_000, "a hundred are not held up longer than need be");
}

#[test]
fn one_tenant_never_gets_more_than_fifty_a_second() {
    let threads: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    let threads: Vec<_> =
        threads.iter().map(|thread| Some(thread.as_str())).chain([None]).collect();
    let left = leave(1200, &threads);
    assert!(most(&left, 1) <= 50, "{}", most(&left, 1));
    assert!(left[1199] < 30_000_000_000, "but forty it gets");
}

#[test]
fn a_thread_that_asked_for_silence_gets_it_and_others_do_not() {
    let clock = FakeRelativeClock::default();
    let pace = Pace::new(clock.clone());
    pace.quiet(CHANNEL, Duration::from_secs(30));
    pace.quiet(CHANNEL, Duration::from_secs(1));
    let mut turn = pace.turn(Some(CHANNEL), "contoso");
    assert_eq!(turn.wait(), Some(Duration::from_secs(30)));
    assert_eq!(pace.turn(Some("other"), "contoso").wait(), None);
    clock.advance(Duration::from_secs(30));
    assert_eq!(turn.wait(), None);
}

#[tokio::test]
async fn updates_and_messages_wait_in_the_same_line() {
    let server = MockServer::start().await;
    let busy = json(429, &json!({})).insert_header("Retry-After", "30");
    Mock::given(method("PUT")).respond_with(busy).mount(&server).await;
    let (connector, to) = (connector(&server.uri()), reference(&server.uri()));
    let activity = json!({ "type": "message" });
    let update = connector.update(&to, CHANNEL, "m", &activity).await;
    assert!(matches!(update, Err(ShowError::Broken(_))));
    let send = connector.send(&to, CHANNEL, &activity).await.unwrap_err().to_string();
    assert!(send.contains("takes no more from the bot there until"), "{send}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
