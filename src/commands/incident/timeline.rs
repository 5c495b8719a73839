//! `/incident timeline INC-7`, and the buttons that say it.

use super::{Again, Meant, which};
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said},
    incidents::{Number, TimelineView},
};

/// Tells what happened.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Timeline {
    incident: Option<Number>,
    /// Counted from 1; the last, when nobody says.
    #[arg(long)]
    page: Option<usize>,
}

impl Command for Timeline {
    const NAME: &'static str = "incident timeline";
    const USAGE: &'static str = "[incident] [--page N]";
    const SUMMARY: &'static str = "Tell what happened in an incident, and to its service.";
    const EXAMPLES: &'static [&'static str] =
        &["/incident timeline", "/incident timeline INC-7 --page 1"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        match said.incident_meant(self.incident, Permission::Look).await? {
            Meant::OneOf(several) => {
                let again = Again::saying("/incident timeline {incident}", vec![]);
                Ok(Reply::Card(which(&several, again).into()))
            }
            Meant::One(incident) => {
                let (seen, now) = (said.seen_of(&incident).await, said.bot.clock.now());
                let moments = said.bot.chronicle.timeline(&incident, Some(&seen), now).await?;
                let view = TimelineView::of(&incident, &moments, self.page, now);
                Ok(Reply::Card(view.into()))
            }
        }
    }
}
