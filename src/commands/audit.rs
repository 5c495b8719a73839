//! `/audit`, `/audit checkout --since 7d`

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    alerts::ALERT,
    audit::{AuditView, Filter, Question, Record, mentions, search},
    clock::{Span, Timestamp},
    deployments::{LOCK, SUBJECT},
    incidents,
    names::{Environment, Service, nearest},
    oncall::PAGE,
    runbooks::RUN,
};

/// Shows who did what.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Audit {
    /// A service, an environment, a person, a number; each narrows it down.
    words: Vec<String>,
    #[arg(long)]
    since: Option<Span>,
    #[arg(long)]
    last: Option<usize>,
    /// Only what is older than this row.
    #[arg(long)]
    before: Option<i64>,
}

/// How many rows are shown when nobody says how many: about one screen.
const USUAL: usize = 10;

/// More would not fit into a message of Teams.
const MOST: usize = 20;

/// How many words are understood; there is no fifth thing that a row could be found by.
const WORDS: usize = 4;

/// Rows that are read at a time while those are looked for that this person may read.
const BATCH: usize = 200;

/// Rows that are looked at for one answer at most, so that it comes while the person waits; the
/// next page goes on from there.
const PATIENCE: usize = 5000;

/// How far the clocks of replicas may be apart: rows are in the order they were written in, which
/// is not quite that of their times.
const SKEW: Span = Span(std::time::Duration::from_mins(10));

/// What a number alone may be of.
const KINDS: [&str; 6] = [SUBJECT, LOCK, ALERT, PAGE, RUN, incidents::SUBJECT];

impl Command for Audit {
    const NAME: &'static str = "audit";
    const USAGE: &'static str = "[service, person or deployment] [--since 7d] [--last N]";
    const SUMMARY: &'static str = "Show who did what when, and what was refused.";
    const EXAMPLES: &'static [&'static str] =
        &["/audit", "/audit checkout production --since 7d", "/audit alice --last 20"];
    const PERMISSION: Option<Permission> = Some(Permission::Audit);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        if self.since.is_some_and(|since| since.0.is_zero()) {
            let what = "`--since 0s` leaves nothing to show: say `--since 2h` or `--since 7d`.";
            return Err(Error::NothingMeant(what.to_owned()));
        }
        let Self { words, since, last, before } = self;
        let mut asked = Question { since, last, before, ..Question::default() };
        let mut filter = Filter::default();
        for word in words.iter().take(WORDS) {
            said.understand(word, &mut asked, &mut filter).await?;
        }
        if let Some(word) = words.get(WORDS) {
            return Err(twice(word));
        }
        let named =
            Target { service: filter.service.as_ref(), environment: filter.environment.as_ref() };
        said.require(Permission::Audit, named).await?;
        let (rows, older) = said.rows(&asked, &filter).await?;
        let everything = said.bot.access.may_everywhere(&said.actor, Permission::Audit).await;
        Ok(Reply::Card(AuditView::of(&asked, &rows, older, everything).into()))
    }
}

impl Said<'_> {
    /// Finds out what a word stands for.
    async fn understand(
        &self,
        word: &str,
        asked: &mut Question,
        filter: &mut Filter,
    ) -> Result<(), Error> {
        let found = match self.known(word) {
            Some(found) => found,
            None => {
                match mentions(&self.bot.db, word, &KINDS).await.map_err(anyhow::Error::from)? {
                    Some(found) => found,
                    None => return Err(self.unknown(word)),
                }
            }
        };
        let Filter { service, environment, actors, subject } = found;
        let taken = (service.is_some() && filter.service.is_some())
            || (environment.is_some() && filter.environment.is_some())
            || (!actors.is_empty() && !filter.actors.is_empty())
            || (subject.is_some() && filter.subject.is_some());
        if taken {
            return Err(twice(word));
        }
        if !actors.is_empty() {
            asked.person = Some(word.to_owned());
            filter.actors = actors;
        }
        filter.service = filter.service.take().or(service);
        filter.environment = filter.environment.take().or(environment);
        filter.subject = filter.subject.take().or(subject);
        asked.service.clone_from(&filter.service);
        asked.environment.clone_from(&filter.environment);
        asked.subject.clone_from(&filter.subject);
        Ok(())
    }

    /// What a word stands for in the configuration.
    fn known(&self, word: &str) -> Option<Filter> {
        let services = self.bot.planner.services();
        if let Some(service) = services.keys().find(|service| service.as_str() == word) {
            return Some(Filter { service: Some(service.clone()), ..Filter::default() });
        }
        let mut environments = services.values().flat_map(|service| service.environments.keys());
        if let Some(environment) = environments.find(|known| known.as_str() == word) {
            return Some(Filter { environment: Some(environment.clone()), ..Filter::default() });
        }
        let mut people = self.bot.access.people().iter();
        let person = people.find(|person| person.name.eq_ignore_ascii_case(word))?;
        let actors = person.ids.iter().map(ToString::to_string).collect();
        Some(Filter { actors, ..Filter::default() })
    }

    fn unknown(&self, word: &str) -> Error {
        let services = self.bot.planner.services();
        let names = services.keys().map(Service::as_str);
        let names = names.chain(
            services
                .values()
                .flat_map(|service| service.environments.keys())
                .map(Environment::as_str),
        );
        let names = names.chain(self.bot.access.people().iter().map(|person| person.name.as_str()));
        let hint = match nearest(word, names) {
            Some(near) => format!(" Did you mean `{near}`?"),
            None => " Name a service, an environment, a person, or the number of a deployment."
                .to_owned(),
        };
        let word = super::error::shown(word);
        Error::NothingMeant(format!("Nobody and nothing in the audit is called `{word}`.{hint}"))
    }

    /// One page of what this person may read, and where the next one begins.
    async fn rows(
        &self,
        asked: &Question,
        filter: &Filter,
    ) -> Result<(Vec<Record>, Option<i64>), Error> {
        let wanted = asked.last.unwrap_or(USUAL).clamp(1, MOST);
        let now = self.bot.clock.now();
        let since = asked.since.map(|since| back(now, since));
        let everything = self.bot.access.may_everywhere(&self.actor, Permission::Audit).await;
        let (mut rows, mut looked) = (vec![], 0);
        let mut before = asked.before.unwrap_or(i64::MAX);
        loop {
            let page = search(&self.bot.db, filter, before, BATCH).await;
            let page = page.map_err(anyhow::Error::from)?;
            for record in page.records {
                if since.is_some_and(|since| record.at < back(since, SKEW)) {
                    return Ok((rows, None));
                }
                let recent = since.is_none_or(|since| record.at >= since);
                if !recent || !(everything || self.may_read(&record).await) {
                    continue;
                }
                if rows.len() == wanted {
                    return Ok((rows, Some(before)));
                }
                before = record.seq;
                rows.push(record);
            }
            looked += BATCH;
            match page.next {
                None => return Ok((rows, None)),
                next if looked >= PATIENCE => return Ok((rows, next)),
                Some(next) => before = next,
            }
        }
    }

    /// What concerns no place is for those who may read everything.
    async fn may_read(&self, record: &Record) -> bool {
        let Record { service, environment, .. } = record;
        let target = Target { service: service.as_ref(), environment: environment.as_ref() };
        (service.is_some() || environment.is_some())
            && self.expects(Permission::Audit, target).await
    }
}

fn twice(word: &str) -> Error {
    let word = super::error::shown(word);
    Error::NothingMeant(format!(
        "`{word}` is one too many: name one service, one environment, one person and one number at \
         most."
    ))
}

fn back(from: Timestamp, by: Span) -> Timestamp {
    let millis = i64::try_from(by.0.as_millis()).unwrap_or(i64::MAX);
    Timestamp(from.0.saturating_sub(millis))
}
