//! Who did what, kept for ever: what people read of it, and what nobody can change unseen.

mod checkpoints;
mod command;
mod exporting;
mod line;
mod tampering;

use pilothouse::{
    access::Actor,
    audit::{self, Entry, Evidence, Key, Outcome},
    clock::Timestamp,
    names::PersonId,
    store::{Db, Dialect},
};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Row as _};

use crate::world::{Bot, Database};

/// A bot with ten rows in its audit and a checkpoint of them outside.
struct Chain {
    bot: Bot,
}

impl Chain {
    async fn of_ten() -> Self {
        let chain = Self { bot: Bot::start().await };
        for number in 1..=10 {
            chain.notes(number).await;
        }
        chain.is_checked().await;
        assert_eq!(chain.finds().await, [""; 0], "whole, before anybody touches it");
        chain
    }

    async fn notes(&self, number: i64) {
        let now = self.bot.clock.now();
        audit::note_alone(self.db(), &entry(number, now)).await.unwrap();
    }

    /// Time for a checkpoint.
    async fn is_checked(&self) {
        self.bot.clock.advance(std::time::Duration::from_mins(5));
        self.bot.works().await;
    }

    fn db(&self) -> &Db {
        &self.bot.app.foundation.db
    }

    fn database(&self) -> &Database {
        &self.bot.database
    }

    /// Somebody with every right in the database does this.
    async fn suffers(&self, sql: &str) {
        let unguard = match self.db().dialect() {
            Dialect::Sqlite => {
                "DROP TRIGGER IF EXISTS audit_never_changes;
                 DROP TRIGGER IF EXISTS audit_never_shrinks;
                 DROP TRIGGER IF EXISTS audit_never_repeats;"
            }
            Dialect::Postgres => "ALTER TABLE audit DISABLE TRIGGER USER;",
        };
        let mut tx = self.db().begin().await.unwrap();
        sqlx::raw_sql(unguard).execute(&mut *tx).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What `pilothouse audit verify` finds, with the checkpoints and the key of this bot.
    async fn finds(&self) -> Vec<String> {
        let key = Key::read(&self.database().audit().key.unwrap()).unwrap();
        let files = [self.database().checkpoints().file().to_owned()];
        self.finds_with(Evidence::gather(&files, &[key]).unwrap()).await
    }

    /// What it finds when it looks at nothing but the database.
    async fn finds_alone(&self) -> Vec<String> {
        self.finds_with(Evidence::default()).await
    }

    async fn finds_with(&self, evidence: Evidence) -> Vec<String> {
        let mut snapshot = Db::snapshot(&self.database().url).await.unwrap();
        let verdict = audit::verify(&mut snapshot, evidence).await.unwrap();
        verdict.findings.iter().map(ToString::to_string).collect()
    }

    /// Computes every hash from this row on anew, and the head with them.
    async fn is_rehashed(&self, from: i64) {
        let rows = sqlx::query("SELECT * FROM audit ORDER BY seq").fetch_all(self.db().reader());
        let mut prev = String::new();
        for row in rows.await.unwrap() {
            let text = |column: &str| row.try_get::<String, _>(column).unwrap();
            let (seq, at): (i64, i64) = (row.get("seq"), row.get("at"));
            let texts = ["actor", "actor_name", "action", "subject", "outcome", "detail"].map(text);
            let place = [text("service"), text("environment")];
            let hash = recipe(seq, at, &texts, &prev, &place);
            if seq >= from {
                self.suffers(&format!(
                    "UPDATE audit SET prev = '{prev}', hash = '{hash}' WHERE seq = {seq};
                     UPDATE audit_head SET seq = {seq}, hash = '{hash}'"
                ))
                .await;
            }
            prev = hash;
        }
    }
}

/// The recipe of a row's hash, once more and by somebody else.
fn recipe(seq: i64, at: i64, texts: &[String], prev: &str, place: &[String; 2]) -> String {
    let mut words = vec![seq.to_string(), at.to_string()];
    words.extend(texts.iter().cloned());
    words.push(prev.to_owned());
    if place.iter().any(|name| !name.is_empty()) {
        words.extend(place.iter().cloned());
    }
    let mut digest = Sha256::new();
    for word in words {
        digest.update((word.len() as u64).to_be_bytes());
        digest.update(word);
    }
    pilothouse::names::PlanDigest::of(&digest.finalize()).to_string()
}

fn entry(number: i64, at: Timestamp) -> Entry {
    let service = if number % 2 == 0 { "checkout" } else { "shop" };
    Entry {
        at,
        actor: Actor { id: PersonId::console("alice"), name: "alice".to_owned() },
        action: "deploy".to_owned(),
        subject: format!("deployment/d{number}"),
        service: service.parse().ok(),
        environment: "staging".parse().ok(),
        outcome: Outcome::Done,
        detail: format!("number {number}"),
    }
}
