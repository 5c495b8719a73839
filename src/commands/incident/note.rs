//! `/incident note "the error log begins at 09:12"`

use super::{Again, LONGEST, Meant, told, which};
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said, form::Field},
    incidents::{Event, Number},
};

/// Writes something into an incident's timeline, and no more.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Note {
    /// What is to be remembered, in any number of words.
    text: Vec<String>,
    #[arg(long)]
    incident: Option<Number>,
}

impl Command for Note {
    const NAME: &'static str = "incident note";
    const USAGE: &'static str = "\"what is to be remembered\" [--incident N]";
    const SUMMARY: &'static str = "Write something into an incident's timeline.";
    const EXAMPLES: &'static [&'static str] =
        &["/incident note \"the errors began at 09:12\"", "/incident note looks like DNS"];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Some(text) = told(&self.text, LONGEST) else {
            let what = "Say what is to be remembered: `/incident note \"looks like DNS\"`.";
            return Err(Error::NothingMeant(what.to_owned()));
        };
        match said.incident_meant(self.incident, Permission::Incidents).await? {
            Meant::OneOf(several) => {
                let field = Field::text("note", "Note", "").with(Some(text)).long();
                let again =
                    Again::saying("/incident note {note} --incident {incident}", vec![field]);
                Ok(Reply::Card(which(&several, again).into()))
            }
            Meant::One(incident) => {
                let number = incident.number;
                said.bot.incidents.record(number, Event::Noted { by: said.actor, text }).await?;
                Ok(Reply::Text(format!("Noted in the timeline of {number}.")))
            }
        }
    }
}
