//! What people can say. One command, one file; a button says a command too.
//!
//! However something was said, it goes the same way: [`Commands::hear`] finds the command,
//! the command parses its words, asks whether this person may, and has the house do it. A card's
//! data is input from a stranger: parsed and authorised like typing.

mod ack;
mod alerts;
mod approve;
mod asking;
mod audit;
mod cancel;
mod decline;
mod deploy;
mod error;
mod firing;
mod form;
mod help;
mod incident;
mod list;
mod lock;
mod looking;
mod mine;
mod oncall;
mod page;
mod refused;
mod rollback;
mod runbook;
mod show;
mod silence;
mod status;
mod unlock;
mod unsilence;
mod waiting;
mod words;

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;

pub use firing::{Shipped, Watch};

use error::Error;
use refused::Matter;

use crate::{
    access::{Access, Actor, Permission, Target},
    alerts::Alerts,
    calendar::ZoneName,
    cards::Card,
    chat::{Channels, Incoming, Listener, Mention, Place, Reply, Subject},
    clock::Clock,
    deployments::{Deployments, Figures, Planner},
    incidents::{Chronicle, Incidents},
    oncall::{OnCall, Pages},
    runbooks::{Library, StepRuns},
    store::Db,
};

/// Every command, in the order `/help` lists them.
const COMMANDS: &[Entry] = &[
    entry::<deploy::Deploy>(),
    entry::<approve::Approve>(),
    entry::<decline::Decline>(),
    entry::<cancel::Cancel>(),
    entry::<status::Status>(),
    entry::<rollback::Rollback>(),
    entry::<mine::Mine>(),
    entry::<list::List>(),
    entry::<show::Show>(),
    entry::<lock::Lock>(),
    entry::<unlock::Unlock>(),
    entry::<alerts::List>(),
    entry::<ack::Ack>(),
    entry::<silence::Silence>(),
    entry::<unsilence::Unsilence>(),
    entry::<oncall::WhoIs>(),
    entry::<page::Page>(),
    entry::<page::Acknowledge>(),
    entry::<runbook::Show>(),
    entry::<runbook::Run>(),
    entry::<runbook::Stop>(),
    entry::<incident::list::Incidents>(),
    entry::<incident::create::Create>(),
    entry::<incident::list::List>(),
    entry::<incident::show::Show>(),
    entry::<incident::update::Update>(),
    entry::<incident::role::Role>(),
    entry::<incident::note::Note>(),
    entry::<incident::resolve::Resolve>(),
    entry::<incident::reopen::Reopen>(),
    entry::<incident::timeline::Timeline>(),
    entry::<incident::export::Export>(),
    entry::<audit::Audit>(),
    entry::<help::Help>(),
];

/// Longest text that can be a command; nobody types more, and a stranger's megabyte costs nothing.
const LONGEST: usize = 4096;

/// One thing people can say, as its words parse.
trait Command: clap::Parser + Send + 'static {
    /// `deploy`
    const NAME: &'static str;
    /// What follows the name: `<environment> <version>`.
    const USAGE: &'static str;
    /// One line for `/help` and the app's manifest.
    const SUMMARY: &'static str;
    /// Whole commands that work.
    const EXAMPLES: &'static [&'static str];
    /// What somebody must be allowed somewhere to say this at all; `None` for everybody.
    const PERMISSION: Option<Permission>;

    /// Does it, having asked whether this person may do just that.
    fn run(self, said: Said<'_>) -> impl Future<Output = Result<Reply, Error>> + Send;
}

/// A [`Command`] that has left its type behind: a row of the table.
struct Entry {
    name: &'static str,
    usage: &'static str,
    summary: &'static str,
    examples: &'static [&'static str],
    permission: Option<Permission>,
    run: for<'a> fn(Vec<String>, Said<'a>) -> Running<'a>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

const fn entry<C: Command>() -> Entry {
    Entry {
        name: C::NAME,
        usage: C::USAGE,
        summary: C::SUMMARY,
        examples: C::EXAMPLES,
        permission: C::PERMISSION,
        run: |words, said| {
            Box::pin(async move {
                let command = C::try_parse_from(words);
                command.map_err(|error| Error::words::<C>(&error))?.run(said).await
            })
        },
    }
}

impl Entry {
    /// `/deploy <environment> <version>`
    fn usage(&self) -> String {
        format!("/{} {}", self.name, self.usage).trim_end().to_owned()
    }
}

/// The command of one or two words that these begin with, and the words from its last one on.
fn find(words: &[String]) -> Option<(&'static Entry, &[String])> {
    let first = words.first()?.trim_start_matches('/').to_lowercase();
    let second = words.get(1).map(|second| format!("{first} {}", second.to_lowercase()));
    let named = |name: &str| COMMANDS.iter().find(|entry| entry.name == name);
    match second.and_then(|name| named(&name)) {
        Some(entry) => Some((entry, &words[1..])),
        None => Some((named(&first)?, words)),
    }
}

/// A command's name, usage and summary, as the Teams app's manifest lists them.
pub struct About {
    /// `deploy`
    pub name: String,
    /// `/deploy <environment> <version> [--service S]`
    pub usage: String,
    /// One line.
    pub summary: String,
}

/// Every command, in the order `/help` lists them.
pub fn about() -> Vec<About> {
    let about = |entry: &Entry| About {
        name: entry.name.to_owned(),
        usage: entry.usage(),
        summary: entry.summary.to_owned(),
    };
    COMMANDS.iter().map(about).collect()
}

/// One command as one person said it in one place.
struct Said<'a> {
    bot: &'a Commands,
    actor: Actor,
    place: Place,
    origin: String,
    /// Their time zone, when their chat tells it. Text from outside.
    zone: Option<String>,
    mentions: Vec<Mention>,
    /// What it has turned out to be about: what a refusal is found by.
    about: Arc<OnceLock<Matter>>,
}

/// Everything commands work with.
#[derive(Clone)]
pub struct Commands {
    /// Who may.
    pub access: Arc<Access>,
    /// What happens.
    pub deployments: Arc<Deployments>,
    /// What would happen.
    pub planner: Arc<Planner>,
    /// How it all is.
    pub figures: Arc<Figures>,
    /// What fires.
    pub alerts: Arc<Alerts>,
    /// Where people's mornings are; UTC, when nobody says.
    pub time_zone: Option<ZoneName>,
    /// Who is awake.
    pub oncall: Arc<OnCall>,
    /// Who is to answer.
    pub pages: Arc<Pages>,
    /// What to do, where anybody wrote that down.
    pub library: Option<Arc<Library>>,
    /// What runs of it.
    pub steps: Arc<StepRuns>,
    /// What is serious.
    pub incidents: Arc<Incidents>,
    /// What happened around it.
    pub chronicle: Arc<Chronicle>,
    /// Where it is shown.
    pub channels: Arc<Channels>,
    /// Where refusals are written down.
    pub db: Db,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl Listener for Commands {
    async fn hear(&self, message: Incoming) -> Reply {
        // One person is one person under all their accounts, in every rule from here on.
        let actor = self.access.person(&message.actor);
        let about = Arc::new(OnceLock::new());
        let said = Said {
            about: about.clone(),
            bot: self,
            actor: actor.clone(),
            place: message.place.clone(),
            origin: format!("{}:{}", message.place.channel, message.origin),
            zone: message.zone,
            mentions: message.mentions.clone(),
        };
        let (name, heard) = self.dispatch(&message.text, said).await;
        let outcome = match &heard {
            Ok(_) => "done",
            Err(Error::Broken(_)) => "broken",
            Err(_) => "refused",
        };
        metrics::counter!("pilothouse_commands_total", "command" => name, "outcome" => outcome)
            .increment(1);
        tracing::info!(
            command = name,
            outcome,
            actor = actor.id.as_str(),
            channel = message.place.channel,
            "a command was heard"
        );
        match heard {
            Ok(reply) => reply,
            Err(Error::Broken(error)) => {
                tracing::error!(command = name, "a command failed: {error:#}");
                Reply::Refused(
                    "Something broke on my side; nothing was changed and it has been logged. Try \
                     again in a minute."
                        .to_owned(),
                )
            }
            Err(error) => {
                if error.is_decision() {
                    let said = (name, message.text.as_str());
                    self.note_refusal(said, &actor, &error, about.get()).await;
                }
                Reply::Refused(error.to_string())
            }
        }
    }

    async fn look(&self, actor: &Actor, subject: &Subject) -> Option<Card> {
        self.card_for(&self.access.person(actor), subject).await
    }
}

impl Commands {
    async fn dispatch(&self, text: &str, said: Said<'_>) -> (&'static str, Result<Reply, Error>) {
        if text.len() > LONGEST {
            return ("unknown", Err(Error::TooLong));
        }
        let words = match words::split(text) {
            Ok(words) if words.is_empty() => vec![help::Help::NAME.to_owned()],
            Ok(words) => words,
            Err(error) => return ("unknown", Err(error)),
        };
        let Some((entry, words)) = find(&words) else {
            let name = words[0].trim_start_matches('/').to_lowercase();
            return ("unknown", Err(Error::unknown_command(&name)));
        };
        if let Some(permission) = entry.permission {
            let may = self.access.require(&said.actor, permission, Target::default()).await;
            if let Err(denied) = may {
                return (entry.name, Err(denied.into()));
            }
        }
        (entry.name, (entry.run)(words.to_vec(), said).await)
    }
}

impl Said<'_> {
    /// Whether whoever said it may do this, there.
    async fn require(&self, permission: Permission, target: Target<'_>) -> Result<(), Error> {
        Ok(self.bot.access.require(&self.actor, permission, target).await?)
    }

    /// The same as far as was known lately: for what is shown, and what is asked again.
    async fn expects(&self, permission: Permission, target: Target<'_>) -> bool {
        self.bot.access.expect(&self.actor, permission, target).await.is_ok()
    }
}
