//! `/incident …`: one file for each thing that can be said about incidents, and what they share.

pub(super) mod create;
pub(super) mod export;
pub(super) mod list;
pub(super) mod note;
pub(super) mod reopen;
pub(super) mod resolve;
pub(super) mod role;
pub(super) mod show;
pub(super) mod timeline;
pub(super) mod update;

use super::{
    Commands, Error, Reply, Said,
    form::{Field, FormView},
};
use crate::{
    access::{Actor, Permission, Target},
    cards::{Button, Card},
    incidents::{self, Event, Incident, IncidentView, Number, REMINDER, ReminderView, Viewer},
    names::{Environment, is_invisible},
};

/// The longest text of an update or a note that is kept: a card shows it in full.
const LONGEST: usize = 1000;

/// Which incident somebody means.
enum Meant {
    /// This one.
    One(Box<Incident>),
    /// One of these open ones.
    OneOf(Vec<Incident>),
}

/// Words as they are kept: nothing invisible, no longer than that; `None` when nothing is left.
fn told(words: &[String], longest: usize) -> Option<String> {
    let text = words.join(" ");
    let plain = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    let plain: String = plain.filter(|letter| !is_invisible(*letter)).collect();
    let kept: String = plain.trim().chars().take(longest).collect();
    (!kept.is_empty()).then_some(kept)
}

/// What the permissions of an incident are asked for.
fn target(incident: &Incident) -> Target<'_> {
    Target { service: incident.service.as_ref(), environment: None }
}

impl Said<'_> {
    /// The incident they name, or the one whose room this is said in, or the only open one; which
    /// they must have this permission for.
    async fn incident_meant(
        &self,
        named: Option<Number>,
        permission: Permission,
    ) -> Result<Meant, Error> {
        let incidents = &self.bot.incidents;
        let here = match named {
            Some(number) => Some(incidents.find(number).await?),
            None => incidents.told_in(&self.place).await?,
        };
        if let Some(incident) = here {
            self.require(permission, target(&incident)).await?;
            return Ok(Meant::One(Box::new(incident)));
        }
        let mut theirs = vec![];
        for incident in incidents.open().await? {
            if self.expects(permission, target(&incident)).await {
                theirs.push(incident);
            }
        }
        match theirs.len() {
            0 => Err(Error::NothingMeant(
                "No incident is open that could be meant. Name one, such as INC-1: `/incident list \
                 --all` shows them."
                    .to_owned(),
            )),
            1 => Ok(Meant::One(Box::new(theirs.remove(0)))),
            _ => Ok(Meant::OneOf(theirs)),
        }
    }

    /// The environments of an incident's service that they may look at.
    async fn seen_of(&self, incident: &Incident) -> Vec<Environment> {
        let mut seen = vec![];
        let Some(service) = &incident.service else { return seen };
        let settings = self.bot.planner.services().get(service);
        for environment in settings.into_iter().flat_map(|settings| settings.environments.keys()) {
            let there = Target::of(service, environment);
            if self.expects(Permission::Look, there).await {
                seen.push(environment.clone());
            }
        }
        seen
    }

    /// Has it happen to the incident they mean; asks which when several could be. `say` is what the
    /// form's button says, with `{incident}` where the number goes.
    async fn happen(
        self,
        named: Option<Number>,
        event: impl FnOnce(Actor) -> Event,
        again: Again,
    ) -> Result<Reply, Error> {
        match self.incident_meant(named, Permission::Incidents).await? {
            Meant::OneOf(several) => Ok(Reply::Card(which(&several, again).into())),
            Meant::One(incident) => {
                let number = incident.number;
                self.bot.incidents.record(number, event(self.actor)).await?;
                Ok(Reply::Shown(incidents::subject(number)))
            }
        }
    }
}

/// How to say something again once it is known which incident is meant.
struct Again {
    /// The command, with `{incident}` where the number goes.
    say: String,
    /// What was said already, to be looked at once more.
    fields: Vec<Field>,
}

impl Again {
    fn saying(say: &str, fields: Vec<Field>) -> Self {
        Self { say: say.to_owned(), fields }
    }
}

/// Asks which of several incidents is meant.
fn which(several: &[Incident], again: Again) -> FormView {
    let names: Vec<String> =
        several.iter().map(|incident| format!("{}: {}", incident.number, incident.title)).collect();
    let numbers = several.iter().map(|incident| incident.number.to_string()).collect();
    let incident = Field::choice("incident", "Incident", numbers);
    FormView {
        title: "Which incident do you mean?".to_owned(),
        text: Some(format!("Open are {}.", names.join("; "))),
        fields: [incident].into_iter().chain(again.fields).collect(),
        button: Button {
            title: "That one".to_owned(),
            say: again.say,
            style: "positive",
            secondary: false,
        },
    }
}

impl Commands {
    /// The incident as this person may see it; `None` when they may not see it at all.
    pub(super) async fn incident_card(&self, actor: &Actor, incident: &Incident) -> Option<Card> {
        let viewer = self.incident_viewer(actor, incident).await?;
        Some(IncidentView::of(incident, viewer, self.clock.now()).into())
    }

    /// The card of that subject, when it is one of an incident's.
    pub(super) async fn look_at_incident(
        &self,
        actor: &Actor,
        kind: &str,
        id: &str,
    ) -> Option<Card> {
        let incident = self.incidents.find(id.parse().ok()?).await.ok()?;
        if kind != REMINDER {
            return self.incident_card(actor, &incident).await;
        }
        let viewer = self.incident_viewer(actor, &incident).await?;
        Some(ReminderView::of(&incident, viewer, self.clock.now())?.into())
    }

    async fn incident_viewer(&self, actor: &Actor, incident: &Incident) -> Option<Viewer> {
        let may = |permission| async move {
            self.access.expect(actor, permission, target(incident)).await.is_ok()
        };
        let may_lead = may(Permission::Incidents).await;
        let leads = incident.commander() == actor;
        (may_lead || may(Permission::Look).await).then_some(Viewer { may_lead, leads })
    }
}
