//! `/cancel 8f2c91d4`, and the buttons `Cancel` and `Stop`.

use super::{Command, Error, Reply, Said};
use crate::{
    access::Permission,
    chat::Subject,
    deployments::{Event, SUBJECT, State},
    names::DeploymentId,
};

/// Stops a deployment, or the roll-back after it.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Cancel {
    deployment: Option<DeploymentId>,
}

impl Command for Cancel {
    const NAME: &'static str = "cancel";
    const USAGE: &'static str = "[deployment]";
    const SUMMARY: &'static str = "Stop a deployment of yours, or the roll-back after one.";
    const EXAMPLES: &'static [&'static str] = &["/cancel", "/cancel 8f2c91d4"];
    /// Whoever asked for a deployment may stop it; that is decided below, for the one they mean.
    const PERMISSION: Option<Permission> = None;

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let named = self.deployment.as_ref();
        let deployment = said.meant(named, Permission::Cancel, State::can_be_stopped).await?;
        let event = Event::Cancelled { by: said.actor };
        said.bot.deployments.record(&deployment.id, event).await?;
        Ok(Reply::Shown(Subject::new(SUBJECT, deployment.id)))
    }
}
