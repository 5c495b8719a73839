//! `/mine`

use super::{Command, Error, Reply, Said};
use crate::{access::Permission, deployments::MineView};

/// Shows what waits for whoever asks, and what of theirs waits for whom.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Mine {}

impl Command for Mine {
    const NAME: &'static str = "mine";
    const USAGE: &'static str = "";
    const SUMMARY: &'static str = "Show what waits for you, and what of yours waits.";
    const EXAMPLES: &'static [&'static str] = &["/mine"];
    /// Everybody may see what is theirs.
    const PERMISSION: Option<Permission> = None;

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let (mut for_them, mut theirs) = (vec![], vec![]);
        for deployment in said.bot.deployments.open().await? {
            if said.waits_for_them(&deployment).await {
                for_them.push(deployment.clone());
            }
            if deployment.requested_by == said.actor {
                theirs.push(deployment);
            }
        }
        let mut locks = said.bot.deployments.locks().await?;
        locks.retain(|lock| lock.by == said.actor);
        let Said { bot, .. } = said;
        let view = MineView::of((&for_them, &theirs), &locks, &bot.access, bot.clock.now());
        Ok(Reply::Card(view.into()))
    }
}
