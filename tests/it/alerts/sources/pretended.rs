//! What a pretended source must be able to do for the stories.

use std::time::Duration;

use actix_web::test::TestRequest;
use async_trait::async_trait;
use pilothouse::clock::Timestamp;
use serde_json::Value;
use wiremock::{Request, ResponseTemplate};

use crate::alerts::Town;

/// An alert of checkout in production, as far as every source can tell it.
#[derive(Clone)]
pub(crate) struct Pretended {
    pub name: String,
    pub summary: String,
    pub starts: Timestamp,
}

/// A source that speaks as its documentation shows.
#[async_trait]
pub(crate) trait PretendSource: Send + Sync {
    /// Its settings; `secret` is where [`crate::alerts::TOKEN`] is kept.
    fn settings(&self, secret: &str) -> Value;

    /// What is delivered when it fires.
    fn fires(&self, alert: &Pretended) -> String;

    /// What is delivered when it is over, since that moment.
    fn ends(&self, alert: &Pretended, at: Timestamp) -> String;

    /// What is delivered when it is as nobody knows yet.
    fn levitates(&self, alert: &Pretended) -> String;

    /// The headers that prove a delivery, by whoever has that secret.
    fn proves(&self, body: &str, secret: &str) -> Vec<(String, String)>;

    /// Whether it says more of an alert than what it is called.
    fn says_more(&self) -> bool {
        true
    }

    /// Whether it can be asked what fires.
    fn is_asked(&self) -> bool {
        false
    }

    /// Whether it says since when, when it is asked.
    fn lists_beginnings(&self) -> bool {
        true
    }

    /// From now on these fire there.
    async fn lists(&self, _: &[Pretended]) {}

    /// From now on every question is answered so; `None` is well again.
    async fn answers(&self, _: Option<ResponseTemplate>) {}

    /// Everything asked so far, each of it held against the source's own description.
    async fn asked(&self) -> Vec<Request> {
        vec![]
    }

    /// Whether silences are made there.
    fn silences(&self) -> bool {
        false
    }

    /// Whether it wants to know who has an alert.
    fn carries(&self) -> bool {
        false
    }

    /// From now on the alert is over there, whatever it is told.
    async fn is_over(&self, _: &Pretended) {}

    /// From now on it is told nothing: what it answers instead.
    async fn refuses(&self, _: Option<ResponseTemplate>) {}

    /// How often it was told that somebody has an alert.
    async fn told(&self) -> usize {
        0
    }
}

/// A town with that source.
pub(crate) async fn town(source: &dyn PretendSource) -> Town {
    Town::of(|secret| source.settings(secret)).await
}

impl Town {
    /// An alert that began so long ago.
    pub(crate) fn pretended(&self, name: &str, ago: Duration) -> Pretended {
        let starts = Timestamp(self.bot.clock.now().0 - i64::try_from(ago.as_millis()).unwrap());
        let summary = format!("{name} of checkout is too high");
        Pretended { name: name.to_owned(), summary, starts }
    }

    /// A delivery with these headers; the status and what is said.
    pub(crate) async fn posts(&self, headers: &[(String, String)], body: &str) -> (u16, String) {
        let mut request = TestRequest::post().uri("/hooks/monitoring");
        for (name, value) in headers {
            request = request.append_header((name.as_str(), value.as_str()));
        }
        self.knocks(request.set_payload(body.to_owned())).await
    }

    /// A delivery that is proved, and what is due at once happens.
    pub(crate) async fn hears_from(&self, source: &dyn PretendSource, body: &str) {
        let taken = self.posts(&source.proves(body, crate::alerts::TOKEN), body).await;
        assert_eq!(taken, (200, String::new()));
        self.bot.works().await;
    }
}
