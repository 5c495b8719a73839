//! Wires the rooms together; the only file that knows them all.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use crate::{
    access::{self, Access},
    audit::{Checkpointing, Checkpoints},
    cards::Renderer,
    chat::{self, Answering, Channel, Channels, Forgetting, Inbox},
    clock::Clock,
    commands::Commands,
    deployments::{self, Deployments, Figures, FreezeSettings, Keeper, Planner, Probes, Steps},
    incidents::{self, Books, Chronicle, Incidents},
    jobs::{Handler, Worker},
    names::PipelineName,
    oncall::{self, OnCall, PageCards, Pager, Pages},
    outbound::Outbound,
    pipelines::Pipeline,
    runbooks::{self, Library, StepCards, StepKeeper, StepRuns},
    store::Db,
};

/// What is there before any room: the database, the time, the worker's bell.
#[derive(Clone)]
pub struct Foundation {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Wakes the worker.
    pub bell: Arc<Notify>,
    /// Draws the cards.
    pub renderer: Arc<Renderer>,
    /// The way to other servers.
    pub outbound: Outbound,
}

impl Foundation {
    /// Opens the database and reads the cards.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn lay(database: &str, clock: Clock) -> anyhow::Result<Self> {
        let (db, bell) = (Db::open(database).await?, Arc::new(Notify::new()));
        let (renderer, outbound) = (Arc::new(Renderer::new()?), Outbound::new()?);
        Ok(Self { db, clock, bell, renderer, outbound })
    }

    /// What every chat stands on.
    pub fn chat(&self) -> chat::Ground {
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let inbox = Inbox::new(db.clone(), clock.clone(), self.bell.clone());
        chat::Ground { db, clock, renderer: self.renderer.clone(), inbox }
    }
}

/// What the outside world is made of; a test hands in a pretend one.
pub struct World {
    /// Roles and people.
    pub access: access::Settings,
    /// What is deployed where, and by which rules.
    pub services: deployments::Settings,
    /// When nothing is deployed.
    pub freezes: Vec<FreezeSettings>,
    /// Who is on call when.
    pub oncall: oncall::Settings,
    /// What to do, where anybody wrote that down.
    pub runbooks: Option<runbooks::Given>,
    /// How incidents are handled.
    pub incidents: incidents::Settings,
    /// Who deploys.
    pub pipelines: BTreeMap<PipelineName, Arc<dyn Pipeline>>,
    /// How we know that it worked.
    pub probes: Probes,
    /// Where people are.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Where the audit's checkpoints are kept.
    pub checkpoints: Checkpoints,
}

/// The whole bot.
#[derive(Clone)]
pub struct App {
    /// What people can say; also the listener of every chat.
    pub commands: Arc<Commands>,
    /// Where they say it.
    pub channels: Arc<Channels>,
    /// Does the work.
    pub worker: Arc<Worker>,
    /// What it all stands on.
    pub foundation: Foundation,
}

impl App {
    /// Puts the bot together. Nothing runs yet: see [`Worker::run_until`].
    ///
    /// # Errors
    /// When a service names a pipeline that is not there, or the database does not answer.
    pub async fn build(foundation: Foundation, world: World) -> anyhow::Result<Self> {
        let World {
            access,
            services,
            freezes,
            oncall,
            runbooks,
            incidents,
            pipelines,
            probes,
            channels,
            checkpoints,
        } = world;
        let Foundation { db, clock, bell, .. } = foundation.clone();
        let (oncall, pages) = awake(&foundation, &oncall, &access)?;
        let access = Arc::new(Access::new(&access));
        let channels = Arc::new(Channels::new(db.clone(), channels));
        let deployments = Arc::new(Deployments::new(db.clone(), clock.clone(), bell.clone()));
        let planner = Planner::new(services, pipelines, access.clone())?.freezing(freezes);
        let planner = Arc::new(planner);
        let figures = Figures::new(
            deployments.clone(),
            planner.clone(),
            probes.clone(),
            vec![],
            clock.clone(),
        );
        let incidents =
            Arc::new(Incidents::new(db.clone(), clock.clone(), bell.clone(), incidents));
        let books = Books::new(db.clone(), deployments.clone());
        let chronicle = Chronicle::new(incidents.clone(), vec![Arc::new(books)]);
        let (library, steps) = written_down(&foundation, runbooks.as_ref());
        let commands = Arc::new(Commands {
            library,
            steps: steps.clone(),
            access: access.clone(),
            oncall: oncall.clone(),
            pages: pages.clone(),
            deployments: deployments.clone(),
            planner: planner.clone(),
            figures: Arc::new(figures),
            incidents: incidents.clone(),
            chronicle: Arc::new(chronicle),
            channels: channels.clone(),
            db: db.clone(),
            clock: clock.clone(),
        });
        let around = Around { access, channels: channels.clone(), foundation: foundation.clone() };
        let mut handlers = around.foundations(&commands, checkpoints).await?;
        handlers.extend(around.deployments(deployments, planner, probes));
        handlers.push(around.incidents(incidents));
        handlers.extend(around.on_call(oncall, pages).await?);
        handlers.extend(around.runbooks(steps, runbooks)?);
        let worker = Arc::new(Worker::new(db, clock, handlers, bell));
        worker.take_over().await?;
        Ok(Self { commands, channels, worker, foundation })
    }
}

/// Who is on call, and the pages that reach them.
fn awake(
    foundation: &Foundation,
    settings: &oncall::Settings,
    access: &access::Settings,
) -> anyhow::Result<(Arc<OnCall>, Arc<Pages>)> {
    let Foundation { db, clock, bell, outbound, .. } = foundation.clone();
    let ground = oncall::Ground { db: db.clone(), clock: clock.clone(), outbound };
    let people: Vec<_> = access.people.keys().cloned().collect();
    let oncall = Arc::new(OnCall::open(settings, &people, &ground)?);
    let access = Arc::new(Access::new(access));
    let pages = Arc::new(Pages::new(db, clock, bell, oncall.clone(), access));
    Ok((oncall, pages))
}

/// What is written down about what to do, and what runs of it.
fn written_down(
    foundation: &Foundation,
    given: Option<&runbooks::Given>,
) -> (Option<Arc<Library>>, Arc<StepRuns>) {
    let Foundation { db, clock, bell, .. } = foundation.clone();
    let settings = given.map(|given| given.settings.clone());
    let steps = settings.as_ref().map(|settings| settings.steps.clone()).unwrap_or_default();
    let library = settings.map(|settings| Arc::new(Library::new(settings, clock.clone())));
    (library, Arc::new(StepRuns::new(db, clock, bell, steps)))
}

/// What the worker's hands hold on to.
struct Around {
    access: Arc<Access>,
    channels: Arc<Channels>,
    foundation: Foundation,
}

impl Around {
    /// What there is whatever the bot is used for.
    async fn foundations(
        &self,
        commands: &Arc<Commands>,
        checkpoints: Checkpoints,
    ) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
        let Foundation { db, clock, bell, .. } = self.foundation.clone();
        let checkpointing = Checkpointing::new(db.clone(), clock.clone(), checkpoints);
        checkpointing.begin().await?;
        Forgetting::begin(&db, clock.now()).await?;
        let (listener, channels) = (commands.clone(), self.channels.clone());
        Ok(vec![
            Arc::new(checkpointing),
            Arc::new(Answering { listener, channels }),
            Arc::new(Forgetting(Inbox::new(db, clock, bell))),
        ])
    }

    fn deployments(
        &self,
        deployments: Arc<Deployments>,
        planner: Arc<Planner>,
        probes: Probes,
    ) -> [Arc<dyn Handler>; 2] {
        let (channels, clock) = (self.channels.clone(), self.foundation.clock.clone());
        let keeper = Keeper {
            deployments: deployments.clone(),
            planner: planner.clone(),
            channels: channels.clone(),
            clock: clock.clone(),
        };
        [Arc::new(keeper), Arc::new(Steps { deployments, planner, channels, probes, clock })]
    }

    fn incidents(&self, incidents: Arc<Incidents>) -> Arc<dyn Handler> {
        let Foundation { db, clock, .. } = self.foundation.clone();
        let (access, channels) = (self.access.clone(), self.channels.clone());
        Arc::new(incidents::Keeper { incidents, access, channels, db, clock })
    }

    async fn on_call(
        &self,
        oncall: Arc<OnCall>,
        pages: Arc<Pages>,
    ) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
        let Self { access, channels, foundation } = self;
        let (access, channels) = (access.clone(), channels.clone());
        Ok(vec![
            Arc::new(oncall.begin().await?),
            Arc::new(PageCards { pages: pages.clone(), channels: channels.clone() }),
            Arc::new(Pager::new(pages, oncall, access, channels, foundation.outbound.clone())),
        ])
    }

    fn runbooks(
        &self,
        runs: Arc<StepRuns>,
        given: Option<runbooks::Given>,
    ) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
        let Some(given) = given else { return Ok(vec![]) };
        given.check()?;
        let (channels, clock) = (self.channels.clone(), self.foundation.clock.clone());
        let cards = StepCards { runs: runs.clone(), channels, clock: clock.clone() };
        let (access, runner) = (self.access.clone(), given.runner);
        Ok(vec![Arc::new(cards), Arc::new(StepKeeper { runs, access, runner, clock })])
    }
}
