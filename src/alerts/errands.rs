//! What the worker does for alerts. Each errand may run twice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    Act, Alerts, Doing, Error, Shipments, SilenceWish, Stage, Ways, Whose, Word, alert::Alert,
    store,
};
use crate::{
    chat::Channels,
    clock::Timestamp,
    jobs::{self, Handler, Job, Ran, Wish},
    names::{AlertId, RoomName, SourceName},
    outbound::Failure,
};

const KIND: &str = "alert";

/// How long an alert that is over is remembered. Longer helps who asks what was; shorter keeps the
/// table small.
const MEMORY: Duration = Duration::from_hours(24 * 7);

/// How often alerts are forgotten: the table holds at most this much more than [`MEMORY`].
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// How long a source has for all that is asked of it at once: the rest of the worker's half minute is
/// for writing down what came of it.
const TURN: Duration = Duration::from_secs(20);

/// How often a source is told of something before people are told that it will not have it; with
/// the worker's pauses that is about five minutes.
const TRIES: i64 = 7;

/// Something to be done for alerts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Errand {
    /// A room is shown what has changed.
    Board { room: Option<RoomName> },
    /// A source is told of a silence, or of its end.
    Silence { id: AlertId },
    /// A source is told who has an alert.
    Tell { id: AlertId },
    /// The time of a silence may be up.
    Wake { id: AlertId },
    /// A source is asked what fires.
    Poll { source: SourceName },
    /// What has been over for long is forgotten.
    Forget,
}

/// The job of an errand.
pub(super) fn wish(errand: &Errand, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(errand)?;
    Ok(Wish { kind: KIND, key: payload.clone(), payload, run_at })
}

/// Does what alerts want done.
pub struct Errands {
    /// The alerts.
    pub alerts: Arc<Alerts>,
    /// Where their cards are shown.
    pub channels: Arc<Channels>,
    /// Who knows what was deployed.
    pub shipments: Arc<dyn Shipments>,
    /// Which commands there are to lead to.
    pub ways: Ways,
}

#[async_trait]
impl Handler for Errands {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        match serde_json::from_str(&job.payload)? {
            Errand::Board { room } => self.board(room.as_ref()).await,
            Errand::Silence { id } => self.tell_source(&id, job).await,
            Errand::Tell { id } => self.tell_who_has_it(&id, job).await,
            Errand::Wake { id } => self.wake(&id).await,
            Errand::Poll { source } => Ok(self.alerts.poll(&source).await?),
            Errand::Forget => {
                self.alerts.forget().await?;
                Ok(Ran::Again(FORGET_EVERY))
            }
        }
    }
}

impl Alerts {
    /// Has everything that comes again begin, unless it has already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_errands(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        jobs::enqueue(&mut tx, &wish(&Errand::Forget, now.plus(FORGET_EVERY))?).await?;
        for (source, feed) in &self.feeds {
            if feed.every.is_some() {
                let errand = Errand::Poll { source: source.clone() };
                jobs::enqueue(&mut tx, &wish(&errand, now)?).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn forget(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let memory = i64::try_from(MEMORY.as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        store::forget(&mut tx, Timestamp(now.0 - memory)).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Errands {
    /// What an errand does to an alert; that it has moved on meanwhile is nobody's trouble.
    async fn act(&self, id: &AlertId, act: Act) -> anyhow::Result<Option<Alert>> {
        match self.alerts.act(id, act, None).await {
            Ok(alert) => Ok(Some(alert)),
            Err(Error::Refused(_) | Error::Unknown { .. }) => Ok(None),
            Err(Error::Broken(error)) => Err(error),
        }
    }

    async fn wake(&self, id: &AlertId) -> anyhow::Result<Ran> {
        let alert = self.act(id, Act::Wake).await?;
        let now = self.alerts.clock.now();
        let until = alert.and_then(|alert| alert.silence).map(|silence| silence.until);
        Ok(until.filter(|until| now < *until).map_or(Ran::Done, |u| Ran::Again(u.since(now))))
    }

    /// Tells the source of the silence that is wanted, or of its end.
    async fn tell_source(&self, id: &AlertId, job: &Job) -> anyhow::Result<Ran> {
        let Some(kept) = store::find(self.alerts.db.reader(), id).await? else {
            return Ok(Ran::Done);
        };
        let alert = kept.alert;
        let Some(silence) = &alert.silence else { return Ok(Ran::Done) };
        let Whose::Ours { by, correlation, replaces } = &silence.by else { return Ok(Ran::Done) };
        let Some(feed) = self.alerts.feeds.get(&alert.source) else {
            let why = format!("the configuration has no source `{}` any more", alert.source);
            self.act(id, Act::SilenceTrouble { why, again: false }).await?;
            return Ok(Ran::Done);
        };
        let now = self.alerts.clock.now();
        if !job.is_ours(now) {
            return Ok(Ran::Done);
        }
        let told = match &silence.stage {
            Stage::Asked { trouble } if now >= silence.until => {
                let before = trouble.as_ref().map_or(String::new(), |why| format!(" ({why})"));
                let why = format!("its time was up before {} took it{before}", alert.source);
                self.act(id, Act::SilenceTrouble { why, again: false }).await?;
                return Ok(Ran::Done);
            }
            Stage::Asked { .. } => {
                let wish = SilenceWish {
                    labels: alert.labels.clone(),
                    from: now,
                    until: silence.until,
                    by: format!("{} ({})", by.name, by.id),
                    reason: silence.reason.clone(),
                    correlation: correlation.clone(),
                    replaces: replaces.clone(),
                };
                in_time(feed.source.silence(&wish)).await.map(|id| Act::SilenceMade { id })
            }
            Stage::Ending { id, .. } => {
                let ended = in_time(feed.source.unsilence(id, correlation));
                ended.await.map(|()| Act::SilenceEnded)
            }
            Stage::Stands { .. } | Stage::Failed { .. } => return Ok(Ran::Done),
        };
        match told {
            Ok(act) => {
                self.act(id, act).await?;
                Ok(Ran::Done)
            }
            Err(failure) => {
                let again = job.attempt < TRIES && !matches!(failure, Failure::Refused { .. });
                let act = Act::SilenceTrouble { why: failure.to_string(), again };
                self.act(id, act).await?;
                if again { Err(failure.into()) } else { Ok(Ran::Done) }
            }
        }
    }

    /// Tells the source that somebody has an alert. What is over needs nobody to have it.
    async fn tell_who_has_it(&self, id: &AlertId, job: &Job) -> anyhow::Result<Ran> {
        let found = store::find(self.alerts.db.reader(), id).await?;
        let Some(alert) = found.map(|kept| kept.alert).filter(|alert| alert.ended.is_none()) else {
            return Ok(Ran::Done);
        };
        let Some(acknowledged) = alert.acknowledged.as_ref().filter(|a| a.is_to_be_told()) else {
            return Ok(Ran::Done);
        };
        let Some(feed) = self.alerts.feeds.get(&alert.source) else {
            let why = format!("the configuration has no source `{}` any more", alert.source);
            self.act(id, Act::TellingTrouble { why, again: false }).await?;
            return Ok(Ran::Done);
        };
        if !job.is_ours(self.alerts.clock.now()) {
            return Ok(Ran::Done);
        }
        let word = Word {
            fingerprint: alert.fingerprint.clone(),
            labels: alert.labels.clone(),
            deed: Doing::Acknowledge,
            by: acknowledged.by.clone(),
            at: acknowledged.at,
        };
        match in_time(feed.source.carry(&word)).await {
            Ok(carried) => {
                self.act(id, Act::Told(carried)).await?;
                Ok(Ran::Done)
            }
            Err(failure) => {
                let again = job.attempt < TRIES && !matches!(failure, Failure::Refused { .. });
                let act = Act::TellingTrouble { why: failure.to_string(), again };
                self.act(id, act).await?;
                if again { Err(failure.into()) } else { Ok(Ran::Done) }
            }
        }
    }
}

/// What a source answers, or that it took too long for that.
pub(super) async fn in_time<T>(
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(TURN, asked).await.unwrap_or_else(|_| {
        Err(Failure::Unclear(format!("there was no answer within {} s", TURN.as_secs())))
    })
}
