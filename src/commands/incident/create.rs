//! `/incident create "checkout is down" --severity sev1`, and the button on an alert that says it.

use super::told;
use crate::{
    access::{Permission, Target},
    cards::Button,
    commands::{
        Command, Error, Reply, Said,
        form::{Field, FormView},
    },
    incidents::{self, Declaration, Severity},
    names::Service,
};

/// The longest title: it stands on every card, and in the name of a channel.
const TITLE: usize = 120;

/// What is taken when nobody says how bad it is: something is broken, and no more is known.
const USUAL: Severity = Severity::Sev3;

/// Declares an incident.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Create {
    /// What is wrong, in any number of words.
    title: Vec<String>,
    #[arg(long)]
    severity: Option<Severity>,
    #[arg(long)]
    service: Option<Service>,
}

impl Command for Create {
    const NAME: &'static str = "incident create";
    const USAGE: &'static str = "\"what is wrong\" [--severity sev1|sev2|sev3|sev4] [--service S]";
    const SUMMARY: &'static str = "Declare an incident: it gets a number, a commander and a room.";
    const EXAMPLES: &'static [&'static str] = &[
        "/incident create \"checkout is slow\"",
        "/incident create \"nobody can pay\" --severity sev1 --service checkout",
    ];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { title, severity, service } = self;
        let Some(title) = told(&title, TITLE) else {
            return Ok(Reply::Card(said.declaration(severity, service).into()));
        };
        said.bot.planner.known(service.as_ref(), None)?;
        let target = Target { service: service.as_ref(), environment: None };
        said.require(Permission::Incidents, target).await?;
        let Said { bot, actor: by, place, origin, .. } = said;
        let severity = severity.unwrap_or(USUAL);
        let declaration = Declaration { title, severity, service, by, place, origin };
        let incident = bot.incidents.declare(declaration).await?;
        Ok(Reply::Shown(incidents::subject(incident.number)))
    }
}

impl Said<'_> {
    /// Asks what is wrong.
    fn declaration(&self, severity: Option<Severity>, service: Option<Service>) -> FormView {
        let services = self.bot.planner.services().keys().map(ToString::to_string).collect();
        let severities = Severity::ALL.map(|severity| severity.word().to_owned()).to_vec();
        let severity = severity.unwrap_or(USUAL).word();
        FormView {
            title: "What is wrong?".to_owned(),
            text: Some("You will be its commander until somebody takes over.".to_owned()),
            fields: vec![
                Field::text("title", "What is wrong", "nobody can pay"),
                Field::choice("severity", "Severity", severities).with(Some(severity)),
                Field::choice("service", "Service", services).with(service).optional(),
            ],
            button: Button {
                title: "Declare it".to_owned(),
                say: "/incident create {title} --severity {severity} --service {service}"
                    .to_owned(),
                style: "positive",
                secondary: false,
            },
        }
    }
}
