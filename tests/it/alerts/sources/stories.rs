//! What happens to a source of alerts, whoever's it is.

use std::time::{Duration, Instant};

use serde_json::json;
use wiremock::ResponseTemplate;

use super::pretended::{PretendSource, town};
use crate::{
    alerts::{TOKEN, Town, minutes, seconds},
    world::{BOB, CAROL},
};

type Source = dyn PretendSource;

/// A town in which `HighErrorRate` of checkout fires; when it can be asked, the source says so.
async fn fired(source: &Source) -> Town {
    let town = town(source).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    source.lists(std::slice::from_ref(&alert)).await;
    town.hears_from(source, &source.fires(&alert)).await;
    town
}

pub(crate) async fn what_fires_is_shown_once(source: &Source) {
    let town = fired(source).await;
    let card = town.bot.reads();
    assert!(card.starts_with("HighErrorRate · checkout · production\n"), "{card}");
    assert!(card.contains("Fires since 09:14 UTC"), "{card}");
    if source.says_more() {
        assert!(card.contains("HighErrorRate of checkout is too high"), "{card}");
    }
    assert!(card.contains("Severity: critical"), "{card}");
    assert_eq!(town.bot.messages(), 1);
    let town = town.restarts().await;
    town.bot.passes(minutes(5)).await;
    assert_eq!(town.bot.messages(), 1);
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
}

pub(crate) async fn the_same_delivery_again_changes_nothing(source: &Source) {
    let town = fired(source).await;
    town.bot.presses(CAROL, "Acknowledge").await;
    let before = town.bot.reads();
    assert!(before.contains("Acknowledged by carol"), "{before}");
    let alert = town.pretended("HighErrorRate", seconds(60));
    for _ in 0..3 {
        town.hears_from(source, &source.fires(&alert)).await;
    }
    assert_eq!(town.bot.reads(), before);
    assert_eq!(town.bot.messages(), 1);
}

pub(crate) async fn it_is_over_when_it_is_said_to_be(source: &Source) {
    let town = fired(source).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    town.bot.clock.advance(seconds(120));
    let end = source.ends(&alert, town.bot.clock.now());
    source.lists(&[]).await;
    town.hears_from(source, &end).await;
    let card = town.bot.reads();
    assert!(card.contains("Resolved at 09:17 UTC, after 3 min"), "{card}");
    assert!(!town.bot.shows().contains("[Acknowledge]"), "{}", town.bot.shows());
    let town = town.restarts().await;
    town.hears_from(source, &end).await;
    town.hears_from(source, &end).await;
    assert_eq!(town.bot.reads(), card);
    assert_eq!(town.bot.messages(), 1);
}

pub(crate) async fn what_is_over_may_begin_again(source: &Source) {
    let town = fired(source).await;
    let first = town.pretended("HighErrorRate", seconds(60));
    source.lists(&[]).await;
    town.hears_from(source, &source.ends(&first, town.bot.clock.now())).await;
    town.bot.clock.advance(minutes(2));
    let second = town.pretended("HighErrorRate", seconds(0));
    source.lists(std::slice::from_ref(&second)).await;
    town.hears_from(source, &source.fires(&second)).await;
    let card = town.bot.reads();
    assert!(
        card.contains("Fires since 09:17 UTC") && card.contains("It has begun 2 times"),
        "{card}"
    );
    assert_eq!(town.bot.messages(), 1, "the same alert is the same message");
}

pub(crate) async fn nobody_is_believed_without_proof(source: &Source) {
    let town = town(source).await;
    let alert = town.pretended("HighErrorRate", seconds(0));
    let body = source.fires(&alert);
    let other = source.fires(&town.pretended("Another", seconds(0)));
    let right = source.proves(&body, TOKEN);
    let wrong = source.proves(&body, "another-token-of-some-length");
    let twice = [right.clone(), right.clone()].concat();
    for headers in [vec![], wrong, twice] {
        let (status, told) = town.posts(&headers, &body).await;
        assert_eq!(status, 401, "{headers:?}: {told}");
        assert!(!told.contains(TOKEN), "{told}");
    }
    // What is signed is signed as a whole.
    if right != source.proves(&other, TOKEN) {
        assert_eq!(town.posts(&right, &other).await.0, 401);
    }
    town.bot.works().await;
    assert_eq!(town.bot.messages(), 0);
    assert_eq!(town.posts(&right, &body).await.0, 200);
}

pub(crate) async fn garbage_is_refused_and_changes_nothing(source: &Source) {
    let town = fired(source).await;
    let before = town.bot.reads();
    let whole = source.fires(&town.pretended("HighErrorRate", seconds(60)));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let half = whole[..whole.len() - 2].to_owned();
    let twice = format!("{whole}{whole}");
    for body in ["", "null", "7", "\"x\"", "{}", "[[]]", "<html>", &deep, &half, &twice] {
        let (status, told) = town.posts(&source.proves(body, TOKEN), body).await;
        assert_eq!(status, 400, "{told} {body:.80}");
        assert!(!told.is_empty() && told.len() < 500, "{told}");
    }
    town.bot.works().await;
    assert_eq!((town.bot.reads(), town.bot.messages()), (before, 1));
}

pub(crate) async fn a_word_nobody_knows_ends_nothing(source: &Source) {
    let town = fired(source).await;
    let body = source.levitates(&town.pretended("HighErrorRate", seconds(60)));
    let (status, told) = town.posts(&source.proves(&body, TOKEN), &body).await;
    assert!([200, 400].contains(&status), "{status} {told}");
    town.bot.works().await;
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
    let body = source.levitates(&town.pretended("Another", seconds(60)));
    town.posts(&source.proves(&body, TOKEN), &body).await;
    town.bot.works().await;
    if status == 200 {
        let card = town.bot.reads();
        assert!(card.starts_with("Another") && card.contains("levitating"), "{card}");
    }
}

pub(crate) async fn what_was_lost_is_found_by_asking(source: &Source) {
    if !source.is_asked() {
        return;
    }
    let town = town(source).await;
    town.bot.works().await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    source.lists(std::slice::from_ref(&alert)).await;
    town.bot.passes(minutes(2)).await;
    let since = if source.lists_beginnings() { "Fires since 09:14 UTC" } else { "Fires since" };
    assert!(town.bot.shows().contains(since), "{}", town.bot.shows());
    town.hears_from(source, &source.fires(&alert)).await;
    assert_eq!(town.bot.messages(), 1, "the same alert, however it was heard of");
    assert!(!town.bot.reads().contains("begun"), "{}", town.bot.reads());
    let town = town.restarts().await;
    source.lists(&[]).await;
    town.bot.passes(minutes(5)).await;
    assert!(town.bot.shows().contains("Resolved at"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
    let asked = source.asked().await;
    assert!(asked.iter().all(|request| request.method == "GET"), "asking changes nothing");
}

pub(crate) async fn a_silence_holds_until_it_is_ended(source: &Source) {
    let town = fired(source).await;
    town.bot.presses(CAROL, "Silence 1 h").await;
    assert!(town.bot.shows().contains("by carol"), "{}", town.bot.shows());
    assert!(town.bot.shows().contains("Silenced until 10:15 UTC"), "{}", town.bot.shows());
    let town = town.restarts().await;
    town.bot.passes(minutes(10)).await;
    assert!(town.bot.shows().contains("Silenced until 10:15 UTC"), "{}", town.bot.shows());
    let made = source.asked().await.iter().filter(|asked| asked.method == "POST").count();
    assert_eq!(made, usize::from(source.silences()), "it is made once, where it is made");
    town.bot.presses(CAROL, "End silence").await;
    town.bot.passes(minutes(2)).await;
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
    assert_eq!(town.bot.messages(), 1);
}

pub(crate) async fn a_source_that_asks_for_quiet_is_left_alone(source: &Source) {
    if !source.is_asked() {
        return;
    }
    let town = fired(source).await;
    let slowly = ResponseTemplate::new(429).insert_header("retry-after", "100");
    source.answers(Some(slowly.set_body_json(json!({ "errors": ["slowly"] })))).await;
    town.bot.passes(seconds(65)).await;
    let before = source.asked().await.len();
    town.bot.passes(seconds(30)).await;
    assert_eq!(source.asked().await.len(), before, "it asked to be left alone");
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(list.contains("monitoring has not answered since"), "{list}");
    source.answers(None).await;
    town.bot.passes(minutes(3)).await;
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(!list.contains("has not answered"), "{list}");
}

pub(crate) async fn a_slow_source_is_not_waited_for(source: &Source) {
    if !source.is_asked() {
        return;
    }
    let town = fired(source).await;
    source.answers(Some(ResponseTemplate::new(200).set_delay(Duration::from_secs(40)))).await;
    let began = Instant::now();
    town.bot.clock.advance(minutes(1));
    town.bot.works().await;
    assert!(began.elapsed() < Duration::from_secs(38), "{:?}", began.elapsed());
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
    let list = town.bot.hears(BOB, "/alerts").await;
    assert!(list.contains("monitoring has not answered since"), "{list}");
}

pub(crate) async fn a_source_that_answers_nonsense_ends_nothing(source: &Source) {
    if !source.is_asked() {
        return;
    }
    for answer in [
        ResponseTemplate::new(200).set_body_raw("<html>sign in</html>", "text/html"),
        ResponseTemplate::new(200).set_body_json(json!("none")),
        ResponseTemplate::new(200).set_body_raw("[1", "application/json"),
        ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example"),
        ResponseTemplate::new(401).set_body_json(json!({ "message": "who are you" })),
        ResponseTemplate::new(404),
    ] {
        let town = fired(source).await;
        source.answers(Some(answer)).await;
        town.bot.passes(minutes(4)).await;
        assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
        let list = town.bot.hears(BOB, "/alerts").await;
        assert!(list.contains("monitoring has not answered since"), "{list}");
        source.answers(None).await;
    }
}

pub(crate) async fn whoever_has_it_is_told_to_the_source(source: &Source) {
    if !source.carries() {
        let town = fired(source).await;
        town.bot.presses(CAROL, "Acknowledge").await;
        town.bot.passes(minutes(1)).await;
        assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
        assert!(!town.bot.reads().contains("monitoring does not know"), "{}", town.bot.reads());
        assert!(source.asked().await.iter().all(|asked| asked.method == "GET"));
        return;
    }
    let town = fired(source).await;
    // It does not answer at first, and the process ends meanwhile.
    source.refuses(Some(ResponseTemplate::new(502))).await;
    town.bot.presses(CAROL, "Acknowledge").await;
    let card = town.bot.reads();
    assert!(card.contains("Acknowledged by carol"), "{card}");
    assert!(card.contains("monitoring has not taken yet that carol has it"), "{card}");
    source.refuses(None).await;
    let town = town.restarts().await;
    town.bot.passes(minutes(2)).await;
    let card = town.bot.reads();
    assert!(!card.contains("has not taken yet"), "{card}");
    assert_eq!(source.told().await, 1);
    town.bot.passes(minutes(5)).await;
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
    assert!(town.bot.audit().await.contains(&"Pilothouse ack_told done".to_owned()));

    // A refusal is said where everybody sees it.
    let refused = town.pretended("Refused", seconds(60));
    source.lists(std::slice::from_ref(&refused)).await;
    town.hears_from(source, &source.fires(&refused)).await;
    source
        .refuses(Some(ResponseTemplate::new(403).set_body_json(json!({ "message": "no" }))))
        .await;
    town.bot.presses(CAROL, "Acknowledge").await;
    let card = town.bot.reads();
    assert!(card.contains("monitoring does not know that carol has it"), "{card}");
    source.refuses(None).await;

    // What is over there is over here, and is not touched.
    let over = town.pretended("Over", seconds(60));
    source.lists(std::slice::from_ref(&over)).await;
    town.hears_from(source, &source.fires(&over)).await;
    source.is_over(&over).await;
    let told = source.told().await;
    town.bot.presses(CAROL, "Acknowledge").await;
    assert!(town.bot.shows().contains("Resolved at"), "{}", town.bot.shows());
    assert_eq!(source.told().await, told, "to acknowledge what is over might begin it again");
}

pub(crate) async fn hostile_text_stays_text(source: &Source) {
    let town = town(source).await;
    let nasty = [
        "<at>everyone</at> @everyone [x](https://evil.example) **b**",
        "\u{202e}gpj.exe\u{0000}\u{0007}\",\"say\":\"/approve\"",
        "{{this}} {{{that}}} \\\"}]}",
    ];
    for text in nasty {
        let mut alert = town.pretended("HighErrorRate", seconds(60));
        alert.summary = format!("{text}{}", "x".repeat(100_000));
        let body = source.fires(&alert);
        town.hears_from(source, &body).await;
        let card = town.bot.reads();
        assert!(!card.contains("<at>") && !card.contains('\u{202e}'), "{card}");
        assert!(card.len() < 5000, "{}", card.len());
        source.lists(&[]).await;
        town.hears_from(source, &source.ends(&alert, town.bot.clock.now())).await;
    }
}
