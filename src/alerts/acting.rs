//! What people do about alerts: decided, written down with its audit, and done afterwards.

use super::{
    ALERT, Act, Alert, Alerts, Carried, Error,
    alert::Effect,
    errands::{Errand, wish},
    intake::{Follows, UNSURE, rewrite},
    store::{self, Card, Unwritten},
};
use crate::{
    access::Actor,
    audit::{self, Entry},
    chat::{Place, Subject},
    clock::Timestamp,
    jobs,
    names::AlertId,
};

/// How often an act that met another's is begun anew before it counts as failed.
const TRIES: usize = 10;

impl Alerts {
    /// Does something about an alert, or says why that cannot be done now. `place` is where a
    /// person did it.
    ///
    /// # Errors
    /// [`Error::Refused`] when it cannot happen now; nothing has changed then.
    pub async fn act(&self, id: &AlertId, act: Act, place: Option<&Place>) -> Result<Alert, Error> {
        for _ in 0..TRIES {
            match self.try_to_act(id, &act, place).await? {
                Some(alert) => return Ok(alert),
                None => tokio::task::yield_now().await,
            }
        }
        Err(anyhow::anyhow!("others kept writing alert {id}").into())
    }

    /// `None` when somebody else wrote first.
    async fn try_to_act(
        &self,
        id: &AlertId,
        act: &Act,
        place: Option<&Place>,
    ) -> Result<Option<Alert>, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let Some(mut kept) = store::find(&mut *tx, id).await? else {
            return Err(Error::Unknown { said: id.to_string(), hint: String::new() });
        };
        let note = note(act, &kept.alert);
        let mut effects = kept.alert.act(act.clone(), now)?;
        if matches!(act, Act::Acknowledge { .. }) && self.carries(&kept.alert) {
            effects.extend(kept.alert.want_told());
        }
        let idle = !effects.contains(&Effect::Show);
        let mut follows = Follows::default();
        follows.after(&kept.alert, &effects);
        if !idle {
            UNSURE.clone_into(&mut kept.said);
            if let Some(place) = place {
                // Whoever deals with an alert sees it, wherever it was counted before.
                kept.card = Card::Own;
                kept.alert.seen_in.get_or_insert_with(|| place.clone());
            }
            match rewrite(&mut tx, &mut kept, now).await {
                Ok(()) => {}
                Err(Unwritten::Stale) => return Ok(None),
                Err(Unwritten::Broken(error)) => return Err(error.into()),
            }
        }
        for effect in &effects {
            let errand = match effect {
                Effect::MakeSilence | Effect::EndSilence => Errand::Silence { id: id.clone() },
                Effect::Tell => Errand::Tell { id: id.clone() },
                Effect::Show | Effect::Wake(_) => continue,
            };
            jobs::enqueue(&mut tx, &wish(&errand, now)?).await?;
        }
        if let Some((action, by, detail)) = note {
            let entry = entry(&kept.alert, (action, by, detail), now);
            audit::note(&mut tx, self.db.dialect(), &entry).await?;
        }
        match self.follow(tx, follows, now).await {
            Ok(()) => Ok(Some(kept.alert)),
            Err(Unwritten::Stale) => Ok(None),
            Err(Unwritten::Broken(error)) => Err(error.into()),
        }
    }

    /// Whether the source of an alert wants to know who has it.
    fn carries(&self, alert: &Alert) -> bool {
        self.feeds.get(&alert.source).is_some_and(|feed| feed.source.carries())
    }
}

/// What the audit says of an act; nothing of one that decides nothing.
fn note(act: &Act, before: &Alert) -> Option<(&'static str, Actor, serde_json::Value)> {
    Some(match act {
        Act::Acknowledge { by } => ("ack", by.clone(), serde_json::json!({})),
        Act::Silence(wanted) => {
            let detail = serde_json::json!({ "until": wanted.until, "reason": wanted.reason });
            ("silence", wanted.by.clone(), detail)
        }
        Act::Unsilence { by } => ("unsilence", by.clone(), serde_json::json!({})),
        Act::SilenceMade { id } => {
            ("silence_made", Actor::bot(), serde_json::json!({ "silence": id }))
        }
        Act::SilenceTrouble { why, again: false } => {
            ("silence_failed", Actor::bot(), serde_json::json!({ "why": why }))
        }
        Act::SilenceEnded => {
            let silence = before.silence.as_ref().and_then(|silence| silence.standing());
            ("silence_ended", Actor::bot(), serde_json::json!({ "silence": silence }))
        }
        Act::Told(carried) => {
            let over = matches!(carried, Carried::Over { .. });
            ("ack_told", Actor::bot(), serde_json::json!({ "over": over }))
        }
        Act::TellingTrouble { why, again: false } => {
            ("ack_not_told", Actor::bot(), serde_json::json!({ "why": why }))
        }
        Act::SilenceTrouble { again: true, .. }
        | Act::TellingTrouble { again: true, .. }
        | Act::Wake => return None,
    })
}

fn entry(
    alert: &Alert,
    (action, actor, mut detail): (&str, Actor, serde_json::Value),
    at: Timestamp,
) -> Entry {
    detail["alert"] = alert.name().into();
    detail["source"] = serde_json::json!(alert.source);
    Entry {
        at,
        actor,
        action: action.to_owned(),
        subject: Subject::new(ALERT, &alert.id).to_string(),
        service: alert.service.clone(),
        environment: alert.environment.clone(),
        outcome: audit::Outcome::Done,
        detail: detail.to_string(),
    }
}
