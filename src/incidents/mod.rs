//! Incidents: when it is serious. Who leads it, how far they are, where they talk, and everything
//! that happened, to be read afterwards.
//!
//! `incident` and `state` decide and are pure, as `view`, `timeline` and `export` are, which only
//! say it. This file writes down what was decided; `keeper` does what should happen next: it draws
//! the card, finds or makes a room, reminds the commander, and `duty` tells PagerDuty. `chronicle` gathers what others know.

mod chronicle;
mod counterpart;
mod document;
mod duty;
mod export;
mod incident;
mod keeper;
mod list;
mod number;
mod reminder;
mod room;
mod settings;
mod state;
mod store;
mod timeline;
mod view;

use std::{sync::Arc, time::Duration};

pub use chronicle::{Books, Chronicle, Witness};
pub use counterpart::{Closed, Counterpart, There, Trouble};
pub use document::DocumentView;
pub use duty::Duty;
pub use incident::{Declaration, Incident, Resolved, Told};
pub use keeper::Keeper;
pub use list::ListView;
pub use number::{BadWord, Number, Role, Severity, Status};
pub use reminder::{REMINDER, ReminderView};
pub use settings::{
    Membership, PagerDutySettings, RemindSettings, Settings, Urgency, UrgencySettings,
};
pub use state::{Effect, Effects, Event, Refusal, Room};
pub use timeline::{Kind, Moment, TimelineView};
pub use view::{IncidentView, Viewer};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::{Clock, Timestamp},
    jobs::{self, Wish},
    store::{Db, Tx},
};

/// What an incident's cards and audit rows are about.
pub const SUBJECT: &str = "incident";

/// How many incidents are looked back at.
const LATEST: i64 = 50;

/// Every incident there is, and the only way to change one.
pub struct Incidents {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
    settings: Settings,
}

/// Why an incident was not found or not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody ever declared it.
    #[error("There is no incident {number}.{hint}")]
    Unknown {
        /// What was asked for.
        number: Number,
        /// Which is the newest.
        hint: String,
    },
    /// It cannot happen now.
    #[error("{0}.")]
    Refused(#[from] Refusal),
    /// Our fault, not theirs.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl Incidents {
    /// The incidents of this database. Ringing `bell` wakes the worker.
    pub fn new(db: Db, clock: Clock, bell: Arc<Notify>, settings: Settings) -> Self {
        Self { db, clock, bell, settings }
    }

    /// How they are to be handled.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Declares one, and gives it its number. The same message again gives the same one.
    ///
    /// # Errors
    /// When it could not be written down.
    pub async fn declare(&self, said: Declaration) -> Result<Incident, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // The number first: whoever waits for it then sees what whoever had it before has made.
        let number = store::next_number(&mut tx).await?;
        if let Some(there) = store::by_origin(&mut tx, &said.origin).await? {
            return Ok(there);
        }
        let marker = Uuid::now_v7().simple().to_string().split_off(20);
        let best = self.settings.place;
        let (incident, event, effects) = Incident::declare((number, marker), &said, best, now);
        store::insert(&mut tx, &incident, &said.origin).await?;
        self.follow(&mut tx, (&incident, 1), &event, effects).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(incident)
    }

    /// Applies what happened, writes it down with its audit, and schedules what follows: all of it
    /// or nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] when it cannot happen now; nothing has changed then.
    pub async fn record(&self, number: Number, event: Event) -> Result<Incident, Error> {
        loop {
            let mut tx = self.db.begin().await?;
            let Some(mut loaded) = store::load(&mut tx, number).await? else {
                drop(tx);
                return Err(self.unknown(number).await?);
            };
            let mut event = event.clone();
            let effects = loaded.incident.apply(&mut event, self.clock.now())?;
            if !store::save(&mut tx, &loaded).await? {
                continue;
            }
            let incident = loaded.incident;
            self.follow(&mut tx, (&incident, loaded.revision + 1), &event, effects).await?;
            tx.commit().await?;
            self.bell.notify_one();
            return Ok(incident);
        }
    }

    /// What follows from what happened: it is kept, its jobs are written down, and its audit row,
    /// which comes last.
    async fn follow(
        &self,
        tx: &mut Tx<'_>,
        (incident, revision): (&Incident, i64),
        event: &Event,
        effects: Effects,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        store::keep(tx, (incident.number, revision), event, now).await?;
        for (effect, wait) in effects {
            let wish: Wish = keeper::wish(incident.number, effect, now.plus(wait))?;
            jobs::enqueue(tx, &wish).await?;
        }
        let (action, actor) = event.entry();
        let detail = serde_json::json!({ "service": incident.service, "event": event });
        let entry = Entry {
            at: now,
            actor,
            action: action.to_owned(),
            subject: subject(incident.number).to_string(),
            service: incident.service.clone(),
            environment: None,
            outcome: audit::Outcome::Done,
            detail: detail.to_string(),
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }

    /// The incident of that number.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, number: Number) -> Result<Incident, Error> {
        match store::find(self.db.reader(), number).await? {
            Some(incident) => Ok(incident),
            None => Err(self.unknown(number).await?),
        }
    }

    /// Every open one, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(&self) -> Result<Vec<Incident>, Error> {
        Ok(store::open(self.db.reader()).await?)
    }

    /// The latest, open or not, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn latest(&self) -> Result<Vec<Incident>, Error> {
        Ok(store::latest(self.db.reader(), LATEST).await?)
    }

    /// The one that has that place to itself, or whose room that is a thread of; of several the
    /// newest that is open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn told_in(&self, place: &Place) -> Result<Option<Incident>, Error> {
        let open = self.open().await?.into_iter().rev();
        let mut known = open.chain(self.latest().await?);
        Ok(known.find(|incident| incident.is_told_in(place)))
    }

    /// Everything that happened to one, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self, number: Number) -> Result<Vec<(Timestamp, Event)>, Error> {
        Ok(store::events(self.db.reader(), number).await?)
    }

    /// Has a step of every open incident done now; for a chat that has lost what it showed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn nudge(&self, effect: Effect) -> Result<(), Error> {
        let open = self.open().await?;
        let mut tx = self.db.begin().await?;
        for incident in open {
            let wish = keeper::wish(incident.number, effect, self.clock.now())?;
            jobs::enqueue(&mut tx, &wish).await?;
        }
        tx.commit().await?;
        self.bell.notify_one();
        Ok(())
    }

    /// Has a step of one of them done after a while.
    async fn ask(&self, number: Number, effect: Effect, wait: Duration) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let wish = keeper::wish(number, effect, self.clock.now().plus(wait))?;
        jobs::enqueue(&mut tx, &wish).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn unknown(&self, number: Number) -> Result<Error, Error> {
        let newest = store::latest(self.db.reader(), 1).await?;
        let hint = match newest.first() {
            Some(newest) => format!(" The newest is {}.", newest.number),
            None => " There has been none yet: `/incident create` declares one.".to_owned(),
        };
        Ok(Error::Unknown { number, hint })
    }
}

/// What its card and its audit rows are about.
pub fn subject(number: Number) -> Subject {
    Subject::new(SUBJECT, number)
}
