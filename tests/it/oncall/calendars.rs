//! Calendars on real servers: slow, gone, changed into garbage, too large; and in files.

use std::time::Duration;

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::told::with;
use crate::world::{ALICE, BOB, Bot};

const GOOD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    DTSTART;TZID=Europe/Berlin:20251006T090000\r\nDTEND;TZID=Europe/Berlin:20251013T090000\r\n\
    RRULE:FREQ=WEEKLY;INTERVAL=2\r\nSUMMARY:alice\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\n\
    DTSTART;TZID=Europe/Berlin:20251013T090000\r\nDTEND;TZID=Europe/Berlin:20251020T090000\r\n\
    RRULE:FREQ=WEEKLY;INTERVAL=2\r\nATTENDEE;CN=Jane Doe:mailto:jane@example.com\r\nEND:VEVENT\r\n\
    END:VCALENDAR\r\n";

fn from(place: &str) -> String {
    with(&format!(
        r#"{{"primary": {{"time_zone": "Europe/Berlin", "levels":
            [{{"kind": "ical", {place}, "refresh": "5m"}}]}}}}"#
    ))
}

async fn answers(server: &MockServer, answer: ResponseTemplate) {
    server.reset().await;
    Mock::given(method("GET")).respond_with(answer).mount(server).await;
}

async fn bot_with(server: &MockServer) -> Bot {
    Bot::with(&from(&format!(r#""url": "{}/team.ics?key=1""#, server.uri()))).await
}

#[tokio::test]
async fn a_calendar_is_read_in_the_background_and_pages_people_it_names() {
    let server = MockServer::start().await;
    answers(&server, ResponseTemplate::new(200).set_body_string(GOOD)).await;
    let bot = bot_with(&server).await;
    let early = bot.is_told(ALICE, "/oncall").await;
    assert!(early.contains("not known now\n  The calendar has not been read yet"), "{early}");
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(
        said.contains("alice until Mon 13 Oct 09:00\n  Then Jane Doe, until Mon 20 Oct"),
        "{said}"
    );
    bot.hears(BOB, "/page primary help").await;
    assert_eq!(bot.chat.alone_with(ALICE).len(), 1);
    bot.clock.advance(Duration::from_hours(24 * 5));
    bot.hears(BOB, "/page primary again").await;
    let card = bot.reads_of("page");
    assert!(card.contains("Jane Doe: failed: only the calendar knows them"), "{card}");
}

#[tokio::test]
async fn the_last_good_answer_is_kept_with_its_age_whatever_becomes_of_the_server() {
    let server = MockServer::start().await;
    answers(&server, ResponseTemplate::new(200).set_body_string(GOOD)).await;
    let mut bot = bot_with(&server).await;
    bot.works().await;
    let huge = format!("{GOOD}{}", "X".repeat(3 * 1024 * 1024));
    let bad = [
        (ResponseTemplate::new(200).set_body_string("<html>sign in</html>"), "it is no calendar"),
        (ResponseTemplate::new(503), "status 503"),
        (ResponseTemplate::new(404), "refused with status 404"),
        (ResponseTemplate::new(302).insert_header("location", "https://example.com"), "302"),
        (ResponseTemplate::new(200).set_body_bytes(b"\xff\xfe\x00".to_vec()), "not UTF-8"),
        (ResponseTemplate::new(200).set_body_string(&GOOD[..GOOD.len() / 2]), "cut short"),
        (ResponseTemplate::new(200).set_body_string(huge), "larger than"),
        (
            ResponseTemplate::new(200).set_body_string(GOOD).set_delay(Duration::from_secs(15)),
            "time ran out",
        ),
    ];
    for (answer, why) in bad {
        answers(&server, answer).await;
        bot.clock.advance(Duration::from_mins(5));
        bot.works().await;
        let said = bot.hears(ALICE, "/oncall").await;
        assert!(said.contains("alice until Mon 13 Oct 09:00"), "{why}: {said}");
        assert!(
            said.contains("The calendar cannot be read (") && said.contains(why),
            "{why}: {said}"
        );
        assert!(said.contains("; this is what it said "), "{said}");
    }
    bot = bot.restarts().await;
    let said = bot.is_told(ALICE, "/oncall").await;
    assert!(
        said.contains("alice until Mon 13 Oct 09:00")
            && said.contains("this is what it said 41 min"),
        "{said}"
    );
    answers(&server, ResponseTemplate::new(200).set_body_string(GOOD.replace("alice", "bob")))
        .await;
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(
        said.contains("bob until Mon 13 Oct 09:00") && !said.contains("cannot be read"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_that_never_answered_well_leaves_it_unknown_and_says_why() {
    let bot = Bot::with(&from(r#""url": "http://127.0.0.1:1/team.ics?key=hidden""#)).await;
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(
        said.contains(
            "not known now\n  The calendar cannot be read: the server could not be reached"
        ),
        "{said}"
    );
    assert!(!said.contains("hidden"), "an address may be a secret: {said}");
    bot.hears(BOB, "/page primary help").await;
    let page = bot.reads_of("page");
    assert!(page.contains("It is not known who is on call there, so nobody was called."), "{page}");
    assert!(page.contains("not known who is on call (09:15 UTC)"), "{page}");
}

#[tokio::test]
async fn a_slow_calendar_keeps_nobody_waiting() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_body_string(GOOD).set_delay(Duration::from_secs(8));
    answers(&server, slow).await;
    let bot = bot_with(&server).await;
    let began = std::time::Instant::now();
    bot.is_told(ALICE, "/oncall").await;
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits for somebody else's server");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_and_an_address_kept_as_a_secret_are_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("team.ics");
    std::fs::write(&file, GOOD).unwrap();
    let bot = Bot::with(&from(&format!(r#""file": "{}""#, file.display()))).await;
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
    std::fs::write(&file, GOOD.replace("alice", "carol")).unwrap();
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(said.contains("carol until Mon 13 Oct 09:00"), "{said}");
    let server = MockServer::start().await;
    answers(&server, ResponseTemplate::new(200).set_body_string(GOOD)).await;
    let secret = folder.path().join("address");
    std::fs::write(&secret, format!("{}/team.ics\n", server.uri())).unwrap();
    let bot = Bot::with(&from(&format!(r#""url": "file:{}""#, secret.display()))).await;
    bot.works().await;
    let said = bot.hears(ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
}
