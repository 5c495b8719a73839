//! `pilothouse audit`: whether the audit is what was written, and the whole of it for other
//! programs. Nothing here changes the database; the bot may go on working in it.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    audit::{self, Evidence, Finding, Format, Key, Verdict, Window, export},
    clock::{Clock, Span, Timestamp},
    config::{self, Config, Database, Secrets},
    store::Db,
};

/// What can be done with the audit.
#[derive(clap::Subcommand)]
pub enum What {
    /// Recompute the chain, compare it with the checkpoints, and say what does not fit.
    Verify(Verify),
    /// Write every row down for other programs.
    ///
    /// Each row holds its hash and that of the row before, so that whoever reads it can recompute
    /// the chain: SHA-256 over seq, at, actor, `actor_name`, action, subject, outcome, detail and
    /// prev, and over service and environment behind them unless both are empty; each of them
    /// behind its length in bytes, as eight bytes, the highest first; numbers in decimal digits.
    /// In CSV, a cell that a spreadsheet could take for a formula, or that begins with a `'`, has
    /// one more `'` in front.
    Export(Export),
}

/// Which database is meant.
#[derive(clap::Args)]
pub struct Which {
    /// The configuration, which names it; `pilothouse.yaml` when nothing else is said.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Another database than the configuration's, a backup for instance: `sqlite://path`,
    /// `postgres://…`, or `env:NAME` or `file:/path` where its address is kept.
    #[arg(long)]
    database: Option<String>,
}

/// What `verify` is told.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    which: Which,
    /// A file of checkpoints, or a log that holds some; may be said several times. Without it,
    /// the one that the configuration names.
    #[arg(long)]
    checkpoints: Vec<PathBuf>,
}

/// What `export` is told.
#[derive(clap::Args)]
pub struct Export {
    #[command(flatten)]
    which: Which,
    /// `jsonl`, or `csv` for a spreadsheet.
    #[arg(long, value_parser = format)]
    format: Format,
    /// Only from this moment on: `7d` ago, `2026-01-31`, or `2026-01-31T12:00:00Z`.
    #[arg(long)]
    since: Option<String>,
    /// Only before this moment.
    #[arg(long)]
    until: Option<String>,
    /// Where it goes; standard output, when nothing is said.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Does it; false when something is wrong with the audit.
///
/// # Errors
/// When the configuration has mistakes, or the database or a file cannot be read.
pub fn run(what: What, out: &mut impl Write) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match what {
        What::Verify(options) => runtime.block_on(verify(options, out)),
        What::Export(options) => runtime.block_on(write(options, out)).map(|()| true),
    }
}

async fn verify(options: Verify, out: &mut impl Write) -> anyhow::Result<bool> {
    let Found { url, settings, usual } = options.which.find()?;
    let files = match (options.checkpoints, usual) {
        (files, Some(usual)) if files.is_empty() => vec![usual],
        (files, _) => files,
    };
    let secrets = settings.key.iter().chain(&settings.former_keys);
    let keys = secrets.map(Key::read).collect::<Result<Vec<Key>, _>>()?;
    let evidence = Evidence::gather(&files, &keys)?;
    let others = evidence.others;
    let mut snapshot = Db::snapshot(&url).await?;
    let mut verdict = audit::verify(&mut snapshot, evidence).await?;
    if verdict.rows == 0 {
        // A bot that has never done anything has nothing to write down.
        verdict.findings.retain(|found| !matches!(found, Finding::NoCheckpoints { .. }));
    }
    tell(&verdict, out)?;
    limits(&verdict, &files, &keys, others, out)?;
    Ok(verdict.findings.is_empty())
}

/// How many findings are told one by one.
const TOLD: usize = 50;

fn tell(verdict: &Verdict, out: &mut impl Write) -> anyhow::Result<()> {
    let Verdict { rows, last, findings, .. } = verdict;
    if findings.is_empty() {
        match last {
            None => writeln!(out, "The audit is whole: nothing has been written down yet.")?,
            Some((seq, at, hash)) => writeln!(
                out,
                "The audit is whole: {}, the last of them row {seq} of {} with hash {hash}.",
                many(*rows, "row"),
                at.exact()
            )?,
        }
        return Ok(());
    }
    if findings.iter().all(|found| matches!(found, Finding::NoCheckpoints { .. })) {
        writeln!(out, "Every row fits the one before ({}), but:", many(*rows, "row"))?;
        findings.iter().try_for_each(|found| writeln!(out, "- {found}"))?;
        return Ok(());
    }
    writeln!(out, "The audit is not whole. This does not fit ({} read):", many(*rows, "row"))?;
    for found in findings.iter().take(TOLD) {
        writeln!(out, "- {found}")?;
    }
    if findings.len() > TOLD {
        writeln!(out, "- And {} more.", findings.len() - TOLD)?;
    }
    writeln!(
        out,
        "\nWhat to do: keep the database, the checkpoints and the log as they are now, and mend \
         nothing in place. Look for a backup that is whole (`pilothouse audit verify --database \
         sqlite://backup.db`) and compare the rows named here with its own. Find out who could write \
         to the database. If you restored a backup yourself, put the file of checkpoints away: the \
         bot begins another."
    )?;
    Ok(())
}

/// What nobody could have found like this.
fn limits(
    verdict: &Verdict,
    files: &[PathBuf],
    keys: &[Key],
    others: usize,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Verdict { last, covered, compared, .. } = verdict;
    if *compared == 0 && !files.is_empty() {
        return Ok(());
    }
    if files.is_empty() {
        writeln!(
            out,
            "It was compared with no checkpoint: an end that was cut off, or a chain that was \
             rewritten as a whole, is not found like this."
        )?;
        return Ok(());
    }
    let from = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    let signed = if keys.is_empty() {
        "whose signatures were not looked at: there is no `audit.key`, so whoever can write there \
         can write other ones"
    } else {
        "signed by your key"
    };
    let compared = many(*compared as u64, "checkpoint");
    writeln!(out, "It was compared with {compared} from {from}, {signed}.")?;
    if others > 0 {
        writeln!(out, "What else stands there is no checkpoint: {}.", many(others as u64, "line"))?;
    }
    let beyond = last.as_ref().map_or(0, |(seq, ..)| seq - covered);
    if beyond > 0 {
        writeln!(
            out,
            "Rows from {} on are newer than the newest checkpoint: only the chain vouches for them.",
            covered + 1
        )?;
    }
    Ok(())
}

fn many(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

async fn write(options: Export, out: &mut impl Write) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let moment = |text: &Option<String>| text.as_ref().map(|text| moment(text, now)).transpose();
    let window = Window { since: moment(&options.since)?, until: moment(&options.until)? };
    let mut snapshot = Db::snapshot(&options.which.find()?.url).await?;
    match &options.out {
        Some(path) => {
            let cannot = || format!("{} cannot be written", path.display());
            let file = File::create(path).with_context(cannot)?;
            let to = BufWriter::new(file);
            let count = export(&mut snapshot, options.format, window, to).await?;
            writeln!(out, "{} written to {}.", many(count, "row"), path.display())?;
        }
        None => {
            export(&mut snapshot, options.format, window, BufWriter::new(out)).await?;
        }
    }
    Ok(())
}

/// What the command line and the configuration name.
struct Found {
    url: String,
    settings: audit::Settings,
    /// Where checkpoints are when the command line does not say.
    usual: Option<PathBuf>,
}

impl Which {
    /// A database that is named needs no configuration; one that is named beside a configuration
    /// is looked at with that one's keys.
    fn find(self) -> anyhow::Result<Found> {
        let Self { config, database } = self;
        let named =
            database.map(|text| Database::try_from(text).context("--database")).transpose()?;
        let config = match (config, &named) {
            (Some(file), _) => Some(load(&file)?),
            (None, None) => Some(load(Path::new("pilothouse.yaml"))?),
            (None, Some(_)) => None,
        };
        let usual = config.as_ref().map(|config| {
            audit::Checkpoints::of(&config.audit, &config.folder()).file().to_owned()
        });
        let Config { database, audit: settings, .. } = config.unwrap_or_default();
        Ok(Found { url: named.unwrap_or(database).url()?, settings, usual })
    }
}

/// Whoever looks after the audit need not have the bot's other secrets.
fn load(file: &Path) -> anyhow::Result<Config> {
    let config::Checked { config, mistakes, .. } = config::check(file, Secrets::Leave);
    Ok(config.ok_or(mistakes)?)
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "jsonl" => Ok(Format::Jsonl),
        "csv" => Ok(Format::Csv),
        _ => Err("say `jsonl` or `csv`".to_owned()),
    }
}

/// A moment as somebody types it: so long ago, a day from its beginning, or exactly.
fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(Span(ago)) = text.parse() {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        return Ok(Timestamp(now.0.saturating_sub(ago)));
    }
    let day = text.parse::<jiff::civil::Date>().ok();
    let day = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let exact = text.parse::<jiff::Timestamp>().ok();
    let found = exact.or_else(|| day.map(|day| day.timestamp()));
    let found = found.with_context(|| {
        format!("`{text}` is no moment: say `7d` for a week ago, `2026-01-31`, or `2026-01-31T12:00:00Z`")
    })?;
    Ok(Timestamp(found.as_millisecond()))
}
