//! Who may do what, where. Deny by default.
//!
//! One function decides, [`Access::require`], for typing, buttons and everything that comes later.

mod denied;
mod groups;
mod permission;
mod settings;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use denied::Denied;
pub use permission::{Permission, Target};
pub use settings::{PersonSettings, RoleSettings, Settings, Unsatisfiable};

use crate::{
    clock::Clock,
    names::{Environment, PersonId, PersonName, RoleName, Service},
    vendors::graph::Graph,
};
use groups::{Doubt, Groups, When};

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

/// The people, the roles, and the one decision.
#[derive(Debug, Default)]
pub struct Access {
    roles: Vec<Role>,
    people: Vec<Person>,
    /// The tenant whose groups roles name.
    tenant: Option<String>,
    /// Who is in them, where anybody can be asked.
    groups: Option<Groups>,
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
    /// Groups whose members have it too.
    groups: Vec<String>,
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
    /// The same, with whoever knows who is in the groups that roles name.
    #[must_use]
    pub fn asking(mut self, graph: Graph, clock: Clock) -> Self {
        let all: BTreeSet<String> =
            self.roles.iter().flat_map(|role| role.groups.clone()).collect();
        let tenant = self.tenant.clone().filter(|_| !all.is_empty());
        self.groups = tenant.map(|tenant| Groups::new(tenant, all, graph, clock));
        self
    }

    /// Whether `actor` may do this, decided from nothing else than who they are. What is decisive
    /// (approving, cancelling, overriding, running) is decided from who they are now; anything else
    /// from which groups they were in within the last minutes.
    ///
    /// # Errors
    /// [`Denied`] names whom to ask instead. Nobody knowing is a no as well.
    pub async fn require(
        &self,
        actor: &Actor,
        permission: Permission,
        target: Target<'_>,
    ) -> Result<(), Denied> {
        if permission.is_decisive() {
            return self.require_now(actor, permission, target).await;
        }
        match self.expect(actor, permission, target).await {
            // They may have been let into a group since then.
            Err(denied) if !denied.is_doubt() => self.require_now(actor, permission, target).await,
            decided => decided,
        }
    }

    /// The same, from who they are now, whatever it is.
    ///
    /// # Errors
    /// As [`Access::require`].
    pub async fn require_now(
        &self,
        actor: &Actor,
        permission: Permission,
        target: Target<'_>,
    ) -> Result<(), Denied> {
        self.decide(actor, permission, target, When::Now).await
    }

    /// The same, from who they were within the last minutes: for what is shown to them, and for
    /// what is asked again before anything is done.
    ///
    /// # Errors
    /// As [`Access::require`].
    pub async fn expect(
        &self,
        actor: &Actor,
        permission: Permission,
        target: Target<'_>,
    ) -> Result<(), Denied> {
        self.decide(actor, permission, target, When::Lately).await
    }

    async fn decide(
        &self,
        actor: &Actor,
        permission: Permission,
        target: Target<'_>,
        when: When,
    ) -> Result<(), Denied> {
        let covers = |grant: &Grant| grant.covers(permission, target);
        let granted = self.holds(actor, covers, when).await;
        if granted == Ok(true) {
            return Ok(());
        }
        Err(Denied {
            who: actor.name.clone(),
            what: permission,
            target: target.to_string(),
            place: Box::new((target.service.cloned(), target.environment.cloned())),
            advice: self.advice(permission, target),
            doubt: granted.err(),
        })
    }

    /// Whether one of their roles has such a grant. Those they have by name are looked at first:
    /// who may anyway need not be asked about.
    async fn holds(
        &self,
        actor: &Actor,
        fits: impl Fn(&Grant) -> bool + Send + Sync,
        when: When,
    ) -> Result<bool, Doubt> {
        let fitting: Vec<&Role> =
            self.roles.iter().filter(|role| role.grants.iter().any(&fits)).collect();
        if fitting.iter().any(|role| role.members.contains(&actor.id)) {
            return Ok(true);
        }
        let mut groups: Vec<&String> = vec![];
        for role in fitting {
            groups.extend(&role.groups);
        }
        if groups.is_empty() {
            return Ok(false);
        }
        let theirs = match &self.groups {
            Some(known) => known.of(actor, when).await?,
            None => return Err("nobody is configured who could ask Microsoft Graph"),
        };
        Ok(groups.into_iter().any(|group| theirs.contains(group)))
    }

    /// Whether `actor` may do this with everything there is, and with what belongs nowhere.
    pub async fn may_everywhere(&self, actor: &Actor, permission: Permission) -> bool {
        let unbound = |grant: &Grant| {
            grant.permissions.contains(&permission)
                && grant.services.is_none()
                && grant.environments.is_none()
        };
        self.holds(actor, unbound, When::Lately).await == Ok(true)
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

    /// Roles that allow this to members of groups, whoever those are.
    pub fn roles_by_group(&self, permission: Permission, target: Target<'_>) -> Vec<&RoleName> {
        let by_group = self.roles.iter().filter(|role| !role.groups.is_empty());
        by_group
            .filter(|role| role.grants.iter().any(|grant| grant.covers(permission, target)))
            .map(|role| &role.name)
            .collect()
    }

    /// The roles somebody has, for help texts; and why there may be more of them, when nobody can
    /// tell.
    pub async fn roles_of(&self, actor: &Actor) -> (Vec<&RoleName>, Option<Doubt>) {
        let theirs = match &self.groups {
            Some(groups) => groups.of(actor, When::Lately).await,
            None => Ok(std::sync::Arc::default()),
        };
        let (theirs, doubt) = theirs.map_or_else(|why| (None, Some(why)), |all| (Some(all), None));
        let is_in = |group: &String| theirs.as_ref().is_some_and(|all| all.contains(group));
        let has = |role: &&Role| role.members.contains(&actor.id) || role.groups.iter().any(is_in);
        (self.roles.iter().filter(has).map(|role| &role.name).collect(), doubt)
    }

    fn advice(&self, permission: Permission, target: Target<'_>) -> String {
        let people = self.who_may(permission, target).into_iter().map(|person| person.name.clone());
        let roles = self.roles_by_group(permission, target).into_iter().map(with_role);
        let names: Vec<String> = people.chain(roles).collect();
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

/// Whoever has a role, as a sentence goes on.
pub fn with_role(role: &RoleName) -> String {
    format!("somebody with the role {role}")
}
