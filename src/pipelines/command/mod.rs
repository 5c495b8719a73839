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
mod greeting;
mod programs;
mod question;
mod report;
mod runs;
pub mod said;
mod settings;
mod words;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::bail;
use async_trait::async_trait;

pub(crate) use self::folder::{Ended, How, RunFolder, Task};
pub(super) use self::greeting::greeting;
pub use self::greeting::runnable;
pub use self::{
    programs::{Program, Programs, check_variables, found, inherited},
    settings::Settings,
};
use self::{question::Question, words::Word};
use super::{Found, Ground, Order, Pipeline, Progress, Resolved, Run, Started, Unresolved, Wish};
use crate::names::PipelineName;

pub(super) struct Command {
    settings: Settings,
    program: PathBuf,
    arguments: Vec<Word>,
    question: Option<Question>,
    programs: Programs,
}

impl Command {
    pub(super) fn new(
        name: &PipelineName,
        settings: &Settings,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let names = ["service", "environment", "version", "commit", "correlation"];
        let arguments = settings.arguments.iter().map(|text| Word::read(text, &names));
        check_variables(&settings.environment)?;
        if settings.timeout.0.is_zero() {
            bail!("`timeout` is zero, so the program could never run");
        }
        let question = settings.resolve.as_ref();
        let question = question.map(|words| Question::new(words, settings.folder.clone()));
        Ok(Self {
            program: found(&settings.program)?,
            arguments: arguments.collect::<Result<_, _>>()?,
            question: question.transpose()?,
            programs: Programs::open(name.as_str(), ground)?,
            settings: settings.clone(),
        })
    }

    /// What is to be run for an order, or why it cannot be.
    fn task(&self, order: &Order) -> Result<Program, String> {
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
        Ok(Program {
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
        match self.task(order) {
            Ok(program) => self.programs.start(&order.correlation, program).await,
            Err(why) => Started::Refused(why),
        }
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        self.programs.find(&order.correlation, order.decided).await
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        self.programs.progress(run).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        self.programs.cancel(run).await
    }
}
