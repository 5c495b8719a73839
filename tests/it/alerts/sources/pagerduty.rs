//! PagerDuty, in the shapes its documentation shows, with a server that keeps its incidents.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use pilothouse::{clock::Timestamp, names::hex};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::pretended::{PretendSource, Pretended, town};
use crate::{
    alerts::{TOKEN, Town, minutes, seconds, written},
    pagerduty::duty::{Duty, SERVICE, incident},
    world::CAROL,
};

pub(crate) struct PagerDuty {
    duty: Duty,
    /// When each began first.
    began: Mutex<BTreeMap<String, Timestamp>>,
}

/// It has one text alone: what is unusual is part of it.
fn title(told: &Pretended) -> String {
    if told.summary == format!("{} of checkout is too high", told.name) {
        return told.name.clone();
    }
    format!("{} {}", told.name, told.summary)
}

fn id(told: &Pretended) -> String {
    let mut hasher = DefaultHasher::new();
    title(told).hash(&mut hasher);
    format!("P{:X}", hasher.finish())
}

impl PagerDuty {
    pub(crate) async fn start() -> Self {
        Self { duty: Duty::start().await, began: Mutex::default() }
    }

    fn began(&self, told: &Pretended) -> Timestamp {
        *self.began.lock().unwrap().entry(id(told)).or_insert(told.starts)
    }

    /// What is delivered: `kind` is the end of the event's type.
    fn event(&self, told: &Pretended, (kind, status): (&str, &str), at: Timestamp) -> String {
        let (id, home) = (id(told), self.duty.server.uri());
        let body = json!({ "event": {
            "id": format!("5ac64822-4adc-4fda-ade0-{kind}"), "resource_type": "incident",
            "event_type": format!("incident.{kind}"), "occurred_at": written(at),
            "agent": { "html_url": "https://acme.pagerduty.com/users/PLH1HKV", "id": "PLH1HKV",
                       "self": "https://api.pagerduty.com/users/PLH1HKV",
                       "summary": "Tenex Engineer", "type": "user_reference" },
            "client": null,
            "data": {
                "html_url": format!("{home}/incidents/{id}"), "id": id, "type": "incident",
                "self": format!("{home}/incidents/{id}"), "number": 2, "status": status,
                "incident_key": "d3640fbd41094207a1c11e58e46b1662",
                "created_at": written(self.began(told)), "title": title(told),
                "service": { "id": SERVICE, "type": "service_reference", "summary": "API Service",
                             "self": null, "html_url": null },
                "assignees": [], "teams": [], "priority": null, "urgency": "high",
                "escalation_policy": null, "conference_bridge": null, "resolve_reason": null
            }
        } });
        body.to_string()
    }

    /// An incident as its list shows it; one that is known already stays as it is.
    fn kept(&self, told: &Pretended) -> Value {
        let there = self.duty.knows().incidents.iter().find(|one| one["id"] == id(told)).cloned();
        there.unwrap_or_else(|| {
            let mut one = incident(&self.duty.server.uri(), 2, "triggered");
            one["id"] = id(told).into();
            one["title"] = title(told).into();
            one["created_at"] = written(self.began(told)).into();
            one
        })
    }
}

#[async_trait]
impl PretendSource for PagerDuty {
    fn settings(&self, secret: &str) -> Value {
        json!({
            "kind": "pagerduty", "account": self.duty.account(), "webhook": { "secret": secret },
            "services": [{ "id": SERVICE, "service": "checkout", "environment": "production" }]
        })
    }

    fn fires(&self, alert: &Pretended) -> String {
        let again = self.began(alert) != alert.starts;
        let kind = if again { "reopened" } else { "triggered" };
        self.event(alert, (kind, "triggered"), alert.starts)
    }

    fn ends(&self, alert: &Pretended, at: Timestamp) -> String {
        self.event(alert, ("resolved", "resolved"), at)
    }

    fn levitates(&self, alert: &Pretended) -> String {
        self.event(alert, ("levitated", "levitating"), alert.starts)
    }

    fn proves(&self, body: &str, secret: &str) -> Vec<(String, String)> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let digits = hex(tag.as_ref());
        vec![("x-pagerduty-signature".to_owned(), format!("v1=00,v1={digits}"))]
    }

    fn says_more(&self) -> bool {
        false
    }

    fn is_asked(&self) -> bool {
        true
    }

    async fn lists(&self, alerts: &[Pretended]) {
        let listed: Vec<Value> = alerts.iter().map(|alert| self.kept(alert)).collect();
        self.duty.knows().incidents = listed;
    }

    async fn answers(&self, answer: Option<ResponseTemplate>) {
        self.duty.always("GET", answer);
    }

    async fn asked(&self) -> Vec<Request> {
        self.duty.asked().await
    }

    fn carries(&self) -> bool {
        true
    }

    async fn is_over(&self, alert: &Pretended) {
        for one in self.duty.knows().incidents.iter_mut().filter(|one| one["id"] == id(alert)) {
            one["status"] = "resolved".into();
        }
    }

    async fn refuses(&self, answer: Option<ResponseTemplate>) {
        self.duty.always("PUT", answer);
    }

    async fn told(&self) -> usize {
        self.duty.done("PUT")
    }
}

/// A town in which an alert has begun a minute ago.
async fn fired(pagerduty: &PagerDuty) -> (Town, Pretended) {
    let town = town(pagerduty).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    pagerduty.lists(std::slice::from_ref(&alert)).await;
    town.hears_from(pagerduty, &pagerduty.fires(&alert)).await;
    (town, alert)
}

#[tokio::test]
async fn what_somebody_does_there_is_shown_here_with_their_name() {
    let pagerduty = PagerDuty::start().await;
    let (town, alert) = fired(&pagerduty).await;
    let card = town.bot.chat.newest().to_string();
    assert!(card.contains("Open in monitoring") && card.contains("/incidents/P"), "{card}");
    let now = || town.bot.clock.now();
    pagerduty.duty.sets(0, "acknowledged");
    let event = pagerduty.event(&alert, ("acknowledged", "acknowledged"), now());
    town.hears_from(&pagerduty, &event).await;
    assert!(town.bot.shows().contains("Acknowledged by Tenex Engineer"), "{}", town.bot.shows());
    town.bot.clock.advance(minutes(30));
    pagerduty.duty.sets(0, "triggered");
    let event = pagerduty.event(&alert, ("unacknowledged", "triggered"), now());
    town.hears_from(&pagerduty, &event).await;
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
    assert!(!town.bot.reads().contains("begun"), "{}", town.bot.reads());
    pagerduty.duty.sets(0, "resolved");
    town.hears_from(&pagerduty, &pagerduty.ends(&alert, now())).await;
    let card = town.bot.reads();
    assert!(card.contains("Resolved at 09:45 UTC"), "{card}");
    assert!(card.contains("Tenex Engineer resolved it at PagerDuty."), "{card}");
    assert_eq!(town.bot.messages(), 1);
    assert_eq!(pagerduty.told().await, 0, "nothing is told back");
}

#[tokio::test]
async fn whatever_the_order_of_deliveries_the_end_is_the_same() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let pagerduty = PagerDuty::start().await;
        let town = town(&pagerduty).await;
        let alert = town.pretended("HighErrorRate", seconds(60));
        let at = |ago: i64| Timestamp(town.bot.clock.now().0 - ago * 1000);
        let events = [
            pagerduty.fires(&alert),
            pagerduty.event(&alert, ("acknowledged", "acknowledged"), at(40)),
            pagerduty.event(&alert, ("unacknowledged", "triggered"), at(20)),
        ];
        pagerduty.lists(std::slice::from_ref(&alert)).await;
        for _ in 0..2 {
            for index in order {
                town.hears_from(&pagerduty, &events[index]).await;
            }
        }
        assert!(town.bot.shows().contains("Fires since"), "{order:?} {}", town.bot.shows());
        assert!(!town.bot.reads().contains("begun"), "{order:?} {}", town.bot.reads());
        // It is over, and what was on its way for an hour comes now.
        pagerduty.is_over(&alert).await;
        town.hears_from(&pagerduty, &pagerduty.ends(&alert, town.bot.clock.now())).await;
        town.bot.clock.advance(minutes(50));
        let town = town.restarts().await;
        for index in order {
            town.hears_from(&pagerduty, &events[index]).await;
        }
        assert!(town.bot.shows().contains("Resolved at"), "{order:?} {}", town.bot.shows());
        assert_eq!(town.bot.messages(), 1);
    }
}

#[tokio::test]
async fn what_was_missed_is_found_with_whoever_has_it() {
    let pagerduty = PagerDuty::start().await;
    let (town, _) = fired(&pagerduty).await;
    pagerduty.duty.sets(0, "acknowledged");
    town.bot.passes(minutes(1)).await;
    assert!(town.bot.shows().contains("Acknowledged by Earline Greenholt"), "{}", town.bot.shows());
    pagerduty.duty.sets(0, "triggered");
    town.bot.passes(minutes(1)).await;
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
}

#[tokio::test]
async fn somebody_who_has_it_there_already_is_not_told_again() {
    let pagerduty = PagerDuty::start().await;
    let (town, _) = fired(&pagerduty).await;
    pagerduty.duty.sets(0, "acknowledged");
    town.bot.presses(CAROL, "Acknowledge").await;
    assert!(town.bot.shows().contains("Acknowledged by carol"), "{}", town.bot.shows());
    assert_eq!(pagerduty.told().await, 0);
}

#[tokio::test]
async fn what_might_be_over_there_is_not_acknowledged() {
    let pagerduty = PagerDuty::start().await;
    let (town, _) = fired(&pagerduty).await;
    pagerduty.duty.sets(0, "levitating");
    town.bot.presses(CAROL, "Acknowledge").await;
    let card = town.bot.reads();
    assert!(card.contains("it is `levitating` there"), "{card}");
    assert_eq!(pagerduty.told().await, 0);
    pagerduty.duty.sets(0, "triggered");
    town.bot.passes(minutes(1)).await;
    assert_eq!(pagerduty.told().await, 1);
    assert!(!town.bot.reads().contains("levitating"), "{}", town.bot.reads());
}

#[tokio::test]
async fn what_is_not_for_us_is_taken_and_means_nothing() {
    let pagerduty = PagerDuty::start().await;
    let town = town(&pagerduty).await;
    let alert = town.pretended("HighErrorRate", seconds(60));
    let fires = pagerduty.fires(&alert);
    let ours = fires.replace("d3640fbd41094207a1c11e58e46b1662", "pilothouse-INC-1-0123456789ab");
    let elsewhere = fires.replace(SERVICE, "PELSE01");
    let about = |kind: &str, data: Value| {
        json!({ "event": { "id": "1", "event_type": kind, "resource_type": "incident",
                "occurred_at": "2025-10-09T09:15:00Z", "agent": null, "client": null,
                "data": data } })
        .to_string()
    };
    let note = json!({ "incident": { "id": "PGR0VU2", "type": "incident_reference" },
                       "id": "P2LA89X", "content": "hello", "type": "incident_note" });
    let ping = json!({ "message": "Hello from your friend Pagey!", "type": "ping" });
    let bodies = [ours, elsewhere, about("incident.annotated", note), about("pagey.ping", ping)];
    for body in bodies {
        town.hears_from(&pagerduty, &body).await;
    }
    assert_eq!(town.bot.messages(), 0);
    let mut ours = incident(&pagerduty.duty.server.uri(), 1, "triggered");
    ours["incident_key"] = "pilothouse-INC-1-0123456789ab".into();
    pagerduty.duty.knows().incidents.push(ours);
    town.bot.passes(minutes(1)).await;
    assert_eq!(town.bot.messages(), 0);
    assert_eq!(town.posts(&pagerduty.proves("{}", TOKEN), "{}").await.0, 400);
}

#[tokio::test]
async fn more_than_can_be_read_ends_nothing() {
    let pagerduty = PagerDuty::start().await;
    let (town, _) = fired(&pagerduty).await;
    let home = pagerduty.duty.server.uri();
    let many = (1..=1001).map(|number| incident(&home, number, "triggered"));
    pagerduty.duty.knows().incidents = many.collect();
    town.bot.passes(minutes(4)).await;
    assert!(town.bot.shows().contains("Fires since 09:14 UTC"), "{}", town.bot.shows());
}
