//! What the world tells us: alerts, from sources that bring them and are asked for them, and what
//! people do about them.
//!
//! ```text
//! a source ─ delivers ─▶ door ─┐
//!          ◀─ is asked ─ poll ─┴▶ intake ─ Alert::hear ─▶ store ─▶ errands ─▶ board ─▶ a card
//! a person ─ /ack, /silence ─▶ acting ─ Alert::act ──────▲   └▶ the source: silence, unsilence
//! ```
//!
//! `alert`, `acts`, `silence`, `heard`, `severity`, `board` and the views are pure: they decide.
//! A source is one file; the rest of the room knows none of them.

mod acting;
mod acts;
mod alert;
pub mod alertmanager;
mod board;
mod buttons;
mod door;
mod errands;
mod heard;
mod intake;
mod list;
mod listening;
mod looking;
mod poll;
mod settings;
mod severity;
mod showing;
mod silence;
mod store;
mod storm;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore};

pub use acts::{Act, Refusal};
pub use alert::{Acknowledged, Alert, Over, Phase, target};
pub use board::{Board, Share};
pub use buttons::{Deed, Viewer};
pub use door::doors;
pub use errands::Errands;
pub use heard::{Heard, Muting, Said, Words};
pub use list::{AlertsView, Page, Row};
pub use looking::{Brief, Trouble};
pub use settings::{AlertmanagerSettings, AllSettings, LabelSettings, Settings, WebhookSettings};
pub use severity::Severity;
pub use silence::{Silence, Stage, Wanted, Whose};
pub use storm::{StormView, Tally};
pub use view::AlertView;

use crate::{
    clock::{Clock, Timestamp},
    names::{AlertId, Correlation, Environment, RoomName, Service, SourceName},
    outbound::{Failure, Outbound},
    store::Db,
};

/// What an alert's cards and audit rows are about.
pub const ALERT: &str = "alert";

/// What the card of a storm is about.
pub const STORM: &str = "storm";

/// Somewhere alerts come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Everything that fires there now, at that moment; `None` when it cannot be asked.
    async fn list(&self, now: Timestamp) -> Result<Option<Vec<Heard>>, Failure>;

    /// Makes the silence, unless it is there already; returns the source's name for it. May be
    /// asked twice.
    async fn silence(&self, wish: &SilenceWish) -> Result<String, Failure>;

    /// Ends a silence by the source's name for it, or by our own where that is empty. One that is
    /// no more has been ended. May be asked twice.
    async fn unsilence(&self, id: &str, correlation: &Correlation) -> Result<(), Failure>;
}

/// A silence as a source is asked for it: of one alert, by all its labels.
#[derive(Clone, Debug)]
pub struct SilenceWish {
    /// The labels of that very alert.
    pub labels: BTreeMap<String, String>,
    /// From this moment on.
    pub from: Timestamp,
    /// Until this one.
    pub until: Timestamp,
    /// Who wants it: name and id.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Our own name for it.
    pub correlation: Correlation,
    /// The source's name for the silence whose place it takes.
    pub replaces: Option<String>,
}

/// A source of the configuration, open.
#[derive(Clone)]
pub struct Feed {
    /// How it is configured.
    pub settings: Settings,
    /// How it is reached.
    pub source: Arc<dyn Source>,
}

/// Every source of the configuration.
pub type Feeds = BTreeMap<SourceName, Feed>;

/// Opens the source that is configured so.
pub fn open(settings: &Settings, outbound: &Outbound) -> Feed {
    let Settings::Alertmanager(own) = settings;
    let source: Arc<dyn Source> = match &own.url {
        Some(url) => Arc::new(alertmanager::Alertmanager::new(url.clone(), own, outbound)),
        None => Arc::new(listening::Listening),
    };
    Feed { settings: settings.clone(), source }
}

/// Which services there are, and the room of each environment.
pub type Homes = BTreeMap<Service, BTreeMap<Environment, Option<RoomName>>>;

/// What was deployed before an alert began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// What went out: `v2.1.0`.
    pub what: String,
    /// Who asked for it.
    pub by: String,
    /// When it had gone out; `None` while it was under way.
    pub at: Option<Timestamp>,
}

/// Whoever knows what was deployed.
#[async_trait]
pub trait Shipments: Send + Sync {
    /// The last thing that was deployed there before that moment.
    async fn before(
        &self,
        service: &Service,
        environment: &Environment,
        moment: Timestamp,
    ) -> Option<Shipment>;
}

/// Which commands of others there are to lead to from an alert.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// `/runbook`
    pub runbook: bool,
}

/// Every alert there is, and the only way to change one.
pub struct Alerts {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
    feeds: Feeds,
    homes: Homes,
    /// Deliveries that are being read.
    reading: Semaphore,
}

/// What alerts stand on.
#[derive(Clone)]
pub struct Ground {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Wakes the worker.
    pub bell: Arc<Notify>,
}

/// Why an alert was not found or not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such alert.
    #[error("There is no alert `{said}`{hint}")]
    Unknown {
        /// What was said.
        said: String,
        /// What was probably meant, or where to look.
        hint: String,
    },
    /// It cannot happen now.
    #[error(transparent)]
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

impl Alerts {
    /// The alerts of this database, from these sources.
    pub fn new(ground: Ground, feeds: Feeds, homes: Homes) -> Self {
        let Ground { db, clock, bell } = ground;
        Self { db, clock, bell, feeds, homes, reading: Semaphore::new(door::AT_ONCE) }
    }

    /// What time it is here.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The names of every source.
    pub fn sources(&self) -> impl Iterator<Item = &SourceName> {
        self.feeds.keys()
    }

    /// The room of an alert about this: the service's own, or that of its source.
    fn room(
        &self,
        settings: &AlertmanagerSettings,
        (service, environment): (Option<&Service>, Option<&Environment>),
    ) -> Option<RoomName> {
        let home = service.and_then(|service| self.homes.get(service)).and_then(|environments| {
            let named = environment.and_then(|environment| environments.get(environment));
            named.cloned().unwrap_or_else(|| {
                // An environment nobody knows: the service's people read their only room.
                let rooms: BTreeSet<_> = environments.values().flatten().collect();
                let mut rooms = rooms.into_iter();
                rooms.next().filter(|_| rooms.next().is_none()).cloned()
            })
        });
        home.or_else(|| settings.room.clone())
    }
}

/// The alert of that number, as [`AlertId`] takes it: people type capitals too.
fn as_id(said: &str) -> Option<AlertId> {
    said.to_lowercase().parse().ok()
}
