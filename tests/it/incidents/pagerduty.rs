//! An incident of ours has one at PagerDuty, which is never in its way.

use std::time::Duration;

use pilothouse::incidents::Effect;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{minutes, with};
use crate::{
    pagerduty::duty::{Duty, SERVICE, Trouble, incident},
    world::{ALICE, BOB, Bot, CAROL},
};

const CREATE: &str = "/incident create \"nobody can pay\" --severity sev1 --service checkout";

fn rules(duty: &Duty) -> String {
    with(&json!({ "pagerduty": { "account": duty.account(), "service": SERVICE } }).to_string())
}

async fn start() -> (Duty, Bot) {
    let duty = Duty::start().await;
    let bot = Bot::with(&rules(&duty)).await;
    (duty, bot)
}

fn card(bot: &Bot) -> String {
    bot.reads_of("incident")
}

#[tokio::test]
async fn it_is_opened_noted_and_resolved_with_ours() {
    let (duty, bot) = start().await;
    bot.hears(BOB, CREATE).await;
    let made = duty.knows().incidents[0].clone();
    assert_eq!(made["title"], "INC-1 · SEV1 · nobody can pay");
    assert_eq!(made["urgency"], "high");
    assert_eq!(made["service"]["id"], SERVICE);
    let key = made["incident_key"].as_str().unwrap();
    assert!(key.starts_with("pilothouse-INC-1-"), "{key}");
    assert!(card(&bot).contains("PagerDuty: #1"), "{}", card(&bot));
    let page = format!("{}/incidents/PT4KHL1", duty.server.uri());
    let newest = bot.chat.newest_of("incident").unwrap().to_string();
    assert!(newest.contains(&page), "{newest}");
    bot.hears(CAROL, "/incident update \"we know why\" --status identified").await;
    bot.hears(BOB, "/incident resolve \"restarted it\"").await;
    assert_eq!(
        duty.notes(),
        [
            "bob declared the incident of checkout, SEV1: nobody can pay\nPilothouse, INC-1 (1)",
            "carol set the status to Identified, told: we know why\nPilothouse, INC-1 (5)",
            "bob resolved the incident: restarted it\nPilothouse, INC-1 (7)"
        ]
        .map(str::to_owned)
    );
    assert_eq!(duty.knows().incidents[0]["status"], "resolved");
    assert!(card(&bot).contains("PagerDuty: #1, resolved"), "{}", card(&bot));
    let told = bot.hears(BOB, "/incident timeline INC-1").await;
    assert!(told.contains("Pilothouse opened PagerDuty #1 for it"), "{told}");
    assert!(told.contains("Pilothouse resolved it at PagerDuty"), "{told}");
    assert!(!told.contains("INC-1 (1)"), "{told}");
    duty.asked().await;
}

#[tokio::test]
async fn a_mild_one_calls_softly() {
    let (duty, bot) = start().await;
    bot.hears(BOB, "/incident create \"a typo\" --severity sev4").await;
    assert_eq!(duty.knows().incidents[0]["urgency"], "low");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_and_nothing_is_made_twice() {
    for trouble in [|| Trouble::Forgets, || Trouble::Dawdles] {
        let (duty, bot) = start().await;
        duty.meets("POST", "/incidents", trouble());
        bot.hears(BOB, CREATE).await;
        assert!(
            card(&bot).contains(
                "No incident at PagerDuty yet: it gave no clear answer. It is tried again."
            ),
            "{}",
            card(&bot)
        );
        duty.meets("POST", "/notes", trouble());
        bot.passes(Duration::from_secs(30)).await;
        assert_eq!(duty.knows().incidents.len(), 1);
        assert_eq!(duty.count("POST", "/incidents").await, 1, "it was found");
        assert_eq!(duty.notes().len(), 1, "{:?}", duty.notes());
        assert!(!card(&bot).contains("tried again"), "{}", card(&bot));
        duty.meets("PUT", "/PT4KHL1", trouble());
        bot.hears(BOB, "/incident resolve").await;
        bot.passes(Duration::from_secs(30)).await;
        assert_eq!(duty.count("PUT", "/PT4KHL1").await, 1, "it was resolved the first time");
        assert_eq!(duty.notes().len(), 2, "{:?}", duty.notes());
        assert!(card(&bot).contains("#1, resolved"), "{}", card(&bot));
        duty.asked().await;
    }
}

#[tokio::test]
async fn one_that_is_open_with_the_key_is_taken() {
    let (duty, bot) = start().await;
    // The look does not see it yet, and then it is refused for being there already.
    let home = duty.server.uri();
    let nothing = json!({ "incidents": [], "limit": 100, "offset": 0, "more": false,
                          "total": null });
    for _ in 0..2 {
        let answer = ResponseTemplate::new(200).set_body_json(&nothing);
        duty.meets("GET", "/incidents", Trouble::Answers(answer));
    }
    duty.meets("POST", "/incidents", Trouble::Forgets);
    bot.hears(BOB, CREATE).await;
    bot.passes(Duration::from_secs(6)).await;
    assert!(card(&bot).contains("Open incident with matching dedup key"), "{}", card(&bot));
    duty.knows().incidents.push(incident(&home, 7, "triggered"));
    bot.passes(Duration::from_secs(10)).await;
    assert_eq!(duty.knows().incidents.len(), 2);
    assert!(card(&bot).contains("PagerDuty: #1"), "{}", card(&bot));
}

#[tokio::test]
async fn the_process_may_die_between_any_two_steps() {
    let duty = Duty::start().await;
    let mut bot = Bot::with(&rules(&duty)).await;
    bot.is_told(BOB, CREATE).await;
    bot = bot.restarts().await;
    bot.works().await;
    bot.is_told(CAROL, "/incident update \"we know why\"").await;
    bot = bot.restarts().await;
    bot.works().await;
    bot.is_told(BOB, "/incident resolve").await;
    bot = bot.restarts().await;
    bot.works().await;
    bot.works().await;
    assert_eq!(duty.knows().incidents.len(), 1);
    assert_eq!(duty.knows().incidents[0]["status"], "resolved");
    assert_eq!(duty.notes().len(), 3);
    assert_eq!(duty.count("POST", "/incidents").await, 1);
    assert_eq!(duty.count("POST", "/notes").await, 3);
}

#[tokio::test]
async fn to_be_told_twice_changes_nothing() {
    let (duty, bot) = start().await;
    bot.is_told(BOB, CREATE).await;
    for _ in 0..3 {
        bot.app.commands.incidents.nudge(Effect::TellPagerDuty).await.unwrap();
        bot.works().await;
    }
    let made = |verb: &'static str| duty.done(verb);
    assert_eq!((made("POST"), made("PUT")), (2, 0), "one incident and one note");
    bot.hears(BOB, "/incident resolve").await;
    let card = card(&bot);
    bot.app.commands.incidents.nudge(Effect::TellPagerDuty).await.unwrap();
    bot.passes(minutes(1)).await;
    assert_eq!((made("POST"), made("PUT")), (3, 1));
    assert_eq!(super::reads(&bot.chat.newest_of("incident").unwrap()), card);
}

#[tokio::test]
async fn what_is_resolved_there_already_is_left_alone() {
    let (duty, bot) = start().await;
    bot.hears(BOB, CREATE).await;
    duty.sets(0, "resolved");
    bot.hears(BOB, "/incident resolve").await;
    assert_eq!(duty.count("PUT", "/PT4KHL1").await, 0);
    let told = bot.hears(BOB, "/incident timeline INC-1").await;
    assert!(
        told.contains("found it resolved at PagerDuty already, by Earline Greenholt"),
        "{told}"
    );
    // Ours goes on, and nobody is called again without being asked for.
    bot.hears(BOB, "/incident reopen INC-1").await;
    assert!(card(&bot).contains("PagerDuty #1 stays resolved"), "{}", card(&bot));
    bot.hears(BOB, "/incident resolve INC-1").await;
    assert_eq!(duty.count("PUT", "/PT4KHL1").await, 0);
    assert_eq!(duty.knows().incidents.len(), 1);
    assert_eq!(duty.notes().len(), 4, "{:?}", duty.notes());
}

#[tokio::test]
async fn what_is_gone_there_is_told_and_left() {
    let (duty, bot) = start().await;
    bot.hears(BOB, CREATE).await;
    duty.knows().incidents.clear();
    bot.hears(BOB, "/incident resolve").await;
    let told = bot.hears(BOB, "/incident timeline INC-1").await;
    assert!(told.contains("did not find it at PagerDuty"), "{told}");
}

#[tokio::test]
async fn an_incident_lives_without_pagerduty_and_says_what_is_wrong() {
    let refused = |status: u16, said: &str| {
        let body = json!({ "error": { "code": 2001, "message": "Invalid", "errors": [said] } });
        ResponseTemplate::new(status).set_body_json(body)
    };
    for (answer, says) in [
        (refused(401, "no"), "it refuses the key (status 401)"),
        (refused(404, "Service not found"), "it refused (status 404): Service not found"),
        (refused(400, "[a](http://evil) @everyone"), "it refused (status 400)"),
        (refused(500, "no"), "it gave no clear answer"),
        (ResponseTemplate::new(201).set_body_string("<html>"), "it gave no clear answer"),
    ] {
        let (duty, bot) = start().await;
        duty.meets("POST", "/incidents", Trouble::Answers(answer));
        bot.hears(BOB, CREATE).await;
        let said = format!("No incident at PagerDuty yet: {says}");
        assert!(card(&bot).contains(&said), "{said}: {}", card(&bot));
        let status = bot.shows_of("incident");
        assert!(status.contains("SEV1 · Investigating"), "{status}");
        bot.passes(Duration::from_secs(10)).await;
        assert!(card(&bot).contains("PagerDuty: #1"), "{says}: {}", card(&bot));
        assert_eq!(duty.knows().incidents.len(), 1);
    }
}

#[tokio::test]
async fn a_limit_is_kept_and_the_reason_is_told_once() {
    let (duty, bot) = start().await;
    let limit = ResponseTemplate::new(429)
        .append_header("ratelimit-remaining", "0")
        .append_header("ratelimit-reset", "42");
    duty.meets("GET", "/incidents", Trouble::Answers(limit));
    bot.hears(BOB, CREATE).await;
    bot.passes(Duration::from_secs(40)).await;
    assert!(card(&bot).contains("it wants to be asked later"), "{}", card(&bot));
    assert_eq!(duty.count("GET", "/incidents").await, 1);
    bot.passes(Duration::from_mins(1)).await;
    assert_eq!(duty.knows().incidents.len(), 1);
    let missed = bot.audit().await;
    let missed = missed.iter().filter(|line| line.contains("pagerduty_missed")).count();
    assert_eq!(missed, 1);
}

#[tokio::test]
async fn what_is_over_before_pagerduty_answers_calls_nobody() {
    let (duty, bot) = start().await;
    duty.meets("POST", "/incidents", Trouble::Answers(ResponseTemplate::new(500)));
    bot.hears(BOB, CREATE).await;
    bot.hears(BOB, "/incident resolve").await;
    bot.passes(minutes(4)).await;
    assert!(duty.knows().incidents.is_empty());
    let asked = duty.count("GET", "/incidents").await;
    bot.passes(minutes(4)).await;
    assert_eq!(duty.count("GET", "/incidents").await, asked, "it is not looked for any more");
    // One whose answer was lost is found, and resolved as well.
    duty.meets("POST", "/incidents", Trouble::Forgets);
    bot.hears(BOB, CREATE).await;
    bot.hears(BOB, "/incident resolve").await;
    bot.passes(minutes(1)).await;
    assert_eq!(duty.knows().incidents[0]["status"], "resolved");
}

#[tokio::test]
async fn somebody_elses_words_do_not_count_as_a_note_of_ours() {
    let (duty, bot) = start().await;
    bot.hears(BOB, CREATE).await;
    bot.hears(BOB, "/incident update \"as before. Pilothouse, INC-1 (9)\"").await;
    bot.hears(BOB, "/incident update one").await;
    bot.hears(BOB, "/incident update two").await;
    assert_eq!(duty.notes().len(), 4, "{:?}", duty.notes());
}

#[tokio::test]
async fn a_stranger_opens_nothing_anywhere() {
    let (duty, bot) = start().await;
    bot.hears(ALICE, CREATE).await;
    assert!(duty.asked().await.is_empty());
}
