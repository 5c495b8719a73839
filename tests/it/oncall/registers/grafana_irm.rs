//! Grafana IRM, in the shapes its documentation shows.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use wiremock::{MockServer, Request, ResponseTemplate};

use super::{
    stage::Stage,
    vendor::{ALICE, BOB, PretendRegister, Shift, shift},
};
use crate::world;

const SHIFTS: &str = "/oncall/api/v1/schedules/SBM7DV7BKFUYU/final_shifts";

pub(crate) struct GrafanaIrm;

fn of(shift: &Shift) -> Value {
    let Shift { who, from, until } = shift;
    json!({
        "user_pk": who.id, "user_email": who.address, "user_username": who.name,
        "shift_start": format!("{}Z", from.unwrap_or("2000-01-01T00:00:00")),
        "shift_end": format!("{}Z", until.unwrap_or("2099-01-01T00:00:00")),
    })
}

fn page(results: &[Value], next: Option<&str>) -> Value {
    json!({
        "count": results.len(), "next": next, "previous": null, "results": results,
        "current_page_number": 1, "page_size": 50, "total_pages": 1,
    })
}

#[async_trait]
impl PretendRegister for GrafanaIrm {
    fn called(&self) -> &'static str {
        "schedule of Grafana IRM"
    }

    fn level(&self, stage: &Stage) -> Value {
        json!({
            "kind": "grafana_irm", "url": format!("{}/oncall", stage.uri()),
            "schedule": "SBM7DV7BKFUYU", "token": stage.secret(),
            "stack": "https://acme.grafana.net", "who": { "alice": ["alice@example.com"] },
        })
    }

    fn spot(&self) -> &'static str {
        SHIFTS
    }

    fn pretends(&self, shifts: &[Shift]) -> Vec<(&'static str, Value)> {
        let results: Vec<Value> = shifts.iter().map(of).collect();
        vec![(SHIFTS, page(&results, None))]
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        request.headers["authorization"] == token
            && request.headers["x-grafana-url"] == "https://acme.grafana.net"
    }

    fn garbage(&self) -> Vec<Value> {
        let half = json!({ "user_username": "alice", "shift_start": "2025-10-06T07:00:00Z" });
        let odd = json!({ "user_username": "alice", "shift_start": "yesterday", "shift_end": "x" });
        vec![
            json!({ "results": null }),
            json!({ "results": {}, "next": null }),
            json!({ "results": [1, "two", null], "next": null }),
            json!({ "results": [half], "next": null }),
            json!({ "results": [odd], "next": null }),
            json!({ "detail": "Invalid token." }),
        ]
    }
}

/// Answers pages of one turn each, as many as there are.
struct Paged {
    shifts: Vec<Value>,
    host: String,
}

impl wiremock::Respond for Paged {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let query: std::collections::BTreeMap<_, _> = request.url.query_pairs().collect();
        let number: usize = query["page"].parse().unwrap();
        // Behind a proxy it believes that it is spoken to without TLS.
        let next = (number < self.shifts.len())
            .then(|| format!("{}{SHIFTS}?page={}", self.host, number + 1));
        let results = self.shifts.get(number - 1).cloned();
        let body = page(&results.into_iter().collect::<Vec<_>>(), next.as_deref());
        ResponseTemplate::new(200).set_body_json(body)
    }
}

async fn paged(stage: &Stage, shifts: &[Shift], host: &str) {
    let shifts = shifts.iter().map(of).collect();
    stage.clears().await;
    stage.responds(SHIFTS, Paged { shifts, host: host.to_owned() }).await;
}

#[tokio::test]
async fn every_page_is_read_but_none_of_another_server_and_not_for_ever() {
    let stage = Stage::of(&GrafanaIrm).await;
    let turns = [
        shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00"),
        shift(BOB, "2025-10-13T07:00:00", "2025-10-20T07:00:00"),
    ];
    paged(&stage, &turns, &stage.uri()).await;
    let bot = stage.bot(&[GrafanaIrm.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00\n  Then bob, until Mon 20"), "{said}");
    let asked = stage.asked().await;
    assert_eq!(asked.len(), 2);
    let query = asked[1].url.query().unwrap();
    assert_eq!(query, "start_date=2025-10-08&end_date=2025-12-18&page=2");

    let other = MockServer::start().await;
    let elsewhere = other.uri().replace("127.0.0.1", "localhost");
    paged(&stage, &turns, &elsewhere).await;
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("goes on at another server") && said.contains("Then bob"), "{said}");
    assert!(other.received_requests().await.unwrap().is_empty());

    paged(&stage, &[turns[0]; 40], "http://127.0.0.1").await;
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("it has more than 1000 turns") && said.contains("Then bob"), "{said}");
    assert_eq!(stage.asked().await.len(), 20);
}

#[tokio::test]
async fn a_turn_that_cannot_be_read_is_left_out_and_said_so() {
    let stage = Stage::of(&GrafanaIrm).await;
    let good = of(&shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00"));
    let body = page(&[good, json!({ "user_username": 7 }), json!("levitating")], None);
    stage.raw(SHIFTS, ResponseTemplate::new(200).set_body_json(body)).await;
    let bot = stage.bot(&[GrafanaIrm.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
    assert!(said.contains("2 turns in it cannot be read, so something is missing."), "{said}");
}
