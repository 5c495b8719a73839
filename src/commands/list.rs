//! `/deploy list production --last 20`

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    deployments::ListView,
    names::{Environment, Service},
};

/// Shows the latest deployments.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct List {
    environment: Option<Environment>,
    #[arg(long)]
    service: Option<Service>,
    #[arg(long)]
    last: Option<usize>,
}

/// How many are shown when nobody says how many: about one screen.
const USUAL: usize = 10;

/// More would not fit into a message of Teams.
const MOST: usize = 20;

impl Command for List {
    const NAME: &'static str = "deploy list";
    const USAGE: &'static str = "[environment] [--service S] [--last N]";
    const SUMMARY: &'static str = "Show the latest deployments, and open one again.";
    const EXAMPLES: &'static [&'static str] =
        &["/deploy list", "/deploy list production --service checkout --last 20"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let (service, environment) = (self.service.as_ref(), self.environment.as_ref());
        said.bot.planner.known(service, environment)?;
        let mut theirs = vec![];
        for deployment in said.bot.deployments.recent(service, environment).await? {
            let plan = &deployment.plan;
            let target = Target::of(&plan.service, &plan.environment);
            if said.expects(Permission::Look, target).await {
                theirs.push(deployment);
            }
        }
        let total = theirs.len();
        theirs.truncate(self.last.unwrap_or(USUAL).clamp(1, MOST));
        Ok(Reply::Card(ListView::of(&theirs, total.min(MOST), said.bot.clock.now()).into()))
    }
}
