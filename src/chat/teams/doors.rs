//! `POST /api/messages`: the token first, the body only afterwards.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::AUTHORIZATION,
    web::{Data, Payload, ServiceConfig, post, resource},
};
use futures_util::StreamExt;
use serde_json::json;
use url::Url;

use super::{
    Admission, Teams,
    activity::Activity,
    inbound::{MSTEAMS, Refused},
    service_url::ServiceUrl,
};
use crate::{chat::Listener, outbound::is_this_machine, outside, vendors::openid::BadToken};

/// Largest body that is read: ten times what Teams lets anybody write.
const LARGEST: usize = 1024 * 1024;

/// How long a body may take to arrive; nothing else limits that.
const DEADLINE: Duration = Duration::from_secs(5);

/// How much of an id from outside a log line shows.
const SHOWN: usize = 64;

/// A door and who is behind it.
pub(super) struct Door {
    pub(super) teams: Arc<Teams>,
    pub(super) listener: Arc<dyn Listener>,
}

pub(super) fn open(doors: &mut ServiceConfig, door: Door) {
    let door = Data::new(door);
    doors.service(resource("/api/messages").app_data(door).route(post().to(knock)));
}

async fn knock(request: HttpRequest, body: Payload, door: Data<Door>) -> HttpResponse {
    let claimed = match admit(&request, &door.teams).await {
        Ok(claimed) => claimed,
        Err(refused) => return turn_away(refused),
    };
    let body = match tokio::time::timeout(DEADLINE, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(answer)) => {
            tracing::warn!(status = answer.status().as_u16(), "a body was not taken");
            return answer;
        }
        Err(_) => {
            tracing::warn!(status = 408, "a body did not arrive in time");
            return HttpResponse::RequestTimeout().finish();
        }
    };
    let activity: Activity = match outside::json(&body) {
        Ok(activity) => activity,
        Err(error) => {
            tracing::warn!("an activity cannot be read: {error}");
            return HttpResponse::BadRequest().json(json!({}));
        }
    };
    if activity.conversation.id.is_empty() {
        return HttpResponse::BadRequest().json(json!({}));
    }
    if let Err(refused) = door.teams.trusts(&activity, claimed.as_deref()) {
        return turn_away(refused);
    }
    let answer = door.teams.receive(&activity, &door.listener).await;
    tracing::info!(
        kind = shown(&activity.kind),
        name = shown(&activity.name),
        activity = shown(&activity.id),
        conversation = shown(&activity.conversation.id),
        status = answer.status().as_u16(),
        "an activity of Teams"
    );
    answer
}

/// What the request proves about where it comes from; `None` where nothing has to be proved.
async fn admit(request: &HttpRequest, teams: &Teams) -> Result<Option<String>, Refused> {
    match &teams.admission {
        Admission::Proved { inbound, .. } => {
            let mut headers = request.headers().get_all(AUTHORIZATION);
            let header = headers.next().ok_or(Refused::NoToken)?;
            if headers.next().is_some() {
                return Err(BadToken::Malformed.into());
            }
            let header = header.to_str().map_err(|_| BadToken::Malformed)?;
            Ok(Some(inbound.prove(header).await?.service_url.clone()))
        }
        Admission::ThisMachine => match request.peer_addr() {
            Some(peer) if peer.ip().is_loopback() && is_no_foreign_page(request) => Ok(None),
            _ => Err(Refused::NotThisMachine),
        },
    }
}

/// A browser on this machine posts for any web site that asks it to, and says for which one.
fn is_no_foreign_page(request: &HttpRequest) -> bool {
    request.headers().get_all("origin").all(|origin| {
        let origin = origin.to_str().ok().and_then(|text| Url::parse(text).ok());
        origin.is_some_and(|url| url.host().is_some_and(|host| is_this_machine(&host)))
    })
}

impl Teams {
    /// Whether the activity is one the token speaks for.
    fn trusts(&self, activity: &Activity, claimed: Option<&str>) -> Result<(), Refused> {
        ServiceUrl::allowed(&activity.service_url, &self.allowed)
            .map_err(|_| Refused::ServiceUrl)?;
        let Some(claimed) = claimed else { return Ok(()) };
        if activity.channel_id != MSTEAMS {
            return Err(Refused::Channel);
        }
        if !ServiceUrl::same(claimed, &activity.service_url) {
            return Err(Refused::ServiceUrl);
        }
        Ok(())
    }
}

fn turn_away(refused: Refused) -> HttpResponse {
    metrics::counter!("pilothouse_refused_requests_total", "reason" => refused.to_string())
        .increment(1);
    tracing::warn!(reason = %refused, "a request was not let in");
    match refused {
        Refused::Token(BadToken::KeysUnreachable) => {
            HttpResponse::ServiceUnavailable().json(json!({}))
        }
        _ => HttpResponse::Unauthorized().json(json!({})),
    }
}

async fn read(mut body: Payload) -> Result<Vec<u8>, HttpResponse> {
    let mut bytes = vec![];
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| HttpResponse::BadRequest().finish())?;
        if bytes.len() + chunk.len() > LARGEST {
            return Err(HttpResponse::PayloadTooLarge().finish());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
