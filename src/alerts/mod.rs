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
pub mod azure_monitor;
mod board;
mod buttons;
pub mod datadog;
mod door;
mod errands;
pub mod grafana;
mod heard;
mod intake;
mod list;
mod looking;
pub mod pagerduty;
mod poll;
mod settings;
mod severity;
mod showing;
mod silence;
mod store;
mod storm;
mod telling;
mod view;
pub mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::Notify;

pub use acts::{Act, Refusal};
pub use alert::{Alert, Over, Phase, target};
pub use board::{Board, Share};
pub use buttons::{Deed, Viewer};
pub use door::doors;
pub use errands::Errands;
pub use heard::{Heard, Muting, NotOne, Said, Words};
pub use list::{AlertsView, Page, Row};
pub use looking::{Brief, Trouble};
pub use settings::{AllSettings, Common, Flaw, LabelSettings, Settings};
pub use severity::Severity;
pub use silence::{Silence, Stage, Wanted, Whose};
pub use storm::{StormView, Tally};
pub use telling::{Acknowledged, Carried, Doing, Telling, Word};
pub use view::AlertView;

use crate::{
    clock::{Clock, Timestamp},
    greeting::Greeting,
    hooks::{Prover, Reading},
    names::{AlertId, Correlation, Environment, RoomName, Service, SourceName},
    outbound::{Failure, Outbound},
    store::Db,
};

/// What an alert's cards and audit rows are about.
pub const ALERT: &str = "alert";

/// What the card of a storm is about.
pub const STORM: &str = "storm";

/// Somewhere alerts come from. It brings them; what else it can is told by the rest.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what it has brought to the door, once it was proved who brought it: its alerts, and
    /// whether some were left out of it.
    fn delivery(&self, body: &[u8], now: Timestamp) -> Result<(Vec<Heard>, bool), NotOne>;

    /// Everything that fires there now, at that moment; `None` when it cannot be asked.
    async fn list(&self, _: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        Ok(None)
    }

    /// Whether it brings what happens there, as far as it shows that to whoever asks.
    async fn greet(&self) -> Vec<Greeting> {
        vec![]
    }

    /// Whether [`Source::list`] would tell of that alert while it fires. What it would not is never
    /// taken for over because it is not listed.
    fn lists(&self, _: &Alert, _: Timestamp) -> bool {
        true
    }

    /// Whether silences are made there, and [`Source::list`] tells of ours. Where not, those that
    /// people want here live in the bot, and hide others that it tells of.
    fn tells_silences(&self) -> bool {
        false
    }

    /// Makes the silence, unless it is there already; returns the source's name for it. May be
    /// asked twice.
    async fn silence(&self, wish: &SilenceWish) -> Result<String, Failure> {
        Ok(kept_here(wish))
    }

    /// Ends a silence by the source's name for it, or by our own where that is empty. One that is
    /// no more has been ended. May be asked twice.
    async fn unsilence(&self, _: &str, _: &Correlation) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether the source wants to know who has an alert: then [`Source::carry`] tells it.
    fn carries(&self) -> bool {
        false
    }

    /// Tells the source what a person has done about an alert. It is asked after that was written
    /// down, and may be asked twice; a [`Failure::Refused`] is told to people, anything else is
    /// tried again first. What is over there is left alone, and answered with [`Carried::Over`].
    async fn carry(&self, _: &Word) -> Result<Carried, Failure> {
        Ok(Carried::Done)
    }
}

/// The name of a silence that lives in the bot alone: our own.
fn kept_here(wish: &SilenceWish) -> String {
    wish.correlation.to_string()
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
    /// How it is configured, as every kind of source is.
    pub common: Common,
    /// How often it is asked what fires; `None` when it cannot be asked.
    pub every: Option<Duration>,
    /// How it is reached.
    pub source: Arc<dyn Source>,
    /// How it proves itself when it brings alerts; without it, that door is closed.
    pub prover: Option<Arc<Prover>>,
}

/// Every source of the configuration.
pub type Feeds = BTreeMap<SourceName, Feed>;

/// What sources reach their servers with.
#[derive(Clone)]
pub struct Reach {
    /// The way out.
    pub outbound: Outbound,
    /// The time.
    pub clock: Clock,
}

/// Opens the source that is configured so.
///
/// # Errors
/// When something it needs cannot be had: a secret, say.
pub fn open(settings: &Settings, reach: &Reach) -> anyhow::Result<Feed> {
    let source: Arc<dyn Source> = match settings {
        Settings::Alertmanager(own) => Arc::new(alertmanager::Alertmanager::new(own, reach)),
        Settings::Datadog(own) => Arc::new(datadog::Datadog::new(own, reach)?),
        Settings::Grafana(own) => Arc::new(grafana::Grafana::new(own, reach)),
        Settings::AzureMonitor(own) => Arc::new(azure_monitor::AzureMonitor::new(own, reach)?),
        Settings::Pagerduty(own) => Arc::new(pagerduty::PagerDuty::new(own, reach)?),
        Settings::Webhook(own) => Arc::new(webhook::Webhook::new(own)),
    };
    let common = settings.common();
    let prover = |proof| Prover::new(proof, &reach.outbound, &reach.clock).map(Arc::new);
    let prover = common.proof.as_ref().map(prover).transpose()?;
    Ok(Feed { common, every: settings.every(), source, prover })
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
    /// How deliveries are read.
    reading: Reading,
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
        Self { db, clock, bell, feeds, homes, reading: door::reading() }
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
        common: &Common,
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
        home.or_else(|| common.room.clone())
    }
}

/// The alert of that number, as [`AlertId`] takes it: people type capitals too.
fn as_id(said: &str) -> Option<AlertId> {
    said.to_lowercase().parse().ok()
}
