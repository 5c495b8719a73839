//! `pilothouse demo`: the whole bot on this machine, with a sample service to deploy and a chat in
//! the terminal. Nothing else is needed: no account, no vendor, no other server.

use std::{
    fs,
    io::{IsTerminal, stdin, stdout},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use actix_web::{App as Site, HttpServer};
use anyhow::Context;
use async_trait::async_trait;
use tokio::{io::BufReader, sync::mpsc::UnboundedReceiver};

use super::{monitor, running, sample};
use crate::{
    access::Actor,
    app::{App, Foundation},
    chat::{
        console::{
            Console, Seat, Shown, screen,
            script::{Motion, Script},
        },
        teams::{self, Teams},
    },
    clock::Clock,
    config::{self, Config, Secrets},
    deployments::{Effect, Release},
    incidents,
    secrets::variable,
    telemetry,
};

/// Who may speak at the terminal.
const PEOPLE: &[&str] = &["alice", "bob", "carol", "mallory"];

/// Who they are in Microsoft's Playground, whose user is Alex: by ids that are one digit too long to
/// stand in a configuration.
const PLAYGROUND: &[(&str, &str)] = &[
    ("bob", "00000000-0000-0000-0000-0000000000020"),
    ("alice", "00000000-0000-0000-0000-0000000000021"),
    ("carol", "00000000-0000-0000-0000-0000000000022"),
    ("mallory", "00000000-0000-0000-0000-0000000000023"),
];

/// How wide a script's cards are drawn.
const COLUMNS: usize = 80;

/// What lies in the demo's folder, and how it is to be treated there.
const FILES: &[(&str, &str, u32)] = &[
    ("deploy.sh", include_str!("../../deploy/demo/deploy.sh"), 0o755),
    ("resolve.sh", include_str!("../../deploy/demo/resolve.sh"), 0o755),
    ("alert.sh", include_str!("../../deploy/demo/alert.sh"), 0o755),
    ("history.txt", include_str!("../../deploy/demo/history.txt"), 0o644),
    ("restart.sh", include_str!("../../deploy/demo/restart.sh"), 0o755),
    (
        "runbooks/checkout-is-slow.md",
        include_str!("../../deploy/demo/runbooks/checkout-is-slow.md"),
        0o644,
    ),
    (
        "runbooks/release-went-wrong.md",
        include_str!("../../deploy/demo/runbooks/release-went-wrong.md"),
        0o644,
    ),
];

/// The demo's configuration, before it knows where it stands.
const CONFIG: &str = include_str!("../../deploy/demo/pilothouse.yaml");

/// What a demo is told.
#[derive(clap::Args)]
pub struct Options {
    /// Where it keeps everything: `pilothouse-demo` for a chat, a folder that is thrown away for a
    /// script.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where Microsoft's Playground finds the bot, on this machine; 0 for any free port.
    #[arg(long, default_value_t = 3978)]
    port: u16,
}

/// Runs the demo: a chat when somebody sits at the terminal, a script otherwise.
///
/// # Errors
/// When its folder or its port cannot be had.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let somebody = stdin().is_terminal() && stdout().is_terminal();
    let thrown_away = tempfile::tempdir()?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None if somebody => PathBuf::from("pilothouse-demo"),
        None => thrown_away.path().to_owned(),
    };
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let folder = folder.canonicalize()?;
    telemetry::begin(Some(&folder.join("log.json")), variable("PILOTHOUSE_LOG").as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(play(&folder, options.port, somebody))?;
    // Standard input may still be read from by a thread that nobody can stop.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

async fn play(folder: &Path, port: u16, somebody: bool) -> anyhow::Result<u8> {
    let listener = running::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .context("give another port with --port, or 0 for any")?;
    let bot = listener.local_addr()?;
    let state = folder.join("running");
    let sample = serve_sample(&state)?;
    let token = monitor::token(folder)?;
    fs::write(folder.join("address"), format!("http://{bot}\n"))?;
    let config = configure(folder, &state, sample)?;
    let database = format!("sqlite://{}", folder.join("demo.db").display());
    let foundation = Foundation::lay(&database, Clock::system()).await?;
    let (console, shown) = Console::new(foundation.renderer.clone());
    let teams = Teams::demo(foundation.chat(), &foundation.outbound);
    let channels = vec![console.clone() as _, Arc::new(teams) as _];
    let world = running::world(&config, folder.join("runs"), &foundation, channels)?;
    let app = App::build(foundation, world).await?;
    settle_in(&app).await?;
    let outbound = app.foundation.outbound.clone();
    tokio::spawn(monitor::watch(monitor::Posts {
        folder: folder.to_owned(),
        sample,
        bot,
        token,
        outbound,
    }));
    let seat = Seat::new(console, app.commands.clone(), PEOPLE)?;
    let mut code = Ok(0);
    let chat = async {
        code = if somebody { sit(seat, shown).await } else { read(seat, shown, &app).await };
    };
    if somebody {
        tracing::info!(address = %bot, "ready");
    } else {
        println!(
            "The bot of this demo hears Microsoft's Playground at http://{bot}/api/messages\n"
        );
    }
    running::until(chat, &app, listener).await?;
    code
}

/// Somebody sits at the terminal.
async fn sit(seat: Seat, shown: UnboundedReceiver<Shown>) -> anyhow::Result<u8> {
    let interrupted = async {
        // Whatever ends the waiting, the chat is to end.
        let _ = tokio::signal::ctrl_c().await;
    };
    screen::open(seat, shown, interrupted).await?;
    Ok(0)
}

/// Standard input is a script.
async fn read(seat: Seat, shown: UnboundedReceiver<Shown>, app: &App) -> anyhow::Result<u8> {
    let motion = Arc::new(Moving(app.clone()));
    let script = Script::new(seat, shown, motion, stdout(), COLUMNS);
    script.play(BufReader::new(tokio::io::stdin())).await
}

struct Moving(App);

#[async_trait]
impl Motion for Moving {
    async fn moving(&self) -> anyhow::Result<bool> {
        // What has been decided may still have to be drawn.
        let commands = &self.0.commands;
        Ok(commands.deployments.moving().await?
            || commands.steps.moving().await?
            || self.0.worker.is_busy().await?)
    }
}

/// Lays the demo's files out, and reads its configuration.
fn configure(folder: &Path, state: &Path, port: u16) -> anyhow::Result<Config> {
    fs::create_dir_all(folder.join("runbooks"))?;
    for (name, text, mode) in FILES {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode))?;
    }
    let quoted =
        |path: &Path| path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let text = CONFIG
        .replace("{port}", &port.to_string())
        .replace("{state}", &quoted(state))
        .replace("{folder}", &quoted(folder));
    let checked = config::check_text("the demo's configuration", &text, Secrets::Read);
    let mut config = checked.config.ok_or_else(|| anyhow::anyhow!("{}", checked.mistakes))?;
    for (name, id) in PLAYGROUND {
        let person = config.people.entry(name.parse()?).or_default();
        person.entra = Some((*id).to_owned());
        person.tenant = Some(teams::DEMO_TENANT.to_owned());
    }
    Ok(config)
}

/// Starts the sample service, and returns its port.
fn serve_sample(state: &Path) -> anyhow::Result<u16> {
    let listener = running::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let port = listener.local_addr()?.port();
    let doors = sample::doors(state.to_owned());
    let server = HttpServer::new(move || Site::new().configure(doors.clone()))
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
    tokio::spawn(server);
    Ok(port)
}

/// The sample service ran before the bot came; and whatever the terminal showed when the bot was
/// last stopped is shown again.
async fn settle_in(app: &App) -> anyhow::Result<()> {
    let deployments = &app.commands.deployments;
    for (service, settings) in app.commands.planner.services() {
        for environment in settings.environments.keys() {
            if deployments.standing(service, environment).await?.is_none() {
                let version = sample::FIRST.parse()?;
                let live = Release { version, commit: Some(sample::FIRST_COMMIT.to_owned()) };
                deployments.adopt((service, environment), live, Actor::bot()).await?;
            }
        }
    }
    app.channels.forget(&Console::place()).await?;
    app.commands.alerts.show_again().await?;
    for deployment in deployments.open().await? {
        deployments.nudge(&deployment.id, Effect::ShowCard).await?;
    }
    app.commands.pages.show_all().await?;
    app.commands.steps.show_all().await?;
    app.commands.incidents.nudge(incidents::Effect::ShowCard).await?;
    Ok(())
}
