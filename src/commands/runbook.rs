//! `/runbook checkout is slow`, `/runbook run slow-checkout restart`, `/runbook stop 8f2c91d4`

use std::{collections::BTreeMap, sync::Arc};

use super::{Command, Commands, Error, Reply, Said};
use crate::{
    access::{Actor, Permission, Target},
    cards::Card,
    chat::Subject,
    names::{RunbookName, Service, StepName, StepRunId, hint},
    runbooks::{
        self, Books, ChoiceView, Confirmation, Found, May, RUN, RunWish, Runbook, RunbookView,
        Sought, StepSettings, StepView, find, troubles,
    },
};

/// Shows a runbook.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Show {
    /// Its name, or any words.
    words: Vec<String>,
    #[arg(long)]
    service: Option<Service>,
    #[arg(long)]
    alert: Option<String>,
    /// Which part of it.
    #[arg(long, default_value_t = 1)]
    part: usize,
}

impl Command for Show {
    const NAME: &'static str = "runbook";
    const USAGE: &'static str = "[name or words] [--service S] [--alert NAME]";
    const SUMMARY: &'static str = "Show what to do, found by name, service, alert or any words.";
    const EXAMPLES: &'static [&'static str] =
        &["/runbook", "/runbook checkout is slow", "/runbook --alert HighErrorRate"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { words, service, alert, part } = self;
        said.bot.planner.known(service.as_ref(), None)?;
        let books = said.books().await?;
        let seen = said.books_they_see(&books).await;
        let sought = Sought { words, service, alert };
        let asked =
            !(sought.words.is_empty() && sought.service.is_none() && sought.alert.is_none());
        let note = |text: &str| {
            let odd = troubles(&books).filter(|_| !asked);
            [Some(text.to_owned()).filter(|text| !text.is_empty()), odd]
                .into_iter()
                .flatten()
                .reduce(|one, other| format!("{one} {other}"))
        };
        let view = match find(&seen, &sought) {
            Found::One(book) => return Ok(said.runbook(book, part).await),
            Found::Several(several) if asked => {
                ChoiceView::of("Which runbook do you mean?", &several, note(""))
            }
            Found::Several(all) => ChoiceView::of("Runbooks", &all, note("")),
            Found::Nearest(near) if near.is_empty() => {
                ChoiceView::of("Runbooks", &[], note("There is none yet that you may look at."))
            }
            Found::Nearest(near) => {
                let title = nothing_like(&sought);
                ChoiceView::of(&title, &near, note("These are the nearest:"))
            }
        };
        Ok(Reply::Card(view.into()))
    }
}

fn nothing_like(sought: &Sought) -> String {
    let words = super::error::shown(&sought.words.join(" "));
    match (&sought.alert, &sought.service) {
        (Some(alert), _) => format!("No runbook is for the alert {}", super::error::shown(alert)),
        (None, Some(service)) if words.is_empty() => format!("No runbook is for {service}"),
        (None, Some(service)) => format!("No runbook for {service} is like `{words}`"),
        (None, None) => format!("No runbook is like `{words}`"),
    }
}

/// Runs a step of a runbook.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Run {
    runbook: RunbookName,
    step: StepName,
    /// What the card has shown, as its button says it.
    #[arg(long)]
    confirm: Option<Confirmation>,
}

impl Command for Run {
    const NAME: &'static str = "runbook run";
    const USAGE: &'static str = "<runbook> <step>";
    const SUMMARY: &'static str = "Run a step of a runbook, once you have confirmed it.";
    const EXAMPLES: &'static [&'static str] = &["/runbook run checkout-is-slow restart-checkout"];
    const PERMISSION: Option<Permission> = Some(Permission::Run);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { runbook, step, confirm } = self;
        let books = said.books().await?;
        let book = said.book_named(&books, &runbook).await?;
        if !book.has_step(&step) {
            let known = book.steps().map(StepName::as_str);
            let hint = hint(step.as_str(), known);
            return Err(runbooks::Error::UnknownStep { runbook, name: step, hint }.into());
        }
        let settings = said.bot.steps.step(&step);
        let settings = settings.ok_or_else(|| runbooks::Error::NotConfigured(step.clone()))?;
        said.require(Permission::Run, target(settings)).await?;
        let Some(confirmed) = confirm else {
            let id = StepRunId::random();
            return Ok(Reply::Card(StepView::question(book, &step, settings, &id).into()));
        };
        let Said { bot, actor: by, place, .. } = said;
        let run = bot.steps.ask(RunWish { book, step: &step, confirmed, by, place }).await?;
        Ok(Reply::Shown(Subject::new(RUN, run.id)))
    }
}

/// Stops a run.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Stop {
    run: StepRunId,
}

impl Command for Stop {
    const NAME: &'static str = "runbook stop";
    const USAGE: &'static str = "<run>";
    const SUMMARY: &'static str = "Stop a run of a runbook's step.";
    const EXAMPLES: &'static [&'static str] = &["/runbook stop 8f2c91d4"];
    const PERMISSION: Option<Permission> = Some(Permission::Run);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let no_such = || runbooks::Error::NoSuchRun(self.run.clone());
        let run = said.bot.steps.find(self.run.as_str()).await?.ok_or_else(no_such)?;
        let target = Target { service: Some(&run.service), environment: run.environment.as_ref() };
        said.require(Permission::Run, target).await?;
        let run = said.bot.steps.stop(&run.id, said.actor.clone()).await?;
        Ok(Reply::Shown(Subject::new(RUN, run.id)))
    }
}

fn target(settings: &StepSettings) -> Target<'_> {
    Target { service: Some(&settings.service), environment: settings.environment.as_ref() }
}

impl Said<'_> {
    async fn books(&self) -> Result<Arc<Books>, Error> {
        let library = self.bot.library.as_ref().ok_or(runbooks::Error::NoLibrary)?;
        Ok(library.books().await)
    }

    async fn books_they_see<'a>(&self, books: &'a Books) -> Vec<&'a Runbook> {
        let mut seen = vec![];
        for book in books.all.values() {
            if self.may_for_any(Permission::Look, &book.services).await.is_ok() {
                seen.push(book);
            }
        }
        seen
    }

    async fn book_named<'a>(
        &self,
        books: &'a Books,
        name: &RunbookName,
    ) -> Result<&'a Runbook, Error> {
        let seen = self.books_they_see(books).await;
        if let Some(book) = seen.iter().find(|book| book.name == *name) {
            return Ok(book);
        }
        let hint = hint(name.as_str(), seen.iter().map(|book| book.name.as_str()));
        Err(runbooks::Error::Unknown { name: name.clone(), hint }.into())
    }

    async fn runbook(&self, book: &Runbook, part: usize) -> Reply {
        let mut may = BTreeMap::new();
        for step in book.steps() {
            let answer = match self.bot.steps.step(step) {
                None => May::Nobody,
                Some(settings) if self.expects(Permission::Run, target(settings)).await => May::Run,
                Some(_) => May::Read,
            };
            may.insert(step.clone(), answer);
        }
        let answer = |step: &StepName| may.get(step).copied().unwrap_or(May::Nobody);
        Reply::Card(RunbookView::of(book, part, answer).into())
    }
}

impl Commands {
    /// The run's card as this person may see it; `None` when they may not see it at all.
    pub(super) async fn step_card(&self, actor: &Actor, id: &str) -> Option<Card> {
        let run = self.steps.find(id).await.ok()??;
        let target = Target { service: Some(&run.service), environment: run.environment.as_ref() };
        let may_run = self.access.expect(actor, Permission::Run, target).await.is_ok();
        let may_look = self.access.expect(actor, Permission::Look, target).await.is_ok();
        let view = || StepView::of(&run, may_run, self.clock.now());
        (may_run || may_look || run.by == *actor).then(|| view().into())
    }
}
