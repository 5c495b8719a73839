//! What is reported back: a signed message says how a run goes, and the last one of each is kept.
//!
//! They are kept in files, one for each run: replicas that are to know the same need one folder.

use std::{
    path::PathBuf,
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
    names::{Correlation, PipelineName},
    secrets::{Secret, keep_quiet},
    vendors::signature,
};

/// Largest message that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// How long a message may take to arrive.
const DEADLINE: Duration = Duration::from_secs(5);

/// How far apart the clocks may be; a message older than this may be somebody's recording.
const SKEW: i64 = 5 * 60;

/// How long reports are kept after the last one: far longer than any run is watched.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// The reports of one pipeline.
pub(super) struct Reports {
    name: PipelineName,
    secret: Secret,
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
        secret: &Secret,
        folder: &std::path::Path,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let folder = folder.join(format!("{name}.reports"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let writing = tokio::sync::Mutex::default();
        let reports = Self { name: name.clone(), secret: secret.clone(), folder, clock, writing };
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

    /// Whether a message was signed with our secret, lately; when it was.
    fn proved(&self, request: &HttpRequest, body: &[u8]) -> anyhow::Result<Option<i64>> {
        let secret = self.secret.read()?;
        keep_quiet(&secret);
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let (Some(id), Some(at), Some(said)) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
        else {
            return Ok(None);
        };
        let Ok(seconds) = at.parse::<i64>() else { return Ok(None) };
        let recent = (self.clock.now().0.div_euclid(1000) - seconds).abs() <= SKEW;
        let signed = signature::is_signed(&secret, (id, at), body, said);
        Ok((recent && signed).then_some(seconds))
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
    let body = tokio::time::timeout(DEADLINE, body.to_bytes_limited(LARGEST)).await;
    let body = match body {
        Ok(Ok(Ok(body))) => body,
        Ok(Err(_)) => return HttpResponse::PayloadTooLarge().body("a report is over 64 KiB"),
        _ => return HttpResponse::RequestTimeout().body("the report did not arrive"),
    };
    let at = match reports.proved(&request, &body) {
        Ok(Some(at)) => at,
        Ok(None) => {
            metrics::counter!("pilothouse_refused_requests_total", "reason" => "webhook signature")
                .increment(1);
            tracing::warn!(pipeline = reports.name.as_str(), "a report without a good signature");
            return HttpResponse::Unauthorized()
                .body("the signature is missing, wrong or over five minutes old");
        }
        Err(error) => {
            tracing::error!(pipeline = reports.name.as_str(), "no report can be proved: {error}");
            return HttpResponse::ServiceUnavailable().body("the secret cannot be read");
        }
    };
    let Report { request_id, said } = match crate::outside::json::<Message>(&body) {
        Ok(message) => message.data,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    match reports.keep(&request_id, &Kept { at, said }).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => {
            tracing::error!(pipeline = reports.name.as_str(), "a report was not kept: {error:#}");
            HttpResponse::ServiceUnavailable().body("it could not be written down")
        }
    }
}
