//! What should happen next to an incident: its card, its room, its reminder. May run twice.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    Incidents, REMINDER,
    duty::Duty,
    incident::Incident,
    number::Number,
    reminder::ReminderView,
    state::{Effect, Event, Room},
    store, subject,
    view::{IncidentView, Viewer},
};
use crate::{
    access::Access,
    chat::{Channels, Place, RoomKind, Subject},
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish},
    store::Db,
};

const KIND: &str = "incident";

/// Looks after incidents.
pub struct Keeper {
    /// The incidents.
    pub incidents: Arc<Incidents>,
    /// Who is who.
    pub access: Arc<Access>,
    /// Where they are told.
    pub channels: Arc<Channels>,
    /// Where they are kept.
    pub db: Db,
    /// Where else they are opened.
    pub duty: Option<Duty>,
    /// The time.
    pub clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Step {
    number: Number,
    effect: Effect,
}

/// The job that does this.
pub(super) fn wish(number: Number, effect: Effect, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(&Step { number, effect })?;
    Ok(Wish { kind: KIND, key: payload.clone(), payload, run_at })
}

#[async_trait]
impl Handler for Keeper {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let Step { number, effect } = serde_json::from_str(&job.payload)?;
        let Some(incident) = store::find(self.db.reader(), number).await? else {
            return Ok(Ran::Done);
        };
        match effect {
            Effect::ShowCard => self.show(&incident).await,
            Effect::OpenRoom => self.open_room(&incident).await,
            Effect::Remind => self.remind(&incident).await,
            Effect::ShowReminder => self.show_reminder(&incident).await,
            Effect::PutAway => self.put_away(&incident, true).await,
            Effect::TakeOut => self.put_away(&incident, false).await,
            Effect::TellPagerDuty => self.tell_pagerduty(&incident, job).await,
        }
    }
}

impl Keeper {
    async fn show(&self, incident: &Incident) -> anyhow::Result<Ran> {
        let mut places = self.homes(incident).await;
        match &incident.room {
            // The thread's first message is the card that is there already.
            Room::Open { kind, place, .. } if *kind != RoomKind::Thread => {
                places.push(place.clone());
            }
            _ => {}
        }
        places.dedup();
        let view = IncidentView::of(incident, Viewer::ANYBODY, self.clock.now());
        self.channels.show(&subject(incident.number), &places, &view.into()).await?;
        Ok(Ran::Done)
    }

    /// Tells the commander when nobody has said anything for too long, and again after as long.
    async fn remind(&self, incident: &Incident) -> anyhow::Result<Ran> {
        let silence = self.incidents.settings().remind.after(incident.severity);
        let Some(silence) = silence.filter(|_| incident.is_open()) else { return Ok(Ran::Done) };
        let last = incident.reminded.map_or(incident.updated, |at| at.max(incident.updated));
        let left = last.plus(silence).since(self.clock.now());
        if left.is_zero() {
            self.incidents.record(incident.number, Event::Reminded).await?;
            return Ok(Ran::Again(silence));
        }
        Ok(Ran::Again(left))
    }

    async fn show_reminder(&self, incident: &Incident) -> anyhow::Result<Ran> {
        let view = ReminderView::of(incident, Viewer::ANYBODY, self.clock.now());
        let Some(view) = view else { return Ok(Ran::Done) };
        let place = match &incident.room {
            Room::Open { place, .. } => place.clone(),
            _ => self.home(incident).await,
        };
        let subject = Subject::new(REMINDER, incident.number);
        self.channels.show(&subject, &[place], &view.into()).await?;
        Ok(Ran::Done)
    }

    /// Every place where it is told of, beside its room.
    pub(super) async fn homes(&self, incident: &Incident) -> Vec<Place> {
        let room = self.incidents.settings().room.as_ref();
        self.channels.places(room, &incident.asked_in).await
    }
}
