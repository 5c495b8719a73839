//! Tells PagerDuty, as a change event: shown beside the incidents of a service, and waking nobody.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{News, PagerDutySettings, Subscriber, Told};
use crate::{
    clock::{Clock, Timestamp},
    outbound::Outbound,
    vendors::pagerduty::{Events, SUMMARY},
};

pub(super) struct PagerDuty(Events);

impl PagerDuty {
    pub(super) fn new(
        settings: &PagerDutySettings,
        ground: (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        Ok(Self(Events::new(&settings.integration, ground)?))
    }
}

#[async_trait]
impl Subscriber for PagerDuty {
    /// PagerDuty does not know two of the same for one: after an unclear answer there may be two.
    async fn tell(&self, news: &News) -> Told {
        Told::of(self.0.change(event(news)).await)
    }
}

fn event(news: &News) -> Value {
    let summary: String = news.summary().chars().take(SUMMARY).collect();
    let link = |url: &String| json!([{ "href": url, "text": "The run" }]);
    json!({
        "payload": {
            "summary": summary,
            "source": "Pilothouse",
            "timestamp": rfc_3339(news.at),
            "custom_details": {
                "deployment": news.deployment,
                "event": news.what,
                "service": news.service,
                "environment": news.environment,
                "version": news.version,
                "commit": news.commit,
                "back_to": news.back_to,
                "by": news.by,
                "approved_by": news.approved_by,
                "reason": news.reason,
                "why": news.why
            }
        },
        "links": news.link.as_ref().map_or_else(|| json!([]), link)
    })
}

/// A moment as JSON writes it.
pub(super) fn rfc_3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
