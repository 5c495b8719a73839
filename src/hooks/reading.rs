//! Reads what is delivered: proved as early as it can be, so much of it, so long, so many at once.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, RETRY_AFTER},
    web::Payload,
};
use futures_util::StreamExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::prover::{Admitted, Prover, Unproved};

/// How long a delivery waits for a place; `PagerDuty` itself waits five seconds.
const TURN: Duration = Duration::from_secs(2);

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(5);

/// How soon a sender may try again, in seconds.
const AGAIN: &str = "5";

/// Reads the deliveries of one door, or of several that share its places.
pub struct Reading {
    places: Semaphore,
    largest: usize,
    advice: &'static str,
}

/// A whole body of a proved sender, and the place it was read at.
#[derive(Debug)]
pub struct Taken<'a> {
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Whoever comes next may have it once this is dropped: hold it while the body is taken apart.
    _place: SemaphorePermit<'a>,
}

/// Why a delivery was not read.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// The sender has not proved that it is itself.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// Too many others are being read.
    #[error("too many deliveries at once")]
    Crowded,
    /// It took too long to arrive.
    #[error("the body did not arrive in time")]
    Late,
    /// It did not arrive, or is too large: the sentence for the sender. Whether the sender had
    /// proved itself by then.
    #[error("{why}")]
    Unread {
        /// What went wrong, and what to do.
        why: &'static str,
        /// Whether it is certain who wanted to say something.
        proved: bool,
    },
}

impl Reading {
    /// Reads so many bodies at once, each of so many bytes at most; `advice` is the sentence for
    /// the sender of a larger one.
    pub fn new(at_once: usize, largest: usize, advice: &'static str) -> Self {
        Self { places: Semaphore::new(at_once), largest, advice }
    }

    /// Reads the body of a delivery, and proves whose it is.
    ///
    /// # Errors
    /// Why not; [`Untaken::answer`] is the answer then.
    pub async fn take(
        &self,
        prover: &Prover,
        headers: &HeaderMap,
        body: Payload,
    ) -> Result<Taken<'_>, Untaken> {
        let certain = prover.admits(headers).await? == Admitted::Wholly;
        let place = tokio::time::timeout(TURN, self.places.acquire()).await;
        let Ok(Ok(place)) = place else { return Err(Untaken::Crowded) };
        let read = tokio::time::timeout(DEADLINE, self.read(body)).await;
        let body = read.map_err(|_| Untaken::Late)?;
        let body = body.map_err(|why| Untaken::Unread { why, proved: certain })?;
        if !certain {
            prover.signs(headers, &body)?;
        }
        Ok(Taken { body, _place: place })
    }

    async fn read(&self, mut body: Payload) -> Result<Vec<u8>, &'static str> {
        let mut bytes = vec![];
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| "the body broke off")?;
            if bytes.len() + chunk.len() > self.largest {
                return Err(self.advice);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

impl Untaken {
    /// What the sender is told: to prove itself, or to try again. Counts and logs it, too.
    pub fn answer(&self, source: &str) -> HttpResponse {
        match self {
            Self::Unproved(Unproved::Wrong(why)) => {
                metrics::counter!("pilothouse_refused_requests_total", "reason" => "webhook proof")
                    .increment(1);
                tracing::warn!(source, "a delivery that proves nothing: {why}");
                HttpResponse::Unauthorized().body(*why)
            }
            Self::Unproved(error) => {
                tracing::error!(source, "a delivery cannot be proved: {error}");
                later("it cannot be proved now; the bot's log says why")
            }
            Self::Unread { why, .. } => later(why),
            Self::Crowded => later("too many deliveries at once"),
            Self::Late => later("the body did not arrive in time"),
        }
    }
}

/// The sender is to try again.
pub fn later(why: &'static str) -> HttpResponse {
    tracing::warn!("a delivery was not taken: {why}");
    metrics::counter!("pilothouse_deliveries_not_taken_total").increment(1);
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, AGAIN)).body(why)
}
