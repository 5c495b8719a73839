//! A register as it was last read: the last good answer is kept, with its age when it is old.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{
    super::{Ground, HORIZON, Level, Roster, roll::Roll, timeline::Window},
    AHEAD, Opened, Register, Understood,
    reading::AGAIN,
};
use crate::{
    clock::{Timestamp, spoken},
    jobs::Wish,
    names::{PersonName, hex, is_invisible},
};

pub(super) const KIND: &str = "calendar";

/// How much of why it cannot be read is kept.
const TROUBLE: usize = 200;

/// How long reading may take, with every page of it: a job has half a minute.
const PATIENCE: Duration = Duration::from_secs(25);

/// How many readings may be missed before that is said.
const MISSED: u32 = 3;

/// Nobody's register changes by the second.
const SOONEST: Duration = Duration::from_secs(10);

/// One register somebody's turns are in, and what is known of it.
pub(in crate::oncall) struct Kept {
    /// The digest of where it comes from: what is kept is kept under it.
    pub(super) source: String,
    pub(super) refresh: Duration,
    register: Arc<dyn Register>,
    roll: Roll,
    ground: Ground,
    read: Mutex<Option<Known>>,
}

/// What was made of an answer, and of which.
struct Known {
    fetched: Timestamp,
    window: Window,
    understood: Understood,
}

/// How the last readings went.
struct State {
    /// When it was last read well; 0 for never.
    fetched: Timestamp,
    /// Why it could not be read the last time; empty when it could.
    trouble: String,
}

impl Kept {
    pub(in crate::oncall) fn new(
        opened: Opened<'_>,
        people: &[PersonName],
        ground: &Ground,
    ) -> Self {
        let Opened { register, who, refresh } = opened;
        Self {
            source: hex(&Sha256::digest(register.place())),
            refresh: refresh.0.max(SOONEST),
            register,
            roll: Roll::new(people, who),
            ground: ground.clone(),
            read: Mutex::new(None),
        }
    }

    /// The job that reads it.
    pub(super) fn wish(&self, run_at: Timestamp) -> Wish {
        Wish { kind: KIND, key: self.source.clone(), payload: self.source.clone(), run_at }
    }

    async fn state(&self) -> anyhow::Result<Option<State>> {
        let sql = "SELECT fetched, trouble FROM calendars WHERE source = $1";
        let row = sqlx::query(sql).bind(&self.source).fetch_optional(self.ground.db.reader());
        let Some(row) = row.await? else { return Ok(None) };
        let fetched = Timestamp(row.try_get("fetched")?);
        Ok(Some(State { fetched, trouble: row.try_get("trouble")? }))
    }

    async fn body(&self) -> anyhow::Result<String> {
        let sql = "SELECT body FROM calendars WHERE source = $1";
        let row = sqlx::query(sql).bind(&self.source).fetch_one(self.ground.db.reader()).await?;
        Ok(row.try_get("body")?)
    }

    /// Reads it where it lies, and makes sure that it can be understood.
    pub(super) async fn fetch(&self) -> anyhow::Result<String> {
        let now = self.ground.clock.now();
        let window = Window { from: now, until: now.plus(HORIZON + AHEAD) };
        let read = tokio::time::timeout(PATIENCE, self.register.read(window)).await;
        let text = read.with_context(|| format!("it took longer than {}", spoken(PATIENCE)))??;
        self.understand(text.clone(), window).await?;
        Ok(text)
    }

    /// What is made to break its reader must not break more than that.
    async fn understand(&self, text: String, window: Window) -> anyhow::Result<Understood> {
        let (register, roll) = (self.register.clone(), self.roll.clone());
        let read =
            tokio::task::spawn_blocking(move || register.understand(&text, &roll, window)).await;
        read.context("it cannot be read")?
    }

    /// Keeps the answer, or what is wrong now; whether it is an answer.
    pub(super) async fn keep(&self, fetched: anyhow::Result<String>) -> anyhow::Result<bool> {
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
                let register = self.register.called();
                tracing::warn!(register, trouble, "who is on call cannot be read");
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
    fn known(&self, fetched: Timestamp, window: Window) -> Option<Understood> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.as_ref().filter(|known| {
            known.fetched == fetched
                && known.window.from <= window.from
                && known.window.until >= window.until
        })?;
        Some(known.understood.clone())
    }

    /// What the answer of then says.
    async fn said(&self, fetched: Timestamp, window: Window) -> anyhow::Result<Understood> {
        if let Some(known) = self.known(fetched, window) {
            return Ok(known);
        }
        // A day more, so that it need not be read anew for each question.
        let wide = Window { until: window.until.plus(Duration::from_hours(24)), ..window };
        let understood = self.understand(self.body().await?, wide).await?;
        let known = Known { fetched, window: wide, understood: understood.clone() };
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(understood)
    }
}

#[async_trait]
impl Level for Kept {
    async fn asked(&self, window: Window) -> anyhow::Result<Roster> {
        let Understood { turns, odd, name, until } =
            self.understand(self.fetch().await?, window).await?;
        let what = self.register.called();
        let note = odd.map(|odd| format!("About the {what}: {odd}."));
        let source = name.map(|name| format!("{name}, a {what}."));
        Ok(Roster { turns, known: true, note, until, source })
    }

    async fn turns(&self, window: Window) -> anyhow::Result<Roster> {
        let (now, what) = (self.ground.clock.now(), self.register.called());
        let Some(State { fetched, trouble }) = self.state().await? else {
            let note = format!("The {what} has not been read yet; ask again in a minute.");
            return Ok(Roster::unknown(note));
        };
        if fetched.0 == 0 {
            return Ok(Roster::unknown(format!("The {what} cannot be read: {trouble}.")));
        }
        let ago = spoken(now.since(fetched));
        let Understood { turns, odd, name, until } = match self.said(fetched, window).await {
            Ok(understood) => understood,
            Err(error) => {
                let note = format!("What was kept of the {what} cannot be read: {error:#}.");
                return Ok(Roster::unknown(note));
            }
        };
        let why = if trouble.is_empty() { "nobody has read it since" } else { &trouble };
        if until.is_some_and(|until| until <= window.from) {
            let note =
                format!("The {what} cannot be read ({why}), and what it said {ago} ago is over.");
            return Ok(Roster::unknown(note));
        }
        let then = fetched.time_of_day(now);
        let old = if !trouble.is_empty() {
            Some(format!(
                "The {what} cannot be read ({why}); this is what it said {ago} ago, {then}."
            ))
        } else if now.since(fetched) > self.refresh * MISSED + AGAIN {
            // A process that was down has not read it yet; one whose jobs stand still never does.
            Some(format!("The {what} was last read {ago} ago, {then}."))
        } else {
            None
        };
        let odd = odd.map(|odd| format!("About the {what}: {odd}."));
        let source = name.map(|name| format!("{name}, a {what}."));
        Ok(Roster { turns, known: true, note: old.or(odd), until, source })
    }
}
