//! `POST /hooks/NAME` of a hook: proved, not heard before, and written down before it is answered.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::HeaderMap,
    web::{Payload, ServiceConfig, post, resource},
};
use serde_json::Value;

use super::{Pushes, told};
use crate::{
    hooks::{Reading, Told, Vendor, later},
    names::SourceName,
    outside,
};

/// Largest body that is read, in bytes: about a thousand jobs of one pipeline. What is larger is
/// not heard, and costs the time until the next look.
const LARGEST: usize = 1024 * 1024;

/// Bodies that are read at once. Whoever knows no secret can hold these for some seconds, and no
/// others: then the bot looks as often as it does without any hook.
const AT_ONCE: usize = 32;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Something here is about it.
    Told,
    /// It only asks whether somebody is here.
    Works,
    /// Nothing here is.
    Ignored,
    /// It was here before.
    Again,
}

pub(super) fn reading() -> Reading {
    Reading::new(AT_ONCE, LARGEST, "the delivery is over 1 MiB, which is more than is read")
}

/// Opens the door of every hook.
pub fn doors(doors: &mut ServiceConfig, pushes: &Arc<Pushes>) {
    for name in pushes.hooks.keys() {
        let (pushes, named) = (pushes.clone(), name.clone());
        let door = move |request: HttpRequest, body: Payload| {
            knock(pushes.clone(), named.clone(), request, body)
        };
        doors.service(resource(format!("/hooks/{name}")).route(post().to(door)));
    }
}

async fn knock(
    pushes: Arc<Pushes>,
    name: SourceName,
    request: HttpRequest,
    body: Payload,
) -> HttpResponse {
    let Some((settings, prover)) = pushes.hooks.get(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let headers = request.headers();
    let taken = match pushes.reading.take(prover, headers, body).await {
        Ok(taken) => taken,
        Err(untaken) => return untaken.answer(name.as_str()),
    };
    let body: Value = match outside::json(&taken.body) {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(hook = name.as_str(), "a delivery cannot be read: {error}");
            let what = "this is no JSON: choose the content type `application/json` there";
            return HttpResponse::BadRequest().body(what);
        }
    };
    let vendor = settings.vendor();
    let event = told::event(vendor, headers, &body);
    let told = Told { hook: &name, vendor, event, body: &body };
    match hear(&pushes, &told, headers, &taken.body).await {
        Ok(heard) => {
            let (hook, outcome, said) = (name.to_string(), heard.word(), heard.said());
            metrics::counter!("pilothouse_hooks_total", "hook" => hook, "outcome" => outcome)
                .increment(1);
            HttpResponse::Ok().body(said)
        }
        Err(error) => {
            tracing::error!(hook = name.as_str(), "a delivery was not kept: {error:#}");
            later("it could not be written down")
        }
    }
}

/// What follows from a delivery and the note that it was here are one: either both are kept, or the
/// sender tries again.
async fn hear(
    pushes: &Pushes,
    told: &Told<'_>,
    headers: &HeaderMap,
    raw: &[u8],
) -> anyhow::Result<Heard> {
    let mark = told::mark(told.vendor, headers, (raw, told.body));
    if told.vendor == Vendor::Github && told.event == "ping" {
        return Ok(Heard::Works);
    }
    let mark = mark.as_deref();
    if let Some(mark) = mark
        && pushes.replays.knows(told.hook, mark).await?
    {
        return Ok(Heard::Again);
    }
    let mut tx = pushes.db.begin().await?;
    if let Some(mark) = mark
        && !pushes.replays.note(&mut tx, told.hook, mark).await?
    {
        return Ok(Heard::Again);
    }
    let mut heard = Heard::Ignored;
    for listener in &pushes.listeners {
        if listener.hear(&mut tx, told).await? {
            heard = Heard::Told;
        }
    }
    // What was about nothing here need not be remembered: told once more, it may be.
    if heard == Heard::Told {
        tx.commit().await?;
        pushes.bell.notify_one();
    }
    Ok(heard)
}

impl Heard {
    fn word(self) -> &'static str {
        match self {
            Self::Told => "heard",
            Self::Works => "works",
            Self::Ignored => "ignored",
            Self::Again => "again",
        }
    }

    /// What the sender's own list of deliveries shows.
    fn said(self) -> &'static str {
        match self {
            Self::Told => "heard",
            Self::Works => "this hook works",
            Self::Ignored => "nothing here waits for that",
            Self::Again => "this delivery was here before",
        }
    }
}
