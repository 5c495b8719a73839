//! Wires the rooms together; the only file that knows them all.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use crate::{
    access::{self, Access},
    alerts::{self, Alerts, Errands, Feeds},
    audit::{Checkpointing, Checkpoints},
    calendar::ZoneName,
    cards::Renderer,
    chat::{self, Answering, Channel, Channels, Forgetting, Inbox},
    clock::Clock,
    commands::{self, Commands},
    deployments::{self, Deployments, Figures, FreezeSettings, Keeper, Planner, Probes, Steps},
    health::Post,
    hooks::{Forgetful, Replays},
    incidents::{self, Books, Chronicle, Duty, Incidents},
    jobs::{Handler, Worker},
    names::{PersonName, PipelineName},
    oncall::{self, OnCall, PageCards, Pager, Pages},
    outbound::Outbound,
    pipelines::Pipeline,
    pushes::{self, Guard, Hints, Pushes},
    runbooks::{self, Library, StepCards, StepKeeper, StepRuns},
    store::Db,
    telling::{Subscribers, Teller},
    vendors::graph::Graph,
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
#[derive(Default)]
pub struct World {
    /// Roles and people.
    pub access: access::Settings,
    /// Who is in the groups that roles name.
    pub directory: Option<Graph>,
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
    /// Where probes look for whoever knows which alerts fire.
    pub post: Post,
    /// Where alerts come from.
    pub alerts: Feeds,
    /// What pipelines push.
    pub hooks: pushes::AllSettings,
    /// Where people's mornings are; UTC, when nobody says.
    pub time_zone: Option<ZoneName>,
    /// Who else hears of deployments.
    pub tell: Subscribers,
    /// Where people are.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Where the audit's checkpoints are kept; without it, none are made.
    pub checkpoints: Option<Checkpoints>,
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
    /// What pipelines push.
    pub pushes: Arc<Pushes>,
    /// What it all stands on.
    pub foundation: Foundation,
}

impl App {
    /// Puts the bot together. Nothing runs yet: see [`Worker::run_until`].
    ///
    /// # Errors
    /// When a service names a pipeline that is not there, or the database does not answer.
    pub async fn build(foundation: Foundation, world: World) -> anyhow::Result<Self> {
        let World { access, services, freezes, incidents, pipelines, probes, channels, .. } = world;
        let Foundation { db, clock, bell, .. } = foundation.clone();
        let people: Vec<_> = access.people.keys().cloned().collect();
        let access = known(&access, world.directory, &clock);
        let (oncall, pages) = awake(&foundation, (&world.oncall, &people), &access)?;
        let channels = Arc::new(Channels::new(db.clone(), channels));
        let deployments = Deployments::new(db.clone(), clock.clone(), bell.clone());
        let deployments = Arc::new(deployments.telling(world.tell.clone()));
        let planner =
            Arc::new(Planner::new(services, pipelines, access.clone())?.freezing(freezes));
        let ground = alerts::Ground { db: db.clone(), clock: clock.clone(), bell: bell.clone() };
        let alerts = Arc::new(Alerts::new(ground, world.alerts, homes(planner.services())));
        let watch = Arc::new(commands::Watch(alerts.clone()));
        world.post.take(watch.clone());
        let figures = Figures::new(
            deployments.clone(),
            planner.clone(),
            probes.clone(),
            vec![watch.clone()],
            clock.clone(),
        );
        let incidents =
            Arc::new(Incidents::new(db.clone(), clock.clone(), bell.clone(), incidents));
        let books = Books::new(db.clone(), deployments.clone());
        let chronicle = Chronicle::new(incidents.clone(), vec![Arc::new(books), watch]);
        let (library, steps) = written_down(&foundation, world.runbooks.as_ref());
        let commands = Arc::new(Commands {
            library,
            steps,
            access,
            oncall,
            pages,
            deployments,
            planner,
            figures: Arc::new(figures),
            alerts: alerts.clone(),
            time_zone: world.time_zone,
            incidents,
            chronicle: Arc::new(chronicle),
            channels: channels.clone(),
            db: db.clone(),
            clock: clock.clone(),
        });
        let mut handlers = handlers(&commands, &foundation, probes)?;
        handlers.extend(beginnings(&commands, &foundation, world.checkpoints).await?);
        handlers.push(Arc::new(Teller { subscribers: world.tell, clock: clock.clone() }));
        if let Some(given) = world.runbooks {
            handlers.extend(written_steps(&commands, &foundation, given)?);
        }
        let (pushes, guard) = pushed(&commands, &foundation, &world.hooks)?;
        handlers.push(guard);
        let worker = Arc::new(Worker::new(db, clock, handlers, bell));
        worker.take_over().await?;
        Ok(Self { commands, channels, worker, pushes: Arc::new(pushes), foundation })
    }
}

/// Who may do what, where that is asked of a directory too.
fn known(settings: &access::Settings, directory: Option<Graph>, clock: &Clock) -> Arc<Access> {
    let access = Access::new(settings);
    Arc::new(match directory {
        Some(graph) => access.asking(graph, clock.clone()),
        None => access,
    })
}

/// Who does which jobs.
fn handlers(
    commands: &Arc<Commands>,
    foundation: &Foundation,
    probes: Probes,
) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
    let Commands { access, deployments, planner, alerts, incidents, channels, .. } = &**commands;
    let (db, clock, channels) = (foundation.db.clone(), foundation.clock.clone(), channels.clone());
    let duty = Duty::open(incidents.settings(), (clock.clone(), foundation.outbound.clone()))?;
    Ok(vec![
        Arc::new(Answering { listener: commands.clone(), channels: channels.clone() }),
        Arc::new(Forgetting(foundation.chat().inbox)),
        Arc::new(Errands {
            alerts: alerts.clone(),
            channels: channels.clone(),
            shipments: Arc::new(commands::Shipped(deployments.clone())),
            ways: commands.ways(),
        }),
        Arc::new(Keeper {
            deployments: deployments.clone(),
            planner: planner.clone(),
            channels: channels.clone(),
            clock: clock.clone(),
        }),
        Arc::new(incidents::Keeper {
            incidents: incidents.clone(),
            access: access.clone(),
            channels: channels.clone(),
            db,
            duty,
            clock: clock.clone(),
        }),
        Arc::new(Steps {
            deployments: deployments.clone(),
            planner: planner.clone(),
            channels,
            probes,
            clock,
        }),
    ])
}

/// The room of every environment.
fn homes(services: &deployments::Settings) -> alerts::Homes {
    let rooms = |service: &deployments::ServiceSettings| {
        let environments = service.environments.iter();
        environments.map(|(name, rules)| (name.clone(), rules.room.clone())).collect()
    };
    services.iter().map(|(name, service)| (name.clone(), rooms(service))).collect()
}

/// Who is on call, and the pages that reach them.
fn awake(
    foundation: &Foundation,
    (settings, people): (&oncall::Settings, &[PersonName]),
    access: &Arc<Access>,
) -> anyhow::Result<(Arc<OnCall>, Arc<Pages>)> {
    let Foundation { db, clock, bell, outbound, .. } = foundation.clone();
    let ground = oncall::Ground { db: db.clone(), clock: clock.clone(), outbound };
    let oncall = Arc::new(OnCall::open(settings, people, &ground)?);
    let pages = Arc::new(Pages::new(db, clock, bell, oncall.clone(), access.clone()));
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

/// Who does what is begun here, and never ends: who is on call, what fires, what is forgotten, what
/// the end of the audit is.
async fn beginnings(
    commands: &Commands,
    foundation: &Foundation,
    checkpoints: Option<Checkpoints>,
) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
    let Commands { access, alerts, oncall, pages, channels, .. } = commands.clone();
    let Foundation { db, clock, outbound, .. } = foundation.clone();
    Forgetting::begin(&db, clock.now()).await?;
    Forgetful::begin(&db, clock.now()).await?;
    alerts.begin_errands().await?;
    let cards = PageCards { pages: pages.clone(), channels: channels.clone() };
    let calendars = oncall.begin().await?;
    let pager = Pager::new(pages, oncall, access, channels, outbound);
    let mut handlers: Vec<Arc<dyn Handler>> =
        vec![Arc::new(calendars), Arc::new(cards), Arc::new(pager)];
    handlers.push(Arc::new(Forgetful(Replays::new(db.clone(), clock.clone()))));
    if let Some(checkpoints) = checkpoints {
        let checkpointing = Checkpointing::new(db, clock, checkpoints);
        checkpointing.begin().await?;
        handlers.push(Arc::new(checkpointing));
    }
    Ok(handlers)
}

/// What pipelines push, who listens to it, and who turns strangers' runs away.
fn pushed(
    commands: &Commands,
    foundation: &Foundation,
    settings: &pushes::AllSettings,
) -> anyhow::Result<(Pushes, Arc<Guard>)> {
    let Foundation { db, clock, bell, outbound, .. } = foundation.clone();
    let Commands { deployments, planner, .. } = commands.clone();
    let meant = pushes::meant(settings);
    let hints = Hints { deployments: deployments.clone(), meant: meant.clone() };
    let ground = pushes::Ground { db: db.clone(), clock: clock.clone(), bell, outbound };
    let guard = Arc::new(Guard { deployments, planner, meant, db, clock });
    let pushes = Pushes::open(settings, vec![Arc::new(hints), guard.clone()], &ground)?;
    Ok((pushes, guard))
}

/// Who runs the steps of runbooks.
fn written_steps(
    commands: &Commands,
    foundation: &Foundation,
    given: runbooks::Given,
) -> anyhow::Result<Vec<Arc<dyn Handler>>> {
    given.check()?;
    let Commands { access, steps: runs, channels, .. } = commands.clone();
    let clock = foundation.clock.clone();
    let cards = StepCards { runs: runs.clone(), channels, clock: clock.clone() };
    let keeper = StepKeeper { runs, access, runner: given.runner, clock };
    Ok(vec![Arc::new(cards), Arc::new(keeper)])
}
