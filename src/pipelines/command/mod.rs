//! A program on the bot's own machine, looked after by a supervisor that outlives the bot.
//!
//! The bot never runs the program itself. It makes a folder for the run (once: the folder's name
//! is the order's correlation, and making it a second time fails) and starts `pilothouse supervise
//! <folder>`, which leaves the bot's session, runs the program and writes down what becomes of it.
//! Bot and supervisor meet in that folder only, so the bot may be killed and started again at any
//! moment. Whoever runs the bot below systemd sets `KillMode=process`; otherwise systemd ends the
//! supervisors together with the bot, which stops their programs.
//!
//! # What a program may rely on
//! - Its arguments arrive exactly as configured; no shell ever sees them.
//! - Its environment is `PATH`, `HOME`, `LANG`, what the configuration says, and
//!   `PILOTHOUSE_SERVICE`, `PILOTHOUSE_ENVIRONMENT`, `PILOTHOUSE_VERSION`, `PILOTHOUSE_COMMIT`
//!   (when it is known), `PILOTHOUSE_CORRELATION`, and each parameter of the environment as
//!   `PILOTHOUSE_PARAM_<NAME>` in capitals, other characters than letters and digits as `_`.
//! - A line `::step 2/5 Pushing image` on its output says where it is. Other lines are shown.
//! - Exit code 0 means it worked. To be stopped, it gets SIGTERM, and SIGKILL when it takes too
//!   long; so do its children.
//! - What it leaves running in the background is left alone, but must have its own output.

mod folder;
mod question;
mod report;
mod runs;
pub mod said;
mod settings;
mod words;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use async_trait::async_trait;

pub(crate) use self::folder::{Ended, How, RunFolder, Task};
pub use self::settings::Settings;
use self::{folder::Standing, question::Question, runs::Runs, words::Word};
use super::{Found, Ground, Order, Pipeline, Progress, Resolved, Run, Started, Unresolved, Wish};
use crate::{names::PipelineName, secrets::variable};

/// How long a supervisor may take to begin before somebody else may be given its run. Shorter asks
/// for a second supervisor on a slow machine; only one of them would ever start the program.
const TAKE_UP: Duration = Duration::from_secs(10);

/// How long asking for a run waits for the supervisor's first sign.
const FIRST_SIGN: Duration = Duration::from_secs(3);

/// How often it looks for it.
const LOOKS: Duration = Duration::from_millis(20);

/// What a program gets of the bot's own environment.
const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];

pub(super) struct Command {
    settings: Settings,
    program: PathBuf,
    arguments: Vec<Word>,
    question: Option<Question>,
    runs: Runs,
    ground: Ground,
}

impl Command {
    pub(super) fn new(
        name: &PipelineName,
        settings: &Settings,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let names = ["service", "environment", "version", "commit", "correlation"];
        let arguments = settings.arguments.iter().map(|text| Word::read(text, &names));
        for (name, value) in &settings.environment {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                bail!("`{}` cannot be an environment variable", name.escape_debug());
            }
            if name.starts_with("PILOTHOUSE_") {
                bail!("`{name}` cannot be set: names beginning with PILOTHOUSE_ are taken");
            }
        }
        if settings.timeout.0.is_zero() {
            bail!("`timeout` is zero, so the program could never run");
        }
        let question = settings.resolve.as_ref();
        let question = question.map(|words| Question::new(words, settings.folder.clone()));
        Ok(Self {
            program: found(&settings.program)?,
            arguments: arguments.collect::<Result<_, _>>()?,
            question: question.transpose()?,
            runs: Runs::open(ground.folder.clone(), name, ground.clock.now())?,
            settings: settings.clone(),
            ground: ground.clone(),
        })
    }

    /// What is to be run for an order, or why it cannot be.
    fn task(&self, order: &Order) -> Result<Task, String> {
        let value = |name: &str| match name {
            "service" => Some(order.service.as_str()),
            "environment" => Some(order.environment.as_str()),
            "version" => Some(order.version.as_str()),
            "commit" => order.commit.as_deref(),
            "correlation" => Some(order.correlation.as_str()),
            _ => None,
        };
        let arguments = self.arguments.iter().map(|word| word.fill(value));
        let arguments = arguments.collect::<Result<_, _>>().map_err(|name| {
            format!("the program wants the {name}, which is not known: configure `resolve`")
        })?;
        let mut environment = self.environment(&[
            ("SERVICE", Some(order.service.as_str())),
            ("ENVIRONMENT", Some(order.environment.as_str())),
            ("VERSION", Some(order.version.as_str())),
            ("COMMIT", order.commit.as_deref()),
            ("CORRELATION", Some(order.correlation.as_str())),
        ]);
        for (name, value) in &order.parameters {
            let plain =
                |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            let variable =
                format!("PILOTHOUSE_PARAM_{}", name.chars().map(plain).collect::<String>());
            if environment.insert(variable.clone(), value.clone()).is_some() {
                return Err(format!("two parameters are both called {variable}: rename one"));
            }
        }
        Ok(Task {
            number: 0,
            asked: self.ground.clock.now(),
            program: self.program.clone(),
            arguments,
            environment,
            folder: self.settings.folder.clone(),
            timeout: self.settings.timeout.0,
            grace: self.settings.grace.0,
        })
    }

    fn environment(&self, ours: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
        let mut environment = inherited();
        environment.extend(self.settings.environment.clone());
        let ours = ours.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        environment.extend(ours.map(|(name, value)| (format!("PILOTHOUSE_{name}"), value.into())));
        environment
    }

    /// Makes the run's folder and writes the task into it. `false` when there was one already.
    async fn lay_out(&self, folder: &RunFolder, mut task: Task) -> anyhow::Result<bool> {
        let (runs, folder) = (self.runs.clone(), folder.clone());
        aside(move || {
            if let Err(error) = runs.clear(task.asked) {
                tracing::warn!("old runs cannot be cleared away: {error:#}");
            }
            if !folder.make()? {
                return Ok(false);
            }
            let given = runs.number(task.asked).and_then(|number| {
                task.number = number;
                folder.give(&task)
            });
            if let Err(error) = given {
                folder.take_back()?;
                return Err(error);
            }
            Ok(true)
        })
        .await
    }

    /// Starts the supervisor of a folder, and leaves it alone.
    fn send_supervisor(&self, folder: &RunFolder) -> std::io::Result<()> {
        let mut supervisor = tokio::process::Command::new(&self.ground.program);
        supervisor.arg("supervise").arg(folder.path()).env_clear().envs(inherited());
        supervisor.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Dropped, not waited for: the runtime waits for it in the background.
        supervisor.spawn().map(drop)
    }

    /// Waits for the supervisor's first sign.
    async fn watch_out(&self, folder: &RunFolder, order: &Order) -> anyhow::Result<Started> {
        let until = tokio::time::Instant::now() + FIRST_SIGN;
        loop {
            let late = tokio::time::Instant::now() >= until;
            let looked = folder.clone();
            let (begun, standing) =
                aside(move || Ok((looked.has_begun()?, looked.standing()?))).await?;
            match standing {
                Standing::Ended(Ended { how: How::NeverBegan, detail }) => {
                    return Ok(Started::Refused(detail));
                }
                Standing::Running if !begun && !late => {}
                Standing::Running | Standing::Ended(_) | Standing::Deserted => {
                    return Ok(Started::Run(run(folder, order)?));
                }
                Standing::Missing | Standing::Asked if late => {
                    let why = "the supervisor of the program has not begun yet";
                    return Ok(Started::Unclear(why.to_owned()));
                }
                Standing::Missing | Standing::Asked => {}
            }
            tokio::time::sleep(LOOKS).await;
        }
    }
}

#[async_trait]
impl Pipeline for Command {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let Some(question) = &self.question else { return Ok(Resolved::default()) };
        let environment = self.environment(&[
            ("SERVICE", Some(wish.service.as_str())),
            ("ENVIRONMENT", Some(wish.environment.as_str())),
            ("VERSION", Some(wish.version.as_str())),
        ]);
        question.ask(wish, environment).await
    }

    async fn start(&self, order: &Order) -> Started {
        let task = match self.task(order) {
            Ok(task) => task,
            Err(why) => return Started::Refused(why),
        };
        let folder = match self.runs.folder(order.correlation.as_str()) {
            Ok(folder) => folder,
            Err(error) => return Started::Refused(format!("{error:#}")),
        };
        // No supervisor was sent, so nothing is started: a folder left behind by a failure here
        // is taken back by whoever looks for the run.
        let ours = match self.lay_out(&folder, task).await {
            Ok(ours) => ours,
            Err(error) => return Started::NotNow(format!("{error:#}")),
        };
        if ours && let Err(error) = self.send_supervisor(&folder) {
            let taken = folder.clone();
            return match aside(move || taken.take_back()).await {
                Ok(true) => Started::NotNow(format!("the supervisor cannot be started: {error}")),
                Ok(false) => Started::Unclear("the run was taken up by somebody else".to_owned()),
                Err(error) => Started::Unclear(format!("{error:#}")),
            };
        }
        let begun = self.watch_out(&folder, order).await;
        begun.unwrap_or_else(|error| Started::Unclear(format!("{error:#}")))
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let (runs, now, order) = (self.runs.clone(), self.ground.clock.now(), order.clone());
        aside(move || {
            let folder = runs.folder(order.correlation.as_str())?;
            Ok(match folder.standing()? {
                Standing::Running | Standing::Ended(_) | Standing::Deserted => {
                    Found::Run(run(&folder, &order)?)
                }
                Standing::Missing if runs.would_know(order.decided, now)? => Found::Absent,
                Standing::Missing => Found::NotSeen,
                Standing::Asked => {
                    let asked = folder.task()?.map(|task| task.asked);
                    let young = asked.is_some_and(|asked| now.since(asked) < TAKE_UP);
                    let taken = !young && folder.take_back()?;
                    if taken { Found::Absent } else { Found::NotSeen }
                }
            })
        })
        .await
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        let folder = self.runs.folder(run.id.as_str())?;
        aside(move || {
            let standing = folder.standing()?;
            Ok(report::progress(standing, folder.said()?))
        })
        .await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let folder = self.runs.folder(run.id.as_str())?;
        aside(move || match folder.standing()? {
            Standing::Missing => bail!("the folder of this run is gone, so it cannot be stopped"),
            Standing::Ended(_) | Standing::Deserted => Ok(()),
            Standing::Asked | Standing::Running => folder.cancel(),
        })
        .await
    }
}

/// Does something with files where nobody waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// The run that lies in a folder.
fn run(folder: &RunFolder, order: &Order) -> anyhow::Result<Run> {
    let task = folder.task()?.context("the run's folder does not say what was to be run")?;
    let id = order.correlation.as_str().parse()?;
    Ok(Run { id, label: format!("#{}", task.number), url: None })
}

/// What a program gets of the bot's own environment: none of its secrets.
fn inherited() -> BTreeMap<String, String> {
    let known = |name: &str| Some((name.to_owned(), variable(name)?));
    INHERITED.iter().filter_map(|name| known(name)).collect()
}

/// A program's path as seen from everywhere; a bare name stays one, to be looked up in `PATH`.
fn found(program: &Path) -> anyhow::Result<PathBuf> {
    if program.as_os_str().is_empty() {
        bail!("a program has no name: give its path");
    }
    let bare = program.components().count() == 1 && !program.starts_with(".");
    Ok(if bare && program.is_relative() { program.into() } else { std::path::absolute(program)? })
}
