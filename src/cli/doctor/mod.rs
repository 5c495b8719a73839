//! `pilothouse doctor`: asks every system of the configuration one harmless question, and says line
//! by line what works, what does not, and what to do. Nothing is written anywhere, and a bot may be
//! at work meanwhile; with `--canary`, each room gets one message.

mod canary;
mod machine;
mod microsoft;
mod neighbours;
mod report;

use std::{io::Write, path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::check;
use crate::{
    chat::teams::Greeter,
    clock::{Clock, Span, spoken},
    config::{self, Checked, Config, Mistake, Secrets},
    greeting::Greeting,
    outbound::{Base, Outbound},
    secrets::Secret,
    store::Db,
};
use report::Report;

/// What the doctor is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The configuration.
    #[arg(long, default_value = "pilothouse.yaml")]
    pub config: PathBuf,
    /// Say something in every room of the configuration: one message each, which says afterwards
    /// that it was a test.
    #[arg(long)]
    pub canary: bool,
    /// Tell it to a program: one JSON document.
    #[arg(long)]
    pub json: bool,
    /// How long each system has for its answer; a room with `--canary`, three times as long.
    #[arg(long, default_value = "10s")]
    pub patience: Span,
    /// Where the bot is reached from outside, such as `https://chatops.example.com`; usually
    /// `https://` and `app.domain`.
    #[arg(long)]
    pub public: Option<Base>,
}

/// One question: about what, and what asks it.
struct Question {
    subject: String,
    asked: BoxFuture<'static, Vec<Greeting>>,
    /// How many times the usual patience it has.
    patience: u32,
}

/// Questions that are told together.
struct Group {
    name: &'static str,
    questions: Vec<Question>,
}

/// What questions are asked with.
#[derive(Clone)]
struct Ground {
    config: Arc<Config>,
    outbound: Outbound,
    clock: Clock,
    /// The bot's own; an empty one when it cannot be read.
    db: Db,
    /// What was found when it was opened.
    database: Vec<Greeting>,
    options: Options,
    /// Who asks Microsoft, when the bot is one of Teams.
    greeter: Option<Arc<Greeter>>,
    /// The keys of secrets that cannot be read.
    unread: Arc<Vec<String>>,
}

/// Asks everybody; whether nothing is bad.
///
/// # Errors
/// When nothing can be written to `out`, or this machine makes no connections at all.
pub fn run(options: &Options, out: &mut impl Write) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let well = runtime.block_on(examine(options, Clock::system(), out));
    // Whoever has not answered by now is not waited for.
    runtime.shutdown_background();
    well
}

/// The same, by this clock.
///
/// # Errors
/// As [`run`].
pub async fn examine(
    options: &Options,
    clock: Clock,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut report = Report::new(options.json, out);
    let checked = config::check(&options.config, Secrets::Leave);
    let mut told = vec![("the file".to_owned(), written(&checked, options))];
    let mut unread = vec![];
    if let Some(config) = &checked.config {
        unread = config::check(&options.config, Secrets::Read).mistakes.0;
        told.push(("secrets".to_owned(), secrets(config, &unread)));
    }
    report.tell("Configuration", told)?;
    if let Some(config) = checked.config {
        let ground = Ground::lay(options, clock, (config, unread)).await?;
        let asked: Vec<_> = groups(&ground).into_iter().map(|group| group.begin(options)).collect();
        for (name, answers) in asked {
            let mut told = vec![];
            for (subject, answer) in answers {
                let broken =
                    |_| vec![Greeting::sentence("something broke here while it was asked")];
                told.push((subject, answer.await.unwrap_or_else(broken)));
            }
            report.tell(name, told)?;
        }
    }
    report.end()
}

/// Every question there is, in the order in which the answers are told.
fn groups(ground: &Ground) -> Vec<Group> {
    let groups = [
        ("This machine", machine::questions(ground)),
        ("Microsoft Teams", microsoft::questions(ground)),
        ("Rooms", microsoft::rooms(ground)),
        ("Pipelines", neighbours::pipelines(ground)),
        ("Health", neighbours::health(ground)),
        ("Alerts", neighbours::alerts(ground)),
        ("Told of deployments", neighbours::told(ground)),
        ("On call", neighbours::oncall(ground)),
        ("Runbooks", neighbours::runbooks(ground)),
    ];
    groups.into_iter().map(|(name, questions)| Group { name, questions }).collect()
}

type Begun = (String, JoinHandle<Vec<Greeting>>);

impl Group {
    /// Has all of it asked at once.
    fn begin(self, options: &Options) -> (&'static str, Vec<Begun>) {
        let begin = |question: Question| {
            let patience = options.patience.0 * question.patience;
            let asked = tokio::spawn(async move {
                tokio::time::timeout(patience, question.asked).await.unwrap_or_else(|_| {
                    vec![Greeting::bad(
                        format!("no answer within {}", spoken(patience)),
                        "Look at the system and at the network between; or ask again with a longer \
                         `--patience`",
                    )]
                })
            });
            (question.subject, asked)
        };
        (self.name, self.questions.into_iter().map(begin).collect())
    }
}

impl Question {
    fn new(
        subject: impl Into<String>,
        asked: impl Future<Output = Vec<Greeting>> + Send + 'static,
    ) -> Self {
        Self { subject: subject.into(), asked: Box::pin(asked), patience: 1 }
    }
}

impl Ground {
    async fn lay(
        options: &Options,
        clock: Clock,
        (config, unread): (Config, Vec<Mistake>),
    ) -> anyhow::Result<Self> {
        let outbound = Outbound::new()?;
        let greeter = config.teams.as_ref().map(|teams| Greeter::new(teams, &outbound, &clock));
        let greeter = greeter.transpose()?.map(Arc::new);
        let (config, options) = (Arc::new(config), options.clone());
        let (db, database) = machine::database(&config, options.patience.0).await?;
        let unread = Arc::new(unread.into_iter().map(|mistake| mistake.key).collect());
        Ok(Self { config, outbound, clock, db, database, options, greeter, unread })
    }

    /// What is told of a part of the configuration that cannot be asked, for lack of its secret.
    fn lacks(&self, part: &str) -> Option<Vec<Greeting>> {
        let below = |key: &String| {
            key.strip_prefix(part)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let said = "it was not asked, because a secret of it cannot be read";
        self.unread.iter().any(below).then(|| vec![Greeting::unseen(said)])
    }
}

/// What `pilothouse check` says.
fn written(checked: &Checked, options: &Options) -> Vec<Greeting> {
    let mistakes =
        checked.mistakes.0.iter().map(|mistake| Greeting::sentence(&mistake.to_string()));
    let warnings = checked.warnings.0.iter().map(|warning| {
        Greeting::warn(warning.to_string(), "It is allowed, but can hardly be meant")
    });
    let mut told: Vec<Greeting> = mistakes.chain(warnings).collect();
    if let Some(config) = &checked.config {
        let file = options.config.display();
        told.push(Greeting::ok(format!("{file} holds no mistake: {}", check::summary(config))));
        if let Err(error) = config.servable() {
            told.push(Greeting::sentence(&error.to_string().replacen(": ", "; ", 1)));
        }
    }
    told
}

/// Whether every secret can be read here: what only reading them brings to light.
fn secrets(config: &Config, unread: &[Mistake]) -> Vec<Greeting> {
    let told: Vec<Greeting> = unread
        .iter()
        .map(|mistake| {
            Greeting::bad(
                format!("line {}, {}: {}", mistake.place.line, mistake.key, mistake.what),
                "Set it where the bot is started, and where you ask this, readable for that user",
            )
        })
        .collect();
    if !told.is_empty() {
        return told;
    }
    let count = serde_json::to_value(config).map_or(0, |value| references(&value));
    vec![Greeting::ok(match count {
        0 => "the configuration refers to none".to_owned(),
        1 => "the one reference can be read".to_owned(),
        count => format!("all {count} references can be read"),
    })]
}

fn references(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(Secret::try_from(text.clone()).is_ok()),
        Value::Array(items) => items.iter().map(references).sum(),
        Value::Object(fields) => fields.values().map(references).sum(),
        _ => 0,
    }
}
