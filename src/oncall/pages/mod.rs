//! Pages: somebody is to answer, and whoever asks sees whether they were reached.

mod page;
mod pager;
mod reach;
mod store;
mod view;

use std::sync::Arc;

use tokio::sync::Notify;

pub use page::{Answered, Call, Delivery, Next, Page, Reached, Sent};
pub use pager::{PageCards, Pager};
pub use view::PageView;

use super::OnCall;
use crate::{
    access::{Access, Actor},
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::{Clock, Timestamp},
    jobs,
    names::{PageId, PersonName, ScheduleName, Service, hint},
    store::{Db, Tx},
};

/// What a page's card and audit rows are about.
pub const PAGE: &str = "page";

/// What the card of somebody who is called is about.
pub const CALL: &str = "call";

/// Longest message that is sent: what has to be read in the middle of the night.
const LONGEST: usize = 500;

/// Somebody wants somebody to answer.
#[derive(Clone, Debug)]
pub struct PageWish {
    /// Who is to answer.
    pub to: Reached,
    /// What it is about.
    pub message: String,
    /// Who asks.
    pub by: Actor,
    /// Where they ask.
    pub place: Place,
    /// The message they ask with.
    pub origin: String,
}

/// Why nobody was paged, or a page not answered.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nobody and nothing is called so.
    #[error("There is no schedule and nobody called `{name}`.{hint}")]
    Unknown {
        /// What was said.
        name: String,
        /// The nearest, or all.
        hint: String,
    },
    /// There is no such page.
    #[error("There is no page {0}. Its number is on its card")]
    NoSuchPage(PageId),
    /// One answer is enough.
    #[error("{by} is already on it, since {at}")]
    Answered {
        /// Who.
        by: String,
        /// Since when.
        at: String,
    },
    /// Not theirs to answer.
    #[error("{0} was not called by this page, and may not page anybody, so cannot answer it")]
    NotTheirs(String),
    /// Our fault, not theirs.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl From<sqlx::Error> for PageError {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// Every page there was.
pub struct Pages {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
    oncall: Arc<OnCall>,
    access: Arc<Access>,
}

impl Pages {
    /// The pages kept in `db`.
    pub fn new(
        db: Db,
        clock: Clock,
        bell: Arc<Notify>,
        oncall: Arc<OnCall>,
        access: Arc<Access>,
    ) -> Self {
        Self { db, clock, bell, oncall, access }
    }

    /// Who is meant by a name: a schedule, or somebody the configuration knows.
    ///
    /// # Errors
    /// [`PageError::Unknown`] with the nearest names.
    pub fn meant(&self, name: &str) -> Result<Reached, PageError> {
        if let Some(schedule) = name.parse::<ScheduleName>().ok().filter(|n| self.has(n)) {
            return Ok(Reached::Schedule(schedule));
        }
        if let Some(person) = name.parse::<PersonName>().ok()
            && self.access.named(&person).is_some()
        {
            return Ok(Reached::Person(person));
        }
        let schedules = self.oncall.schedules().map(|(name, _)| name.as_str());
        let people = self.access.people().iter().map(|person| person.name.as_str());
        let known: Vec<&str> = schedules.chain(people).collect();
        let hint = hint(name, known.iter().copied());
        Err(PageError::Unknown { name: shown(name), hint })
    }

    fn has(&self, name: &ScheduleName) -> bool {
        self.oncall.rules(name).is_some()
    }

    /// The services a page to them is about.
    pub fn services(&self, to: &Reached) -> Vec<Service> {
        match to {
            Reached::Schedule(name) => {
                self.oncall.rules(name).map(|rules| rules.services.clone()).unwrap_or_default()
            }
            Reached::Person(_) => vec![],
        }
    }

    /// Has somebody called. The same person's same words, while nobody has answered them, are the
    /// same page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ask(&self, wish: PageWish) -> Result<Page, PageError> {
        let now = self.clock.now();
        let message: String = wish.message.trim().chars().take(LONGEST).collect();
        let (levels, patience) = match &wish.to {
            Reached::Schedule(name) => self
                .oncall
                .rules(name)
                .map_or((0, None), |rules| (rules.levels.len(), Some(rules.escalate_after.0))),
            Reached::Person(_) => (1, None),
        };
        let patience = patience.unwrap_or(std::time::Duration::from_mins(5));
        let page = Page {
            id: PageId::random(),
            services: self.services(&wish.to),
            to: wish.to,
            message,
            by: wish.by,
            asked: now,
            asked_in: wish.place,
            origin: wish.origin,
            levels,
            patience: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            calls: vec![],
            begun: vec![],
            unknown: vec![],
            answered: None,
            exhausted: false,
        };
        let mut tx = self.db.begin().await?;
        let same = |other: &Page| {
            other.to == page.to && other.by == page.by && other.message == page.message
        };
        if let Some(known) = store::open(&mut *tx).await?.into_iter().find(same) {
            return Ok(known);
        }
        if !store::insert(&mut tx, &page).await? {
            drop(tx);
            let known = store::of_origin(self.db.reader(), &page.origin).await?;
            return known.ok_or_else(|| anyhow::anyhow!("a page was lost").into());
        }
        let detail = serde_json::json!({ "to": page.to.to_string(), "message": page.message });
        self.put(&mut tx, &page, (&page.by, "page"), detail).await?;
        jobs::enqueue(&mut tx, &pager::wish(&page.id, now)?).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(page)
    }

    /// Somebody is on it: whoever was called, or with `may_page` anybody.
    ///
    /// # Errors
    /// [`PageError::Answered`] when somebody already is, [`PageError::NotTheirs`] when it is not
    /// theirs to answer.
    pub async fn answer(&self, id: &PageId, by: Actor, may_page: bool) -> Result<Page, PageError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let page = store::keep(&mut tx, self.db.dialect(), id).await?;
        let mut page = page.ok_or_else(|| PageError::NoSuchPage(id.clone()))?;
        if !may_page && !self.is_called(&page, &by) {
            return Err(PageError::NotTheirs(by.name));
        }
        if !page.answer(by.clone(), now) {
            let answered = page.answered.as_ref();
            return match answered {
                Some(answered) if answered.by == by => Ok(page),
                answered => Err(PageError::Answered {
                    by: answered.map(|a| a.by.name.clone()).unwrap_or_default(),
                    at: answered.map(|a| a.at.time_of_day(now)).unwrap_or_default(),
                }),
            };
        }
        store::update(&mut tx, &page).await?;
        let after = now.since(page.asked).as_secs();
        let detail = serde_json::json!({ "to": page.to.to_string(), "seconds": after });
        self.put(&mut tx, &page, (&by, "page_answered"), detail).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(page)
    }

    /// The page of that number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(&self, id: &str) -> Result<Option<Page>, PageError> {
        Ok(store::find(self.db.reader(), id).await?)
    }

    /// Has the card of every open page shown again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn show_all(&self) -> Result<(), PageError> {
        let mut tx = self.db.begin().await?;
        for page in store::open(&mut *tx).await? {
            jobs::enqueue(&mut tx, &pager::card(&page.id, self.clock.now())?).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Whether this person was called by that page.
    pub fn is_called(&self, page: &Page, actor: &Actor) -> bool {
        page.calls_for(|name| self.access.is(actor, name))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Changes a page, with an audit row and its card; what `change` returns nothing for is none.
    async fn change(
        &self,
        id: &PageId,
        action: &str,
        change: impl FnOnce(&mut Page) -> Option<serde_json::Value>,
    ) -> Result<Option<Page>, PageError> {
        let mut tx = self.db.begin().await?;
        let page = store::keep(&mut tx, self.db.dialect(), id).await?;
        let Some(mut page) = page else { return Ok(None) };
        let Some(detail) = change(&mut page) else { return Ok(None) };
        store::update(&mut tx, &page).await?;
        self.put(&mut tx, &page, (&Actor::bot(), action), detail).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(Some(page))
    }

    /// What follows from a change: the card, and the audit row where something happened.
    async fn put(
        &self,
        tx: &mut Tx<'_>,
        page: &Page,
        (by, action): (&Actor, &str),
        detail: serde_json::Value,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        jobs::enqueue(tx, &pager::card(&page.id, now)?).await?;
        if action.is_empty() {
            return Ok(());
        }
        let entry = Entry {
            at: now,
            actor: by.clone(),
            action: action.to_owned(),
            subject: Subject::new(PAGE, &page.id).to_string(),
            service: only(&page.services),
            environment: None,
            outcome: audit::Outcome::Done,
            detail: detail.to_string(),
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }
}

/// The service of a page that is about one alone.
fn only(services: &[Service]) -> Option<Service> {
    match services {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// The beginning of what somebody said, as it may be shown back to them.
fn shown(text: &str) -> String {
    let plain = text.chars().filter(|c| !crate::names::is_invisible(*c)).take(60);
    plain.collect::<String>().replace('`', "'")
}
