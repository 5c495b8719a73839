//! Whoever changes the audit behind the bot's back is found, whatever they did.

use pilothouse::store::Dialect;

use super::Chain;

#[tokio::test]
async fn the_database_itself_refuses_what_happens_by_accident() {
    let chain = Chain::of_ten().await;
    let mut accidents = vec!["UPDATE audit SET detail = 'x' WHERE seq = 5", "DELETE FROM audit"];
    match chain.db().dialect() {
        Dialect::Sqlite => accidents.push(
            "INSERT OR REPLACE INTO audit
                 (seq, at, actor, actor_name, action, subject, outcome, detail, prev, hash)
             VALUES (5, 0, '', '', '', '', '', '', '', '')",
        ),
        Dialect::Postgres => accidents.push("TRUNCATE audit"),
    }
    for accident in accidents {
        let mut tx = chain.db().begin().await.unwrap();
        let error = sqlx::raw_sql(accident).execute(&mut *tx).await.unwrap_err().to_string();
        assert!(error.contains("a row of the audit"), "{accident}: {error}");
        drop(tx);
    }
    assert_eq!(chain.finds().await, [""; 0]);
    chain.notes(11).await;
    assert_eq!(chain.finds().await, [""; 0], "and it goes on");
}

#[tokio::test]
async fn every_column_that_is_altered_is_found() {
    let chain = Chain::of_ten().await;
    for column in [
        "actor",
        "actor_name",
        "action",
        "subject",
        "outcome",
        "detail",
        "service",
        "environment",
        "prev",
        "hash",
    ] {
        chain.suffers(&format!("UPDATE audit SET {column} = {column} || 'x' WHERE seq = 5")).await;
        let found = chain.finds().await;
        assert_eq!(
            found,
            ["Row 5 was altered: what stands there does not give the hash."],
            "{column}"
        );
        let undo = format!(
            "UPDATE audit SET {column} = SUBSTR({column}, 1, LENGTH({column}) - 1) WHERE seq = 5"
        );
        chain.suffers(&undo).await;
        assert_eq!(chain.finds().await, [""; 0], "{column} as it was");
    }
    chain.suffers("UPDATE audit SET at = at + 1 WHERE seq = 5").await;
    assert!(chain.finds().await[0].starts_with("Row 5 was altered"));
    chain.suffers("UPDATE audit SET at = at - 1 WHERE seq = 5").await;
    chain.suffers("UPDATE audit SET seq = 50 WHERE seq = 5").await;
    let found = chain.finds().await;
    assert_eq!(found[0], "Row 5 was removed.");
    assert!(found[1].starts_with("Row 50 was put in by somebody else than the bot"), "{found:?}");
    chain.suffers("UPDATE audit SET seq = 5 WHERE seq = 50").await;
    // What was said about no place must not become about one, nor the other way round.
    chain.suffers("UPDATE audit SET service = '', environment = '' WHERE seq = 5").await;
    assert!(chain.finds().await[0].starts_with("Row 5 was altered"));
}

#[tokio::test]
async fn a_row_that_is_no_text_any_more_is_found_and_the_rest_is_still_read() {
    let chain = Chain::of_ten().await;
    if chain.db().dialect() == Dialect::Postgres {
        return; // Its columns hold nothing else than text.
    }
    for nonsense in ["x'00ff'", "CAST(x'ff' AS TEXT)"] {
        chain.suffers(&format!("UPDATE audit SET detail = {nonsense} WHERE seq = 5")).await;
        chain.suffers("UPDATE audit SET detail = 'y' WHERE seq = 8").await;
        let found = chain.finds().await;
        assert!(found.iter().any(|found| found.starts_with("Row 5 was altered")), "{found:?}");
        assert!(found.iter().any(|found| found.starts_with("Row 8 was altered")), "{found:?}");
        assert_eq!(found.len(), 2, "{found:?}");
    }
}

#[tokio::test]
async fn rows_that_are_removed_are_named() {
    let chain = Chain::of_ten().await;
    chain.suffers("DELETE FROM audit WHERE seq = 5").await;
    assert_eq!(chain.finds().await, ["Row 5 was removed."]);
    chain.suffers("DELETE FROM audit WHERE seq IN (1, 6)").await;
    assert_eq!(chain.finds().await, ["Row 1 was removed.", "Rows 5 to 6 were removed."]);
    chain.suffers("DELETE FROM audit").await;
    let found = chain.finds().await;
    assert_eq!(found[0], "Rows 1 to 10 were removed.");
    chain.suffers("DELETE FROM audit_head").await;
    assert!(chain.finds().await[0].starts_with("The head of the chain was removed"));
}

#[tokio::test]
async fn a_row_that_is_removed_is_found_though_the_rest_was_renumbered() {
    let chain = Chain::of_ten().await;
    chain.suffers("DELETE FROM audit WHERE seq = 5").await;
    for seq in 6..=10 {
        chain.suffers(&format!("UPDATE audit SET seq = {} WHERE seq = {seq}", seq - 1)).await;
    }
    chain.suffers("UPDATE audit_head SET seq = 9").await;
    let found = chain.finds().await;
    assert_eq!(
        found[0],
        "A row before row 5 was removed, and what follows renumbered: Rows 5 to 9 were written as \
         rows 6 to 10."
    );
    assert!(found[1].starts_with("The end was cut off: the last row is 9"), "{found:?}");
}

#[tokio::test]
async fn a_tail_that_is_cut_off_cleanly_is_found_by_the_checkpoint_alone() {
    let chain = Chain::of_ten().await;
    chain.suffers("DELETE FROM audit WHERE seq > 8").await;
    assert_eq!(chain.finds_alone().await, ["Rows 9 to 10 were removed."]);
    chain
        .suffers(
            "UPDATE audit_head SET seq = 8, hash = (SELECT hash FROM audit WHERE seq = 8)
             WHERE one = 1",
        )
        .await;
    assert_eq!(chain.finds_alone().await, [""; 0], "nothing inside the database tells");
    assert_eq!(
        chain.finds().await,
        ["The end was cut off: the last row is 8, but the checkpoint of 2025-10-09 09:20:00 UTC \
             knows row 10, so at least 2 are gone."]
    );
}

#[tokio::test]
async fn a_row_that_is_put_in_is_found_wherever_it_is_put() {
    let chain = Chain::of_ten().await;
    let copy = |seq: i64| {
        format!(
            "INSERT INTO audit SELECT {seq}, at, actor, actor_name, 'approve', subject, outcome,
                 detail, hash, hash, service, environment FROM audit WHERE seq = 4"
        )
    };
    chain.suffers(&copy(0)).await;
    assert_eq!(chain.finds().await, ["Row 0 was put in before the first."]);
    chain.suffers("DELETE FROM audit WHERE seq = 0").await;
    chain.suffers(&copy(11)).await;
    assert!(chain.finds().await[0].starts_with("Row 11 was put in by somebody else than the bot"));
    chain.suffers("DELETE FROM audit WHERE seq = 11").await;
    for seq in (5..=10).rev() {
        chain.suffers(&format!("UPDATE audit SET seq = {} WHERE seq = {seq}", seq + 1)).await;
    }
    chain.suffers(&copy(5)).await;
    chain.suffers("UPDATE audit_head SET seq = 11").await;
    let found = chain.finds().await;
    assert_eq!(
        found[0], "Row 5 was put in: Rows 6 to 11 were written as rows 5 to 10.",
        "{found:?}"
    );
}

#[tokio::test]
async fn two_rows_that_change_places_are_found() {
    let chain = Chain::of_ten().await;
    for (from, to) in [(3, 99), (7, 3), (99, 7)] {
        chain.suffers(&format!("UPDATE audit SET seq = {to} WHERE seq = {from}")).await;
    }
    assert_eq!(chain.finds().await, ["Rows 3 and 7 have changed places."]);
    assert_eq!(chain.finds_alone().await, ["Rows 3 and 7 have changed places."]);
}

#[tokio::test]
async fn a_row_that_is_rewritten_with_its_hash_is_betrayed_by_the_next() {
    let chain = Chain::of_ten().await;
    chain.suffers("UPDATE audit SET actor_name = 'somebody else' WHERE seq = 5").await;
    // Every hash anew, and then all but the fifth as they were.
    let before = rows(&chain).await;
    chain.is_rehashed(5).await;
    for (seq, prev, hash) in before.into_iter().filter(|(seq, ..)| *seq > 5) {
        chain
            .suffers(&format!(
                "UPDATE audit SET prev = '{prev}', hash = '{hash}' WHERE seq = {seq};
                 UPDATE audit_head SET hash = '{hash}'"
            ))
            .await;
    }
    assert_eq!(
        chain.finds_alone().await,
        ["Row 5 was rewritten together with the hash, and perhaps rows before: row 6 still \
             holds the hash from before."]
    );
}

async fn rows(chain: &Chain) -> Vec<(i64, String, String)> {
    use sqlx::Row as _;
    let rows = sqlx::query("SELECT seq, prev, hash FROM audit").fetch_all(chain.db().reader());
    let rows = rows.await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn a_chain_that_is_rewritten_as_a_whole_is_found_by_the_checkpoint_alone() {
    let chain = Chain::of_ten().await;
    chain.notes(11).await;
    chain.notes(12).await;
    chain.is_checked().await;
    chain.suffers("UPDATE audit SET actor_name = 'somebody else' WHERE seq = 11").await;
    chain.is_rehashed(11).await;
    assert_eq!(chain.finds_alone().await, [""; 0], "nothing inside the database tells");
    assert_eq!(
        chain.finds().await,
        ["Something between row 11 and row 12 was rewritten with every hash after it: the \
             checkpoint of 2025-10-09 09:25:00 UTC knows another hash of row 12."]
    );
}

#[tokio::test]
async fn a_head_that_is_altered_is_found() {
    let chain = Chain::of_ten().await;
    chain.suffers("UPDATE audit_head SET hash = 'x'").await;
    assert!(chain.finds().await[0].starts_with("The head of the chain does not match"));
    chain.suffers("UPDATE audit_head SET seq = 12").await;
    assert!(chain.finds().await[0].starts_with("Rows 11 to 12 were removed"));
}
