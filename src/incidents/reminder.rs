//! The reminder to tell how an incident goes, as the commander sees it. Pure.

use serde::Serialize;

use super::{
    incident::Incident,
    view::{Act, Viewer, overdue, update},
};
use crate::{access::Actor, cards::View, clock::Timestamp, names::is_invisible};

/// What a reminder's card is about: one for each incident, edited in place.
pub const REMINDER: &str = "reminder";

/// A reminder's card.
#[derive(Debug, Serialize)]
pub struct ReminderView {
    title: String,
    status: String,
    color: &'static str,
    mention: Option<Mention>,
    actions: Vec<Act>,
}

/// The commander, as a chat can call them.
#[derive(Debug, Serialize)]
struct Mention {
    /// Nothing but letters, digits and blanks: it has to be the same in two places of a card.
    name: String,
    /// Their id in Entra.
    id: String,
}

impl ReminderView {
    /// The reminder, when there ever was one.
    pub fn of(incident: &Incident, viewer: Viewer, now: Timestamp) -> Option<Self> {
        incident.reminded?;
        let commander = incident.commander();
        let due = overdue(incident).filter(|_| incident.is_open());
        let (status, color) = match (&due, &incident.resolved) {
            (Some(due), _) => {
                let what = "Say what is known, even if it is that nothing is new.";
                (format!("For {}: {due} {what}", commander.name), "warning")
            }
            (None, Some(resolved)) => (format!("Resolved by {}.", resolved.by.name), "good"),
            (None, None) => {
                let at = incident.updated.time_of_day(now);
                (format!("It was told how it goes, {at}. Thank you."), "default")
            }
        };
        let asked = due.is_some() && viewer.may_lead;
        Some(Self {
            title: format!("{} · {}", incident.number, incident.title),
            status,
            color,
            mention: due.as_ref().and_then(|_| Mention::of(commander)),
            actions: if asked { vec![update(incident)] } else { vec![] },
        })
    }
}

impl Mention {
    fn of(actor: &Actor) -> Option<Self> {
        let id = actor.id.entra_object()?.to_owned();
        let letters = actor.name.chars().filter(|l| !is_invisible(*l));
        let plain: String = letters.map(|l| if l.is_alphanumeric() { l } else { ' ' }).collect();
        let name = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(Self { name, id })
    }
}

impl View for ReminderView {
    const NAME: &'static str = "reminder";

    fn text(&self) -> String {
        format!("{}: {}", self.title, self.status)
    }
}
