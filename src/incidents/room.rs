//! Finds or makes an incident's room, one kind after the other, and says on the card what came of
//! it. May run twice.

use std::time::Duration;

use super::{
    incident::Incident,
    keeper::Keeper,
    settings::Membership,
    state::{Effect, Event, Room},
    subject,
    view::{IncidentView, Viewer},
};
use crate::{
    access::Actor,
    cards::Card,
    chat::{NoRoom, Opened, Place, RoomKind, RoomWish, ShowError},
    clock::Timestamp,
    jobs::Ran,
    names::PersonId,
};

/// How long one kind of room is tried before the next will do. Longer leaves people without a room
/// while Microsoft is slow; shorter makes a second one of what is only late.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long a chat may take over one wish: less than a job's turn, so that what follows is decided
/// here.
const TURN: Duration = Duration::from_secs(20);

/// How long until a room is tried again that does not take the card yet.
const NOT_YET: Duration = Duration::from_secs(15);

impl Keeper {
    pub(super) async fn open_room(&self, incident: &Incident) -> anyhow::Result<Ran> {
        let Room::Wanted { kind, since, .. } = incident.room else { return Ok(Ran::Done) };
        if !incident.is_open() {
            return Ok(Ran::Done);
        }
        let (home, people) = (self.home(incident).await, self.people(incident));
        let message = self.channels.message(&subject(incident.number), &home).await?;
        let settings = self.incidents.settings();
        let wish = RoomWish {
            kind,
            name: &format!("{} {}", incident.number, incident.title),
            marker: &incident.marker,
            team: settings.team.as_deref(),
            private: settings.membership == Membership::Private,
            people: &people,
            home: &home,
            message: message.as_deref(),
        };
        let late = |_| NoRoom::NotNow {
            why: "the chat took too long to answer".to_owned(),
            after: NOT_YET,
        };
        let opened = tokio::time::timeout(TURN, self.channels.open_room(&wish)).await;
        match opened.map_err(late).and_then(|opened| opened) {
            Ok(opened) => self.enter(incident, (kind, since), opened).await,
            Err(NoRoom::NotPossible(why)) => self.miss(incident, kind, why).await,
            Err(NoRoom::NotNow { why, after }) => {
                self.try_later(incident, (kind, since), why, after).await
            }
            Err(NoRoom::Broken(error)) => {
                tracing::error!("a room could not be opened: {error:#}");
                let why = "something broke here, and it has been logged".to_owned();
                self.try_later(incident, (kind, since), why, NOT_YET).await
            }
        }
    }

    /// Shows the card in the new room: only then is it one the bot can speak in.
    async fn enter(
        &self,
        incident: &Incident,
        (kind, since): (RoomKind, Timestamp),
        opened: Opened,
    ) -> anyhow::Result<Ran> {
        let Opened { place, name, link } = opened;
        let mut event = Event::RoomOpened { kind, place: place.clone(), name, link };
        if kind != RoomKind::Thread {
            let mut there = incident.clone();
            let now = self.clock.now();
            there.apply(&mut event, now)?;
            let card: Card = IncidentView::of(&there, Viewer::ANYBODY, now).into();
            let shown = self.channels.deliver(&subject(incident.number), &place, &card).await;
            if let Err(error) = shown {
                tracing::warn!(%kind, "a new room does not take the card yet: {error}");
                let why = match error {
                    ShowError::Gone(_) => {
                        "one was made, but the bot may not write in it: add its app there"
                            .to_owned()
                    }
                    ShowError::Broken(_) => "one was made, but it takes no messages".to_owned(),
                };
                return self.try_later(incident, (kind, since), why, NOT_YET).await;
            }
        }
        self.incidents.record(incident.number, event).await?;
        Ok(Ran::Done)
    }

    async fn try_later(
        &self,
        incident: &Incident,
        (kind, since): (RoomKind, Timestamp),
        why: String,
        after: Duration,
    ) -> anyhow::Result<Ran> {
        if self.clock.now().since(since) < PATIENCE {
            return Ok(Ran::Again(after));
        }
        self.miss(incident, kind, why).await
    }

    async fn miss(&self, incident: &Incident, kind: RoomKind, why: String) -> anyhow::Result<Ran> {
        tracing::warn!(incident = %incident.number, %kind, "an incident gets no room: {why}");
        self.incidents.record(incident.number, Event::RoomMissed { kind, why }).await?;
        Ok(Ran::Done)
    }

    /// Archives the channel of an incident that has been over for long enough, or has people write
    /// in it again.
    pub(super) async fn put_away(&self, incident: &Incident, away: bool) -> anyhow::Result<Ran> {
        let settings = self.incidents.settings();
        let (Some(wait), Some(team)) = (settings.archive, &settings.team) else {
            return Ok(Ran::Done);
        };
        let Room::Open { kind: RoomKind::Channel, place, .. } = &incident.room else {
            return Ok(Ran::Done);
        };
        match (&incident.resolved, away) {
            (None, true) | (Some(_), false) => return Ok(Ran::Done),
            (Some(resolved), true) => {
                let left = resolved.at.plus(wait.0).since(self.clock.now());
                if !left.is_zero() {
                    return Ok(Ran::Again(left));
                }
            }
            (None, false) => {}
        }
        match self.channels.put_away(place, team, away).await {
            Ok(()) if away => Ok(Ran::Done),
            // It takes a while until its card can be changed again.
            Ok(()) => {
                self.incidents.ask(incident.number, Effect::ShowCard, NOT_YET * 2).await?;
                Ok(Ran::Done)
            }
            Err(NoRoom::NotPossible(why)) => {
                tracing::warn!(incident = %incident.number, away, "its channel stays: {why}");
                Ok(Ran::Done)
            }
            Err(NoRoom::NotNow { after, .. }) => Ok(Ran::Again(after)),
            Err(NoRoom::Broken(error)) => Err(error),
        }
    }

    /// Where it is told before it has a room: of several places the one in the chat it came from.
    pub(super) async fn home(&self, incident: &Incident) -> Place {
        let places = self.homes(incident).await;
        let same = |place: &&Place| place.channel == incident.asked_in.channel;
        let home = places.iter().find(same).or(places.first());
        home.unwrap_or(&incident.asked_in).clone()
    }

    /// Everybody who is in the room from the start, by every id they have, the commander first.
    fn people(&self, incident: &Incident) -> Vec<PersonId> {
        let ids = |actor: &Actor| {
            let known = self.access.people().iter().find(|person| person.ids.contains(&actor.id));
            known.map_or_else(|| vec![actor.id.clone()], |person| person.ids.clone())
        };
        let members = self.incidents.settings().members.iter().filter_map(|name| {
            self.access.people().iter().find(|person| person.name == name.as_str())
        });
        let leading = [incident.commander(), &incident.declared_by].into_iter().flat_map(ids);
        let roles = incident.roles.values().flat_map(ids);
        leading.chain(roles).chain(members.flat_map(|person| person.ids.clone())).collect()
    }
}
