//! Who may do what, where. Deny by default.
//!
//! One function decides, [`Access::require`], for typing, buttons and everything that comes later.

mod settings;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use settings::{PersonSettings, RoleSettings, Settings, Unsatisfiable};

use crate::names::{Environment, PersonId, PersonName, RoleName, Service};

/// A person, as the chat they speak through has proved them. The name is for reading only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// Who it is.
    pub id: PersonId,
    /// What the chat calls them today.
    pub name: String,
}

impl Actor {
    /// Pilothouse itself.
    pub fn bot() -> Self {
        Self { id: PersonId::bot(), name: "Pilothouse".to_owned() }
    }
}

/// The same person is the same person under any name.
impl PartialEq for Actor {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Actor {}

/// Something a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See what runs where, and who did what.
    Look,
    /// Ask for a deployment, and cancel one's own.
    Deploy,
    /// Approve or decline somebody else's deployment.
    Approve,
    /// Stop anybody's deployment, or the roll-back after it.
    Cancel,
    /// Lock an environment, and unlock it, whoever locked it.
    Lock,
    /// Deploy in spite of a freeze, with a reason that everybody reads.
    Override,
    /// Acknowledge and silence alerts.
    Alerts,
    /// Reach whoever is on call.
    Page,
    /// Run the steps of runbooks that can be run.
    Run,
    /// Declare incidents, tell how they go, and end them.
    Incidents,
    /// Read who did what, refusals included.
    Audit,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "look at",
            Self::Deploy => "deploy",
            Self::Approve => "approve deployments of",
            Self::Cancel => "cancel deployments of",
            Self::Lock => "lock or unlock",
            Self::Override => "override a freeze of",
            Self::Alerts => "handle alerts of",
            Self::Page => "page people about",
            Self::Run => "run steps of runbooks for",
            Self::Incidents => "lead incidents of",
            Self::Audit => "read the audit of",
        })
    }
}

/// What a permission is asked for. `None` means anything at all: "may they do this somewhere?"
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// The service, when one is meant.
    pub service: Option<&'a Service>,
    /// The environment, when one is meant.
    pub environment: Option<&'a Environment>,
}

impl<'a> Target<'a> {
    /// One service in one environment.
    pub fn of(service: &'a Service, environment: &'a Environment) -> Self {
        Self { service: Some(service), environment: Some(environment) }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.service, self.environment) {
            (Some(service), Some(environment)) => write!(f, "{service} in {environment}"),
            (Some(name), None) => write!(f, "{name}"),
            (None, Some(name)) => write!(f, "{name}"),
            (None, None) => f.write_str("anything here"),
        }
    }
}

/// Why somebody may not do something, in words for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who} may not {what} {target}. {advice}")]
pub struct Denied {
    who: String,
    what: Permission,
    target: String,
    /// The same in names; apart, so that a refusal stays small.
    place: Box<(Option<Service>, Option<Environment>)>,
    advice: String,
}

impl Denied {
    /// The service it was about, when it was about one.
    pub fn service(&self) -> Option<&Service> {
        self.place.0.as_ref()
    }

    /// The environment it was about, when it was about one.
    pub fn environment(&self) -> Option<&Environment> {
        self.place.1.as_ref()
    }
}

/// The people, the roles, and the one decision.
#[derive(Debug, Default)]
pub struct Access {
    roles: Vec<Role>,
    people: Vec<Person>,
}

/// Somebody the configuration knows.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the configuration calls them.
    pub name: String,
    /// Everything they are known as: one id for each chat they use.
    pub ids: Vec<PersonId>,
}

#[derive(Debug)]
struct Role {
    name: RoleName,
    members: Vec<PersonId>,
    grants: Vec<Grant>,
}

#[derive(Debug)]
struct Grant {
    permissions: Vec<Permission>,
    services: Option<Vec<Service>>,
    environments: Option<Vec<Environment>>,
}

impl Grant {
    fn covers(&self, permission: Permission, target: Target<'_>) -> bool {
        self.permissions.contains(&permission)
            && target
                .service
                .is_none_or(|s| self.services.as_ref().is_none_or(|all| all.contains(s)))
            && target
                .environment
                .is_none_or(|e| self.environments.as_ref().is_none_or(|all| all.contains(e)))
    }
}

impl Access {
    /// Whether `actor` may do this, decided now and from nothing else than who they are.
    ///
    /// # Errors
    /// [`Denied`] names whom to ask instead.
    #[expect(clippy::unused_async, reason = "directory groups will be asked over the network")]
    pub async fn require(
        &self,
        actor: &Actor,
        permission: Permission,
        target: Target<'_>,
    ) -> Result<(), Denied> {
        let granted = self.roles.iter().any(|role| {
            role.members.contains(&actor.id)
                && role.grants.iter().any(|grant| grant.covers(permission, target))
        });
        if granted {
            return Ok(());
        }
        Err(Denied {
            who: actor.name.clone(),
            what: permission,
            target: target.to_string(),
            place: Box::new((target.service.cloned(), target.environment.cloned())),
            advice: self.advice(permission, target),
        })
    }

    /// Whether `actor` may do this with everything there is, and with what belongs nowhere.
    pub fn may_everywhere(&self, actor: &Actor, permission: Permission) -> bool {
        let unbound = |grant: &Grant| {
            grant.permissions.contains(&permission)
                && grant.services.is_none()
                && grant.environments.is_none()
        };
        let mut theirs = self.roles.iter().filter(|role| role.members.contains(&actor.id));
        theirs.any(|role| role.grants.iter().any(unbound))
    }

    /// Everybody the configuration knows.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Everybody the configuration knows who may do this.
    pub fn who_may(&self, permission: Permission, target: Target<'_>) -> Vec<&Person> {
        let allowed: Vec<&PersonId> = self
            .roles
            .iter()
            .filter(|role| role.grants.iter().any(|grant| grant.covers(permission, target)))
            .flat_map(|role| &role.members)
            .collect();
        let is_allowed = |person: &&Person| person.ids.iter().any(|id| allowed.contains(&id));
        self.people.iter().filter(is_allowed).collect()
    }

    /// The person the configuration calls so.
    pub fn named(&self, name: &PersonName) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name.as_str())
    }

    /// Whether that is one of the person's ids.
    pub fn is(&self, actor: &Actor, name: &PersonName) -> bool {
        self.named(name).is_some_and(|person| person.ids.contains(&actor.id))
    }

    /// The same actor under the first of their person's ids: whoever has several accounts still
    /// counts once in every two-person rule.
    pub fn person(&self, actor: &Actor) -> Actor {
        let person = self.people.iter().find(|person| person.ids.contains(&actor.id));
        let id = person.and_then(|person| person.ids.first()).unwrap_or(&actor.id);
        Actor { id: id.clone(), name: actor.name.clone() }
    }

    /// The roles somebody has, for help texts.
    pub fn roles_of(&self, actor: &Actor) -> impl Iterator<Item = &RoleName> {
        let id = actor.id.clone();
        self.roles.iter().filter(move |role| role.members.contains(&id)).map(|role| &role.name)
    }

    fn advice(&self, permission: Permission, target: Target<'_>) -> String {
        let names: Vec<&str> =
            self.who_may(permission, target).iter().map(|person| person.name.as_str()).collect();
        match names.split_last() {
            None => "Nobody may: ask whoever keeps the bot's configuration.".to_owned(),
            Some((only, [])) => format!("Ask {only}."),
            Some((last, others)) if others.len() < 5 => {
                format!("Ask {} or {last}.", others.join(", "))
            }
            Some(_) => format!("Ask {} or one of {} others.", names[0], names.len() - 1),
        }
    }
}
