//! `/ack k7m2qx`, and the button that says it.

use super::{Command, Error, Reply, Said};
use crate::{access::Permission, alerts::Act};

/// Says that somebody has an alert.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Ack {
    alert: String,
}

impl Command for Ack {
    const NAME: &'static str = "ack";
    const USAGE: &'static str = "<alert>";
    const SUMMARY: &'static str = "Say that you have an alert.";
    const EXAMPLES: &'static [&'static str] = &["/ack k7m2qx", "/ack HighErrorRate"];
    const PERMISSION: Option<Permission> = Some(Permission::Alerts);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let alert = said.alert_meant(&self.alert).await?;
        let by = said.actor.clone();
        said.act(alert, Act::Acknowledge { by }).await
    }
}
