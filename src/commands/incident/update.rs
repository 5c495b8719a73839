//! `/incident update "the database is back"`, and the buttons that say it.

use super::{Again, LONGEST, told};
use crate::{
    access::{Permission, Target},
    commands::{Command, Error, Reply, Said, form::Field},
    incidents::{Event, Number, Severity, Status},
    names::Service,
};

/// Tells how an incident goes.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Update {
    /// How it goes, in any number of words.
    text: Vec<String>,
    #[arg(long)]
    severity: Option<Severity>,
    #[arg(long)]
    status: Option<Status>,
    #[arg(long)]
    service: Option<Service>,
    #[arg(long)]
    incident: Option<Number>,
}

impl Command for Update {
    const NAME: &'static str = "incident update";
    const USAGE: &'static str = "[\"how it goes\"] [--status investigating|identified|monitoring] \
                                 [--severity sev1|sev2|sev3|sev4] [--service S] [--incident N]";
    const SUMMARY: &'static str = "Tell how an incident goes, or change what its card says.";
    const EXAMPLES: &'static [&'static str] = &[
        "/incident update \"the database is back\" --status monitoring",
        "/incident update --severity sev1 --incident INC-7",
    ];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { text, severity, status, service, incident } = self;
        let text = told(&text, LONGEST);
        if text.is_none() && severity.is_none() && status.is_none() && service.is_none() {
            let what = "Say how it goes: `/incident update \"the database is back\"`.";
            return Err(Error::NothingMeant(what.to_owned()));
        }
        said.bot.planner.known(service.as_ref(), None)?;
        if service.is_some() {
            let target = Target { service: service.as_ref(), environment: None };
            said.require(Permission::Incidents, target).await?;
        }
        let long = Field::text("update", "How it goes", "what is new").long();
        let given = [
            text.clone().map(|text| ("{update}", long.with(Some(text)))),
            severity.map(|s| ("--severity {severity}", filled("severity", "Severity", s.word()))),
            status.map(|s| ("--status {status}", filled("status", "Status", s.word()))),
            service
                .clone()
                .map(|s| ("--service {service}", filled("service", "Service", s.as_str()))),
        ];
        let (words, fields): (Vec<&str>, Vec<Field>) = given.into_iter().flatten().unzip();
        let say = format!("/incident update {} --incident {{incident}}", words.join(" "));
        let again = Again { say, fields };
        let event = |by| Event::Updated { by, text, severity, status, service };
        said.happen(incident, event, again).await
    }
}

/// What was said already, to be looked at once more.
fn filled(id: &'static str, label: &'static str, said: &str) -> Field {
    Field::text(id, label, "").with(Some(said))
}
