//! `/incident reopen INC-7`, and the button that says it.

use super::Meant;
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said},
    incidents::{self, Event, Number},
};

/// Says that an incident was not over after all.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Reopen {
    incident: Option<Number>,
}

impl Command for Reopen {
    const NAME: &'static str = "incident reopen";
    const USAGE: &'static str = "[incident]";
    const SUMMARY: &'static str = "Open an incident again that was not over after all.";
    const EXAMPLES: &'static [&'static str] = &["/incident reopen INC-7"];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        // In the room of one that is over it is clear which is meant.
        let here = said.bot.incidents.told_in(&said.place).await?;
        let here = self.incident.or(here.map(|incident| incident.number));
        let Some(number) = here else {
            let what = "Say which: `/incident reopen INC-7`. `/incident list` shows the latest.";
            return Err(Error::NothingMeant(what.to_owned()));
        };
        let Meant::One(_) = said.incident_meant(Some(number), Permission::Incidents).await? else {
            return Err(anyhow::anyhow!("one number named several incidents").into());
        };
        said.bot.incidents.record(number, Event::Reopened { by: said.actor }).await?;
        Ok(Reply::Shown(incidents::subject(number)))
    }
}
