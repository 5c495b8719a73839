//! Who is awake: schedules of who is on call, and the pages that reach them.
//!
//! A schedule has levels; each knows its turns, from the configuration or from a register that
//! somebody outside keeps. What a moment makes of turns is worked out in one place, [`watches`],
//! whatever they come from.

mod ical;
mod pages;
mod registers;
mod roll;
mod rota;
mod settings;
mod timeline;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use async_trait::async_trait;

pub use ical::{BadCalendar, Read, read};
pub use pages::{
    Answered, CALL, Call, Delivery, Next, PAGE, Page, PageCards, PageError, PageView, PageWish,
    Pager, Pages, Reached, Sent,
};
pub use registers::{
    CalendarUrl, GrafanaIrmSettings, IcalSettings, JiraSettings, OutsideId, PagerDutySettings,
    Reading, Register, Understood, open_register,
};
pub use roll::Roll;
pub use rota::{first_day, turns as rota_turns};
pub use settings::{
    LevelSettings, OverrideSettings, PageSettings, RotaSettings, ScheduleSettings, Settings,
    WebhookSettings,
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
    /// The database; what registers say is kept in it.
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
    /// Until when they are known; without an end, when nothing is said.
    pub until: Option<Timestamp>,
    /// Where they are from, as a sentence.
    pub source: Option<String>,
}

impl Roster {
    fn unknown(note: String) -> Self {
        Self { note: Some(note), ..Self::default() }
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
        Ok(Roster { turns, known: true, ..Roster::default() })
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
    registers: Vec<Arc<registers::Kept>>,
    ground: Ground,
}

impl OnCall {
    /// The schedules of the configuration; `people` are those it knows.
    ///
    /// # Errors
    /// When a level says neither where its register is, nor who takes turns; when the secret to
    /// read it with cannot be had.
    pub fn open(
        settings: &Settings,
        people: &[PersonName],
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let (mut schedules, mut all) = (BTreeMap::new(), vec![]);
        for (name, settings) in settings {
            let mut levels: Vec<Arc<dyn Level>> = vec![];
            for (number, level) in settings.levels.iter().enumerate() {
                let zone = settings.time_zone.clone();
                if let LevelSettings::Rota(rota) = level {
                    let zone = zone.clone();
                    levels.push(Arc::new(Rota { settings: rota.clone(), zone }));
                }
                let opened = registers::open(level, &zone, ground)
                    .with_context(|| format!("level {} of the schedule {name}", number + 1))?;
                if let Some(opened) = opened {
                    let kept = Arc::new(registers::Kept::new(opened, people, ground));
                    all.push(kept.clone());
                    levels.push(kept);
                }
            }
            schedules.insert(name.clone(), Schedule { settings: settings.clone(), levels });
        }
        Ok(Self { schedules, registers: all, ground: ground.clone() })
    }

    /// Has every register read in the background; returns who does it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> anyhow::Result<Reading> {
        let reading = Reading { registers: self.registers.clone(), ground: self.ground.clone() };
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
        Ok(LevelNow::of(opened.turns(window).await?, window))
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
        Ok(LevelNow::of(opened.asked(window).await?, window))
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
