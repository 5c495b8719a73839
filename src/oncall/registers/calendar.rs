//! A calendar in the iCalendar format, at an address or in a file.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;

use super::{
    super::{
        Ground,
        ical::{self, BadCalendar, LARGEST},
        roll::Roll,
        timeline::Window,
    },
    CalendarUrl, IcalSettings, Register, Understood,
};
use crate::{calendar::ZoneName, outbound::Outbound};

/// One calendar that somebody's turns are in.
pub(super) struct Calendar {
    origin: Origin,
    zone: ZoneName,
    outbound: Outbound,
}

enum Origin {
    Address(CalendarUrl),
    File(PathBuf),
}

impl Calendar {
    pub(super) fn open(
        settings: &IcalSettings,
        zone: &ZoneName,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let origin = match (&settings.url, &settings.file) {
            (Some(url), _) => Origin::Address(url.clone()),
            (None, Some(file)) => Origin::File(file.clone()),
            (None, None) => anyhow::bail!("a calendar has neither `url` nor `file`"),
        };
        Ok(Self { origin, zone: zone.clone(), outbound: ground.outbound.clone() })
    }
}

#[async_trait]
impl Register for Calendar {
    fn called(&self) -> &'static str {
        "calendar"
    }

    fn place(&self) -> String {
        match &self.origin {
            Origin::Address(url) => String::from(url.clone()),
            Origin::File(file) => format!("path:{}", file.display()),
        }
    }

    async fn read(&self, _: Window) -> anyhow::Result<String> {
        let mut text = match &self.origin {
            Origin::Address(url) => {
                let request = self.outbound.request(Method::GET, url.read()?);
                let answer = self.outbound.send(request).await?;
                anyhow::ensure!(answer.body.len() <= LARGEST, BadCalendar::TooLarge);
                String::from_utf8(answer.body).context("it is not UTF-8 text")?
            }
            Origin::File(file) => {
                let file = file.clone();
                tokio::task::spawn_blocking(move || contents(&file)).await??
            }
        };
        // PostgreSQL keeps no text that holds one, and no calendar needs it.
        text.retain(|letter| letter != '\0');
        Ok(text)
    }

    fn understand(&self, kept: &str, roll: &Roll, window: Window) -> anyhow::Result<Understood> {
        let ical::Read { turns, odd } = ical::read(kept, &self.zone, roll, window)?;
        Ok(Understood { turns, odd, name: None, until: None })
    }
}

fn contents(file: &Path) -> anyhow::Result<String> {
    let opened = std::fs::File::open(file)
        .with_context(|| format!("the file {} cannot be read", file.display()))?;
    let mut text = String::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(limit).read_to_string(&mut text).context("it is not UTF-8 text")?;
    anyhow::ensure!(text.len() <= LARGEST, BadCalendar::TooLarge);
    Ok(text)
}
