//! Calendars read in the background: the last good answer is kept, with its age when the server
//! is down. May run twice.

use std::{
    io::Read as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{
    Ground, Level, Roster,
    ical::{self, BadCalendar, LARGEST, Roll},
    settings::{CalendarUrl, IcalSettings},
    timeline::{Turn, Window},
};
use crate::{
    calendar::ZoneName,
    clock::{Timestamp, spoken},
    jobs::{Handler, Job, Ran, Wish, enqueue},
    names::{hex, is_invisible},
};

const KIND: &str = "calendar";

/// A calendar that cannot be read is tried again this soon at the latest.
const AGAIN: Duration = Duration::from_mins(1);

/// How much of why it cannot be read is kept.
const TROUBLE: usize = 200;

/// One calendar that somebody's turns are in.
pub(super) struct Calendar {
    /// The digest of where it comes from: what is kept is kept under it.
    source: String,
    origin: Origin,
    refresh: Duration,
    zone: ZoneName,
    roll: Roll,
    ground: Ground,
    read: Mutex<Option<Known>>,
}

enum Origin {
    Address(CalendarUrl),
    File(PathBuf),
}

/// What was made of an answer, and of which.
struct Known {
    fetched: Timestamp,
    window: Window,
    turns: Vec<Turn>,
    odd: Option<String>,
}

/// What is kept of a calendar.
struct Kept {
    fetched: Timestamp,
    trouble: String,
}

impl Calendar {
    pub(super) fn open(
        settings: &IcalSettings,
        zone: &ZoneName,
        roll: Roll,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let (origin, named) = match (&settings.url, &settings.file) {
            (Some(url), _) => (Origin::Address(url.clone()), String::from(url.clone())),
            (None, Some(file)) => (Origin::File(file.clone()), format!("path:{}", file.display())),
            (None, None) => anyhow::bail!("a calendar has neither `url` nor `file`"),
        };
        Ok(Self {
            source: hex(&Sha256::digest(named)),
            origin,
            // Nobody's calendar changes by the second.
            refresh: settings.refresh.0.max(Duration::from_secs(10)),
            zone: zone.clone(),
            roll,
            ground: ground.clone(),
            read: Mutex::new(None),
        })
    }

    /// The job that reads it.
    pub(super) fn wish(&self, run_at: Timestamp) -> Wish {
        Wish { kind: KIND, key: self.source.clone(), payload: self.source.clone(), run_at }
    }

    async fn kept(&self) -> anyhow::Result<Option<Kept>> {
        let sql = "SELECT fetched, trouble FROM calendars WHERE source = $1";
        let row = sqlx::query(sql).bind(&self.source).fetch_optional(self.ground.db.reader());
        let Some(row) = row.await? else { return Ok(None) };
        let fetched = Timestamp(row.try_get("fetched")?);
        Ok(Some(Kept { fetched, trouble: row.try_get("trouble")? }))
    }

    async fn body(&self) -> anyhow::Result<String> {
        let sql = "SELECT body FROM calendars WHERE source = $1";
        let row = sqlx::query(sql).bind(&self.source).fetch_one(self.ground.db.reader()).await?;
        Ok(row.try_get("body")?)
    }

    /// Reads the calendar where it lies, and makes sure that it is one.
    async fn fetch(&self) -> anyhow::Result<String> {
        let text = match &self.origin {
            Origin::Address(url) => {
                let request = self.ground.outbound.request(Method::GET, url.read()?);
                let answer = self.ground.outbound.send(request).await?;
                anyhow::ensure!(answer.body.len() <= LARGEST, BadCalendar::TooLarge);
                String::from_utf8(answer.body).context("it is not UTF-8 text")?
            }
            Origin::File(file) => {
                let file = file.clone();
                tokio::task::spawn_blocking(move || contents(&file)).await??
            }
        };
        let now = self.ground.clock.now();
        let window = Window { from: now, until: now.plus(super::HORIZON) };
        self.understand(text.clone(), window).await?;
        Ok(text)
    }

    /// A calendar made to break its reader must not break more than that.
    async fn understand(&self, text: String, window: Window) -> anyhow::Result<ical::Read> {
        let (zone, roll) = (self.zone.clone(), self.roll.clone());
        let read = tokio::task::spawn_blocking(move || ical::read(&text, &zone, &roll, window));
        Ok(read.await.context("it cannot be read")??)
    }

    /// Keeps the answer, or what is wrong now.
    async fn keep(&self, fetched: anyhow::Result<String>) -> anyhow::Result<bool> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.begin().await?;
        let good = match fetched {
            Ok(body) => {
                sqlx::query(
                    "INSERT INTO calendars (source, fetched, trouble, body) VALUES ($1, $2, '', $3)
                     ON CONFLICT (source) DO UPDATE
                     SET fetched = excluded.fetched, trouble = '', body = excluded.body",
                )
                .bind(&self.source)
                .bind(now.0)
                .bind(body)
                .execute(&mut *tx)
                .await?;
                true
            }
            Err(error) => {
                let said = format!("{error:#}");
                let trouble: String =
                    said.chars().filter(|c| !is_invisible(*c)).take(TROUBLE).collect();
                tracing::warn!(trouble, "a calendar of who is on call cannot be read");
                sqlx::query(
                    "INSERT INTO calendars (source, fetched, trouble, body) VALUES ($1, 0, $2, '')
                     ON CONFLICT (source) DO UPDATE SET trouble = excluded.trouble",
                )
                .bind(&self.source)
                .bind(trouble)
                .execute(&mut *tx)
                .await?;
                false
            }
        };
        tx.commit().await?;
        Ok(good)
    }

    /// What was made of the answer of then, when the whole window was looked at.
    fn known(&self, fetched: Timestamp, window: Window) -> Option<(Vec<Turn>, Option<String>)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.as_ref().filter(|known| {
            known.fetched == fetched
                && known.window.from <= window.from
                && known.window.until >= window.until
        })?;
        Some((known.turns.clone(), known.odd.clone()))
    }
}

#[async_trait]
impl Level for Calendar {
    async fn asked(&self, window: Window) -> anyhow::Result<Roster> {
        let ical::Read { turns, odd } = self.understand(self.fetch().await?, window).await?;
        let note = odd.map(|odd| format!("About the calendar: {odd}."));
        Ok(Roster { turns, known: true, note })
    }

    async fn turns(&self, window: Window) -> anyhow::Result<Roster> {
        let now = self.ground.clock.now();
        let Some(Kept { fetched, trouble }) = self.kept().await? else {
            return Ok(Roster::unknown(
                "The calendar has not been read yet; ask again in a minute.",
            ));
        };
        if fetched.0 == 0 {
            return Ok(Roster::unknown(&format!("The calendar cannot be read: {trouble}.")));
        }
        let (turns, odd) = if let Some(known) = self.known(fetched, window) {
            known
        } else {
            // A day more, so that it need not be read anew for each question.
            let wide = Window { until: window.until.plus(Duration::from_hours(24)), ..window };
            let ical::Read { turns, odd } = self.understand(self.body().await?, wide).await?;
            let known = Known { fetched, window: wide, turns: turns.clone(), odd: odd.clone() };
            *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
            (turns, odd)
        };
        let old = (!trouble.is_empty()).then(|| {
            format!(
                "The calendar cannot be read ({trouble}); this is what it said {} ago, {}.",
                spoken(now.since(fetched)),
                fetched.time_of_day(now),
            )
        });
        let odd = odd.map(|odd| format!("About the calendar: {odd}."));
        Ok(Roster { turns, known: true, note: old.or(odd) })
    }
}

/// Reads calendars again and again.
pub struct Reading {
    pub(super) calendars: Vec<Arc<Calendar>>,
    pub(super) ground: Ground,
}

#[async_trait]
impl Handler for Reading {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let mut of_that = self.calendars.iter().filter(|calendar| calendar.source == job.payload);
        let Some(calendar) = of_that.next() else {
            // The configuration has none like it any more.
            self.forget(&job.payload).await?;
            return Ok(Ran::Done);
        };
        let often = of_that.map(|calendar| calendar.refresh).chain([calendar.refresh]).min();
        let often = often.unwrap_or(calendar.refresh);
        let good = calendar.keep(calendar.fetch().await).await?;
        Ok(Ran::Again(if good { often } else { often.min(AGAIN) }))
    }
}

impl Reading {
    /// Has each begin, unless it has already.
    pub(super) async fn begin(&self) -> anyhow::Result<()> {
        let mut tx = self.ground.db.begin().await?;
        for calendar in &self.calendars {
            enqueue(&mut tx, &calendar.wish(self.ground.clock.now())).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn forget(&self, source: &str) -> anyhow::Result<()> {
        let mut tx = self.ground.db.begin().await?;
        sqlx::query("DELETE FROM calendars WHERE source = $1")
            .bind(source)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

fn contents(file: &std::path::Path) -> anyhow::Result<String> {
    let opened = std::fs::File::open(file)
        .with_context(|| format!("the file {} cannot be read", file.display()))?;
    let mut text = String::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(limit).read_to_string(&mut text).context("it is not UTF-8 text")?;
    anyhow::ensure!(text.len() <= LARGEST, BadCalendar::TooLarge);
    Ok(text)
}
