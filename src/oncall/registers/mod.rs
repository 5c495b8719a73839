//! Where somebody outside writes down whose turn it is. One vendor, one file.
//!
//! A register is read in the background and its last good answer is kept, so that nobody waits for
//! somebody else's server, and nobody is forgotten because it is down.

mod calendar;
mod grafana_irm;
mod jira;
mod kept;
mod listed;
mod pagerduty;
mod reading;
mod settings;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use url::Url;

pub(super) use kept::Kept;
pub use reading::Reading;
pub use settings::{
    CalendarUrl, GrafanaIrmSettings, IcalSettings, JiraSettings, OutsideId, PagerDutySettings,
};

use super::{
    Ground, LevelSettings,
    roll::Roll,
    timeline::{Turn, Window},
};
use crate::{
    calendar::ZoneName,
    clock::{Span, Timestamp},
    names::PersonName,
};

/// How much further than anybody looks a register is read: it may be out of reach so long before
/// the next hand-overs are unknown.
pub(super) const AHEAD: Duration = Duration::from_hours(7 * 24);

/// Whose turn it is when, as somebody outside writes it down.
#[async_trait]
pub trait Register: Send + Sync {
    /// What it is, in the middle of a sentence and without an article.
    fn called(&self) -> &'static str;

    /// Where it is and what of it is read. What is kept of it is kept under a digest of this, so
    /// no secret is a part of it that might be changed.
    fn place(&self) -> String;

    /// Reads it where it lies: the text that is kept of it.
    ///
    /// # Errors
    /// When there is no answer, or one that nobody could use. Not knowing is never an empty list.
    async fn read(&self, window: Window) -> anyhow::Result<String>;

    /// What a kept text says about a window. Pure, and perhaps slow.
    ///
    /// # Errors
    /// When it is not what this register keeps.
    fn understand(&self, kept: &str, roll: &Roll, window: Window) -> anyhow::Result<Understood> {
        listed::understand(kept, roll, window)
    }
}

/// What a register says.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    /// The turns that touch the window.
    pub turns: Vec<Turn>,
    /// What of it could not be understood, as the end of a sentence.
    pub odd: Option<String>,
    /// What it is called there. Text from outside.
    pub name: Option<String>,
    /// Until when it was read; without an end, when nothing is said.
    pub until: Option<Timestamp>,
}

/// A register, with what the configuration says about it.
pub(super) struct Opened<'a> {
    /// The register.
    pub(super) register: Arc<dyn Register>,
    /// What it calls people.
    pub(super) who: &'a BTreeMap<PersonName, Vec<String>>,
    /// How often it is read.
    pub(super) refresh: Span,
}

/// The register a level is taken from; none when its people are in the configuration.
///
/// # Errors
/// When the settings name no place, or a secret cannot be read.
pub fn open_register(
    level: &LevelSettings,
    zone: &ZoneName,
    ground: &Ground,
) -> anyhow::Result<Option<Arc<dyn Register>>> {
    Ok(open(level, zone, ground)?.map(|opened| opened.register))
}

pub(super) fn open<'a>(
    level: &'a LevelSettings,
    zone: &ZoneName,
    ground: &Ground,
) -> anyhow::Result<Option<Opened<'a>>> {
    let (register, who, refresh): (Arc<dyn Register>, _, _) = match level {
        LevelSettings::Rota(_) => return Ok(None),
        LevelSettings::Ical(ical) => {
            (Arc::new(calendar::Calendar::open(ical, zone, ground)?), &ical.who, ical.refresh)
        }
        LevelSettings::PagerDuty(duty) => {
            (Arc::new(pagerduty::PagerDuty::open(duty, ground)?), &duty.who, duty.refresh)
        }
        LevelSettings::Jira(jira) => {
            (Arc::new(jira::Jira::open(jira, ground)?), &jira.who, jira.refresh)
        }
        LevelSettings::GrafanaIrm(irm) => {
            (Arc::new(grafana_irm::GrafanaIrm::open(irm, ground)?), &irm.who, irm.refresh)
        }
    };
    Ok(Some(Opened { register, who, refresh }))
}

/// An address with a query.
fn with(mut url: Url, query: &[(&str, &str)]) -> Url {
    url.query_pairs_mut().extend_pairs(query);
    url
}
