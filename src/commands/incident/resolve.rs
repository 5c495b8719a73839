//! `/incident resolve "rolled back"`, and the button that says it.

use super::{Again, LONGEST, told};
use crate::{
    access::Permission,
    commands::{Command, Error, Reply, Said, form::Field},
    incidents::{Event, Number},
};

/// Says that an incident is over.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Resolve {
    /// What fixed it, in any number of words.
    fix: Vec<String>,
    #[arg(long)]
    incident: Option<Number>,
}

impl Command for Resolve {
    const NAME: &'static str = "incident resolve";
    const USAGE: &'static str = "[\"what fixed it\"] [--incident N]";
    const SUMMARY: &'static str = "Say that an incident is over, and what fixed it.";
    const EXAMPLES: &'static [&'static str] =
        &["/incident resolve", "/incident resolve \"rolled back to v2.0.4\" --incident INC-7"];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let fix = told(&self.fix, LONGEST);
        let field = Field::text("fix", "What fixed it", "").with(fix.clone()).optional().long();
        let again = Again::saying("/incident resolve {fix} --incident {incident}", vec![field]);
        said.happen(self.incident, |by| Event::Resolved { by, fix }, again).await
    }
}
