//! The door that sources knock on: whom it lets in, what it takes, and what it says.

use actix_web::{
    http::{Method, header::AUTHORIZATION},
    test::TestRequest,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{TOKEN, Town, delivery, seconds};
use crate::world::BOB;

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

#[tokio::test]
async fn only_the_right_token_opens_it_and_the_body_is_not_looked_at_before() {
    let town = Town::start().await;
    let body = delivery(&[town.alert("HighErrorRate", seconds(0))]);
    let basic = "Basic YWxlcnRtYW5hZ2VyOnRoZS10b2tlbi1vZi1hbGVydG1hbmFnZXI=";
    let (upper, longer) = (TOKEN.to_uppercase(), format!("Bearer {TOKEN}x"));
    let shorter = format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]);
    let (spaced, trailing) = (format!("Bearer  {TOKEN}"), format!("Bearer {TOKEN} "));
    let bare = TOKEN.to_owned();
    let upper = format!("Bearer {upper}");
    let null = "Bearer null".to_owned();
    let good = bearer();
    let wrong: Vec<Vec<&str>> = vec![
        vec![],
        vec![""],
        vec!["Bearer"],
        vec!["Bearer "],
        vec!["bearer x"],
        vec![basic],
        vec![&bare],
        vec![&upper],
        vec![&longer],
        vec![&shorter],
        vec![&spaced],
        vec![&trailing],
        vec![&null],
        vec![&good, &good],
        vec![&longer, &good],
        vec!["Bear\u{e9}r x"],
    ];
    for headers in wrong {
        for body in [&body, "", "not json", &"x".repeat(20 * 1024 * 1024)] {
            let (status, told) = town.gets(&headers, body).await;
            assert_eq!(status, 401, "{headers:?}");
            assert!(!told.contains(TOKEN), "{told}");
        }
    }
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("No alerts"));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(town.gets(&[&format!("{scheme} {TOKEN}")], &body).await, (200, String::new()));
    }
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("1 alert\n"));
}

#[tokio::test]
async fn only_posts_to_sources_that_are_heard_are_taken() {
    let town = Town::start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = TestRequest::with_uri("/hooks/monitoring").method(method.clone());
        let request = request.append_header((AUTHORIZATION, bearer()));
        assert!([404, 405].contains(&town.knocks(request).await.0), "{method}");
    }
    for path in
        ["/hooks/other", "/hooks/", "/hooks/monitoring/x", "/hooks/..%2fmonitoring", "/hooks/%00"]
    {
        let request = TestRequest::post().uri(path).append_header((AUTHORIZATION, bearer()));
        assert_eq!(town.knocks(request).await.0, 404, "{path}");
    }
    let asked_only = json!({ "webhook": null, "url": "http://127.0.0.1:1" });
    let town = Town::with(&asked_only).await;
    assert_eq!(town.gets(&[&bearer()], &delivery(&[])).await.0, 404, "no token, no door");
}

#[tokio::test]
async fn while_tokens_change_places_either_is_taken() {
    let next = NamedTempFile::new().unwrap();
    std::fs::write(next.path(), "the-next-token-of-it").unwrap();
    let own = NamedTempFile::new().unwrap();
    std::fs::write(own.path(), TOKEN).unwrap();
    let file = |file: &NamedTempFile| format!("file:{}", file.path().display());
    let town =
        Town::with(&json!({ "webhook": { "token": file(&own), "next_token": file(&next) } })).await;
    for (token, status) in [(TOKEN, 200), ("the-next-token-of-it", 200), ("another-token", 401)] {
        assert_eq!(
            town.gets(&[&format!("Bearer {token}")], &delivery(&[])).await.0,
            status,
            "{token}"
        );
    }
    std::fs::remove_file(next.path()).unwrap();
    assert_eq!(town.gets(&[&bearer()], &delivery(&[])).await.0, 200, "the other still counts");
    let (status, told) = town.gets(&["Bearer the-next-token-of-it"], &delivery(&[])).await;
    assert_eq!(status, 503, "it may be right, and cannot be compared: {told}");
}

#[tokio::test]
async fn what_is_no_delivery_is_said_so_and_changes_nothing() {
    let town = Town::start().await;
    let good = town.alert("HighErrorRate", seconds(0));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut alert = good.clone();
        change(&mut alert);
        delivery(&[good.clone(), alert])
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let whole = delivery(std::slice::from_ref(&good));
    for (body, answer) in [
        (String::new(), "this is no delivery of Alertmanager: EOF"),
        ("null".to_owned(), "this is no delivery"),
        ("[]".to_owned(), "this is no delivery"),
        (deep, "this is no delivery"),
        (whole[..whole.len() - 2].to_owned(), "this is no delivery"),
        (format!("{whole}{whole}"), "this is no delivery"),
        (whole.replace("\"version\":\"4\"", "\"version\":\"5\""), "version 4 are understood"),
        (whole.replace("\"version\":\"4\"", "\"version\":4"), "this is no delivery"),
        (whole.replace("\"alerts\"", "\"alarms\""), "missing field `alerts`"),
        (with(&|alert| alert["status"] = "fires".into()), "alert 2 of this delivery is neither"),
        (with(&|alert| alert["labels"] = json!({})), "alert 2 of this delivery has no labels"),
        (with(&|alert| alert["labels"] = json!(["x"])), "this is no delivery"),
        (with(&|alert| alert["labels"]["x"] = json!(7)), "this is no delivery"),
        (with(&|alert| alert["labels"]["x"] = Value::Null), "this is no delivery"),
    ] {
        let (status, told) = town.gets(&[&bearer()], &body).await;
        assert_eq!(status, 400, "{told}");
        assert!(told.contains(answer), "{told}");
    }
    let bytes = [&br#"{"version":"4","alerts":[{"status":""#[..], b"\xff\xfe\"}]}"].concat();
    let request = TestRequest::post().uri("/hooks/monitoring");
    let request = request.append_header((AUTHORIZATION, bearer())).set_payload(bytes);
    assert_eq!(town.knocks(request).await.0, 400);
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("No alerts"));
}

#[tokio::test]
async fn a_sender_that_says_too_much_or_too_soon_is_told_to_try_again_and_never_to_give_up() {
    let town = Town::start().await;
    let mut huge = town.alert("Huge", seconds(0));
    huge["annotations"]["summary"] = "x".repeat(16 * 1024 * 1024).into();
    let (status, told) = town.gets(&[&bearer()], &delivery(std::slice::from_ref(&huge))).await;
    assert_eq!(status, 503, "a 413 would be taken for an end of it");
    assert!(told.contains("max_alerts"), "{told}");
    huge["annotations"]["summary"] = "x".repeat(15 * 1024 * 1024).into();
    assert_eq!(town.gets(&[&bearer()], &delivery(&[huge])).await.0, 200);
    town.bot.app.foundation.db.close().await;
    let (status, _) = town.gets(&[&bearer()], &delivery(&[town.alert("Lost", seconds(0))])).await;
    assert_eq!(status, 503, "what is not written down is not taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_that_hold_every_place_keep_others_out_for_a_moment_only() {
    let town = Town::start().await;
    let alerts = town.bot.app.commands.alerts.clone();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let site = move || {
        let alerts = alerts.clone();
        actix_web::App::new().configure(move |doors| pilothouse::alerts::doors(doors, alerts))
    };
    let server = actix_web::HttpServer::new(site).workers(1).disable_signals();
    let server = server.listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    let slow = |_| async move {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /hooks/monitoring HTTP/1.1\r\nHost: bot\r\nAuthorization: {}\r\n\
             Content-Length: 1000\r\n\r\n{{",
            bearer()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 64];
        let read = socket.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    // More than there are places: some wait for one, and all of them are told to come back.
    let answers = futures_util::future::join_all((0..12).map(slow)).await;
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    town.delivers(&[town.alert("HighErrorRate", seconds(0))]).await;
    assert_eq!(town.bot.messages(), 1);
    handle.stop(false).await;
}

#[tokio::test]
async fn fields_that_are_missing_or_unknown_do_no_harm() {
    let town = Town::start().await;
    let bare = json!({ "status": "firing", "labels": { "alertname": "Bare" } });
    let mut odd = town.alert("Odd", seconds(0));
    odd["startsAt"] = "soon".into();
    odd["endsAt"] = Value::Null;
    odd["fingerprint"] = "../../etc".into();
    odd["annotations"]["summary"] = "no\0thing".into();
    odd["labels"]["severity"] = "cri\0tical".into();
    odd["notification_reason"] = json!({ "new": true });
    town.delivers(&[bare.clone(), odd.clone()]).await;
    town.delivers(&[bare, odd]).await;
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(list.starts_with("2 alerts\n") && list.contains("since 09:15 UTC"), "{list}");
    assert!(list.contains("nothing") && list.contains("critical: 1"), "{list}");
}

/// Posts a body as the source would, and looks whether the house still stands.
fn survives(body: &str) -> TestCaseResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let town = Town::start().await;
        let (status, _) = town.gets(&[&bearer()], body).await;
        prop_assert!([200, 400].contains(&status), "{status}");
        town.bot.works().await;
        let list = town.bot.hears(BOB, "/alerts").await;
        prop_assert!(list.contains("alert"), "{list}");
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_label_and_no_word_can_break_it(
        name in "\\PC{0,40}", label in "\\PC{0,20}", value in "\\PC{0,200}", when in "\\PC{0,30}"
    ) {
        let alert = json!({
            "status": "firing", "fingerprint": label, "startsAt": when, "endsAt": when,
            "labels": { "alertname": name, "service": value, "environment": label, "severity": value, label.clone(): value },
            "annotations": { "summary": value, "description": value, "runbook_url": value },
        });
        survives(&delivery(&[alert]))?;
    }

    #[test]
    fn no_json_can_break_it(text in "[\\[\\]{}\":,0-9a-z. ]{0,80}") {
        survives(&text)?;
    }
}
