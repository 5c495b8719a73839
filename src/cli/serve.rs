//! `pilothouse serve`: the bot itself.

use std::{path::Path, process::ExitCode, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};

use super::running;
use crate::{
    app::{App, Foundation},
    chat::teams::Teams,
    clock::Clock,
    config::{self, Config},
    secrets::variable,
    telemetry,
};

/// Runs the bot of this configuration until it is told to stop.
///
/// # Errors
/// When the configuration has mistakes, or something it names cannot be had.
pub fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let config = config::load(config)?;
    telemetry::begin(None, variable("PILOTHOUSE_LOG").as_deref())?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(&config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let settings = config.servable()?;
    let listener = running::listen(config.listen)?;
    let foundation = Foundation::lay(&config.database.url()?, Clock::system()).await?;
    let teams = Teams::new(settings, foundation.chat(), &foundation.outbound)?;
    let world = running::world(config, config.folder(), &foundation, vec![Arc::new(teams)])?;
    let app = App::build(foundation, world).await?;
    let (mut end, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tracing::info!(address = %config.listen, "ready");
    let stop = async {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what has begun");
    };
    running::until(stop, &app, listener).await?;
    tracing::info!("stopped");
    Ok(())
}
