//! The whole audit for other programs: nothing is lost on the way, and nothing acts on arrival.

use pilothouse::{
    access::Actor,
    audit::{Entry, Format, Outcome, Window, export, note},
    clock::Timestamp,
    names::PersonId,
    store::Db,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde::Deserialize;

use super::{Chain, recipe};

#[derive(Debug, PartialEq, Deserialize)]
struct Read {
    seq: i64,
    at: i64,
    actor: String,
    actor_name: String,
    action: String,
    subject: String,
    outcome: String,
    detail: String,
    service: String,
    environment: String,
    prev: String,
    hash: String,
}

impl Read {
    fn is_what_its_hash_says(&self) -> bool {
        let Self { actor, actor_name, action, subject, outcome, detail, .. } = self;
        let texts = [actor, actor_name, action, subject, outcome, detail].map(Clone::clone);
        let place = [self.service.clone(), self.environment.clone()];
        recipe(self.seq, self.at, &texts, &self.prev, &place) == self.hash
    }
}

async fn exported(chain: &Chain, format: Format, window: Window) -> Vec<u8> {
    let mut out = vec![];
    let mut snapshot = Db::snapshot(&chain.database().url).await.unwrap();
    export(&mut snapshot, format, window, &mut out).await.unwrap();
    out
}

fn json_lines(text: &[u8]) -> Vec<Read> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The table as somebody reads it who knows about the `'`; and no cell is a formula.
fn table(text: &[u8]) -> Vec<Read> {
    let mut reader = csv::Reader::from_reader(text);
    let headings = reader.headers().unwrap().clone();
    let mut rows = vec![];
    for record in reader.records() {
        let record = record.unwrap();
        for cell in &record {
            let first = cell.chars().next().unwrap_or('x');
            assert!(!"=+-@\t\r\n＝＋－＠".contains(first), "`{cell}` is a formula");
        }
        let cells: csv::StringRecord =
            record.iter().map(|cell| cell.strip_prefix('\'').unwrap_or(cell)).collect();
        rows.push(cells.deserialize(Some(&headings)).unwrap());
    }
    rows
}

#[tokio::test]
async fn both_carry_what_is_needed_to_recompute_the_chain() {
    let chain = Chain::of_ten().await;
    let window = Window::default();
    let rows = json_lines(&exported(&chain, Format::Jsonl, window).await);
    assert_eq!(rows.len(), 10);
    assert_eq!(rows, table(&exported(&chain, Format::Csv, window).await));
    let mut prev = "";
    for row in &rows {
        assert!(row.is_what_its_hash_says(), "{row:?}");
        assert_eq!(row.prev, prev);
        prev = &row.hash;
    }
}

#[tokio::test]
async fn a_window_leaves_out_what_is_before_and_after() {
    let chain = Chain::of_ten().await;
    let begin = chain.bot.clock.now();
    chain.notes(11).await;
    chain.bot.clock.advance(std::time::Duration::from_mins(1));
    let end = chain.bot.clock.now();
    chain.notes(12).await;
    for format in [Format::Jsonl, Format::Csv] {
        let seqs = async |since, until| {
            let text = exported(&chain, format, Window { since, until }).await;
            let rows = if format == Format::Csv { table(&text) } else { json_lines(&text) };
            rows.iter().map(|row| row.seq).collect::<Vec<_>>()
        };
        assert_eq!(seqs(Some(begin), None).await, [11, 12]);
        assert_eq!(seqs(Some(begin), Some(end)).await, [11]);
        assert_eq!(seqs(None, Some(begin)).await.len(), 10);
    }
}

/// What people who mean no good would write.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("=cmd|' /C calc'!A0".to_owned()),
        Just("+1".to_owned()),
        Just("-1".to_owned()),
        Just("@SUM(A1)".to_owned()),
        Just("＝1".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\",\"".to_owned()),
        Just("\r\n".to_owned()),
        Just("\t".to_owned()),
        Just("\u{0}".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("{\"a\":\"\\u0000\"}".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

fn entry() -> impl Strategy<Value = Entry> {
    let place = prop::option::of("[a-z0-9][a-z0-9._-]{0,8}");
    (hostile(), hostile(), hostile(), any::<bool>(), place).prop_map(
        |(name, action, detail, refused, place)| Entry {
            at: Timestamp(0),
            actor: Actor { id: PersonId::console("alice"), name },
            // Actions and subjects are the bot's own words; still they are only text here.
            action: action.replace('\0', ""),
            subject: "deployment/x".to_owned(),
            service: place.as_ref().and_then(|name| name.parse().ok()),
            environment: place.and_then(|name| name.parse().ok()),
            outcome: if refused { Outcome::Refused } else { Outcome::Done },
            detail,
        },
    )
}

#[test]
fn any_list_of_hostile_entries_comes_back_as_it_was() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let chain = runtime.block_on(Chain::of_ten());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    let mut case = 0;
    let counter = std::cell::RefCell::new(&mut case);
    let lists = prop::collection::vec(entry(), 1..8);
    let ran = runner.run(&lists, |entries| {
        **counter.borrow_mut() += 1;
        let at = Timestamp(**counter.borrow());
        let window =
            Window { since: Some(at), until: Some(at.plus(std::time::Duration::from_millis(1))) };
        let (lines, cells) = runtime.block_on(async {
            let mut tx = chain.db().begin().await.unwrap();
            for entry in &entries {
                let entry = Entry { at, ..entry.clone() };
                note(&mut tx, chain.db().dialect(), &entry).await.unwrap();
            }
            tx.commit().await.unwrap();
            let lines = exported(&chain, Format::Jsonl, window).await;
            (json_lines(&lines), table(&exported(&chain, Format::Csv, window).await))
        });
        prop_assert_eq!(&lines, &cells);
        prop_assert_eq!(lines.len(), entries.len());
        for (row, entry) in lines.iter().zip(&entries) {
            prop_assert!(row.is_what_its_hash_says());
            let name = &entry.actor.name[..entry.actor.name.floor_char_boundary(256)];
            prop_assert_eq!(&row.actor_name, &name.replace('\0', "\u{fffd}"));
            let detail = &entry.detail[..entry.detail.floor_char_boundary(8192)];
            prop_assert_eq!(&row.detail, &detail.replace('\0', "\u{fffd}"));
            prop_assert_eq!(&row.action, &entry.action);
        }
        Ok(())
    });
    ran.unwrap();
    assert_eq!(runtime.block_on(chain.finds()), [""; 0], "and the chain is whole");
}
