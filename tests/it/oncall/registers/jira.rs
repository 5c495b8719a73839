//! Jira Service Management, in the shapes its documentation shows.

use std::time::Duration;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    stage::Stage,
    vendor::{ALICE, BOB, JANE, PretendRegister, Shift, Somebody, shift},
};
use crate::world;

const TIMELINE: &str =
    "/jsm/ops/api/d6454c95-d34b-48af-9663-08d399ac4cf2/v1/schedules/f8f2a4ec-54b2/timeline";
const USERS: &str = "/rest/api/3/user/bulk";

pub(crate) struct Jira;

fn user(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn period(responder: &Value, from: &str, until: &str) -> Value {
    json!({
        "startDate": from, "endDate": until, "type": "historical", "responder": responder,
        "flattenedResponders": [],
    })
}

fn of(shift: &Shift) -> Value {
    let Shift { who, from, until } = shift;
    let mut period = json!({ "type": "base", "responder": user(who.id) });
    for (key, at) in [("startDate", from), ("endDate", until)] {
        if let Some(at) = at {
            period[key] = json!(format!("{at}Z"));
        }
    }
    period
}

/// One rotation for each period, so that they may overlap.
fn timeline(periods: &[Value]) -> Value {
    let rotation = |(order, period): (usize, &Value)| json!({ "id": format!("r{order}"), "name": "Daily", "order": order, "periods": [period] });
    let rotations: Vec<Value> = periods.iter().enumerate().map(rotation).collect();
    json!({
        "startDate": "2025-09-29T00:00:00Z", "endDate": "2025-12-22T00:00:00Z",
        "finalTimeline": { "rotations": rotations },
    })
}

fn users(people: &[Somebody]) -> Value {
    let values: Vec<Value> = people
        .iter()
        .map(|who| {
            json!({
                "self": "https://acme.atlassian.net/rest/api/3/user", "accountId": who.id,
                "accountType": "atlassian", "emailAddress": who.address, "displayName": who.name,
                "active": true, "timeZone": "Etc/GMT",
            })
        })
        .collect();
    json!({ "maxResults": 50, "startAt": 0, "total": values.len(), "isLast": true, "values": values })
}

#[async_trait]
impl PretendRegister for Jira {
    fn called(&self) -> &'static str {
        "schedule of Jira"
    }

    fn level(&self, stage: &Stage) -> Value {
        json!({
            "kind": "jira", "url": stage.uri(), "site": stage.uri(), "schedule": "f8f2a4ec-54b2",
            "cloud_id": "d6454c95-d34b-48af-9663-08d399ac4cf2", "email": "bot@example.com",
            "token": stage.secret(), "who": { "alice": ["alice@example.com"] },
        })
    }

    fn spot(&self) -> &'static str {
        TIMELINE
    }

    fn pretends(&self, shifts: &[Shift]) -> Vec<(&'static str, Value)> {
        let periods: Vec<Value> = shifts.iter().map(of).collect();
        let people: Vec<Somebody> = shifts.iter().map(|shift| shift.who).collect();
        vec![(TIMELINE, timeline(&periods)), (USERS, users(&people))]
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let basic = BASE64_STANDARD.encode(format!("bot@example.com:{token}"));
        request.headers["authorization"] == format!("Basic {basic}")
    }

    fn garbage(&self) -> Vec<Value> {
        vec![
            json!({ "finalTimeline": null }),
            json!({ "finalTimeline": {} }),
            json!({ "finalTimeline": { "rotations": {} } }),
            json!({ "finalTimeline": { "rotations": [7] } }),
            json!({ "finalTimeline": { "rotations": [{ "periods": ["x", 7] }] } }),
            timeline(&[period(&user("x"), "soon", "later")]),
            json!({ "message": "Schedule not found" }),
        ]
    }
}

async fn says(stage: &Stage, level: Value) -> String {
    let bot = stage.bot(&[level]).await;
    bot.works().await;
    bot.hears(world::ALICE, "/oncall").await
}

#[tokio::test]
async fn what_is_asked_begins_a_week_ago_and_people_are_asked_for_once() {
    let stage = Stage::of(&Jira).await;
    Jira.says(&stage, &[shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00")]).await;
    says(&stage, Jira.level(&stage)).await;
    let asked = stage.asked().await;
    let queries: Vec<&str> = asked.iter().map(|request| request.url.query().unwrap()).collect();
    assert_eq!(
        queries,
        [
            "date=2025-10-02T09%3A15%3A00Z&interval=12&intervalUnit=weeks",
            "maxResults=50&accountId=ida11ce"
        ]
    );
}

#[tokio::test]
async fn teams_are_unfolded_and_empty_places_are_nobody() {
    let stage = Stage::of(&Jira).await;
    let (monday, next) = ("2025-10-13T07:00:00+02:00", "2025-10-20T07:00:00+02:00");
    let mut team = period(&json!({ "type": "team", "id": "t1" }), "2025-10-06T07:00:00Z", monday);
    team["flattenedResponders"] = json!([user(ALICE.id), user(BOB.id), { "type": "noone" }]);
    let empty = period(&json!({ "type": "noone" }), monday, next);
    let folded = period(&json!({ "type": "team", "id": "t2" }), next, "2025-10-27T07:00:00Z");
    let mut body = timeline(&[team, empty, folded]);
    let gone = json!({ "id": "r9", "deleted": true, "periods": [of(&Shift { who: JANE, from: None, until: None })] });
    body["finalTimeline"]["rotations"].as_array_mut().unwrap().push(gone);
    stage.answers(TIMELINE, body.clone(), &body).await;
    stage.raw(USERS, ResponseTemplate::new(200).set_body_json(users(&[ALICE, BOB]))).await;
    let said = says(&stage, Jira.level(&stage)).await;
    assert!(
        said.contains(
            "alice and bob until Mon 13 Oct 07:00\n  Then nobody, until Mon 20 Oct 07:00; \
             then the team t2."
        ),
        "{said}"
    );
}

#[tokio::test]
async fn without_the_site_people_are_known_by_their_accounts() {
    let stage = Stage::of(&Jira).await;
    let turns = [
        shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00"),
        shift(JANE, "2025-10-13T07:00:00", "2025-10-20T07:00:00"),
    ];
    Jira.says(&stage, &turns).await;
    let mut level = Jira.level(&stage);
    level.as_object_mut().unwrap().remove("site");
    level["who"] = json!({ "alice": ["ida11ce"] });
    let said = says(&stage, level).await;
    assert!(said.contains("alice until Mon 13 Oct 09:00\n  Then idjane, until"), "{said}");
    assert_eq!(stage.asked().await.len(), 1);
}

#[tokio::test]
async fn when_nobody_says_who_somebody_is_the_last_answer_counts() {
    let stage = Stage::of(&Jira).await;
    let turns = [shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00")];
    Jira.says(&stage, &turns).await;
    let bot = stage.bot(&[Jira.level(&stage)]).await;
    bot.works().await;
    stage.clears().await;
    let body = timeline(&[of(&turns[0])]);
    stage.answers(TIMELINE, body.clone(), &body).await;
    stage.raw(USERS, ResponseTemplate::new(403)).await;
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13") && said.contains("status 403"), "{said}");
}
