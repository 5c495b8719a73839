//! Tells Grafana, as an annotation of the organization: a mark, or a stretch, in every graph that
//! asks for its tags.

use async_trait::async_trait;
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{GrafanaSettings, News, Subscriber, Told, What};
use crate::{
    clock::Clock,
    outbound::{Failure, Outbound},
    vendors::server::{Error, Key, Server},
};

const NAME: &str = "Grafana";

/// The longest text of an annotation, in letters: it is shown while a mouse rests on it.
const TEXT: usize = 500;

pub(super) struct Grafana(Server);

impl Grafana {
    pub(super) fn new(
        settings: &GrafanaSettings,
        ground: (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        let key = Key::Bearer(settings.token.clone());
        let address = (settings.url.clone(), settings.timeout);
        Ok(Self(Server::new(NAME, address, key, ground)?))
    }

    /// An annotation that is there already is not made again: an answer may have been lost.
    async fn annotate(&self, news: &News) -> Result<(), Error> {
        let url = self.0.url(&["api", "annotations"]);
        let nowhere = |error: anyhow::Error| Failure::Unreached(error.to_string());
        let url = url.map_err(|error| Error::Failed(NAME, nowhere(error)))?;
        let mut there = url.clone();
        there.query_pairs_mut().extend_pairs([("tags", news.id().as_str()), ("limit", "1")]);
        let found: Vec<IgnoredAny> = self.0.ask(there).await?;
        if found.is_empty() {
            let body = annotation(news);
            self.0.act((Method::POST, url), &[], |request| request.json(&body)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Subscriber for Grafana {
    async fn tell(&self, news: &News) -> Told {
        Told::of(self.annotate(news).await)
    }
}

fn annotation(news: &News) -> Value {
    let link = news.link.as_ref().map(|link| format!("\n<a href=\"{}\">The run</a>", inert(link)));
    let text = inert(&news.summary()) + &link.unwrap_or_default();
    let mut body = json!({
        "time": news.at.0,
        "text": text,
        "tags": [
            "pilothouse",
            news.id(),
            format!("service:{}", news.service),
            format!("environment:{}", news.environment),
            format!("version:{}", news.version),
            format!("event:{}", news.what.word())
        ]
    });
    // What has ended is a stretch from its beginning to its end.
    if news.what != What::Started {
        body["time"] = json!(news.began.0);
        body["timeEnd"] = json!(news.at.0);
    }
    body
}

/// Grafana shows an annotation's text as HTML.
fn inert(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(TEXT).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
