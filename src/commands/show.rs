//! `/show 8f2c91d4`, and the buttons that open a card again.

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    names::DeploymentId,
};

/// Shows a deployment's card once more, as it is now.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Show {
    deployment: DeploymentId,
}

impl Command for Show {
    const NAME: &'static str = "show";
    const USAGE: &'static str = "<deployment>";
    const SUMMARY: &'static str = "Open a deployment's card again.";
    const EXAMPLES: &'static [&'static str] = &["/show 8f2c91d4"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let deployment = said.bot.deployments.find(&self.deployment).await?;
        let plan = &deployment.plan;
        said.require(Permission::Look, Target::of(&plan.service, &plan.environment)).await?;
        let card = said.bot.card(&said.actor, &deployment).await;
        let gone = || Error::NothingMeant("There is nothing to show.".to_owned());
        card.map(Reply::Card).ok_or_else(gone)
    }
}
