//! `/unsilence k7m2qx`, and the button that says it.

use super::{Command, Error, Reply, Said};
use crate::{access::Permission, alerts::Act};

/// Ends a silence.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Unsilence {
    alert: String,
}

impl Command for Unsilence {
    const NAME: &'static str = "unsilence";
    const USAGE: &'static str = "<alert>";
    const SUMMARY: &'static str = "End the silence of an alert.";
    const EXAMPLES: &'static [&'static str] = &["/unsilence k7m2qx"];
    const PERMISSION: Option<Permission> = Some(Permission::Alerts);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let alert = said.alert_meant(&self.alert).await?;
        let by = said.actor.clone();
        said.act(alert, Act::Unsilence { by }).await
    }
}
