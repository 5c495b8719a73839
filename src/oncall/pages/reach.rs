//! Brings a page to one person: by a message of the bot, or through another program.

use std::sync::Arc;

use aws_lc_rs::hmac;
use reqwest::Method;
use serde_json::json;

use super::{CALL, Page, PageView, Reached, Sent};
use crate::{
    access::Access,
    chat::{Channels, ShowError, Subject},
    clock::Timestamp,
    names::hex,
    oncall::{OnCall, PageSettings, WebhookSettings, Who},
    outbound::{Failure, Outbound},
    secrets::redact,
};

/// What people are reached with.
pub(super) struct Reach {
    pub(super) access: Arc<Access>,
    pub(super) channels: Arc<Channels>,
    pub(super) outbound: Outbound,
    pub(super) oncall: Arc<OnCall>,
}

impl Reach {
    /// Sends the message of that call, once.
    pub(super) async fn send(&self, page: &Page, index: usize, now: Timestamp) -> Sent {
        let rules = match &page.to {
            Reached::Schedule(name) => self.oncall.rules(name),
            Reached::Person(_) => None,
        };
        match rules.map(|rules| &rules.page) {
            Some(PageSettings::Webhook(webhook)) => self.knock(webhook, page, index, now).await,
            Some(PageSettings::Chat) | None => self.write(page, index, now).await,
        }
    }

    async fn write(&self, page: &Page, index: usize, now: Timestamp) -> Sent {
        let person = match &page.calls[index].who {
            Who::Person(name) => self.access.named(name),
            Who::Text(_) => {
                let why = "only the calendar knows them; say who they are under `who`";
                return Sent::Never(why.to_owned());
            }
        };
        let Some(person) = person else {
            return Sent::Never("nobody is called so any more".to_owned());
        };
        let place = match self.channels.personal(&person.ids).await {
            Ok(Some(place)) => place,
            Ok(None) => return Sent::Never("no chat here knows them".to_owned()),
            // A conversation is no message yet: nothing has arrived.
            Err(ShowError::Gone(why)) => return Sent::Never(why),
            Err(ShowError::Broken(error)) => return Sent::NotNow(short(&error)),
        };
        let subject = Subject::new(CALL, format!("{}.{index}", page.id));
        if matches!(self.channels.is_shown(&subject, &place).await, Ok(true)) {
            return Sent::Before(place);
        }
        let view = PageView::call(page, now);
        match self.channels.deliver(&subject, &place, &view.into()).await {
            Ok(()) => Sent::Delivered(Some(place)),
            Err(ShowError::Gone(why)) => Sent::Never(why),
            Err(ShowError::Broken(error)) => match error.downcast_ref::<Failure>() {
                Some(Failure::Unclear(_)) => Sent::Unclear(short(&error)),
                _ if error.downcast_ref::<sqlx::Error>().is_some() => Sent::Unclear(short(&error)),
                _ => Sent::NotNow(short(&error)),
            },
        }
    }

    async fn knock(
        &self,
        webhook: &WebhookSettings,
        page: &Page,
        index: usize,
        now: Timestamp,
    ) -> Sent {
        let secret = match webhook.secret.read() {
            Ok(secret) => secret,
            Err(error) => return Sent::NotNow(error.to_string()),
        };
        let call = &page.calls[index];
        let (key, at) = (format!("{}.{index}", page.id), (now.0 / 1000).to_string());
        let body = json!({
            "call": key,
            "page": page.id,
            "to": page.to.to_string(),
            "level": call.level + 1,
            "person": call.who.to_string(),
            "message": redact(&page.message),
            "by": page.by.name,
            "services": page.services,
            "asked": page.asked.0 / 1000,
            "answer": format!("/page ack {}", page.id),
        });
        let body = body.to_string();
        let request = self
            .outbound
            .request(Method::POST, webhook.url.as_url().clone())
            .header("content-type", "application/json")
            .header("idempotency-key", &key)
            .header("x-pilothouse-timestamp", &at)
            .header("x-pilothouse-signature", format!("v1={}", sign(&secret, &at, &body)))
            .body(body);
        match self.outbound.send(request).await {
            Ok(_) => Sent::Delivered(None),
            Err(Failure::Unclear(why)) => Sent::Unclear(why),
            Err(error @ Failure::Refused { .. }) => Sent::Never(error.to_string()),
            Err(error) => Sent::NotNow(error.to_string()),
        }
    }
}

/// The signature of a message of then: HMAC-SHA-256 over time, a dot and the body, in hex digits.
fn sign(secret: &str, at: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, format!("{at}.{body}").as_bytes()).as_ref())
}

/// A failure in few words.
fn short(error: &anyhow::Error) -> String {
    format!("{error:#}").chars().take(200).collect()
}
