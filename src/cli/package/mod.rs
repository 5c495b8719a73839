//! `pilothouse package`: the Teams app as a zip, checked by Teams' rules before it is written.

mod choice;
mod rules;

use std::{
    io::{Cursor, Write},
    path::Path,
};

use anyhow::{Context, ensure};
use handlebars::Handlebars;
use serde_json::{Value, json};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

pub use rules::flaws;

use crate::{
    chat::RoomKind,
    commands::{self, About},
    config::{self, Config},
    incidents::Membership,
};

/// How many commands Teams lists in one place.
const COMMANDS: usize = 12;

/// A longer title is cut off in Teams' list.
const TITLE: usize = 32;

/// A longer explanation is cut off in Teams' list.
const EXPLANATION: usize = 128;

const TEMPLATE: &str = include_str!("../../../manifest/manifest.json");
const COLOR: &[u8] = include_bytes!("../../../manifest/color.png");
const OUTLINE: &[u8] = include_bytes!("../../../manifest/outline.png");

/// Makes the package of the configuration's bot and writes it to `to`. No secret is read.
///
/// # Errors
/// Every mistake at once: those of the configuration, or else those Teams would find.
pub fn run(file: &Path, to: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let checked = config::check(file, config::Secrets::Leave);
    let config = checked.config.ok_or(checked.mistakes)?;
    let manifest = manifest(&config, &commands::about())?;
    let package = pack(&manifest)?;
    std::fs::write(to, package).with_context(|| format!("cannot write {}", to.display()))?;
    writeln!(
        out,
        "{} is ready: upload it in the Teams admin center (Teams apps, Manage apps), or in Teams \
         itself (Apps, Manage your apps, Upload an app).",
        to.display()
    )?;
    if let Some(left_out) = left_out(&commands::about()) {
        writeln!(out, "{left_out}")?;
    }
    Ok(())
}

/// Which of these commands Teams will not list, and where; `None` when it lists them all.
pub fn left_out(commands: &[About]) -> Option<String> {
    let missing: Vec<String> =
        choice::lists(commands).iter().filter_map(choice::List::missing).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "Teams lists {COMMANDS} commands in one place. {} All of them work, and `/help` \
             shows them.",
            missing.join(" ")
        )
    })
}

/// The app's manifest.
///
/// # Errors
/// When the configuration lacks `teams` or `app`.
pub fn manifest(config: &Config, commands: &[About]) -> anyhow::Result<Value> {
    let missing = "the configuration has no `teams` section: the package needs its `app_id`";
    let teams = config.teams.as_ref().context(missing)?;
    let missing = "the configuration has no `app` section: the package needs at least its \
                   `developer` and `website`";
    let app = config.app.as_ref().context(missing)?;
    let data = json!({
        "app_id": teams.app_id.to_ascii_lowercase(),
        "version": app.version,
        "developer": app.developer,
        "website": app.website,
        "privacy": app.privacy.as_ref().unwrap_or(&app.website),
        "terms": app.terms.as_ref().unwrap_or(&app.website),
        "name": app.name,
        "full_name": app.full_name,
        "summary": app.summary,
        "description": app.description,
        "accent": app.accent,
        "domain": app.domain,
        "lists": choice::lists(commands),
        "channels": config.incidents.place == RoomKind::Channel,
        "private": config.incidents.membership == Membership::Private,
    });
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(escape_json);
    let text = handlebars.render_template(TEMPLATE, &data)?;
    serde_json::from_str(&text).context("the manifest's template does not give JSON")
}

/// The zip: manifest and icons at its root, the same bytes for the same manifest.
///
/// # Errors
/// Everything Teams would refuse, at once.
pub fn pack(manifest: &Value) -> anyhow::Result<Vec<u8>> {
    let flaws = flaws(manifest, COLOR, OUTLINE);
    ensure!(flaws.is_empty(), "Teams would refuse this package:\n{}", flaws.join("\n"));
    let text = serde_json::to_string_pretty(manifest)?;
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    // No file has a time of its own.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let files: [(&str, &[u8]); 3] =
        [("manifest.json", text.as_bytes()), ("color.png", COLOR), ("outline.png", OUTLINE)];
    for (name, bytes) in files {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// At most so many characters; what is cut ends with `…`.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

/// A value can only ever fill a JSON string, never leave it.
fn escape_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
