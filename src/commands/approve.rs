//! `/approve 8f2c91d4 --plan 7c1d2e3f`, and the button that says it.

use super::{Command, Error, Reply, Said};
use crate::{
    access::Permission,
    chat::Subject,
    deployments::{Event, SUBJECT, State},
    names::{DeploymentId, PlanDigest},
};

/// Agrees to a plan.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Approve {
    deployment: Option<DeploymentId>,
    #[arg(long)]
    plan: Option<PlanDigest>,
}

impl Command for Approve {
    const NAME: &'static str = "approve";
    const USAGE: &'static str = "[deployment] [--plan digest]";
    const SUMMARY: &'static str = "Let somebody else's deployment go ahead.";
    const EXAMPLES: &'static [&'static str] = &["/approve", "/approve 8f2c91d4 --plan 7c1d2e3f"];
    const PERMISSION: Option<Permission> = Some(Permission::Approve);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let deployment = said
            .meant(self.deployment.as_ref(), Permission::Approve, State::wants_approval)
            .await?;
        let subject = Subject::new(SUBJECT, &deployment.id);
        let Some(plan) = self.plan else {
            // Nobody approves what they have not seen: here it is, with its button.
            let card = said.bot.card(&said.actor, &deployment).await;
            return Ok(card.map_or(Reply::Shown(subject), Reply::Card));
        };
        let event = Event::Approved { by: said.actor, plan };
        said.bot.deployments.record(&deployment.id, event).await?;
        Ok(Reply::Shown(subject))
    }
}
