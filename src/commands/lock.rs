//! `/lock production the sale is on --for 2h`

use super::{Command, Error, Reply, Said, asking::kept};
use crate::{
    access::{Permission, Target},
    chat::Subject,
    clock::Span,
    deployments::{LOCK, LockWish},
    names::{Environment, Service},
};

/// Keeps deployments out of an environment.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Lock {
    environment: Environment,
    /// Why, in any number of words.
    reason: Vec<String>,
    #[arg(long = "for")]
    lasts: Option<Span>,
    #[arg(long)]
    service: Option<Service>,
}

impl Command for Lock {
    const NAME: &'static str = "lock";
    const USAGE: &'static str = "<environment> [reason] [--for 2h] [--service S]";
    const SUMMARY: &'static str = "Keep deployments out of an environment; they wait.";
    const EXAMPLES: &'static [&'static str] =
        &["/lock production", "/lock production the sale is on --for 2h"];
    const PERMISSION: Option<Permission> = Some(Permission::Lock);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { environment, reason, lasts, service } = self;
        let service = said.service_meant(service, &environment, Permission::Lock).await?;
        said.require(Permission::Lock, Target::of(&service, &environment)).await?;
        let lasts = lasts.map(|span| span.0);
        if lasts.is_some_and(|lasts| lasts.is_zero()) {
            let what = "A lock for no time keeps nothing out: say `--for 30m` or `--for 2h`.";
            return Err(Error::NothingMeant(what.to_owned()));
        }
        let reason = kept(Some(reason.join(" ")));
        let Said { bot, actor: by, place, .. } = said;
        let wish = LockWish { service, environment, by, reason, lasts, place };
        let lock = bot.deployments.lock(wish).await?;
        Ok(Reply::Shown(Subject::new(LOCK, &lock.id)))
    }
}
