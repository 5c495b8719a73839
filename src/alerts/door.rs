//! `POST /hooks/<source>`: the token first, then the body, and an answer only once every alert has
//! been written down.
//!
//! A sender repeats a delivery only after an answer of the 500s. Whatever it may try again is
//! therefore answered 503, never 408, 413 or 429.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, RETRY_AFTER},
    web::{Data, Path, Payload, ServiceConfig, post, resource},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Alerts, Feed, WebhookSettings};
use crate::names::SourceName;

/// Largest body that is read, in bytes: some twenty thousand alerts in one delivery.
const LARGEST: usize = 16 * 1024 * 1024;

/// Deliveries that are read at once. Each may hold [`LARGEST`] in memory, and several times that
/// while it is taken apart.
pub(super) const AT_ONCE: usize = 4;

/// How long a delivery waits for one of those places; Alertmanager itself waits ten seconds.
const TURN: Duration = Duration::from_secs(3);

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(5);

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
    let Some((feed, webhook, name)) =
        found.and_then(|(feed, name)| Some((feed, feed.common.webhook.as_ref()?, name)))
    else {
        return HttpResponse::NotFound().body("there is no such source of alerts");
    };
    match is_proved(&request, webhook) {
        Ok(true) => {}
        Ok(false) => {
            metrics::counter!("pilothouse_refused_requests_total", "reason" => "webhook token")
                .increment(1);
            tracing::warn!(source = name.as_str(), "a delivery without the right token");
            return HttpResponse::Unauthorized().body("the bearer token is missing or wrong");
        }
        Err(error) => {
            tracing::error!(source = name.as_str(), "a webhook token cannot be read: {error}");
            return later("the token to compare with cannot be read; the bot's log says why");
        }
    }
    let Ok(Ok(_turn)) = tokio::time::timeout(TURN, alerts.reading.acquire()).await else {
        return later("too many deliveries at once");
    };
    let body = match tokio::time::timeout(DEADLINE, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(answer)) => {
            // What it would have said is asked for.
            if let Err(error) = alerts.hear(&name, vec![], true).await {
                tracing::error!("a source of alerts cannot be asked: {error:#}");
            }
            return answer;
        }
        Err(_) => return later("the body did not arrive in time"),
    };
    take(&alerts, &name, feed, &body).await
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
        Err(error) => {
            tracing::error!(source = source.as_str(), "a delivery was not kept: {error:#}");
            later("it could not be written down")
        }
    }
}

/// Whether the request holds the token, or the one that follows it. Whoever guesses learns nothing
/// from how long that takes.
fn is_proved(
    request: &HttpRequest,
    webhook: &WebhookSettings,
) -> Result<bool, crate::secrets::Error> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().and_then(|header| header.to_str().ok());
    let only = headers.next().is_none();
    let scheme =
        |header: &'_ str| header.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("bearer "));
    let said = header.filter(|header| only && scheme(header)).map_or("", |header| &header[7..]);
    let said = Sha256::digest(said);
    let (mut proved, mut unread) = (false, None);
    for token in [Some(&webhook.token), webhook.next_token.as_ref()].into_iter().flatten() {
        match token.read() {
            Ok(token) => {
                let token = Sha256::digest(token);
                proved |= verify_slices_are_equal(&token, &said).is_ok();
            }
            Err(error) => unread = Some(error),
        }
    }
    match unread {
        // Perhaps it is the right one.
        Some(error) if !proved => Err(error),
        _ => Ok(proved),
    }
}

async fn read(mut body: Payload) -> Result<Vec<u8>, HttpResponse> {
    let mut bytes = vec![];
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| later("the body broke off"))?;
        if bytes.len() + chunk.len() > LARGEST {
            return Err(later(
                "the delivery is over 16 MiB: set `max_alerts` in its webhook_config",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The sender is to try again.
fn later(why: &'static str) -> HttpResponse {
    tracing::warn!("a delivery was not taken: {why}");
    metrics::counter!("pilothouse_deliveries_not_taken_total").increment(1);
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "5")).body(why)
}
