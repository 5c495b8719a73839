//! What is reported back: a signed message says how a run goes, and the last one of each is kept.
//!
//! They are kept in files, one for each run: replicas that are to know the same need one folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload, ServiceConfig, post, resource},
};
use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::Said;
use crate::{
    clock::Clock,
    hooks::{Prover, Reading, later},
    names::{Correlation, PipelineName},
};

/// Largest message that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Messages that are read at once.
const AT_ONCE: usize = 16;

/// How long reports are kept after the last one: far longer than any run is watched.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// The reports of one pipeline.
pub(super) struct Reports {
    name: PipelineName,
    prover: Prover,
    reading: Reading,
    folder: PathBuf,
    clock: Clock,
    /// Held while one is written, so that a late old one never replaces a newer.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Deserialize)]
struct Message {
    data: Report,
}

#[derive(Debug, Deserialize)]
struct Report {
    request_id: Correlation,
    #[serde(flatten)]
    said: Said,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Seconds since 1970, as the sender signed it.
    at: i64,
    said: Said,
}

impl Reports {
    /// The reports of a pipeline, in a folder of its own.
    pub(super) fn open(
        name: &PipelineName,
        prover: Prover,
        folder: &Path,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let folder = folder.join(format!("{name}.reports"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let reading = Reading::new(AT_ONCE, LARGEST, "the report is over 64 KiB");
        let (name, writing) = (name.clone(), tokio::sync::Mutex::default());
        let reports = Self { name, prover, reading, folder, clock, writing };
        reports.tidy().context("old reports cannot be removed")?;
        Ok(reports)
    }

    fn tidy(&self) -> std::io::Result<()> {
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let oldest = u64::try_from(self.clock.now().0.saturating_sub(kept)).unwrap_or(0);
        let oldest = SystemTime::UNIX_EPOCH + Duration::from_millis(oldest);
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.metadata()?.modified()? < oldest {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// The last report of a run.
    pub(super) async fn last(&self, id: &str) -> anyhow::Result<Option<Said>> {
        Ok(self.kept(id).await?.map(|kept| kept.said))
    }

    async fn kept(&self, id: &str) -> anyhow::Result<Option<Kept>> {
        match tokio::fs::read(self.file(id)).await {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).context("a report is damaged")?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("a report cannot be read"),
        }
    }

    /// Opens the door they come in by.
    pub(super) fn doors(self: Arc<Self>, doors: &mut ServiceConfig) {
        let door = resource(format!("/hooks/pipelines/{}", self.name));
        doors.service(door.app_data(Data::from(self)).route(post().to(knock)));
    }

    /// Keeps a report, unless a newer one of the run is there.
    async fn keep(&self, id: &Correlation, kept: &Kept) -> anyhow::Result<()> {
        let _turn = self.writing.lock().await;
        if self.kept(id.as_str()).await?.is_some_and(|newer| newer.at > kept.at) {
            return Ok(());
        }
        let (file, fresh) = (self.file(id.as_str()), self.folder.join(format!("{id}.new")));
        tokio::fs::write(&fresh, serde_json::to_vec(kept)?).await?;
        tokio::fs::rename(&fresh, &file).await?;
        Ok(())
    }
}

async fn knock(request: HttpRequest, body: Payload, reports: Data<Reports>) -> HttpResponse {
    let taken = match reports.reading.take(&reports.prover, request.headers(), body).await {
        Ok(taken) => taken,
        Err(untaken) => return untaken.answer(reports.name.as_str()),
    };
    let at =
        request.headers().get("webhook-timestamp").and_then(|at| at.to_str().ok()?.parse().ok());
    let Some(at) = at else { return HttpResponse::BadRequest().body("it says no moment") };
    let Report { request_id, said } = match crate::outside::json::<Message>(&taken.body) {
        Ok(message) => message.data,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    match reports.keep(&request_id, &Kept { at, said }).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => {
            tracing::error!(pipeline = reports.name.as_str(), "a report was not kept: {error:#}");
            later("it could not be written down")
        }
    }
}
