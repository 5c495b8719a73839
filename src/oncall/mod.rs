//! Who is awake: schedules of who is on call, and the pages that reach them.
//!
//! A schedule has levels; each knows its turns, from the configuration or from a calendar. What a
//! moment makes of turns is worked out in one place, [`watches`], whatever they come from.

mod calendars;
mod ical;
mod pages;
mod rota;
mod settings;
mod timeline;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use calendars::Reading;
pub use ical::{BadCalendar, Read, Roll, read};
pub use pages::{
    Answered, CALL, Call, Delivery, Next, PAGE, Page, PageCards, PageError, PageView, PageWish,
    Pager, Pages, Reached, Sent,
};
pub use rota::{first_day, turns as rota_turns};
pub use settings::{
    CalendarUrl, IcalSettings, LevelSettings, OverrideSettings, PageSettings, RotaSettings,
    ScheduleSettings, Settings, WebhookSettings,
};
pub use timeline::{Turn, Watch, Who, Window, replace, watches};
pub use view::{LevelNow, OnCallView, Reader, ScheduleNow};

use crate::{
    calendar::ZoneName,
    clock::{Clock, Timestamp},
    names::{PersonName, ScheduleName, Service},
    outbound::Outbound,
    store::Db,
};

/// How far ahead anybody looks for the next hand-over.
pub const HORIZON: Duration = Duration::from_hours(62 * 24);

/// What schedules stand on.
#[derive(Clone)]
pub struct Ground {
    /// The database; calendars are kept in it.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The way to other servers.
    pub outbound: Outbound,
}

/// Something that knows whose turn it is. One kind, one file.
#[async_trait]
pub trait Level: Send + Sync {
    /// Every turn that touches the window.
    async fn turns(&self, window: Window) -> anyhow::Result<Roster>;

    /// The same, asked where it comes from and not of what is kept of it. Keeps nothing.
    async fn asked(&self, window: Window) -> anyhow::Result<Roster> {
        self.turns(window).await
    }
}

/// What a level knows.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// Its turns.
    pub turns: Vec<Turn>,
    /// Whether anything is known at all: without turns, nobody is on call only then.
    pub known: bool,
    /// What to know about it, as a sentence.
    pub note: Option<String>,
}

impl Roster {
    fn unknown(note: &str) -> Self {
        Self { turns: vec![], known: false, note: Some(note.to_owned()) }
    }
}

/// People who take turns.
struct Rota {
    settings: RotaSettings,
    zone: ZoneName,
}

#[async_trait]
impl Level for Rota {
    async fn turns(&self, window: Window) -> anyhow::Result<Roster> {
        let turns = rota::turns(&self.settings, &self.zone, window);
        Ok(Roster { turns, known: true, note: None })
    }
}

/// One schedule, opened.
struct Schedule {
    settings: ScheduleSettings,
    levels: Vec<Arc<dyn Level>>,
}

/// Every schedule there is.
pub struct OnCall {
    schedules: BTreeMap<ScheduleName, Schedule>,
    calendars: Vec<Arc<calendars::Calendar>>,
    ground: Ground,
}

impl OnCall {
    /// The schedules of the configuration; `people` are those it knows.
    ///
    /// # Errors
    /// When a level says neither where its calendar is, nor who takes turns.
    pub fn open(
        settings: &Settings,
        people: &[PersonName],
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let (mut schedules, mut all) = (BTreeMap::new(), vec![]);
        for (name, settings) in settings {
            let mut levels: Vec<Arc<dyn Level>> = vec![];
            for level in &settings.levels {
                let zone = settings.time_zone.clone();
                match level {
                    LevelSettings::Rota(rota) => {
                        levels.push(Arc::new(Rota { settings: rota.clone(), zone }));
                    }
                    LevelSettings::Ical(ical) => {
                        let roll = Roll::new(people, &ical.who);
                        let opened = calendars::Calendar::open(ical, &zone, roll, ground)?;
                        let calendar = Arc::new(opened);
                        all.push(calendar.clone());
                        levels.push(calendar);
                    }
                }
            }
            schedules.insert(name.clone(), Schedule { settings: settings.clone(), levels });
        }
        Ok(Self { schedules, calendars: all, ground: ground.clone() })
    }

    /// Has every calendar read in the background; returns who does it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> anyhow::Result<Reading> {
        let reading = Reading { calendars: self.calendars.clone(), ground: self.ground.clone() };
        reading.begin().await?;
        Ok(reading)
    }

    /// Every schedule's name and rules.
    pub fn schedules(&self) -> impl Iterator<Item = (&ScheduleName, &ScheduleSettings)> + Clone {
        self.schedules.iter().map(|(name, schedule)| (name, &schedule.settings))
    }

    /// The rules of one.
    pub fn rules(&self, name: &ScheduleName) -> Option<&ScheduleSettings> {
        self.schedules.get(name).map(|schedule| &schedule.settings)
    }

    /// The schedules that are for a service, in the order of their names.
    pub fn for_service(&self, service: &Service) -> Vec<&ScheduleName> {
        let for_it = self.schedules().filter(|(_, rules)| rules.services.contains(service));
        for_it.map(|(name, _)| name).collect()
    }

    /// Who is on call at one level at that moment, and what comes then.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn level(
        &self,
        name: &ScheduleName,
        level: usize,
        now: Timestamp,
    ) -> anyhow::Result<LevelNow> {
        let opened = self.schedules.get(name).and_then(|schedule| schedule.levels.get(level));
        let Some(opened) = opened else { return Ok(LevelNow::default()) };
        let window = Window { from: now, until: now.plus(HORIZON) };
        let Roster { turns, known, note } = opened.turns(window).await?;
        let watches = if known { watches(&turns, window) } else { vec![] };
        Ok(LevelNow { watches, note })
    }

    /// As [`OnCall::level`], of everybody who has to be asked for it. Keeps nothing.
    ///
    /// # Errors
    /// When whoever knows does not answer.
    pub async fn ask(
        &self,
        name: &ScheduleName,
        level: usize,
        now: Timestamp,
    ) -> anyhow::Result<LevelNow> {
        let opened = self.schedules.get(name).and_then(|schedule| schedule.levels.get(level));
        let Some(opened) = opened else { return Ok(LevelNow::default()) };
        let window = Window { from: now, until: now.plus(HORIZON) };
        let Roster { turns, known, note } = opened.asked(window).await?;
        Ok(LevelNow { watches: if known { watches(&turns, window) } else { vec![] }, note })
    }

    /// Every level of a schedule at that moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&self, name: &ScheduleName, now: Timestamp) -> anyhow::Result<Vec<LevelNow>> {
        let count = self.schedules.get(name).map_or(0, |schedule| schedule.levels.len());
        let mut levels = Vec::with_capacity(count);
        for level in 0..count {
            levels.push(self.level(name, level, now).await?);
        }
        Ok(levels)
    }
}
