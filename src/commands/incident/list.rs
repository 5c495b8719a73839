//! `/incident` and `/incident list --all`.

use super::target;
use crate::{
    access::Permission,
    commands::{COMMANDS, Command, Error, Reply, Said},
    incidents::{Incident, ListView},
    names::nearest,
};

/// How many are shown with `--all`; more would not fit into a message of Teams.
const MOST: usize = 20;

/// How many that are over are shown without it.
const OVER: usize = 3;

/// Shows what is open.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Incidents {
    /// Something that was meant to be another command.
    slip: Vec<String>,
    #[arg(long)]
    all: bool,
}

/// The same, said in full.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct List {
    #[arg(long)]
    all: bool,
}

impl Command for Incidents {
    const NAME: &'static str = "incident";
    const USAGE: &'static str = "[--all]";
    const SUMMARY: &'static str = "Show the incidents that are open, and the latest that are over.";
    const EXAMPLES: &'static [&'static str] = &["/incident", "/incident --all"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Some(slip) = self.slip.first() else { return said.incidents(self.all).await };
        let known: Vec<&str> =
            COMMANDS.iter().filter_map(|entry| entry.name.strip_prefix("incident ")).collect();
        let what = match nearest(&slip.to_lowercase(), known.iter().copied()) {
            Some(near) => format!("Did you mean `/incident {near}`?"),
            None => format!("After `/incident` comes one of {}.", known.join(", ")),
        };
        Err(Error::NothingMeant(format!("That is not understood. {what}")))
    }
}

impl Command for List {
    const NAME: &'static str = "incident list";
    const USAGE: &'static str = "[--all]";
    const SUMMARY: &'static str = "Show the same; with `--all`, the older ones too.";
    const EXAMPLES: &'static [&'static str] = &["/incident list --all"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        said.incidents(self.all).await
    }
}

impl Said<'_> {
    async fn incidents(&self, all: bool) -> Result<Reply, Error> {
        let (mut theirs, mut more): (Vec<Incident>, bool) = (vec![], false);
        let mut over = 0;
        // Open ones may be older than those that are looked back at.
        let mut known = self.bot.incidents.latest().await?;
        for incident in self.bot.incidents.open().await? {
            if !known.iter().any(|other| other.number == incident.number) {
                known.push(incident);
            }
        }
        known.sort_by_key(|incident| (!incident.is_open(), std::cmp::Reverse(incident.number)));
        for incident in known {
            if !self.expects(Permission::Look, target(&incident)).await {
                continue;
            }
            over += usize::from(!incident.is_open());
            let fits = theirs.len() < MOST && (all || over <= OVER);
            if fits {
                theirs.push(incident);
            }
            more |= !fits;
        }
        Ok(Reply::Card(ListView::of(&theirs, more && !all, self.bot.clock.now()).into()))
    }
}
