//! `/incident export INC-7`, and the buttons that say it.

use super::{Again, Meant, which};
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said},
    incidents::{DocumentView, Number},
};

/// Gives an incident out as the beginning of a post-mortem.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Export {
    incident: Option<Number>,
    /// Counted from 1.
    #[arg(long, default_value_t = 1)]
    part: usize,
}

impl Command for Export {
    const NAME: &'static str = "incident export";
    const USAGE: &'static str = "[incident] [--part N]";
    const SUMMARY: &'static str = "Write the beginning of a post-mortem, in Markdown.";
    const EXAMPLES: &'static [&'static str] = &["/incident export INC-7"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        match said.incident_meant(self.incident, Permission::Look).await? {
            Meant::OneOf(several) => {
                let again = Again::saying("/incident export {incident}", vec![]);
                Ok(Reply::Card(which(&several, again).into()))
            }
            Meant::One(incident) => {
                let (seen, now) = (said.seen_of(&incident).await, said.bot.clock.now());
                let text = said.bot.chronicle.export(&incident, Some(&seen), now).await?;
                Ok(Reply::Card(DocumentView::of(incident.number, &text, self.part).into()))
            }
        }
    }
}
