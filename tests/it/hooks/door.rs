//! The doors of hooks: whom they let in, what is heard once, and what the sender is told.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::{
    App as Site,
    http::Method,
    test::{TestRequest, call_service, init_service},
};
use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use futures_util::future::join_all;
use pilothouse::{
    hooks::{Listens, Told, Vendor},
    pushes::{self, Pushes},
    store::Tx,
    telemetry,
    web::{self, House},
};
use serde_json::json;

use super::{Delivery, NEXT, SECRET, Town, digest, knocks, remembered, run_says};
use crate::world::Database;

const HEARD: &str = "heard";
const IGNORED: &str = "nothing here waits for that";
const AGAIN: &str = "this delivery was here before";

#[tokio::test]
async fn only_what_is_signed_with_one_of_the_secrets_is_let_in() {
    let town = Town::start().await;
    let good = Delivery::github("workflow_run", &run_says(1));
    let signed = |secret: &str| format!("sha256={}", digest(secret, &good.body));
    let mut unsigned = good.clone();
    unsigned.headers.remove("X-Hub-Signature-256");
    let mut changed = good.clone();
    changed.body[3] ^= 1;
    for (what, delivery) in [
        ("not signed", unsigned),
        (
            "signed by somebody else",
            good.clone().with("X-Hub-Signature-256", signed("somebody-elses")),
        ),
        ("one byte changed", changed),
        ("a body appended", Delivery { body: [&good.body[..], b" "].concat(), ..good.clone() }),
    ] {
        let (status, _) = town.knocks("github", &delivery).await;
        assert_eq!(status, 401, "{what}");
    }
    assert_eq!(remembered(&town.bot.app).await, 0, "nothing of it is kept");
    assert_eq!(town.knocks("github", &good).await, (200, IGNORED.to_owned()));
    let next = Delivery::github("workflow_run", &run_says(2));
    let signature = format!("sha256={}", digest(NEXT, &next.body));
    let next = next.with("X-Hub-Signature-256", signature);
    assert_eq!(town.knocks("github", &next).await, (200, IGNORED.to_owned()));
}

#[tokio::test]
async fn every_kind_of_sender_has_its_door_and_no_other() {
    let town = Town::start().await;
    let now = town.bot.clock.now().0 / 1000;
    let user = format!("Basic {}", BASE64_STANDARD.encode(format!("hook:{SECRET}")));
    let deliveries = [
        ("github", Delivery::github("push", &json!({ "ref": "refs/heads/main" }))),
        ("gitlab", Delivery::of(r#"{"object_kind":"push"}"#).with("X-Gitlab-Token", SECRET)),
        ("azure", Delivery::of(r#"{"eventType":"git.push"}"#).with("Authorization", user)),
        ("own", Delivery::standard(SECRET, "msg-1", now, &json!({ "type": "x" }))),
    ];
    for (name, delivery) in &deliveries {
        assert_eq!(town.knocks(name, delivery).await, (200, IGNORED.to_owned()), "{name}");
        for (other, _) in deliveries.iter().filter(|(other, _)| other != name) {
            assert_eq!(town.knocks(other, delivery).await.0, 401, "{name} at the door of {other}");
        }
        assert_eq!(town.knocks("nobody", delivery).await.0, 404);
        assert_eq!(town.knocks(&format!("{name}/x"), delivery).await.0, 404);
    }
    let pushes = town.bot.app.pushes.clone();
    let site = init_service(Site::new().configure(|doors| pushes::doors(doors, &pushes))).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = TestRequest::with_uri("/hooks/github").method(method).to_request();
        assert_eq!(call_service(&site, request).await.status().as_u16(), 405);
    }
}

#[tokio::test]
async fn in_the_whole_house_hooks_and_sources_of_alerts_have_their_doors() {
    let town = Town::start().await;
    let app = &town.bot.app;
    let house = House {
        channels: app.channels.clone(),
        listener: app.commands.clone(),
        alerts: app.commands.alerts.clone(),
        pushes: app.pushes.clone(),
        pipelines: vec![],
        db: app.foundation.db.clone(),
        figures: telemetry::figures().unwrap(),
        closing: Arc::default(),
    };
    let site = init_service(Site::new().configure(|doors| web::doors_of(doors, &house))).await;
    let ping = Delivery::github("ping", &json!({ "zen": "x" }));
    for (path, status) in
        [("github", 200), ("monitoring", 200), ("gitlab", 401), ("nobody", 404), ("github/x", 404)]
    {
        let mut request = TestRequest::post().uri(&format!("/hooks/{path}"));
        for (name, value) in &ping.headers {
            request = request.append_header((name.as_str(), value.as_str()));
        }
        let request = request.append_header(("Authorization", format!("Bearer {SECRET}")));
        let body = if path == "monitoring" {
            r#"{"version":"4","alerts":[]}"#.to_owned().into_bytes()
        } else {
            ping.body.clone()
        };
        let answer = call_service(&site, request.set_payload(body).to_request()).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn what_is_proved_and_no_json_is_refused_and_nothing_is_kept() {
    let town = Town::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "{", "payload=%7B%7D", "\u{0}", "{}{}", &deep] {
        let signature = format!("sha256={}", digest(SECRET, body.as_bytes()));
        let delivery = Delivery::of(body).with("X-Hub-Signature-256", signature);
        let (status, told) = town.knocks("github", &delivery).await;
        assert_eq!(status, 400, "{body:.20}");
        assert!(told.contains("application/json"), "{told}");
    }
    for body in [json!(null), json!([]), json!("x"), json!({ "workflow_run": 7 })] {
        let (status, _) = town.github("workflow_run", &body).await;
        assert_eq!(status, 200, "odd, and no harm: {body}");
    }
    for event in
        ["", "workflow_run\u{e9}", "😀", "deployment_protection_rule", "x".repeat(9000).as_str()]
    {
        assert_eq!(town.github(event, &json!({ "event": event })).await.0, 200);
    }
}

#[tokio::test]
async fn a_delivery_that_comes_again_is_taken_once_whatever_it_calls_itself() {
    let town = Town::running("1").await;
    let good = Delivery::github("workflow_run", &run_says(1));
    assert_eq!(town.knocks("github", &good).await.1, HEARD);
    for repeated in [
        good.clone(),
        good.clone().with("X-GitHub-Delivery", "another-id"),
        good.clone().with("X-GitHub-Event", "deployment_status"),
    ] {
        assert_eq!(town.knocks("github", &repeated).await, (200, AGAIN.to_owned()));
    }
    assert_eq!(town.knocks("other", &good).await.1, IGNORED, "another hook is another sender");
    let town = Town { bot: town.bot.restarts().await, secrets: town.secrets };
    assert_eq!(town.knocks("github", &good).await.1, AGAIN, "it survives a restart");

    let now = town.bot.clock.now().0 / 1000;
    let own = |id: &str, seconds: i64, number: u8| {
        Delivery::standard(
            SECRET,
            id,
            seconds,
            &json!({ "data": { "request_id": "1" }, "number": number }),
        )
    };
    assert_eq!(town.knocks("own", &own("msg-1", now, 1)).await.1, HEARD);
    assert_eq!(town.knocks("own", &own("msg-1", now + 1, 2)).await.1, AGAIN);
    assert_eq!(town.knocks("own", &own("msg-2", now, 1)).await.1, HEARD);
    assert_eq!(town.knocks("own", &own("msg-3", now - 301, 1)).await.0, 401, "too old");

    let gitlab =
        Delivery::of(r#"{"object_kind":"build","pipeline_id":1}"#).with("X-Gitlab-Token", SECRET);
    let first = gitlab.clone().with("Idempotency-Key", "a").with("X-Gitlab-Event-UUID", "shared");
    let second = gitlab.with("Idempotency-Key", "b").with("X-Gitlab-Event-UUID", "shared");
    assert_eq!(town.knocks("gitlab", &first).await.1, HEARD);
    assert_eq!(town.knocks("gitlab", &first).await.1, AGAIN);
    assert_eq!(town.knocks("gitlab", &second).await.1, HEARD);

    let user = format!("Basic {}", BASE64_STANDARD.encode(format!("hook:{SECRET}")));
    let azure = |number: u8| {
        let body = json!({ "subscriptionId": "s", "notificationId": number, "eventType": "build.complete", "resource": { "id": 1 } });
        Delivery::of(body.to_string()).with("Authorization", &user)
    };
    assert_eq!(town.knocks("azure", &azure(1)).await.1, HEARD);
    assert_eq!(town.knocks("azure", &azure(1)).await.1, AGAIN);
    assert_eq!(town.knocks("azure", &azure(2)).await.1, HEARD);
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_some_days() {
    let town = Town::running("1").await;
    let good = Delivery::github("workflow_run", &run_says(1));
    town.knocks("github", &good).await;
    for hours in [1, 94] {
        town.bot.clock.advance(std::time::Duration::from_hours(hours));
        town.bot.works().await;
        assert_eq!(town.knocks("github", &good).await.1, AGAIN);
    }
    town.bot.clock.advance(std::time::Duration::from_hours(2));
    town.bot.works().await;
    assert_eq!(remembered(&town.bot.app).await, 0);
}

#[tokio::test]
async fn only_so_many_deliveries_are_remembered_and_the_newest_are() {
    let town = Town::running("1").await;
    let foundation = &town.bot.app.foundation;
    let mut tx = foundation.db.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO deliveries (source, mark, at)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200500)
         SELECT 'github', CAST(n AS TEXT), $1 - n FROM numbers",
    )
    .bind(foundation.clock.now().0)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let good = Delivery::github("workflow_run", &run_says(1));
    assert_eq!(town.knocks("github", &good).await.1, HEARD);
    town.bot.clock.advance(std::time::Duration::from_hours(1));
    town.bot.works().await;
    assert_eq!(remembered(&town.bot.app).await, 200_000);
    assert_eq!(town.knocks("github", &good).await.1, AGAIN);
}

/// Counts what it hears, and fails as often as it is told to.
#[derive(Default)]
struct Ear {
    fails: AtomicUsize,
    heard: AtomicUsize,
}

#[async_trait]
impl Listens for Ear {
    async fn hear(&self, tx: &mut Tx<'_>, told: &Told<'_>) -> anyhow::Result<bool> {
        sqlx::query("INSERT INTO heard (key, at) VALUES ($1, 1)")
            .bind(told.event)
            .execute(&mut **tx)
            .await?;
        let left =
            self.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        anyhow::ensure!(left.is_err(), "not now");
        self.heard.fetch_add(1, Ordering::Relaxed);
        Ok(told.vendor == Vendor::Github && told.event == "deployment_protection_rule")
    }
}

#[tokio::test]
async fn a_delivery_that_could_not_be_kept_may_come_again_and_is_heard_then() {
    let town = Town::start().await;
    let ear = Arc::new(Ear { fails: 2.into(), ..Ear::default() });
    let foundation = &town.bot.app.foundation;
    let ground = pushes::Ground {
        db: foundation.db.clone(),
        clock: foundation.clock.clone(),
        bell: foundation.bell.clone(),
        outbound: foundation.outbound.clone(),
    };
    let own = town.secrets.at("own");
    let settings = json!({ "github": { "kind": "github", "secret": own } });
    let settings = serde_json::from_value(settings).unwrap();
    let pushes = Arc::new(Pushes::open(&settings, vec![ear.clone()], &ground).unwrap());
    let asked = Delivery::github("deployment_protection_rule", &json!({ "action": "requested" }));
    for _ in 0..2 {
        let (status, told) = knocks(&pushes, "github", &asked).await;
        assert_eq!(status, 503, "{told}");
    }
    assert_eq!(remembered(&town.bot.app).await, 0);
    assert_eq!(knocks(&pushes, "github", &asked).await, (200, "heard".to_owned()));
    assert_eq!(knocks(&pushes, "github", &asked).await, (200, AGAIN.to_owned()));
    assert_eq!(ear.heard.load(Ordering::Relaxed), 1);
    let ping = Delivery::github("ping", &json!({ "zen": "x" }));
    for _ in 0..2 {
        assert_eq!(knocks(&pushes, "github", &ping).await, (200, "this hook works".to_owned()));
    }
    assert_eq!(ear.heard.load(Ordering::Relaxed), 1);
    let other = Delivery::github("star", &json!({ "action": "created" }));
    for heard in [2, 3] {
        assert_eq!(knocks(&pushes, "github", &other).await, (200, IGNORED.to_owned()));
        assert_eq!(ear.heard.load(Ordering::Relaxed), heard, "it may be about something later");
    }
    let kept =
        sqlx::query("SELECT key FROM heard").fetch_all(foundation.db.reader()).await.unwrap();
    assert_eq!(kept.len(), 1, "only what was about something is written down");
}

#[tokio::test]
async fn without_a_database_or_a_secret_the_sender_is_told_to_come_back() {
    let town = Town::start().await;
    let good = Delivery::github("workflow_run", &run_says(1));
    town.secrets.loses("own");
    assert_eq!(town.knocks("github", &good).await.0, 503, "it may well be right");
    town.secrets.write("own", SECRET);
    town.bot.app.foundation.db.close().await;
    assert_eq!(town.knocks("github", &good).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_at_many_doors_at_once_is_taken_once() {
    let town = Town::running("1").await;
    let mut doors = vec![town.bot.app.pushes.clone(); 4];
    if Database::server().is_some() {
        doors.push(town.bot.replica().await.pushes);
        doors.push(town.bot.replica().await.pushes);
    }
    for number in 0..10 {
        let good = Delivery::github(
            "workflow_run",
            &json!({ "number": number, "workflow_run": { "id": 1 } }),
        );
        let answers = join_all(doors.iter().map(|door| knocks(door, "github", &good))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert_eq!(answers.iter().filter(|(_, told)| told == HEARD).count(), 1, "{answers:?}");
    }
}
