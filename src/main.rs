//! The command line; one line per subcommand.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use pilothouse::cli;

/// A self-hosted ChatOps bot for Microsoft Teams.
#[derive(Parser)]
#[command(name = "pilothouse", version = env!("CARGO_PKG_VERSION"))]
struct Line {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Look after one run of a local program. The bot starts this itself.
    #[command(hide = true)]
    Supervise {
        /// The run's folder.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match Line::parse().what {
        What::Supervise { folder } => cli::supervise::run(&folder),
    }
}
