//! Sees runs of steps through: starts the program once, watches it, shows its card. May run twice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    RUN, Runner, StepRuns,
    run::{End, State, StepRun},
    view::StepView,
};
use crate::{
    access::{Access, Permission, Target},
    chat::{Channels, Subject},
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish},
    names::{Correlation, Environment, StepRunId},
    pipelines::{Found, Started, command::Program},
    runbooks::settings::StepSettings,
};

/// The kind of the jobs that show cards.
const CARD: &str = "step_card";

/// How soon a run is looked at again: often while somebody is likely to watch.
const SOON: Duration = Duration::from_secs(1);

/// The same once it has run for a while.
const LATER: Duration = Duration::from_secs(5);

/// How long it counts as young.
const YOUNG: Duration = Duration::from_secs(30);

/// How soon a start that certainly failed is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The job that sees a run through.
pub(super) fn wish(id: &StepRunId, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(id)?;
    Ok(Wish { kind: RUN, key: payload.clone(), payload, run_at })
}

/// The job that shows its card.
pub(super) fn card(id: &StepRunId, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(id)?;
    Ok(Wish { kind: CARD, key: payload.clone(), payload, run_at })
}

/// Sees runs through.
pub struct StepKeeper {
    /// The runs.
    pub runs: Arc<StepRuns>,
    /// Who may.
    pub access: Arc<Access>,
    /// Who runs programs.
    pub runner: Arc<dyn Runner>,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl Handler for StepKeeper {
    fn kind(&self) -> &'static str {
        RUN
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let id: StepRunId = serde_json::from_str(&job.payload)?;
        let Some(run) = self.runs.find(id.as_str()).await? else { return Ok(Ran::Done) };
        match &run.state {
            State::Ended { .. } => Ok(Ran::Done),
            State::Asked { .. } => self.start(job, &run).await,
            State::Starting { .. } => self.search(&run).await,
            State::Running { since, .. } => {
                self.watch(&run).await?;
                let young = self.clock.now().since(*since) < YOUNG;
                Ok(Ran::Again(if young { SOON } else { LATER }))
            }
        }
    }
}

impl StepKeeper {
    /// Asks for the program, once: that it is asked for is written down before.
    async fn start(&self, job: &Job, run: &StepRun) -> anyhow::Result<Ran> {
        let program = match self.allowed(run).await {
            Ok(settings) => program(run, settings)?,
            Err(why) => {
                let now = self.clock.now();
                let end = |run: &mut StepRun| {
                    run.end(End::Refused(why), now);
                    true
                };
                self.runs.change(&run.id, "step_refused", end).await?;
                return Ok(Ran::Again(Duration::ZERO));
            }
        };
        let now = self.clock.now();
        anyhow::ensure!(job.is_ours(now), "this attempt has been overtaken");
        let mut starts = false;
        let mark = |run: &mut StepRun| {
            starts = run.starting(now);
            true
        };
        let marked = self.runs.change(&run.id, "", mark).await?;
        if marked.is_none() || !starts {
            return Ok(Ran::Again(Duration::ZERO));
        }
        let started = self.runner.start(&correlation(run)?, program).await;
        let now = self.clock.now();
        let (action, wait) = match &started {
            Started::Run(_) => ("step_started", SOON),
            Started::Refused(_) => ("step_refused", Duration::ZERO),
            Started::NotNow(_) => ("", AGAIN),
            Started::Unclear(_) => ("step_unclear", LATER),
        };
        let change = |run: &mut StepRun| {
            match started {
                Started::Run(there) => run.started(there, now),
                Started::Refused(why) => run.end(End::Refused(why), now),
                Started::NotNow(why) => run.not_started(Some(why)),
                Started::Unclear(_) => {}
            }
            true
        };
        self.runs.change(&run.id, action, change).await?;
        Ok(Ran::Again(wait))
    }

    /// Looks for a run that may have been started; only where there is none for certain is it
    /// started again.
    async fn search(&self, run: &StepRun) -> anyhow::Result<Ran> {
        let found = self.runner.find(&correlation(run)?, run.asked).await?;
        let now = self.clock.now();
        let (action, wait) = match &found {
            Found::Run(_) => ("step_started", Duration::ZERO),
            Found::Absent => ("", Duration::ZERO),
            Found::NotSeen => ("", LATER),
        };
        let change = |run: &mut StepRun| {
            match found {
                Found::Run(there) => run.started(there, now),
                Found::Absent => run.not_started(None),
                Found::NotSeen => run.not_seen(now),
            }
            true
        };
        self.runs.change(&run.id, action, change).await?;
        Ok(Ran::Again(wait))
    }

    async fn watch(&self, run: &StepRun) -> anyhow::Result<()> {
        let Some(there) = &run.run else { anyhow::bail!("a run that runs has no name") };
        if run.stopped_by.is_some()
            && let Err(error) = self.runner.cancel(there).await
        {
            tracing::warn!(run = %run.id, "a run cannot be stopped: {error:#}");
        }
        let progress = self.runner.progress(there).await?;
        let now = self.clock.now();
        self.runs.change(&run.id, "", |run| run.progress(progress, now)).await?;
        Ok(())
    }

    /// What is to be run, when it is still what was confirmed and they still may.
    async fn allowed(&self, run: &StepRun) -> Result<&StepSettings, String> {
        let settings = self.runs.step(&run.step).filter(|settings| settings.digest() == run.digest);
        let settings = settings.ok_or("the configuration of this step was changed meanwhile")?;
        let (service, environment) = (Some(&settings.service), settings.environment.as_ref());
        let target = Target { service, environment };
        let may = self.access.require(&run.by, Permission::Run, target).await;
        may.map(|()| settings).map_err(|denied| denied.to_string())
    }
}

fn correlation(run: &StepRun) -> anyhow::Result<Correlation> {
    Ok(format!("step-{}", run.id).parse()?)
}

fn program(run: &StepRun, settings: &StepSettings) -> anyhow::Result<Program> {
    let mut environment = crate::pipelines::command::inherited();
    environment.extend(settings.variables.clone());
    let ours = [
        ("RUNBOOK", Some(run.runbook.as_str())),
        ("STEP", Some(run.step.as_str())),
        ("RUN", Some(run.id.as_str())),
        ("SERVICE", Some(run.service.as_str())),
        ("ENVIRONMENT", run.environment.as_ref().map(Environment::as_str)),
    ];
    let ours = ours.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    environment.extend(ours.map(|(name, value)| (format!("PILOTHOUSE_{name}"), value.to_owned())));
    Ok(Program {
        program: crate::pipelines::command::found(&settings.program)?,
        arguments: settings.arguments.clone(),
        environment,
        folder: settings.folder.clone(),
        timeout: settings.timeout.0,
        grace: settings.grace.0,
    })
}

/// Shows the cards of runs where they were asked for.
pub struct StepCards {
    /// The runs.
    pub runs: Arc<StepRuns>,
    /// Where they are shown.
    pub channels: Arc<Channels>,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl Handler for StepCards {
    fn kind(&self) -> &'static str {
        CARD
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let id: StepRunId = serde_json::from_str(&job.payload)?;
        let Some(run) = self.runs.find(id.as_str()).await? else { return Ok(Ran::Done) };
        let places = self.channels.places(None, &run.asked_in).await;
        let view = StepView::of(&run, true, self.clock.now());
        self.channels.show(&Subject::new(RUN, &run.id), &places, &view.into()).await?;
        Ok(Ran::Done)
    }
}
