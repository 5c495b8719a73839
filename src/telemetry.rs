//! Logs and metrics. Every word of them passes the redaction.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::secrets::redact;

/// What is logged when the configuration says nothing: ours in full, others' trouble.
const USUAL: &str = "warn,pilothouse=info";

/// Begins to log, once for the whole process: one JSON object a line, on standard error or into a
/// file. `filter` is in `tracing`'s own words (`warn,pilothouse=debug`); `None` is the usual.
///
/// # Errors
/// When the filter is not one, or the file cannot be written.
pub fn begin(file: Option<&Path>, filter: Option<&str>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or(USUAL)).context("the log filter")?;
    let target: Box<dyn Write + Send> = match file {
        Some(path) => Box::new(
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("the log {} cannot be written", path.display()))?,
        ),
        None => Box::new(io::stderr()),
    };
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(Redacted(Arc::new(Mutex::new(target))))
        .try_init()
        .map_err(|error| anyhow::anyhow!("logging has begun already: {error}"))
}

/// The figures of this process, as Prometheus reads them.
///
/// # Errors
/// When another recorder was installed first.
pub fn figures() -> anyhow::Result<PrometheusHandle> {
    static FIGURES: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(figures) = FIGURES.get() {
        return Ok(figures.clone());
    }
    let figures = PrometheusBuilder::new().install_recorder()?;
    Ok(FIGURES.get_or_init(|| figures).clone())
}

/// A log whose every line has lost its secrets.
#[derive(Clone)]
struct Redacted(Arc<Mutex<Box<dyn Write + Send>>>);

impl MakeWriter<'_> for Redacted {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { log: self.clone(), bytes: vec![] }
    }
}

/// One line on its way; a secret may be written in pieces, so it is looked at as a whole.
struct Line {
    log: Redacted,
    bytes: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not end the bot; there is nowhere left to say so.
        let _ = log.write_all(redact(&text).as_bytes());
        let _ = log.flush();
    }
}
