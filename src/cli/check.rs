//! `pilothouse check`: every mistake in the configuration at once, and the schema for editors.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
};

use crate::config::{self, Config, Mistakes, Secrets};

/// Says everything there is to say about the file; whether the bot could start with it.
///
/// # Errors
/// When nothing can be written to `out`.
pub fn run(file: &Path, secrets: Secrets, out: &mut impl Write) -> io::Result<bool> {
    let checked = config::check(file, secrets);
    let (mistakes, warnings) = (&checked.mistakes, &checked.warnings);
    for mistake in &mistakes.0 {
        writeln!(out, "{mistake}")?;
    }
    for warning in &warnings.0 {
        writeln!(out, "{warning} (a warning)")?;
    }
    match &checked.config {
        Some(config) => {
            let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
            writeln!(out, "{name} is fine: {}.", summary(config))?;
            if let Err(error) = config.servable() {
                writeln!(out, "`pilothouse serve` would refuse it all the same: {error}.")?;
            }
        }
        None => writeln!(out, "{}.", counted(mistakes))?,
    }
    Ok(checked.config.is_some())
}

/// Writes the JSON Schema of the file. A first line
/// `# yaml-language-server: $schema=./pilothouse.schema.json` makes editors use it.
///
/// # Errors
/// When nothing can be written to `out`.
pub fn schema(out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &config::schema())?;
    writeln!(out)
}

fn counted(mistakes: &Mistakes) -> String {
    many(mistakes.0.len(), "mistake", "mistakes")
}

/// What there is in a configuration, in few words.
pub(super) fn summary(config: &Config) -> String {
    let environments: BTreeSet<_> =
        config.services.values().flat_map(|service| service.environments.keys()).collect();
    [
        many(config.services.len(), "service", "services"),
        many(environments.len(), "environment", "environments"),
        many(config.people.len(), "person", "people"),
    ]
    .join(", ")
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
