//! The bot at work: its doors open and its worker working, until it is told to stop.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::{
    alerts::{self, Feeds},
    app::{App, Foundation, World},
    audit::Checkpoints,
    chat::Channel,
    config::Config,
    deployments::Probes,
    health,
    pipelines::{self, command::Programs},
    pushes, runbooks, telemetry, telling,
    web::{self, House},
};

/// The world as a configuration describes it; `folder` is where pipelines keep what must survive.
pub(super) fn world(
    config: &Config,
    folder: PathBuf,
    foundation: &Foundation,
    channels: Vec<Arc<dyn Channel>>,
) -> anyhow::Result<World> {
    let checkpoints = Checkpoints::of(&config.audit, &folder);
    let program = std::env::current_exe().context("where this program is")?;
    let (clock, outbound) = (foundation.clock.clone(), foundation.outbound.clone());
    let ground = pipelines::Ground { clock, outbound, folder, program };
    let mut opened = BTreeMap::new();
    for (name, settings) in &config.pipelines {
        let pipeline = pipelines::open(name, settings, &ground);
        let pipeline = pipeline.with_context(|| format!("the pipeline `{name}`"))?;
        opened.insert(name.clone(), pipeline);
    }
    let runbooks = match &config.runbooks {
        Some(settings) => Some(runbooks::Given {
            settings: settings.clone(),
            runner: Arc::new(Programs::open(runbooks::RUNS, &ground)?),
        }),
        None => None,
    };
    let (probes, post) = probes(config, foundation)?;
    let mut feeds = Feeds::new();
    for (name, settings) in &config.alerts {
        let (outbound, clock) = (foundation.outbound.clone(), foundation.clock.clone());
        let feed = alerts::open(settings, &alerts::Reach { outbound, clock });
        feeds.insert(name.clone(), feed.with_context(|| format!("the alerts of `{name}`"))?);
    }
    let by_group = config.roles.values().any(|role| !role.groups.is_empty());
    let directory = match config.teams.as_ref().filter(|_| by_group) {
        Some(teams) => Some(teams.graph(&foundation.outbound, &foundation.clock)?),
        None => None,
    };
    Ok(World {
        access: config.access(),
        directory,
        services: config.services.clone(),
        freezes: config.freezes.clone(),
        oncall: config.oncall.clone(),
        runbooks,
        incidents: config.incidents.clone(),
        pipelines: opened,
        probes,
        post,
        alerts: feeds,
        hooks: pushes::resolved(&config.hooks, &config.pipelines),
        time_zone: config.time_zone.clone(),
        tell: telling::open(&config.tell, &foundation.clock, &foundation.outbound)?,
        channels,
        checkpoints: Some(checkpoints),
    })
}

/// Every probe, and where they look for whoever knows which alerts fire.
fn probes(config: &Config, foundation: &Foundation) -> anyhow::Result<(Probes, health::Post)> {
    let (clock, outbound) = (foundation.clock.clone(), foundation.outbound.clone());
    let ground = health::Ground { clock, outbound, post: health::Post::default() };
    let mut probes = Probes::new();
    for (service, settings) in &config.services {
        for (environment, rules) in &settings.environments {
            let open = |probe| health::open(probe, (service, environment), &ground);
            let asked = rules.health.iter().map(open).collect::<anyhow::Result<_>>();
            let asked =
                asked.with_context(|| format!("the health of {service} in {environment}"))?;
            probes.insert((service.clone(), environment.clone()), asked);
        }
    }
    Ok((probes, ground.post))
}

/// Binds the address before anything else is begun, so that a taken one is told at once.
pub(super) fn listen(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; if another Pilothouse runs there, stop it first")
    })
}

/// Works until `stop` resolves; then takes no more, finishes what has begun, and lets go.
pub(super) async fn until(
    stop: impl Future<Output = ()>,
    app: &App,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let closing = Arc::new(AtomicBool::new(false));
    let house = House {
        channels: app.channels.clone(),
        listener: app.commands.clone(),
        alerts: app.commands.alerts.clone(),
        pushes: app.pushes.clone(),
        pipelines: app.commands.planner.pipelines.values().cloned().collect(),
        db: app.foundation.db.clone(),
        figures: telemetry::figures()?,
        closing: closing.clone(),
    };
    let (server, handle) = web::open(listener, &house)?;
    let server = tokio::spawn(server);
    let ending = CancellationToken::new();
    let working = tokio::spawn(app.worker.clone().run_until(ending.clone().cancelled_owned()));
    stop.await;
    closing.store(true, Ordering::Relaxed);
    handle.stop(true).await;
    ending.cancel();
    working.await.context("the worker")?;
    server.await.context("the server")??;
    app.foundation.db.close().await;
    Ok(())
}
