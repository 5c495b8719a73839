//! `/unlock production`, and the button that says it.

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    chat::Subject,
    deployments::LOCK,
    names::{Environment, Service},
};

/// Lets deployments into an environment again.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Unlock {
    environment: Environment,
    #[arg(long)]
    service: Option<Service>,
}

impl Command for Unlock {
    const NAME: &'static str = "unlock";
    const USAGE: &'static str = "<environment> [--service S]";
    const SUMMARY: &'static str = "End a lock, whoever holds it; what waits goes on.";
    const EXAMPLES: &'static [&'static str] = &["/unlock production"];
    const PERMISSION: Option<Permission> = Some(Permission::Lock);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { environment, service } = self;
        let service = said.service_meant(service, &environment, Permission::Lock).await?;
        said.require(Permission::Lock, Target::of(&service, &environment)).await?;
        let lock = said.bot.deployments.unlock(&service, &environment, said.actor).await?;
        Ok(Reply::Shown(Subject::new(LOCK, &lock.id)))
    }
}
