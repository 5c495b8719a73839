//! Whatever a vendor answers, its reader says so or reads it, and nothing else happens.

use std::sync::Arc;

use pilothouse::{
    clock::{Clock, Timestamp},
    oncall::{Ground, LevelSettings, Register, Roll, Window, open_register},
    outbound::Outbound,
    store::Db,
};
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    grafana_irm::GrafanaIrm,
    jira::Jira,
    pagerduty::PagerDuty,
    stage::Stage,
    vendor::{ALICE, BOB, JANE, PretendRegister, Shift, shift},
};
use crate::world::Database;

const NOW: Timestamp = Timestamp(1_760_001_300_000);

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("2025-10-06T07:00:00Z")),
        Just(json!("-009999-01-01T00:00:00Z")),
        Just(json!("9999-12-31T23:59:59.999999999Z")),
        Just(json!("2025-10-06T24:61:00+99:99")),
        Just(json!("\u{0}\u{202e}")),
        Just(json!("x".repeat(3_000))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|fields| json!(fields)),
        ]
    })
}

/// What is done to a good answer at one place of it.
#[derive(Clone, Debug)]
enum Harm {
    Put(Value),
    Remove,
    Repeat,
}

fn harms() -> impl Strategy<Value = Vec<(prop::sample::Index, Harm)>> {
    let harm = prop_oneof![
        3 => any_json().prop_map(Harm::Put),
        1 => Just(Harm::Remove),
        1 => Just(Harm::Repeat),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), harm), 1..5)
}

/// Where something stands in an answer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{number}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn harmed(mut answer: Value, harms: &[(prop::sample::Index, Harm)]) -> Value {
    for (which, harm) in harms {
        let mut all = vec![];
        places(&answer, "", &mut all);
        let at = &all[which.index(all.len())];
        match harm {
            Harm::Put(value) => *answer.pointer_mut(at).unwrap() = value.clone(),
            Harm::Remove => {
                let Some((above, name)) = at.rsplit_once('/') else { continue };
                match answer.pointer_mut(above).unwrap() {
                    Value::Object(fields) => _ = fields.remove(name),
                    Value::Array(items) => _ = items.remove(name.parse().unwrap()),
                    _ => {}
                }
            }
            Harm::Repeat => {
                if let Some(Value::Array(items)) = answer.pointer_mut(at) {
                    items.extend(items.clone());
                }
            }
        }
    }
    answer
}

async fn register(vendor: &dyn PretendRegister, stage: &Stage) -> (Arc<dyn Register>, Database) {
    let (clock, database) = (Clock::manual(NOW), Database::fresh().await);
    let db = Db::open(&database.url).await.unwrap();
    let ground = Ground { db, clock, outbound: Outbound::new().unwrap() };
    let level: LevelSettings = serde_json::from_value(vendor.level(stage)).unwrap();
    let zone = "Europe/Berlin".parse().unwrap();
    (open_register(&level, &zone, &ground).unwrap().unwrap(), database)
}

/// Asks for a harmed answer as often as there are cases, and looks at what becomes of it.
async fn survives(vendor: &dyn PretendRegister, cases: usize) {
    let stage = Stage::of(vendor).await;
    let turns = [
        shift(ALICE, "2025-10-06T07:00:00", "2025-10-13T07:00:00"),
        shift(BOB, "2025-10-13T07:00:00", "2025-10-20T07:00:00"),
        Shift { who: JANE, from: None, until: None },
    ];
    vendor.says(&stage, &turns).await;
    let (register, _database) = register(vendor, &stage).await;
    let window = Window { from: NOW, until: NOW.plus(std::time::Duration::from_hours(24 * 69)) };
    let kept = register.read(window).await.unwrap();
    let roll = Roll::default();
    assert_eq!(register.understand(&kept, &roll, window).unwrap().turns.len(), 3);
    let good = vendor.pretends(&turns);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..cases {
        let case = (0..good.len(), harms());
        let (which, harms) = case.new_tree(&mut runner).unwrap().current();
        stage.clears().await;
        for (number, (at, answer)) in good.iter().enumerate() {
            let answer =
                if number == which { harmed(answer.clone(), &harms) } else { answer.clone() };
            stage.raw(at, ResponseTemplate::new(200).set_body_json(answer)).await;
        }
        let Ok(kept) = register.read(window).await else {
            refused += 1;
            continue;
        };
        read += 1;
        let understood = register.understand(&kept, &roll, window).unwrap();
        for turn in understood.turns {
            let shown = turn.who.to_string();
            assert!(!shown.is_empty() && shown.chars().count() <= 80, "{shown:?} of {harms:?}");
            assert!(!shown.chars().any(pilothouse::names::is_invisible), "{shown:?}");
            assert!(turn.from < turn.until, "{harms:?}");
        }
        // A kept text is kept by PostgreSQL too.
        assert!(!kept.contains('\0') && !kept.contains("\\u0000"), "{harms:?}");
    }
    assert!(read > cases / 20 && refused > cases / 100, "{read} read, {refused} refused");
}

#[tokio::test]
async fn any_answer_of_grafana_irm_is_read_or_refused() {
    survives(&GrafanaIrm, 300).await;
}

#[tokio::test]
async fn any_answer_of_jira_is_read_or_refused() {
    survives(&Jira, 300).await;
}

#[tokio::test]
async fn any_answer_of_pagerduty_is_read_or_refused() {
    survives(&PagerDuty, 300).await;
}
