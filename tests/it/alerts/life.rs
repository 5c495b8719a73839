//! The life of one alert, on one message.

use serde_json::json;

use super::{Town, labelled, minutes, resolved, seconds};
use crate::world::{ALICE, BOB, CAROL, MALLORY};

#[tokio::test]
async fn it_fires_somebody_has_it_it_is_silenced_and_it_is_resolved_on_one_message() {
    let town = Town::start().await;
    let fired = town.alert("HighErrorRate", seconds(60));
    town.brings(&fired).await;
    assert_eq!(
        town.bot.shows(),
        "HighErrorRate · checkout · production\nFires since 09:14 UTC\n\
         [Acknowledge] [Silence 1 h] [Silence until tomorrow] [Declare incident]"
    );
    let card = town.bot.reads();
    assert!(card.contains("HighErrorRate of checkout is too high"), "{card}");
    assert!(
        card.contains("Severity: critical") && card.contains("instance 10.0.0.7:9100"),
        "{card}"
    );
    let town = town.restarts().await;
    town.bot.presses(CAROL, "Acknowledge").await;
    assert!(
        town.bot.shows().contains("Acknowledged by carol at 09:16 UTC; fires since 09:14 UTC"),
        "{}",
        town.bot.shows()
    );
    let town = town.restarts().await;
    town.bot.presses(BOB, "Silence 1 h").await;
    assert_eq!(
        town.bot.shows(),
        "HighErrorRate · checkout · production\nSilenced until 10:17 UTC by bob\n\
         [End silence] [Declare incident]"
    );
    let town = town.restarts().await;
    town.bot.presses(BOB, "End silence").await;
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
    let town = town.restarts().await;
    town.delivers(&[resolved(&fired, town.bot.clock.now())]).await;
    assert_eq!(
        town.bot.shows(),
        "HighErrorRate · checkout · production\nResolved at 09:19 UTC, after 5 min 4 s"
    );
    assert_eq!(town.bot.messages(), 1, "one alert is one message, edited in place");
    assert_eq!(
        town.bot.audit().await,
        [
            "carol ack done",
            "bob silence done",
            "Pilothouse silence_made done",
            "bob unsilence done",
            "Pilothouse silence_ended done",
        ]
    );
}

#[tokio::test]
async fn what_is_said_again_changes_nothing() {
    let town = Town::start().await;
    let fired = town.alert("HighErrorRate", seconds(60));
    town.brings(&fired).await;
    town.bot.presses(CAROL, "Acknowledge").await;
    let (before, audit) = (town.bot.reads(), town.bot.audit().await);
    for _ in 0..3 {
        town.delivers(&[fired.clone(), fired.clone()]).await;
    }
    let town = town.restarts().await;
    town.brings(&fired).await;
    assert_eq!((town.bot.reads(), town.bot.audit().await), (before, audit));
    let over = resolved(&fired, town.bot.clock.now());
    town.brings(&over).await;
    let before = town.bot.reads();
    // Late and out of order, from another Alertmanager of the same cluster.
    town.delivers(&[over.clone(), fired.clone()]).await;
    town.brings(&fired).await;
    town.bot.passes(minutes(2)).await;
    town.delivers(&[fired, over]).await;
    assert_eq!(town.bot.reads(), before, "what is over does not begin again by an old message");
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn within_an_hour_it_fires_again_on_the_same_message_and_later_on_a_new_one() {
    let town = Town::start().await;
    let first = town.alert("HighErrorRate", seconds(0));
    town.brings(&first).await;
    let number = town.number();
    town.bot.presses(CAROL, "Acknowledge").await;
    town.bot.clock.advance(minutes(5));
    town.delivers(&[resolved(&first, town.bot.clock.now())]).await;
    town.bot.clock.advance(minutes(50));
    let again = town.alert("HighErrorRate", seconds(0));
    town.brings(&again).await;
    assert!(
        town.bot.shows().contains("Fires since 10:10 UTC\n[Acknowledge]"),
        "{}",
        town.bot.shows()
    );
    assert!(town.bot.reads().contains("It has begun 2 times"), "{}", town.bot.reads());
    assert_eq!((town.bot.messages(), town.number()), (1, number.clone()));
    town.delivers(&[resolved(&again, town.bot.clock.now())]).await;
    town.bot.clock.advance(minutes(61));
    town.delivers(&[town.alert("HighErrorRate", seconds(0))]).await;
    assert_eq!(town.bot.messages(), 2, "an edit of an hour ago would not be seen");
    assert_ne!(town.number(), number);
}

#[tokio::test]
async fn a_silence_ends_by_itself_and_until_tomorrow_is_nine_o_clock_here() {
    let town = Town::start().await;
    town.delivers(&[town.alert("DiskFull", seconds(0))]).await;
    town.bot.presses(CAROL, "Silence until tomorrow").await;
    assert!(
        town.bot.shows().contains("Silenced until 10 Oct 07:00 UTC by carol"),
        "nine in Berlin: {}",
        town.bot.shows()
    );
    let number = town.number();
    let told = town.bot.hears(BOB, &format!("/silence {number} 30m the *new* disk")).await;
    assert_eq!(told, "", "the card answers");
    assert!(
        town.bot.shows().contains("Silenced until 09:45 UTC by bob: the *new* disk"),
        "{}",
        town.bot.shows()
    );
    let town = town.restarts().await;
    town.bot.clock.advance(minutes(30));
    town.bot.works().await;
    assert!(town.bot.shows().contains("Fires since 09:15 UTC"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn what_fires_again_while_it_is_silenced_makes_no_noise() {
    let town = Town::start().await;
    let first = town.alert("Flapping", seconds(0));
    town.brings(&first).await;
    town.bot.hears(CAROL, "/silence flapping 1d").await;
    town.delivers(&[resolved(&first, town.bot.clock.now())]).await;
    town.bot.clock.advance(minutes(120));
    town.delivers(&[town.alert("Flapping", seconds(0))]).await;
    assert_eq!(town.bot.messages(), 1, "no new message for what nobody wants to hear of");
    let listed = town.bot.hears(CAROL, "/alerts").await;
    assert!(listed.contains("Silenced until 10 Oct 09:15 UTC by carol"), "{listed}");
    town.bot.clock.advance(minutes(24 * 60));
    town.bot.works().await;
    assert!(town.bot.shows().contains("Fires since 09 Oct 11:15 UTC"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 3, "the list, and now the alert");
}

#[tokio::test]
async fn only_those_who_may_deal_with_it() {
    let town = Town::start().await;
    town.delivers(&[town.alert("HighErrorRate", seconds(0))]).await;
    let number = town.number();
    let acknowledge = town.bot.says_button("Acknowledge");
    let all = ["Acknowledge", "Silence 1 h", "Silence until tomorrow", "Declare incident"];
    assert_eq!(town.bot.buttons_of(CAROL).await.unwrap(), all);
    assert_eq!(town.bot.buttons_of(ALICE).await.unwrap(), [""; 0]);
    assert_eq!(town.bot.buttons_of(MALLORY).await, None);
    for who in [ALICE, MALLORY] {
        for said in
            [acknowledge.clone(), format!("/silence {number} 1h"), format!("/unsilence {number}")]
        {
            let told = town.bot.hears(who, &said).await;
            assert!(told.contains("may not handle alerts of"), "{who}: {told}");
        }
    }
    assert!(town.bot.hears(MALLORY, "/alerts").await.contains("may not look at"));
    assert!(town.bot.shows().contains("Fires since"), "{}", town.bot.shows());
}

#[tokio::test]
async fn slips_are_met_with_what_was_probably_meant() {
    let town = Town::start().await;
    let fired = town.alert("HighErrorRate", seconds(0));
    let twin = labelled(&town.alert("DiskFull", seconds(0)), "instance", "b");
    town.delivers(&[fired.clone(), town.alert("DiskFull", seconds(0)), twin]).await;
    let number = town.number();
    let slip = if number.ends_with('x') { 'y' } else { 'x' };
    let near = format!("{}{slip}", &number[..5]);
    for (said, answer) in [
        ("/ack".to_owned(), "is missing".to_owned()),
        (format!("/ack {near}"), format!("There is no alert `{near}`. Did you mean `{number}`?")),
        ("/ack HighErorRate".to_owned(), "Did you mean `HighErrorRate`?".to_owned()),
        ("/ack diskfull".to_owned(), "2 of that name fire: say one by its number".to_owned()),
        ("/ack zzz".to_owned(), "There is no alert `zzz`: `/alerts` lists those that".to_owned()),
        (
            format!("/silence {number}"),
            "A silence needs an end: say for how long: `30m`".to_owned(),
        ),
        (format!("/silence {number} soon"), "`soon` is no length of time".to_owned()),
        (format!("/silence {number} 0s"), "A silence of no time is none".to_owned()),
        (format!("/unsilence {number}"), format!("Alert {number} is not silenced.")),
        ("/alerts chekout".to_owned(), "Did you mean `checkout`?".to_owned()),
    ] {
        let told = town.bot.hears(CAROL, &said).await;
        assert!(told.contains(&answer), "`{said}` was answered with: {told}");
    }
    town.bot.hears(CAROL, "/ack HIGHERRORRATE").await;
    let told = town.bot.hears(BOB, "/ack HighErrorRate").await;
    assert!(told.contains("carol has acknowledged alert"), "{told}");
    town.delivers(&[resolved(&fired, town.bot.clock.now())]).await;
    let number = {
        let audit = town.bot.audit().await;
        assert_eq!(audit.iter().filter(|row| row.ends_with("ack done")).count(), 1, "{audit:?}");
        town.bot.hears(CAROL, "/alerts --resolved").await;
        let card = town.bot.reads();
        card.split("Number ").nth(1).unwrap()[..6].to_owned()
    };
    let told = town.bot.hears(CAROL, &format!("/silence {number} 1h")).await;
    assert!(
        told.contains("(HighErrorRate) fires no more: it was resolved at 09:15 UTC."),
        "{told}"
    );
    let sql =
        "SELECT subject, service FROM audit WHERE action = 'silence' ORDER BY seq DESC LIMIT 1";
    let row = sqlx::query(sql).fetch_one(town.bot.app.foundation.db.reader()).await.unwrap();
    let column = |name| sqlx::Row::try_get::<String, _>(&row, name).unwrap();
    assert_eq!(column("subject"), format!("alert/{number}"), "a refusal is found by its alert");
    assert_eq!(column("service"), "checkout", "and by its service");
}

#[tokio::test]
async fn what_an_alert_is_called_and_says_acts_nowhere() {
    let town = Town::start().await;
    let evil = "[free](http://evil.example) <at>everyone</at> \u{202e}**x** {\"a\":1}\\ {{x}} @everyone\n# y";
    let mut hostile = town.alert("Hostile", seconds(0));
    hostile["labels"] = json!({ "alertname": evil, "service": evil, "severity": evil, evil: evil });
    hostile["annotations"] = json!({ "summary": evil.repeat(3000), "description": evil, "runbook_url": "javascript:alert(1)" });
    town.delivers(&[hostile]).await;
    town.bot.hears(BOB, "/alerts").await;
    for card in
        [town.bot.chat.newest().to_string(), town.bot.chat.newest_with_subject().to_string()]
    {
        assert!(card.contains(r"\\[free\\]\\(http://evil.example\\) ‹at›everyone‹/at›"), "{card}");
        for bad in ["<at>", "\u{202e}", "javascript:", "OpenUrl"] {
            assert!(!card.contains(bad), "{bad} in {card}");
        }
        assert!(card.len() < 12_000, "{} letters", card.len());
    }
    let told = town.bot.hears(ALICE, "/ack nothing").await;
    assert!(told.contains("may not handle alerts"), "{told}");
}

#[tokio::test]
async fn an_alert_of_no_known_service_is_shown_in_the_room_of_its_source() {
    let town = Town::start().await;
    let mut stray = town.alert("Stray", seconds(0));
    stray["labels"] = json!({ "alertname": "Stray" });
    town.delivers(&[stray]).await;
    assert_eq!(town.bot.chat.conversations(), ["strays"]);
    town.delivers(&[town.alert("HighErrorRate", seconds(0))]).await;
    assert_eq!(town.bot.chat.conversations(), ["strays", "checkout"]);
    let mut moon = town.alert("Moon", seconds(0));
    moon["labels"]["environment"] = "moon".into();
    town.delivers(&[moon]).await;
    assert_eq!(town.bot.chat.conversations(), ["strays", "checkout", "checkout"]);
    let all = town.bot.hears(CAROL, "/alerts").await;
    assert!(all.starts_with("3 alerts\n") && all.contains("No service · no severity: 1"), "{all}");
}

#[tokio::test]
async fn a_beginning_that_is_yet_to_come_keeps_nothing_from_ending() {
    let town = Town::start().await;
    let mut fired = town.alert("HighErrorRate", seconds(0));
    fired["startsAt"] = "2026-01-01T00:00:00Z".into();
    town.brings(&fired).await;
    town.brings(&fired).await;
    let mut over = resolved(&fired, town.bot.clock.now());
    over["startsAt"] = over["endsAt"].clone();
    town.delivers(&[over]).await;
    assert!(town.bot.shows().contains("Resolved at 09:15 UTC, after 0 s"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}

#[tokio::test]
async fn what_was_taken_is_shown_although_the_process_ends_at_once() {
    let town = Town::start().await;
    let body = super::delivery(&[town.alert("HighErrorRate", seconds(0))]);
    assert_eq!(town.gets(&[&format!("Bearer {}", super::TOKEN)], &body).await.0, 200);
    assert_eq!(town.bot.messages(), 0);
    let town = town.restarts().await;
    town.bot.works().await;
    assert!(town.bot.shows().contains("Fires since 09:15 UTC"), "{}", town.bot.shows());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_alertmanagers_that_say_the_same_at_once_are_one_alert() {
    let town = Town::start().await;
    let alerts: Vec<_> =
        (0..5).map(|number| town.alert(&format!("Alert{number}"), seconds(0))).collect();
    let back: Vec<_> = alerts.iter().rev().cloned().collect();
    let (bearer, bodies) =
        (format!("Bearer {}", super::TOKEN), [super::delivery(&alerts), super::delivery(&back)]);
    let headers = [bearer.as_str()];
    let posts = (0..8).map(|number| town.gets(&headers, &bodies[number % 2]));
    for (status, told) in futures_util::future::join_all(posts).await {
        assert_eq!(status, 200, "{told}");
    }
    town.bot.works().await;
    assert_eq!(town.bot.messages(), 5);
    assert!(town.bot.hears(BOB, "/alerts").await.starts_with("5 alerts\n"));
}
