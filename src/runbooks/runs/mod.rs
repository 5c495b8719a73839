//! Runs of the steps of runbooks: each is confirmed, started once, watched, and remembered.

mod keeper;
mod run;
mod store;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use tokio::sync::Notify;

pub use keeper::{StepCards, StepKeeper};
pub use run::{End, State, StepRun};
pub use view::StepView;

use super::{Error, book::Runbook, settings::StepSettings};
use crate::{
    access::Actor,
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::{Clock, Timestamp},
    jobs,
    names::{BadName, Correlation, PlanDigest, StepName, StepRunId},
    pipelines::{
        Found, Progress, Run, Started,
        command::{Program, Programs},
    },
    store::{Db, Tx},
};

/// What a run's card and audit rows are about.
pub const RUN: &str = "step_run";

/// Runs programs, as the `command` pipeline does.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Runs the program under that name, once.
    async fn start(&self, name: &Correlation, program: Program) -> Started;

    /// Looks for the run that was decided upon then.
    async fn find(&self, name: &Correlation, decided: Timestamp) -> anyhow::Result<Found>;

    /// How the run is getting on.
    async fn progress(&self, run: &Run) -> anyhow::Result<Progress>;

    /// Has the program stopped.
    async fn cancel(&self, run: &Run) -> anyhow::Result<()>;
}

#[async_trait]
impl Runner for Programs {
    async fn start(&self, name: &Correlation, program: Program) -> Started {
        Self::start(self, name, program).await
    }

    async fn find(&self, name: &Correlation, decided: Timestamp) -> anyhow::Result<Found> {
        Self::find(self, name, decided).await
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        Self::progress(self, run).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        Self::cancel(self, run).await
    }
}

/// Somebody has seen what would be run, and wants it: `7c1d22aa-8f2c91d4`. The second half is the
/// number of the run, so that a button pressed twice is one run.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The digest of what they have seen, or its beginning.
    pub digest: PlanDigest,
    /// The number the run will have.
    pub id: StepRunId,
}

impl std::str::FromStr for Confirmation {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (digest, id) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { digest: digest.parse()?, id: id.parse()? })
    }
}

/// Somebody wants a step run.
#[derive(Clone, Debug)]
pub struct RunWish<'a> {
    /// The runbook it stands in.
    pub book: &'a Runbook,
    /// The step.
    pub step: &'a StepName,
    /// What they have seen of it.
    pub confirmed: Confirmation,
    /// Who.
    pub by: Actor,
    /// Where.
    pub place: Place,
}

/// Every run there was.
pub struct StepRuns {
    db: Db,
    clock: Clock,
    bell: Arc<Notify>,
    steps: BTreeMap<StepName, StepSettings>,
}

impl StepRuns {
    /// The runs kept in `db`, of these steps.
    pub fn new(
        db: Db,
        clock: Clock,
        bell: Arc<Notify>,
        steps: BTreeMap<StepName, StepSettings>,
    ) -> Self {
        Self { db, clock, bell, steps }
    }

    /// What the configuration says of a step.
    pub fn step(&self, name: &StepName) -> Option<&StepSettings> {
        self.steps.get(name)
    }

    /// Has a step run that somebody has confirmed. The same confirmation is the same run.
    ///
    /// # Errors
    /// [`Error::Changed`] when it is not what they have seen, [`Error::Busy`] while it runs.
    pub async fn ask(&self, wish: RunWish<'_>) -> Result<StepRun, Error> {
        let RunWish { book, step, confirmed, by, place } = wish;
        let not_there = || Error::NotConfigured(step.clone());
        let settings = self.step(step).ok_or_else(not_there)?;
        if let Some(known) = self.find(confirmed.id.as_str()).await? {
            return Ok(known);
        }
        let digest = settings.digest();
        if !digest.is(&confirmed.digest) {
            return Err(Error::Changed { runbook: book.name.clone(), step: step.clone() });
        }
        let now = self.clock.now();
        let run = StepRun {
            id: confirmed.id,
            runbook: book.name.clone(),
            title: book.title.clone(),
            step: step.clone(),
            service: settings.service.clone(),
            environment: settings.environment.clone(),
            digest,
            command: settings.spoken(),
            by,
            asked: now,
            asked_in: place,
            state: State::Asked { why: None },
            run: None,
            tail: vec![],
            at: None,
            stopped_by: None,
        };
        let mut tx = self.db.begin().await.map_err(anyhow::Error::from)?;
        if !store::insert(&mut tx, &run).await? {
            drop(tx);
            return self.taken(run, now).await;
        }
        let detail = serde_json::json!({
            "runbook": run.runbook,
            "step": run.step,
            "service": run.service,
            "environment": run.environment,
            "command": run.command,
            "digest": run.digest,
        });
        self.put(&mut tx, &run, (&run.by, "step_run"), detail).await?;
        jobs::enqueue(&mut tx, &keeper::wish(&run.id, now)?).await.map_err(anyhow::Error::from)?;
        tx.commit().await.map_err(anyhow::Error::from)?;
        self.bell.notify_one();
        Ok(run)
    }

    /// The same run, asked for in the same moment; or another one that is in the way.
    async fn taken(&self, run: StepRun, now: Timestamp) -> Result<StepRun, Error> {
        if let Some(known) = self.find(run.id.as_str()).await? {
            return Ok(known);
        }
        let other = store::under_way(self.db.reader(), &run.step).await?;
        let other = other.ok_or_else(|| anyhow::anyhow!("a run ended in the same moment"))?;
        let at = other.asked.time_of_day(now);
        Err(Error::Busy { step: run.step, by: other.by.name, at, id: other.id })
    }

    /// Has a run stopped.
    ///
    /// # Errors
    /// [`Error::Over`] when there is nothing left to stop.
    pub async fn stop(&self, id: &StepRunId, by: Actor) -> Result<StepRun, Error> {
        let mut tx = self.db.begin().await.map_err(anyhow::Error::from)?;
        let run = store::keep(&mut tx, self.db.dialect(), id.as_str()).await?;
        let mut run = run.ok_or_else(|| Error::NoSuchRun(id.clone()))?;
        if !run.is_open() {
            return Err(Error::Over(id.clone()));
        }
        if run.stop(by.clone()) {
            store::update(&mut tx, &run).await?;
            let detail = serde_json::json!({ "runbook": run.runbook, "step": run.step });
            self.put(&mut tx, &run, (&by, "step_stop"), detail).await?;
            let wish = keeper::wish(&run.id, self.clock.now())?;
            jobs::enqueue(&mut tx, &wish).await.map_err(anyhow::Error::from)?;
            tx.commit().await.map_err(anyhow::Error::from)?;
            self.bell.notify_one();
        }
        Ok(run)
    }

    /// The run of that number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(&self, id: &str) -> Result<Option<StepRun>, Error> {
        Ok(store::find(self.db.reader(), id).await?)
    }

    /// Whether any is under way.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn moving(&self) -> Result<bool, Error> {
        Ok(!store::open(self.db.reader()).await?.is_empty())
    }

    /// Has the card of every run that is under way shown again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn show_all(&self) -> Result<(), Error> {
        let open = store::open(self.db.reader()).await?;
        let mut tx = self.db.begin().await.map_err(anyhow::Error::from)?;
        for run in open {
            let wish = keeper::card(&run.id, self.clock.now())?;
            jobs::enqueue(&mut tx, &wish).await.map_err(anyhow::Error::from)?;
        }
        Ok(tx.commit().await.map_err(anyhow::Error::from)?)
    }

    /// Changes a run, with its card and, where it has a name or ends the run, an audit row; what
    /// `change` says no to is no news.
    async fn change(
        &self,
        id: &StepRunId,
        action: &str,
        change: impl FnOnce(&mut StepRun) -> bool,
    ) -> anyhow::Result<Option<StepRun>> {
        let mut tx = self.db.begin().await?;
        let run = store::keep(&mut tx, self.db.dialect(), id.as_str()).await?;
        let Some(mut run) = run else { return Ok(None) };
        let was_open = run.is_open();
        if !change(&mut run) {
            return Ok(None);
        }
        let action = if was_open && !run.is_open() { "step_ended" } else { action };
        store::update(&mut tx, &run).await?;
        self.put(&mut tx, &run, (&Actor::bot(), action), told(&run)).await?;
        tx.commit().await?;
        self.bell.notify_one();
        Ok(Some(run))
    }

    async fn put(
        &self,
        tx: &mut Tx<'_>,
        run: &StepRun,
        (by, action): (&Actor, &str),
        detail: serde_json::Value,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        jobs::enqueue(tx, &keeper::card(&run.id, now)?).await?;
        if action.is_empty() {
            return Ok(());
        }
        let entry = Entry {
            at: now,
            actor: by.clone(),
            action: action.to_owned(),
            subject: Subject::new(RUN, &run.id).to_string(),
            service: Some(run.service.clone()),
            environment: run.environment.clone(),
            outcome: audit::Outcome::Done,
            detail: detail.to_string(),
        };
        audit::note(tx, self.db.dialect(), &entry).await?;
        Ok(())
    }
}

/// What the audit is told of a run.
fn told(run: &StepRun) -> serde_json::Value {
    let label = run.run.as_ref().map(|run| run.label.clone());
    let mut detail = serde_json::json!({
        "runbook": run.runbook,
        "step": run.step,
        "run": label,
        "state": run.state,
    });
    if !run.is_open() {
        detail["output"] = run.tail.clone().into();
    }
    detail
}
