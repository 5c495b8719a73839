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
        let fields = vec![
            Field::text("update", "How it goes", "what is new")
                .with(text.clone())
                .optional()
                .long(),
            Field::text("severity", "Severity", "sev1")
                .with(severity.map(Severity::word))
                .optional(),
            Field::text("status", "Status", "identified").with(status.map(Status::word)).optional(),
            Field::text("service", "Service", "").with(service.clone()).optional(),
        ];
        let given = [text.is_some(), severity.is_some(), status.is_some(), service.is_some()];
        let fields = fields.into_iter().zip(given).filter(|(_, given)| *given);
        let again = Again::saying(
            "/incident update {update} --severity {severity} --status {status} --service {service} \
             --incident {incident}",
            fields.map(|(field, _)| field).collect(),
        );
        let event = |by| Event::Updated { by, text, severity, status, service };
        said.happen(incident, event, again).await
    }
}
