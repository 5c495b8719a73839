//! `pilothouse audit`, as somebody types it.

use std::{fs, path::Path};

use clap::Parser as _;
use pilothouse::{
    cli::audit,
    config::{self, Secrets},
    store::Dialect,
};

use super::Chain;

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    what: audit::What,
}

/// What it prints, and whether it found nothing wrong.
async fn says(words: &str) -> anyhow::Result<(bool, String)> {
    let line = Line::try_parse_from(words.split(' ').map(str::to_owned))?;
    // It has a runtime of its own.
    let ran = tokio::task::spawn_blocking(|| {
        let mut out = vec![];
        audit::run(line.what, &mut out).map(|whole| (whole, String::from_utf8(out).unwrap()))
    });
    ran.await?
}

/// A configuration of this database, beside it.
fn configure(chain: &Chain, audit: &str) -> String {
    let path = chain.database().folder().join("pilothouse.yaml");
    let (url, folder) = (&chain.database().url, chain.database().folder().display());
    let text = format!("database: {url}\nfolder: {folder}\naudit:\n{audit}");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn keyed(chain: &Chain) -> String {
    configure(chain, &format!("  key: {}\n", chain.database().audit().key.unwrap()))
}

#[tokio::test]
async fn verify_says_that_it_is_whole_and_what_it_looked_at() {
    let chain = Chain::of_ten().await;
    chain.notes(11).await;
    let config = keyed(&chain);
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(whole, "{said}");
    assert!(said.starts_with("The audit is whole: 11 rows, the last of them row 11 of"), "{said}");
    assert!(said.contains("compared with 1 checkpoint from"), "{said}");
    assert!(said.contains("signed by your key"), "{said}");
    assert!(said.contains("Rows from 11 on are newer than the newest checkpoint"), "{said}");
}

#[tokio::test]
async fn verify_says_what_is_wrong_and_what_to_do() {
    let chain = Chain::of_ten().await;
    chain.suffers("UPDATE audit SET detail = 'x' WHERE seq BETWEEN 3 AND 4").await;
    let config = keyed(&chain);
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(!whole);
    assert!(said.contains("- Rows 3 to 4 were altered"), "{said}");
    assert!(said.contains("What to do: keep the database"), "{said}");
    let url = &chain.database().url;
    let (whole, said) = says(&format!("audit verify --database {url}")).await.unwrap();
    assert!(!whole && said.contains("compared with no checkpoint"), "{said}");
}

#[tokio::test]
async fn without_a_key_it_says_what_is_not_protected() {
    let chain = Chain::of_ten().await;
    let config = configure(&chain, "  every: 5m\n");
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(whole, "{said}");
    assert!(said.contains("there is no `audit.key`, so whoever can write there"), "{said}");
}

#[tokio::test]
async fn another_key_in_the_configuration_is_told() {
    let chain = Chain::of_ten().await;
    let key = chain.database().folder().join("another.key");
    fs::write(&key, "a key that has signed nothing at all so far").unwrap();
    let config = configure(&chain, &format!("  key: file:{}\n", key.display()));
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(!whole && said.contains("was signed with another key"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.db");
    let error = says(&format!("audit verify --database sqlite://{}", path.display())).await;
    assert!(format!("{:#}", error.unwrap_err()).contains("the database cannot be opened"));
    assert!(!path.exists());
    let error = says("audit verify --database mysql://x").await.unwrap_err();
    assert!(format!("{error:#}").contains("--database: a database is `sqlite://path`"));
}

#[tokio::test]
async fn export_writes_a_file_or_to_whoever_asks() {
    let chain = Chain::of_ten().await;
    let url = &chain.database().url;
    let to = chain.database().folder().join("audit.csv");
    let line = format!("audit export --format csv --database {url} --out {}", to.display());
    let (_, said) = says(&line).await.unwrap();
    assert_eq!(said, format!("10 rows written to {}.\n", to.display()));
    assert_eq!(lines(&to), 11);
    let line = format!("audit export --format jsonl --database {url} --since 2025-10-09");
    assert_eq!(says(&line).await.unwrap().1.lines().count(), 10);
    for (until, count) in [("2025-10-09T09:15:00Z", 0), ("2025-10-09T09:16:00Z", 10), ("3d", 10)] {
        let line = format!("audit export --format jsonl --database {url} --until {until}");
        assert_eq!(says(&line).await.unwrap().1.lines().count(), count, "{until}");
    }
    let line = format!("audit export --format jsonl --database {url} --since lately");
    assert!(says(&line).await.unwrap_err().to_string().contains("`lately` is no moment: say `7d`"));
    let line = format!("audit export --format xml --database {url}");
    assert!(says(&line).await.unwrap_err().to_string().contains("say `jsonl` or `csv`"));
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

#[tokio::test]
async fn it_looks_while_the_bot_works() {
    let chain = Chain::of_ten().await;
    if chain.db().dialect() == Dialect::Postgres {
        return; // A server has many guests anyway.
    }
    let mut tx = chain.db().begin().await.unwrap();
    let now = chain.bot.clock.now();
    pilothouse::audit::note(&mut tx, Dialect::Sqlite, &super::entry(11, now)).await.unwrap();
    let config = keyed(&chain);
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(whole && said.contains("10 rows"), "{said}");
    tx.commit().await.unwrap();
    assert_eq!(chain.finds().await, [""; 0]);
}

#[test]
fn a_key_that_could_be_guessed_is_a_mistake_of_the_configuration() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "short but a secret").unwrap();
    let text = format!("audit:\n  key: file:{}\n", file.path().display());
    let checked = config::check_text("pilothouse.yaml", &text, Secrets::Read);
    let mistakes = checked.mistakes.to_string();
    assert!(mistakes.starts_with("pilothouse.yaml:2:8: audit.key: The key file:"), "{mistakes}");
    assert!(mistakes.contains("is shorter than 32 characters"), "{mistakes}");
}

#[tokio::test]
async fn a_file_of_checkpoints_that_is_gone_is_told() {
    let chain = Chain::of_ten().await;
    fs::remove_file(chain.database().checkpoints().file()).unwrap();
    let config = keyed(&chain);
    let (whole, said) = says(&format!("audit verify --config {config}")).await.unwrap();
    assert!(!whole);
    assert!(
        said.starts_with("Every row fits the one before (10 rows), but:\n- There is no"),
        "{said}"
    );
}
