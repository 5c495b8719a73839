//! `POST /hooks/<source>`: the proof first, then the body, and an answer only once every alert has
//! been written down.
//!
//! A sender repeats a delivery only after an answer of the 500s. Whatever it may try again is
//! therefore answered 503, never 408, 413 or 429.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload, ServiceConfig, post, resource},
};

use super::{Alerts, Feed};
use crate::{
    hooks::{Reading, Replays, Untaken, later},
    names::SourceName,
};

/// Largest body that is read, in bytes: some twenty thousand alerts in one delivery.
const LARGEST: usize = 16 * 1024 * 1024;

/// Deliveries that are read at once. Each may hold [`LARGEST`] in memory, and several times that
/// while it is taken apart.
const AT_ONCE: usize = 4;

/// How the deliveries of every source are read.
pub(super) fn reading() -> Reading {
    let advice = "the delivery is over 16 MiB: set `max_alerts` in its webhook_config";
    Reading::new(AT_ONCE, LARGEST, advice)
}

/// Opens the door of every source.
pub fn doors(doors: &mut ServiceConfig, alerts: Arc<Alerts>) {
    let door = resource("/hooks/{source}").app_data(Data::from(alerts)).route(post().to(knock));
    doors.service(door);
}

async fn knock(
    request: HttpRequest,
    source: Path<String>,
    body: Payload,
    alerts: Data<Alerts>,
) -> HttpResponse {
    let named = source.parse::<SourceName>().ok();
    let found = named.and_then(|name| Some((alerts.feeds.get(&name)?, name)));
    let Some((feed, prover, name)) =
        found.and_then(|(feed, name)| Some((feed, feed.prover.as_ref()?, name)))
    else {
        return HttpResponse::NotFound().body("there is no hook of that name");
    };
    match alerts.reading.take(prover, request.headers(), body).await {
        Ok(taken) => {
            let mark = prover.mark(request.headers(), &taken.body);
            take_once(&alerts, (&name, feed), &taken.body, mark.as_deref()).await
        }
        Err(untaken) => {
            // What it would have said is asked for.
            if matches!(untaken, Untaken::Unread { proved: true, .. })
                && let Err(error) = alerts.hear(&name, vec![], true).await
            {
                tracing::error!("a source of alerts cannot be asked: {error:#}");
            }
            untaken.answer(name.as_str())
        }
    }
}

/// What was signed and is here already says nothing new: somebody may have recorded it.
async fn take_once(
    alerts: &Alerts,
    (source, feed): (&SourceName, &Feed),
    body: &[u8],
    mark: Option<&[u8]>,
) -> HttpResponse {
    let Some(mark) = mark else { return take(alerts, source, feed, body).await };
    let replays = Replays::new(alerts.db.clone(), alerts.clock.clone());
    match replays.knows(source, mark).await {
        Ok(true) => return HttpResponse::Ok().finish(),
        Ok(false) => {}
        Err(error) => return unkept(source, &error),
    }
    let answer = take(alerts, source, feed, body).await;
    // Noted last: what could not be written down comes again, and is heard twice at worst.
    if answer.status().is_success()
        && let Err(error) = replays.note_done(source, mark).await
    {
        return unkept(source, &error);
    }
    answer
}

async fn take(alerts: &Alerts, source: &SourceName, feed: &Feed, body: &[u8]) -> HttpResponse {
    let (heard, incomplete) = match feed.source.delivery(body, alerts.clock.now()) {
        Ok(read) => read,
        Err(why) => {
            tracing::warn!(source = source.as_str(), "a delivery cannot be read: {why}");
            return HttpResponse::BadRequest().body(why.to_string());
        }
    };
    let number = heard.len();
    match alerts.hear(source, heard, incomplete).await {
        Ok(()) => {
            let (name, count) = (source.to_string(), u64::try_from(number).unwrap_or(0));
            metrics::counter!("pilothouse_alerts_heard_total", "source" => name).increment(count);
            HttpResponse::Ok().finish()
        }
        Err(error) => unkept(source, &error.into()),
    }
}

fn unkept(source: &SourceName, error: &anyhow::Error) -> HttpResponse {
    tracing::error!(source = source.as_str(), "a delivery was not kept: {error:#}");
    later("it could not be written down")
}
