//! The command line; one line per subcommand.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use pilothouse::{cli, config::Secrets};

/// A self-hosted ChatOps bot for Microsoft Teams.
#[derive(Parser)]
#[command(name = "pilothouse", version = env!("CARGO_PKG_VERSION"))]
struct Line {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Try everything on this machine: a sample service, a real pipeline, a chat in the terminal.
    Demo(cli::demo::Options),
    /// Run the bot.
    Serve {
        /// The configuration.
        #[arg(long, default_value = "pilothouse.yaml")]
        config: PathBuf,
    },
    /// Say everything that is wrong with a configuration.
    Check {
        /// The configuration.
        #[arg(long, default_value = "pilothouse.yaml")]
        config: PathBuf,
        /// Write the configuration's JSON Schema instead, for an editor.
        #[arg(long)]
        schema: bool,
    },
    /// Ask every system of the configuration one harmless question: what works, what does not, and
    /// what to do.
    Doctor(cli::doctor::Options),
    /// Make the app that is installed in Teams.
    Package {
        /// The configuration.
        #[arg(long, default_value = "pilothouse.yaml")]
        config: PathBuf,
        /// Where it goes.
        #[arg(long, default_value = "pilothouse.zip")]
        out: PathBuf,
    },
    /// Read what is known of an incident.
    Incident {
        #[command(subcommand)]
        what: cli::incident::What,
    },
    /// See whether the audit is whole, or write it down for other programs.
    #[command(subcommand)]
    Audit(cli::audit::What),
    /// Look after one run of a local program. The bot starts this itself.
    #[command(hide = true)]
    Supervise {
        /// The run's folder.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    run(Line::parse().what, &mut io::stdout()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run(what: What, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match what {
        What::Demo(options) => cli::demo::run(&options),
        What::Serve { config } => cli::serve::run(&config),
        What::Check { schema: true, .. } => {
            cli::check::schema(out)?;
            Ok(ExitCode::SUCCESS)
        }
        What::Check { config, .. } => {
            let fine = cli::check::run(&config, Secrets::Read, out)?;
            Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        What::Doctor(options) => {
            let well = cli::doctor::run(&options, out)?;
            Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        What::Package { config, out: to } => {
            cli::package::run(&config, &to, out).map(|()| ExitCode::SUCCESS)
        }
        What::Incident { what } => {
            cli::incident::run(&what, out)?;
            Ok(ExitCode::SUCCESS)
        }
        What::Audit(what) => {
            let whole = cli::audit::run(what, out)?;
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        What::Supervise { folder } => Ok(cli::supervise::run(&folder)),
    }
}
