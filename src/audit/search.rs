//! Finds rows: what concerns a service, an environment, a person or one thing; newest first.

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Outcome,
    reading::{COLUMNS, row},
};
use crate::{
    clock::Timestamp,
    names::{Environment, Service},
    store::Db,
};

/// What somebody wants to know about; with nothing in it, everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What concerns this service.
    pub service: Option<Service>,
    /// What concerns this environment.
    pub environment: Option<Environment>,
    /// What somebody did who is known under one of these ids.
    pub actors: Vec<String>,
    /// What was done to this: `deployment/8f2c91d4`.
    pub subject: Option<String>,
}

/// A row as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, by the id that was proved.
    pub actor: String,
    /// What they were called then.
    pub actor_name: String,
    /// What they did.
    pub action: String,
    /// To what.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// The particulars.
    pub detail: String,
    /// The service it concerns.
    pub service: Option<Service>,
    /// The environment it concerns.
    pub environment: Option<Environment>,
}

/// The next rows before some row.
#[derive(Clone, Debug)]
pub struct Page {
    /// Newest first.
    pub records: Vec<Record>,
    /// The row before which the next page begins; `None`, when this is the last one.
    pub next: Option<i64>,
}

/// The newest `count` rows before the row `before` that fit.
///
/// # Errors
/// When the database does not answer.
pub async fn search(db: &Db, filter: &Filter, before: i64, count: usize) -> sqlx::Result<Page> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let Filter { service, environment, actors, subject } = filter;
    let texts: Vec<(&str, &str)> = [
        ("service", service.as_ref().map(Service::as_str)),
        ("environment", environment.as_ref().map(Environment::as_str)),
        ("subject", subject.as_deref()),
    ]
    .into_iter()
    .filter_map(|(column, text)| Some((column, text?)))
    .collect();
    let mut wanted = vec!["seq < $1".to_owned()];
    for (number, (column, _)) in (3..).zip(&texts) {
        wanted.push(format!("{column} = ${number}"));
    }
    if !actors.is_empty() {
        let first = 3 + texts.len();
        let ids: Vec<String> =
            (first..first + actors.len()).map(|number| format!("${number}")).collect();
        wanted.push(format!("actor IN ({})", ids.join(", ")));
    }
    let wanted = wanted.join(" AND ");
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {wanted} ORDER BY seq DESC LIMIT $2");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(before).bind(count);
    for text in texts.iter().map(|(_, text)| *text).chain(actors.iter().map(String::as_str)) {
        query = query.bind(text);
    }
    let rows = query.fetch_all(db.reader()).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|found| found == count);
    let next = rows.last().filter(|_| full).map(|last| last.try_get("seq")).transpose()?;
    Ok(Page { records: readable(&rows), next })
}

fn readable(rows: &[AnyRow]) -> Vec<Record> {
    let records = rows.iter().filter_map(|found| {
        let record = row(found).map(|row| Record::of(&row));
        // Altered so that it is no row any more: `pilothouse audit verify` says which.
        record.inspect_err(|error| tracing::error!("a row of the audit is none: {error}")).ok()
    });
    records.collect()
}

/// The most rows that are read at once: more is no story anybody reads.
const MOST: i64 = 20_000;

/// What was written down about a service from one moment to the other, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn between(
    db: &Db,
    service: &Service,
    (from, to): (Timestamp, Timestamp),
) -> sqlx::Result<Vec<Record>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE service = $1 AND at >= $2 AND at <= $3
         ORDER BY seq LIMIT $4"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(service.as_str()).bind(from.0).bind(to.0);
    let rows = query.bind(MOST).fetch_all(db.reader()).await?;
    Ok(readable(&rows))
}

impl Record {
    /// Whether it was done, and not refused.
    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Done.as_str()
    }

    fn of(row: &super::Row<'_>) -> Self {
        Self {
            seq: row.seq,
            at: Timestamp(row.at),
            actor: row.actor.to_owned(),
            actor_name: row.actor_name.to_owned(),
            action: row.action.to_owned(),
            subject: row.subject.to_owned(),
            outcome: row.outcome.to_owned(),
            detail: row.detail.to_owned(),
            service: row.service.parse().ok(),
            environment: row.environment.parse().ok(),
        }
    }
}

/// What a word stands for that only the audit knows: something of one of these `kinds`, somebody
/// the configuration does not know, a service or an environment that is no more.
///
/// # Errors
/// When the database does not answer.
pub async fn mentions(db: &Db, word: &str, kinds: &[&str]) -> sqlx::Result<Option<Filter>> {
    let subjects = kinds.iter().map(|kind| format!("{kind}/{word}"));
    for subject in subjects.chain(word.contains('/').then(|| word.to_owned())) {
        if is_there(db, "subject", &subject).await? {
            return Ok(Some(Filter { subject: Some(subject), ..Filter::default() }));
        }
    }
    let actors = actors(db, word).await?;
    if !actors.is_empty() {
        return Ok(Some(Filter { actors, ..Filter::default() }));
    }
    let mut found = Filter::default();
    if is_there(db, "service", word).await? {
        found.service = word.parse().ok();
    } else if is_there(db, "environment", word).await? {
        found.environment = word.parse().ok();
    }
    Ok((found != Filter::default()).then_some(found))
}

async fn is_there(db: &Db, column: &'static str, text: &str) -> sqlx::Result<bool> {
    let sql = format!("SELECT 1 AS there FROM audit WHERE {column} = $1 LIMIT 1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(text).fetch_optional(db.reader()).await?;
    Ok(!text.is_empty() && row.is_some())
}

/// The ids of whoever is known by that id, by its last part, or by that name when last seen. Goes
/// from one actor to the next along the index, however many rows each has.
async fn actors(db: &Db, word: &str) -> sqlx::Result<Vec<String>> {
    let rows = sqlx::query(
        "WITH RECURSIVE who (actor) AS (
             SELECT MIN(actor) FROM audit
             UNION ALL
             SELECT (SELECT MIN(a.actor) FROM audit a WHERE a.actor > who.actor)
             FROM who WHERE who.actor IS NOT NULL)
         SELECT who.actor AS actor,
                (SELECT b.actor_name FROM audit b WHERE b.actor = who.actor
                 ORDER BY b.seq DESC LIMIT 1) AS name
         FROM who WHERE who.actor IS NOT NULL LIMIT 10000",
    )
    .fetch_all(db.reader())
    .await?;
    let mut ids = vec![];
    for row in &rows {
        let (id, name): (String, String) = (row.try_get("actor")?, row.try_get("name")?);
        let last = id.rsplit(':').next().unwrap_or(&id);
        if [id.as_str(), last, name.as_str()].iter().any(|known| known.eq_ignore_ascii_case(word)) {
            ids.push(id);
        }
    }
    Ok(ids)
}
