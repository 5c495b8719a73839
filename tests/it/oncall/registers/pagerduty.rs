//! PagerDuty, in the shapes its documentation shows.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    stage::Stage,
    vendor::{ALICE, BOB, JANE, PretendRegister, Shift, Somebody, shift},
};
use crate::world;

const ONCALLS: &str = "/oncalls";

pub(crate) struct PagerDuty;

fn user(who: &Somebody) -> Value {
    json!({
        "id": who.id, "type": "user", "summary": who.name, "name": who.name, "email": who.address,
        "self": format!("https://api.pagerduty.com/users/{}", who.id), "time_zone": "Etc/UTC",
        "html_url": null, "role": "user", "contact_methods": [], "teams": [],
    })
}

fn reference(kind: &str, id: &str, name: &str) -> Value {
    json!({ "id": id, "type": kind, "summary": name, "self": null, "html_url": null })
}

fn on_level(level: u32, shift: &Shift) -> Value {
    let at = |at: Option<&str>| at.map_or(Value::Null, |at| json!(format!("{at}Z")));
    json!({
        "escalation_policy": reference("escalation_policy_reference", "PT20YPA", "Checkout"),
        "escalation_level": level,
        "schedule": reference("schedule_reference", "PI7DH85", "Checkout **primary**"),
        "user": user(&shift.who), "start": at(shift.from), "end": at(shift.until),
    })
}

fn oncalls(oncalls: &[Value], more: bool) -> Value {
    json!({ "oncalls": oncalls, "limit": 100, "offset": 0, "more": more, "total": null })
}

#[async_trait]
impl PretendRegister for PagerDuty {
    fn called(&self) -> &'static str {
        "schedule of PagerDuty"
    }

    fn level(&self, stage: &Stage) -> Value {
        json!({
            "kind": "pagerduty", "api": stage.uri(), "schedule": "PI7DH85",
            "token": stage.secret(), "who": { "alice": ["alice@example.com"] },
        })
    }

    fn described_in(&self) -> Option<&'static str> {
        Some("pagerduty")
    }

    fn spot(&self) -> &'static str {
        ONCALLS
    }

    fn pretends(&self, shifts: &[Shift]) -> Vec<(&'static str, Value)> {
        let all: Vec<Value> = shifts.iter().map(|shift| on_level(1, shift)).collect();
        vec![(ONCALLS, oncalls(&all, false))]
    }

    /// It describes neither whole users, which `include[]` asks for, nor turns without an end.
    fn described(&self, answer: &Value) -> Value {
        let mut answer = answer.clone();
        for oncall in answer["oncalls"].as_array_mut().unwrap() {
            oncall["user"] = reference("user_reference", "x", "x");
            oncall.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        answer
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        header("authorization") == format!("Token token={token}")
            && header("accept") == "application/vnd.pagerduty+json;version=2"
            && header("content-type") == "application/json"
    }

    fn garbage(&self) -> Vec<Value> {
        let mut odd = on_level(1, &shift(ALICE, "2025-10-06", "soon"));
        odd["start"] = json!(7);
        vec![
            json!({ "oncalls": null }),
            json!({ "oncalls": {} }),
            json!({ "oncalls": [1, "two", null] }),
            json!({ "oncalls": [odd] }),
            json!({ "oncalls": [{}] }),
            json!({ "error": { "message": "Account not found", "code": 2006 } }),
        ]
    }
}

#[tokio::test]
async fn it_is_asked_for_ten_weeks_and_its_name_is_shown() {
    let stage = Stage::of(&PagerDuty).await;
    PagerDuty.says(&stage, &[shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00")]).await;
    let bot = stage.bot(&[PagerDuty.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("\n  Checkout **primary**, a schedule of PagerDuty."), "{said}");
    assert!(!bot.chat.newest().to_string().contains("\"Checkout **primary**"), "it is inert");
    assert_eq!(
        stage.asked().await[0].url.query().unwrap(),
        "since=2025-10-09T09%3A15%3A00Z&until=2025-12-17T09%3A15%3A00Z&include%5B%5D=users\
         &schedule_ids%5B%5D=PI7DH85&limit=100&offset=0"
    );
}

#[tokio::test]
async fn a_level_of_a_policy_is_that_level_alone() {
    let stage = Stage::of(&PagerDuty).await;
    let (from, until) = ("2025-10-06T07:00:00", "2025-10-13T07:00:00");
    let mut chief = on_level(2, &Shift { who: BOB, from: None, until: None });
    chief["schedule"] = Value::Null;
    let all =
        [on_level(1, &shift(ALICE, from, until)), chief, on_level(3, &shift(JANE, from, until))];
    stage.raw(ONCALLS, ResponseTemplate::new(200).set_body_json(oncalls(&all, false))).await;
    let level = |number: u32| {
        let mut level = PagerDuty.level(&stage);
        level.as_object_mut().unwrap().remove("schedule");
        level["policy"] = json!("PT20YPA");
        level["level"] = json!(number);
        level
    };
    let bot = stage.bot(&[level(1), level(2), level(4)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    for line in [
        "Level 1: alice until Mon 13 Oct 09:00",
        "Level 2: bob, with no hand-over in the next two months",
        "Level 3: nobody, with no hand-over",
        "Checkout, a policy of PagerDuty.",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    assert!(!said.contains("names nobody"), "{said}");
    let asked = stage.asked().await;
    assert!(asked[0].url.query().unwrap().contains("&escalation_policy_ids%5B%5D=PT20YPA&"));
}

#[tokio::test]
async fn a_schedule_that_no_policy_uses_is_told_of() {
    let stage = Stage::of(&PagerDuty).await;
    PagerDuty.says(&stage, &[]).await;
    let bot = stage.bot(&[PagerDuty.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("PagerDuty names nobody, as it does while no escalation"), "{said}");
}

#[tokio::test]
async fn pages_are_read_to_their_end_but_not_for_ever() {
    let stage = Stage::of(&PagerDuty).await;
    let one = on_level(1, &shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00"));
    let other = on_level(1, &shift(BOB, "2025-10-13T07:00:00", "2025-10-20T07:00:00"));
    let (first, last) = (oncalls(std::slice::from_ref(&one), true), oncalls(&[other], false));
    stage
        .responds(ONCALLS, move |request: &Request| {
            let is_first = request.url.query().unwrap().ends_with("&offset=0");
            ResponseTemplate::new(200).set_body_json(if is_first { &first } else { &last })
        })
        .await;
    let bot = stage.bot(&[PagerDuty.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00\n  Then bob, until Mon 20"), "{said}");
    let endless = ResponseTemplate::new(200).set_body_json(oncalls(&[one], true));
    stage.only(ONCALLS, endless).await;
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("Then bob") && said.contains("it has more than 10 turns"), "{said}");
    assert_eq!(stage.asked().await.len(), 10);
}
