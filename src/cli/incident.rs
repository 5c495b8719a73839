//! `pilothouse incident`: an incident as the beginning of a post-mortem. Changes nothing; the bot may
//! go on working in the same database.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    config::{self, Secrets},
    deployments::Deployments,
    incidents::{self, Books, Chronicle, Incidents, Number},
    store::Db,
};

/// What can be done with incidents.
#[derive(clap::Subcommand)]
pub enum What {
    /// Write the beginning of a post-mortem, in Markdown.
    Export(Export),
}

/// What `export` is told.
#[derive(clap::Args)]
pub struct Export {
    /// The incident: `INC-7`, or `7`.
    incident: Number,
    /// The configuration, which names the database.
    #[arg(long, default_value = "pilothouse.yaml")]
    config: PathBuf,
    /// Where it goes; standard output, when nothing is said.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Does it.
///
/// # Errors
/// When the configuration has mistakes, there is no such incident, or a file cannot be written.
pub fn run(what: &What, out: &mut impl Write) -> anyhow::Result<()> {
    let What::Export(Export { incident, config, out: to }) = what;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(export(config, *incident))?;
    match to {
        None => out.write_all(text.as_bytes())?,
        Some(file) => {
            std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
            writeln!(out, "{} holds {incident}.", file.display())?;
        }
    }
    Ok(())
}

async fn export(file: &Path, number: Number) -> anyhow::Result<String> {
    // Only the database is needed; secrets that are meant for others may not be readable here.
    let checked = config::check(file, Secrets::Leave);
    let config = checked.config.ok_or(checked.mistakes)?;
    let db = Db::reading(&config.database.url()?).await?;
    let (clock, bell) = (Clock::system(), Arc::new(Notify::new()));
    let deployments = Arc::new(Deployments::new(db.clone(), clock.clone(), bell.clone()));
    let settings = config.incidents.clone();
    let incidents = Arc::new(Incidents::new(db.clone(), clock.clone(), bell, settings));
    let books = Books::new(db.clone(), deployments);
    let chronicle = Chronicle::new(incidents.clone(), vec![Arc::new(books)]);
    let incident = incidents.find(number).await.map_err(|error| match error {
        incidents::Error::Broken(error) => error.context("the database has no incidents"),
        told => told.into(),
    })?;
    let text = chronicle.export(&incident, None, clock.now()).await?;
    db.close().await;
    Ok(text)
}
