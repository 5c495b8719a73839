//! What leaves the database: written now and then, signed, and compared.

use std::{fs, path::PathBuf, time::Duration};

use pilothouse::{
    audit::{self, Checkpoint, Evidence, Key},
    secrets::Secret,
};

use super::{Chain, entry};

impl Chain {
    fn file(&self) -> PathBuf {
        self.database().checkpoints().file().to_owned()
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn writes(&self, lines: &[String]) {
        fs::write(self.file(), lines.join("\n") + "\n").unwrap();
    }

    /// Another key than the bot's.
    fn key(&self, text: &str) -> Key {
        let path = self.database().folder().join("other.key");
        fs::write(&path, text).unwrap();
        Key::read(&Secret::File(path)).unwrap()
    }

    fn own_key(&self) -> Key {
        Key::read(&self.database().audit().key.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn one_is_written_when_there_is_anything_new_and_only_then() {
    let chain = Chain::of_ten().await;
    assert_eq!(chain.lines().len(), 1);
    let checkpoint = Checkpoint::of_line(chain.lines()[0].as_bytes()).unwrap();
    assert_eq!(checkpoint.seq, 10);
    assert!(chain.own_key().has_signed(&checkpoint));
    chain.is_checked().await;
    assert_eq!(chain.lines().len(), 1, "nothing new");
    chain.notes(11).await;
    let bot = chain.bot.restarts().await;
    let chain = Chain { bot };
    chain.is_checked().await;
    assert_eq!(chain.lines().len(), 2, "and it goes on after a restart");
    assert_eq!(chain.finds().await, [""; 0]);
}

#[tokio::test]
async fn after_a_thousand_rows_one_is_written_at_once() {
    let chain = Chain::of_ten().await;
    let now = chain.bot.clock.now();
    let mut tx = chain.db().begin().await.unwrap();
    for number in 11..=1000 {
        audit::note(&mut tx, chain.db().dialect(), &entry(number, now)).await.unwrap();
    }
    tx.commit().await.unwrap();
    chain.bot.works().await;
    assert_eq!(chain.lines().len(), 2);
    chain.notes(1001).await;
    chain.bot.works().await;
    assert_eq!(chain.lines().len(), 2, "the next one has its time");
    assert_eq!(chain.finds().await, [""; 0]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_written_as_soon_as_it_can() {
    let chain = Chain::of_ten().await;
    fs::remove_file(chain.file()).unwrap();
    fs::create_dir(chain.file()).unwrap();
    chain.notes(11).await;
    for _ in 0..30 {
        chain.is_checked().await;
    }
    fs::remove_dir(chain.file()).unwrap();
    chain.is_checked().await;
    assert_eq!(chain.lines().len(), 1);
    assert_eq!(chain.finds().await, [""; 0]);
}

#[tokio::test]
async fn a_torn_line_takes_nothing_with_it() {
    let chain = Chain::of_ten().await;
    let torn = fs::read_to_string(chain.file()).unwrap() + "{\"seq\":11,\"ha";
    fs::write(chain.file(), torn).unwrap();
    chain.notes(11).await;
    chain.is_checked().await;
    assert_eq!(chain.lines().len(), 3);
    let evidence = Evidence::gather(&[chain.file()], &[chain.own_key()]).unwrap();
    assert_eq!((evidence.checkpoints.len(), evidence.others), (2, 1));
    assert_eq!(chain.finds().await, [""; 0]);
}

#[tokio::test]
async fn a_forged_checkpoint_is_found_by_its_signature() {
    let chain = Chain::of_ten().await;
    let honest = chain.lines();
    let checkpoint = Checkpoint::of_line(honest[0].as_bytes()).unwrap();
    let (shorter, other) = ("0".repeat(64), Checkpoint { seq: 8, ..checkpoint.clone() });
    for forged in [
        other,
        Checkpoint { hash: shorter, ..checkpoint.clone() },
        Checkpoint { at: checkpoint.at.plus(Duration::from_secs(1)), ..checkpoint.clone() },
        Checkpoint { signature: Some("00".repeat(32)), ..checkpoint.clone() },
        Checkpoint { signature: Some("no digits".to_owned()), ..checkpoint.clone() },
    ] {
        chain.writes(&[serde_json::to_string(&forged).unwrap()]);
        let found = chain.finds().await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("line 1) is forged: its signature is wrong"), "{found:?}");
    }
    let unsigned = Checkpoint { key: None, signature: None, ..checkpoint };
    chain.writes(&[serde_json::to_string(&unsigned).unwrap()]);
    assert!(chain.finds().await[0].contains("is not signed"), "a signature cannot be left out");
    chain.writes(&honest);
    assert_eq!(chain.finds().await, [""; 0]);
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_found_unless_it_was_once_ours() {
    let chain = Chain::of_ten().await;
    let key = chain.key("a key that somebody else has made up, long enough");
    let checkpoint = Checkpoint::of_line(chain.lines()[0].as_bytes()).unwrap();
    chain.writes(&[serde_json::to_string(&key.sign(checkpoint)).unwrap()]);
    let found = chain.finds().await;
    assert!(found[0].contains("was signed with another key"), "{found:?}");
    assert!(found[0].contains(key.id()), "{found:?}");
    let evidence = Evidence::gather(&[chain.file()], &[chain.own_key(), key]).unwrap();
    assert_eq!(chain.finds_with(evidence).await, [""; 0], "a former key is a key");
}

#[tokio::test]
async fn a_file_that_is_gone_is_found() {
    let chain = Chain::of_ten().await;
    fs::remove_file(chain.file()).unwrap();
    assert!(chain.finds().await[0].starts_with("There is no checkpoint in"));
    fs::write(chain.file(), "").unwrap();
    assert!(chain.finds().await[0].starts_with("There is no checkpoint in"));
}

#[tokio::test]
async fn a_row_that_a_checkpoint_knows_must_be_there() {
    let chain = Chain::of_ten().await;
    chain.notes(11).await;
    chain.suffers("DELETE FROM audit WHERE seq = 10").await;
    assert_eq!(
        chain.finds().await,
        [
            "Row 10 was removed.",
            "The checkpoint of 2025-10-09 09:20:00 UTC knows row 10, which is gone."
        ]
    );
}

#[tokio::test]
async fn the_log_holds_the_same_lines_and_counts_as_a_file_of_them() {
    let chain = Chain::of_ten().await;
    let log = chain.database().folder().join("log.json");
    let line = serde_json::json!({
        "timestamp": "2025-10-09T09:20:00Z", "level": "INFO", "checkpoint": chain.lines()[0],
        "message": "a checkpoint of the audit",
    });
    fs::write(&log, format!("ready\n{{\"level\":\"INFO\",\"message\":\"ready\"}}\n{line}\n"))
        .unwrap();
    let evidence = Evidence::gather(&[log], &[chain.own_key()]).unwrap();
    assert_eq!((evidence.checkpoints.len(), evidence.others), (1, 2));
    chain.suffers("DELETE FROM audit WHERE seq = 10").await;
    chain
        .suffers("UPDATE audit_head SET seq = 9, hash = (SELECT hash FROM audit WHERE seq = 9)")
        .await;
    assert!(chain.finds_with(evidence).await[0].starts_with("The end was cut off"));
}

#[test]
fn a_key_that_could_be_guessed_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "too short to be one").unwrap();
    let error = Key::read(&Secret::File(file.path().to_owned())).err().unwrap().to_string();
    assert!(error.contains("shorter than 32 characters"), "{error}");
    assert!(!error.contains("too short to be one"), "{error}");
}
