//! `/rollback production`, and the buttons that say it.

use super::{Command, Error, Reply, Said, asking::kept};
use crate::{
    access::{Permission, Target},
    deployments::{road, way_back},
    names::{Environment, Service, Version},
};

/// Brings back a version that was good there.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Rollback {
    environment: Environment,
    #[arg(long)]
    to: Option<Version>,
    #[arg(long)]
    service: Option<Service>,
    #[arg(long)]
    reason: Option<String>,
    /// Only says what would happen.
    #[arg(long)]
    plan: bool,
}

impl Command for Rollback {
    const NAME: &'static str = "rollback";
    const USAGE: &'static str =
        "<environment> [--to version] [--service S] [--reason \"…\"] [--plan]";
    const SUMMARY: &'static str = "Go back to the last good version, and lock the environment.";
    const EXAMPLES: &'static [&'static str] = &[
        "/rollback production --plan",
        "/rollback production --to v2.0.4 --reason \"the basket is empty\"",
    ];
    const PERMISSION: Option<Permission> = Some(Permission::Deploy);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { environment, to, service, reason, plan: only_plan } = self;
        let service = said.service_meant(service, &environment, Permission::Deploy).await?;
        let place = (&service, &environment);
        said.require(Permission::Deploy, Target::of(&service, &environment)).await?;
        let deployments = &said.bot.deployments;
        let standing = deployments.standing(&service, &environment).await?;
        let recent = deployments.recent(Some(&service), Some(&environment)).await?;
        let release = way_back(place, standing.as_ref(), &road(recent), to.as_ref())?;
        let plan = said.bot.planner.draft_back(place, &release, standing.as_ref()).await?;
        if only_plan { said.forecast(plan).await } else { said.ask(plan, kept(reason)).await }
    }
}
