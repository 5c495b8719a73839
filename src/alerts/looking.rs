//! Looks at alerts, changing nothing.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Alert, Alerts, Error, as_id, store};
use crate::{
    clock::Timestamp,
    names::{AlertId, Environment, Service, SourceName},
};

/// How many alerts that are over are looked at; nobody turns more pages.
const OVER: i64 = 200;

/// How many alerts the story of some hours names; a storm would drown everything else in it.
const DURING: i64 = 20;

/// How many names a guess at what was meant is made of.
const GUESSES: usize = 1000;

/// An alert in as few words as choosing among thousands needs.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Its number.
    pub id: AlertId,
    /// Where it comes from.
    pub source: SourceName,
    /// What it is about.
    pub service: Option<Service>,
    /// Where.
    pub environment: Option<Environment>,
    /// What it is called. Text from outside.
    pub name: String,
    /// How bad it is, in its own word.
    pub severity: String,
    /// Since when.
    pub starts: Timestamp,
}

impl Brief {
    /// What a permission for it has to cover, as [`Alert::spot`].
    pub fn spot(&self) -> (Service, Environment) {
        let service = self.service.clone().unwrap_or_else(Service::unnamed);
        (service, self.environment.clone().unwrap_or_else(Environment::unnamed))
    }
}

/// A source that does not answer.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Which.
    pub source: SourceName,
    /// Since when.
    pub since: Timestamp,
    /// What it said, or what became of the question.
    pub why: String,
}

const BRIEF: &str = "id, source, service, environment, name, severity, starts";

impl Alerts {
    /// The alert of that number, as people type it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn numbered(&self, said: &str) -> Result<Option<Alert>, Error> {
        let Some(id) = as_id(said) else { return Ok(None) };
        Ok(store::find(self.db.reader(), &id).await?.map(|kept| kept.alert))
    }

    /// The one of `open` that is meant by its name, when only one has it.
    ///
    /// # Errors
    /// [`Error::Unknown`] says what was probably meant.
    pub async fn named(&self, said: &str, open: &[Brief]) -> Result<Alert, Error> {
        let same = |brief: &&Brief| brief.name.eq_ignore_ascii_case(said);
        let mut named = open.iter().filter(same);
        let (first, more) = (named.next(), named.count());
        let shown: String = said.chars().filter(|c| *c != '`').take(40).collect();
        match (first, more) {
            (Some(brief), 0) => return self.find(&brief.id).await,
            (Some(_), more) => {
                let hint = format!(
                    ", but {} of that name fire: say one by its number, which `/alerts` shows",
                    more + 1
                );
                return Err(Error::Unknown { said: shown, hint });
            }
            (None, _) => {}
        }
        let near = nearest(said, open);
        let hint = near.map_or_else(
            || ": `/alerts` lists those that fire".to_owned(),
            |near| format!(". Did you mean `{near}`?"),
        );
        Err(Error::Unknown { said: shown, hint })
    }

    /// The alert of that number.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: &AlertId) -> Result<Alert, Error> {
        let found = store::find(self.db.reader(), id).await?;
        let unknown = || Error::Unknown { said: id.to_string(), hint: String::new() };
        found.map(|kept| kept.alert).ok_or_else(unknown)
    }

    /// Everything that fires, by service, the worst first, and of those the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(&self) -> Result<Vec<Brief>, Error> {
        let sql = format!(
            "SELECT {BRIEF} FROM alerts WHERE over = 0
             ORDER BY CASE WHEN service = '' THEN 1 ELSE 0 END, service, rank, severity,
                      starts DESC, id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(self.db.reader()).await?;
        Ok(rows.iter().map(brief).collect::<anyhow::Result<_>>()?)
    }

    /// What fires no more, the last first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn over(&self) -> Result<Vec<Brief>, Error> {
        let sql =
            format!("SELECT {BRIEF} FROM alerts WHERE over > 0 ORDER BY over DESC, id LIMIT $1");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(OVER);
        let rows = query.fetch_all(self.db.reader()).await?;
        Ok(rows.iter().map(brief).collect::<anyhow::Result<_>>()?)
    }

    /// What fires in one environment, the worst first: at most so many, and how many there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn firing_in(
        &self,
        service: &Service,
        environment: &Environment,
        most: i64,
    ) -> Result<(Vec<Alert>, usize), Error> {
        let there = "FROM alerts WHERE over = 0 AND service = $1 AND environment = $2";
        let sql = format!("SELECT COUNT(*) AS number {there}");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(service.as_str());
        let row = query.bind(environment.as_str()).fetch_one(self.db.reader()).await?;
        let number = usize::try_from(row.try_get::<i64, _>("number")?).unwrap_or(usize::MAX);
        if number == 0 {
            return Ok((vec![], 0));
        }
        let sql = format!(
            "SELECT data, said, card, revision {there} ORDER BY rank, starts DESC, id LIMIT $3"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(service.as_str());
        let query = query.bind(environment.as_str()).bind(most);
        let rows = query.fetch_all(self.db.reader()).await?;
        let alerts = rows.iter().map(|row| Ok(store::read(row)?.alert));
        Ok((alerts.collect::<anyhow::Result<_>>()?, number))
    }

    /// What began to fire for a service, or was resolved, from one moment to the other: the worst
    /// of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn during(
        &self,
        service: &Service,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Alert>, Error> {
        let query = sqlx::query(
            "SELECT data, said, card, revision FROM alerts
             WHERE service = $1 AND ((starts >= $2 AND starts <= $3) OR (over >= $2 AND over <= $3))
             ORDER BY rank, starts, id LIMIT $4",
        );
        let query = query.bind(service.as_str()).bind(from.0).bind(to.0).bind(DURING);
        let rows = query.fetch_all(self.db.reader()).await?;
        Ok(rows.iter().map(|row| Ok(store::read(row)?.alert)).collect::<anyhow::Result<_>>()?)
    }

    /// The sources that do not answer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn troubles(&self) -> Result<Vec<Trouble>, Error> {
        let mut troubles = vec![];
        for source in self.feeds.keys() {
            let health = self.health(source).await?;
            if let Some(since) = health.since {
                troubles.push(Trouble { source: source.clone(), since, why: health.why });
            }
        }
        Ok(troubles)
    }
}

/// The number or the name that was probably meant.
fn nearest(said: &str, open: &[Brief]) -> Option<String> {
    let lower = said.to_lowercase();
    let number = open.iter().map(|brief| (brief.id.as_str(), brief.id.as_str().to_owned()));
    let named: BTreeSet<&str> = open.iter().take(GUESSES).map(|b| b.name.as_str()).collect();
    let named = named.into_iter().map(|name| (name, name.to_owned()));
    let rated = number
        .take(GUESSES)
        .chain(named)
        .map(|(word, meant)| (strsim::jaro_winkler(&lower, &word.to_lowercase()), meant));
    let best = rated.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(alike, _)| *alike > ALIKE).map(|(_, meant)| meant.replace('`', "'"))
}

/// How alike two words must be, from 0 to 1, for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

fn brief(row: &AnyRow) -> anyhow::Result<Brief> {
    let text = |column| row.try_get::<&str, _>(column);
    Ok(Brief {
        id: text("id")?.parse()?,
        source: text("source")?.parse()?,
        // An empty name is none.
        service: text("service")?.parse().ok(),
        environment: text("environment")?.parse().ok(),
        name: text("name")?.to_owned(),
        severity: text("severity")?.to_owned(),
        starts: Timestamp(row.try_get("starts")?),
    })
}
