//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match &arguments[..] {
        [command, folder] if command == "supervise" => {
            pilothouse::cli::supervise::run(folder.as_ref())
        }
        _ => ExitCode::FAILURE,
    }
}
