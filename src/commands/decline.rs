//! `/decline 8f2c91d4 too risky today`, and the button that says it.

use super::{Command, Error, Reply, Said};
use crate::{
    access::Permission,
    chat::Subject,
    deployments::{Event, GateEvent, SUBJECT, State, Verdict},
    names::DeploymentId,
};

/// Says no to a plan.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Decline {
    /// A deployment's number, and then why not; or only why not.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Longest reason that is kept: a card shows it in full.
const LONGEST_REASON: usize = 300;

impl Command for Decline {
    const NAME: &'static str = "decline";
    const USAGE: &'static str = "[deployment] [reason]";
    const SUMMARY: &'static str = "Say no to somebody else's deployment.";
    const EXAMPLES: &'static [&'static str] =
        &["/decline", "/decline 8f2c91d4 not before the sale ends"];
    const PERMISSION: Option<Permission> = Some(Permission::Approve);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let named = self.words.first().and_then(|word| word.parse::<DeploymentId>().ok());
        let named = match named {
            Some(id) if said.bot.deployments.find(&id).await.is_ok() => Some(id),
            _ => None,
        };
        let reason = self.words[usize::from(named.is_some())..].join(" ");
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        let deployment =
            said.meant(named.as_ref(), Permission::Approve, State::wants_approval).await?;
        let reason = (!reason.is_empty()).then_some(reason);
        let by = said.actor;
        let event = if deployment.state.waits_at_a_gate() {
            let (gate, verdict) = (None, Verdict::Reject);
            Event::Gate(GateEvent::Decided { by, gate, verdict, reason })
        } else {
            Event::Declined { by, reason }
        };
        said.bot.deployments.record(&deployment.id, event).await?;
        Ok(Reply::Shown(Subject::new(SUBJECT, deployment.id)))
    }
}
