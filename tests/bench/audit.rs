//! `cargo bench --bench audit`: how fast the audit's chain is recomputed, and what a row costs.
//!
//! On SQLite in a folder that is thrown away, or on the PostgreSQL server that `TEST_POSTGRES`
//! names. Nothing here fails for being slow: read the figures. `-- --tenth` takes a tenth of the rows.

use std::time::Instant;

use pilothouse::{
    access::Actor,
    audit::{Entry, Evidence, Format, Outcome, Window, export, note, note_alone, verify},
    clock::Timestamp,
    names::PersonId,
    secrets::variable,
    store::Db,
};

/// Rows of the chain: enough for several seconds.
const ROWS: i64 = 500_000;

/// Rows in a transaction of their own.
const ALONE: i64 = 2_000;

fn main() -> anyhow::Result<()> {
    if !std::env::args().any(|word| word == "--bench") {
        println!("Nothing is measured in a test: say `cargo bench`.");
        return Ok(());
    }
    let rows = if std::env::args().any(|word| word == "--tenth") { ROWS / 10 } else { ROWS };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(rows))
}

async fn measure(rows: i64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = match variable("TEST_POSTGRES") {
        Some(server) => fresh(&server).await?,
        None => format!("sqlite://{}", folder.path().join("audit.db").display()),
    };
    let db = Db::open(&url).await?;
    let began = Instant::now();
    for number in 0..ALONE {
        note_alone(&db, &entry(number)).await?;
    }
    tell("rows written, each durable by itself", ALONE, began);
    let began = Instant::now();
    let mut tx = db.begin().await?;
    for number in ALONE..rows {
        note(&mut tx, db.dialect(), &entry(number)).await?;
    }
    tx.commit().await?;
    tell("rows written in one transaction", rows - ALONE, began);
    for _ in 0..3 {
        let mut snapshot = Db::snapshot(&url).await?;
        let began = Instant::now();
        let verdict = verify(&mut snapshot, Evidence::default()).await?;
        anyhow::ensure!(verdict.findings.is_empty(), "{:?}", verdict.findings);
        tell("rows verified (at least 200000 /s)", rows, began);
    }
    for format in [Format::Jsonl, Format::Csv] {
        let mut snapshot = Db::snapshot(&url).await?;
        let began = Instant::now();
        export(&mut snapshot, format, Window::default(), std::io::sink()).await?;
        tell(&format!("rows exported as {format:?}"), rows, began);
    }
    Ok(())
}

/// A database of its own on that server.
async fn fresh(server: &str) -> anyhow::Result<String> {
    sqlx::any::install_default_drivers();
    let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
    let admin = sqlx::AnyPool::connect(&format!("{server}/postgres")).await?;
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&admin).await?;
    admin.close().await;
    Ok(format!("{server}/{name}"))
}

/// What an approval leaves behind, more or less.
fn entry(number: i64) -> Entry {
    let person = format!("7b0e4c9d-1a6f-4e38-b2d5-{:012x}", number % 500);
    Entry {
        at: Timestamp(1_760_001_300_000 + number),
        actor: Actor {
            id: PersonId::entra("7b0e4c9d-1a6f-4e38-b2d5-90c8f3a7e614", &person),
            name: format!("Person Number {}", number % 500),
        },
        action: "approve".to_owned(),
        subject: format!("deployment/{:08x}", number / 5),
        service: format!("service-{}", number % 40).parse().ok(),
        environment: "production".parse().ok(),
        outcome: Outcome::Done,
        detail: format!(
            r#"{{"approved":{{"by":{{"id":"entra:7b0e4c9d-1a6f-4e38-b2d5-90c8f3a7e614:{person}","name":"Person Number {}"}},"plan":"7c1d2e3f"}}}}"#,
            number % 500
        ),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn tell(what: &str, rows: i64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{what:<45} {:>12.0} /s ({rows} in {seconds:.2} s)", rows as f64 / seconds);
}
