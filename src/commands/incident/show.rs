//! `/incident show INC-7`, and the buttons that open a card again.

use super::{Again, Meant, which};
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said},
    incidents::Number,
};

/// Shows an incident's card once more, as it is now.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Show {
    incident: Option<Number>,
}

impl Command for Show {
    const NAME: &'static str = "incident show";
    const USAGE: &'static str = "[incident]";
    const SUMMARY: &'static str = "Open an incident's card again.";
    const EXAMPLES: &'static [&'static str] = &["/incident show INC-7", "/incident show"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        match said.incident_meant(self.incident, Permission::Look).await? {
            Meant::OneOf(several) => {
                let again = Again::saying("/incident show {incident}", vec![]);
                Ok(Reply::Card(which(&several, again).into()))
            }
            Meant::One(incident) => {
                let card = said.bot.incident_card(&said.actor, &incident).await;
                let gone = || Error::NothingMeant("There is nothing to show.".to_owned());
                card.map(Reply::Card).ok_or_else(gone)
            }
        }
    }
}
