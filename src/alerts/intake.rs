//! Takes what is heard: every alert is written down, with what follows from it, in one transaction.

use std::collections::BTreeSet;

use super::{
    Alerts, Common, Error, Feed, Heard, Said, Severity, Silence,
    alert::{Alert, Effect, Turn, Way},
    errands::{Errand, wish},
    store::{self, Card, Kept, Unwritten},
};
use crate::{
    clock::Timestamp,
    jobs,
    names::{AlertId, RoomName, SourceName},
    store::Tx,
};

/// How often a writing that met another's is begun anew before it counts as failed.
const TRIES: usize = 5;

/// What follows from all that was heard at once.
#[derive(Default)]
pub(super) struct Follows {
    rooms: BTreeSet<Option<RoomName>>,
    wakes: Vec<(AlertId, Timestamp)>,
    changed: bool,
    ask: bool,
}

impl Alerts {
    /// Writes all of it down, or nothing. Hearing the same again changes nothing. With
    /// `incomplete`, the source has more to say than it said, and is asked.
    ///
    /// # Errors
    /// When the database does not take it: then the source has to say it again.
    pub async fn hear(
        &self,
        source: &SourceName,
        mut heard: Vec<Heard>,
        incomplete: bool,
    ) -> Result<(), Error> {
        let Some(feed) = self.feeds.get(source) else {
            return Err(anyhow::anyhow!("there is no source `{source}`").into());
        };
        let askable = feed.every.is_some();
        // Two that write the same alerts at once do it in one order, and none waits for the other.
        heard.sort_by(|a, b| (&a.fingerprint, a.starts).cmp(&(&b.fingerprint, b.starts)));
        self.take((source, feed), &heard, Way::Delivered { askable }, incomplete).await
    }

    pub(super) async fn take(
        &self,
        feed: (&SourceName, &Feed),
        heard: &[Heard],
        way: Way,
        ask: bool,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            match self.try_to_take(feed, heard, way, ask).await {
                Ok(()) => return Ok(()),
                Err(Unwritten::Stale) => {}
                Err(Unwritten::Broken(error)) => return Err(error.into()),
            }
        }
        Err(anyhow::anyhow!("others kept writing the same alerts").into())
    }

    async fn try_to_take(
        &self,
        (source, feed): (&SourceName, &Feed),
        heard: &[Heard],
        way: Way,
        ask: bool,
    ) -> Result<(), Unwritten> {
        let (now, mut tx) = (self.clock.now(), self.db.begin().await?);
        let mut names: Vec<&str> = heard.iter().map(|heard| heard.fingerprint.as_str()).collect();
        names.dedup();
        let mut known = store::latest(&mut tx, self.db.dialect(), source, &names).await?;
        let follows = Follows { ask, ..Follows::default() };
        let mut taking = Taking { alerts: self, source, feed, way, now, tx, follows };
        for heard in heard {
            let kept = if let Some(kept) = known.remove(&heard.fingerprint) {
                taking.go_on(kept, heard).await?
            } else {
                let alert = taking.begin(heard);
                taking.put(alert, heard).await?
            };
            known.insert(heard.fingerprint.clone(), kept);
        }
        let Taking { mut tx, mut follows, .. } = taking;
        if follows.ask && feed.every.is_some() {
            let errand = Errand::Poll { source: source.clone() };
            jobs::enqueue(&mut tx, &wish(&errand, now)?).await?;
            follows.changed = true;
        }
        self.follow(tx, follows, now).await
    }

    /// Writes down what follows, and lets it begin.
    pub(super) async fn follow(
        &self,
        mut tx: Tx<'_>,
        follows: Follows,
        now: Timestamp,
    ) -> Result<(), Unwritten> {
        if !follows.changed {
            return Ok(());
        }
        for room in follows.rooms {
            jobs::enqueue(&mut tx, &wish(&Errand::Board { room }, now)?).await?;
        }
        for (id, at) in follows.wakes {
            jobs::enqueue(&mut tx, &wish(&Errand::Wake { id }, at)?).await?;
        }
        tx.commit().await?;
        self.bell.notify_one();
        Ok(())
    }
}

/// All that was heard at once, on its way into the database.
struct Taking<'a> {
    alerts: &'a Alerts,
    source: &'a SourceName,
    feed: &'a Feed,
    way: Way,
    now: Timestamp,
    tx: Tx<'static>,
    follows: Follows,
}

impl Taking<'_> {
    async fn go_on(&mut self, mut kept: Kept, heard: &Heard) -> Result<Kept, Unwritten> {
        match kept.alert.hear(heard.clone(), self.way, self.now) {
            Turn::Nothing => Ok(kept),
            Turn::Ask => {
                self.follows.ask = true;
                Ok(kept)
            }
            Turn::Another => {
                store::retire(&mut self.tx, &kept).await?;
                let mut alert = self.begin(heard);
                // A silence is of whatever has these labels, and outlives this one alert.
                let old = kept.alert.silence.filter(|silence| silence.holds(self.now));
                let same = |old: &Silence| {
                    let listed = alert.silence.as_ref().and_then(Silence::standing);
                    !self.way.tells_silences() || listed == old.standing()
                };
                if let Some(old) = old.filter(same) {
                    alert.silence = Some(old);
                }
                self.put(alert, heard).await
            }
            Turn::Changed(effects) => {
                kept.said = match self.way {
                    Way::Delivered { .. } if kept.alert.silence.is_some() => UNSURE.to_owned(),
                    _ => heard.said.mark(),
                };
                self.follows.after(&kept.alert, &effects);
                rewrite(&mut self.tx, &mut kept, self.now).await?;
                Ok(kept)
            }
        }
    }

    /// An alert nobody has heard of before.
    fn begin(&self, heard: &Heard) -> Alert {
        let settings: &Common = &self.feed.common;
        let label = |name: &str| heard.labels.get(name);
        let service = label(&settings.labels.service).and_then(|text| text.parse().ok());
        let environment = match label(&settings.labels.environment) {
            Some(text) => text.parse().ok(),
            None => settings.environment.clone(),
        };
        let room = self.alerts.room(settings, (service.as_ref(), environment.as_ref()));
        let mut alert = Alert {
            id: AlertId::random(),
            source: self.source.clone(),
            fingerprint: heard.fingerprint.clone(),
            labels: heard.labels.clone(),
            words: heard.words.clone(),
            service,
            environment,
            severity: Severity::of(label(&settings.labels.severity).map(String::as_str)),
            room,
            seen_in: None,
            starts: heard.starts.unwrap_or(self.now),
            times: 1,
            acknowledged: None,
            silence: None,
            inhibited: false,
            missing: None,
            ended: None,
        };
        // What else was said of it counts as heard a moment later; the effects are a new alert's.
        let _ = alert.hear(heard.clone(), self.way, self.now);
        alert
    }

    async fn put(&mut self, alert: Alert, heard: &Heard) -> Result<Kept, Unwritten> {
        let card = if alert.is_news(self.now) == Some(true) { Card::Wanted } else { Card::None };
        let wake = alert.silence.as_ref().map(|silence| Effect::Wake(silence.until));
        let effects: Vec<Effect> = [Some(Effect::Show), wake].into_iter().flatten().collect();
        self.follows.after(&alert, &effects);
        let said = match heard.said {
            Said::Firing if alert.silence.is_some() => UNSURE.to_owned(),
            _ => heard.said.mark(),
        };
        let kept = Kept { alert, said, card, revision: 1 };
        store::insert(&mut self.tx, &kept, self.now).await?;
        Ok(kept)
    }
}

/// What stands for what a source said last where that has to be compared anew.
pub(super) const UNSURE: &str = "?";

/// Writes a changed alert; what is no news any more needs no card it has not got.
pub(super) async fn rewrite(
    tx: &mut Tx<'_>,
    kept: &mut Kept,
    now: Timestamp,
) -> Result<(), Unwritten> {
    kept.card = match (kept.card, kept.alert.is_news(now)) {
        (Card::None, Some(true)) => Card::Wanted,
        (Card::Wanted, Some(false)) => Card::None,
        (card, _) => card,
    };
    store::save(tx, kept, now).await?;
    kept.revision += 1;
    Ok(())
}

impl Follows {
    pub(super) fn after(&mut self, alert: &Alert, effects: &[Effect]) {
        self.changed = true;
        for effect in effects {
            match effect {
                Effect::Show => _ = self.rooms.insert(alert.room.clone()),
                Effect::Wake(at) => self.wakes.push((alert.id.clone(), *at)),
                // Only people want silences, and have alerts.
                Effect::MakeSilence | Effect::EndSilence | Effect::Tell => {}
            }
        }
    }
}
