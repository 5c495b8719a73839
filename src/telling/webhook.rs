//! Tells whoever takes signed messages (Standard Webhooks).
//!
//! ```text
//! POST {url}
//! webhook-id: ph-8f2c91d4-succeeded     the same each time it is sent: take it once
//! webhook-timestamp: 1795572490
//! webhook-signature: v1,base64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))
//!
//! {"type": "deployment.succeeded", "timestamp": "2026-11-25T02:08:10Z",
//!  "data": {"deployment": "8f2c91d4", "service": "checkout", "environment": "production",
//!           "version": "v2.1.0", "commit": null, "back_to": null, "by": "alice",
//!           "approved_by": ["bob"], "reason": null, "why": null, "link": "https://…",
//!           "began": "2026-11-25T02:05:10Z"}}
//! ```
//!
//! The types are `deployment.started`, `.succeeded`, `.failed` and `.rolled_back`; they may come
//! in another order than they happened in, and `timestamp` says when that was. Any 2xx says that
//! it is taken; a 4xx other than 401, 403, 408 and 429 that it never will be.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{News, Subscriber, Told, WebhookSettings, pagerduty::rfc_3339};
use crate::{
    clock::Clock,
    outbound::Outbound,
    vendors::server::{Key, Server},
};

const NAME: &str = "Whoever is told of deployments";

pub(super) struct Webhook {
    server: Server,
    url: Url,
}

impl Webhook {
    pub(super) fn new(
        settings: &WebhookSettings,
        ground: (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let key = Key::Signature(settings.secret.clone());
        let server = Server::new(NAME, (settings.url.clone(), settings.timeout), key, ground)?;
        Ok(Self { server, url: settings.url.as_url().clone() })
    }
}

#[async_trait]
impl Subscriber for Webhook {
    async fn tell(&self, news: &News) -> Told {
        let body = json!({
            "type": format!("deployment.{}", news.what.word()),
            "timestamp": rfc_3339(news.at),
            "data": {
                "deployment": news.deployment,
                "service": news.service,
                "environment": news.environment,
                "version": news.version,
                "commit": news.commit,
                "back_to": news.back_to,
                "by": news.by,
                "approved_by": news.approved_by,
                "reason": news.reason,
                "why": news.why,
                "link": news.link,
                "began": rfc_3339(news.began)
            }
        });
        let to = (Method::POST, self.url.clone());
        let with =
            |request: reqwest::RequestBuilder| request.header("webhook-id", news.id()).json(&body);
        Told::of(self.server.act(to, &[], with).await)
    }
}
