//! Tells everybody what they want to hear, again while they are out of reach, and gives up in the
//! end. May run twice.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{News, Subscribers, Told};
use crate::{
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish},
    names::SubscriberName,
    outbound::Failure,
    vendors::server::Error,
};

const KIND: &str = "telling";

/// For how long somebody out of reach is told. News is of little use the next day.
const PATIENCE: Duration = Duration::from_hours(6);

/// How long until they are told again: as long as it has been tried, within these two.
const WAITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(10));

/// Tells everybody.
pub struct Teller {
    /// Whom.
    pub subscribers: Subscribers,
    /// The time.
    pub clock: Clock,
}

/// How long somebody has for everything they are asked while they are told: less than the worker's
/// half minute.
const TURN: Duration = Duration::from_secs(20);

#[derive(Serialize, Deserialize)]
struct Errand {
    to: SubscriberName,
    news: News,
}

/// The job that tells them. Each has its own, so that nobody waits for anybody else.
pub(super) fn wish(to: &SubscriberName, news: &News, run_at: Timestamp) -> anyhow::Result<Wish> {
    let errand = Errand { to: to.clone(), news: news.clone() };
    let payload = serde_json::to_string(&errand)?;
    Ok(Wish { kind: KIND, key: format!("{to} {}", news.id()), payload, run_at })
}

#[async_trait]
impl Handler for Teller {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let Errand { to, news } = serde_json::from_str(&job.payload)?;
        // Whoever is no longer configured does not want to hear it any more.
        let Some((_, subscriber)) = self.subscribers.0.get(&to) else { return Ok(Ran::Done) };
        let told = tokio::time::timeout(TURN, subscriber.tell(&news)).await;
        let late = |_| Told::Later { why: "there was no answer in time".to_owned(), after: None };
        let (why, after) = match told.unwrap_or_else(late) {
            Told::Heard => return Ok(Ran::Done),
            Told::Refused(why) => return Ok(give_up(&to, &news, &why)),
            Told::Later { why, after } => (why, after),
        };
        let tried = self.clock.now().since(news.at);
        if tried >= PATIENCE {
            return Ok(give_up(&to, &news, &why));
        }
        let wait = tried.clamp(WAITS.0, WAITS.1).max(after.unwrap_or_default());
        Ok(Ran::Again(wait.min(PATIENCE)))
    }
}

fn give_up(to: &SubscriberName, news: &News, why: &str) -> Ran {
    tracing::warn!(subscriber = %to, news = news.id(), "somebody was not told: {why}");
    let name = to.to_string();
    metrics::counter!("pilothouse_news_not_told_total", "subscriber" => name).increment(1);
    Ran::Done
}

impl Told {
    /// What an answer of a server means, or that there is none.
    pub fn of<T>(answer: Result<T, Error>) -> Self {
        let Err(error) = answer else { return Self::Heard };
        let why = error.to_string();
        match error {
            // A key that is refused may be another one soon.
            Error::Failed(_, Failure::Refused { status, .. }) if !matches!(status, 401 | 403) => {
                Self::Refused(why)
            }
            Error::Failed(_, Failure::NotNow { after, .. }) => Self::Later { why, after },
            _ => Self::Later { why, after: None },
        }
    }
}
