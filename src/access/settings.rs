//! Roles and people as the configuration writes them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Grant, Permission, Person, Role, Target};
use crate::names::{Environment, PersonId, PersonName, RoleName, Service};

/// `people` and `roles` of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Everybody the bot knows.
    pub people: BTreeMap<PersonName, PersonSettings>,
    /// What groups of them may do.
    pub roles: BTreeMap<RoleName, RoleSettings>,
    /// The tenant of people who name none.
    pub tenant: Option<String>,
}

/// One person of the configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSettings {
    /// Their object id in Microsoft Entra (Entra admin center, Users, Object ID).
    pub entra: Option<String>,
    /// Their tenant, when it is not the bot's own.
    pub tenant: Option<String>,
    /// Their name at the demo's terminal.
    pub console: Option<String>,
}

/// One role of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSettings {
    /// Who has it.
    #[serde(default)]
    pub people: Vec<PersonName>,
    /// Groups of Microsoft Entra whose members have it too, by their object ids (Entra admin center,
    /// Groups, Object ID). Members through other groups count as well.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What it allows.
    pub may: Vec<GrantSettings>,
}

/// One thing a role allows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantSettings {
    /// What they may do.
    #[serde(rename = "do")]
    pub permissions: Vec<Permission>,
    /// With which services; without this line, with all of them.
    pub services: Option<Vec<Service>>,
    /// In which environments; without this line, in all of them.
    pub environments: Option<Vec<Environment>>,
}

/// A rule that nobody could ever satisfy, found before anyone needs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{service} in {environment} asks for {needed} approval(s), but only {able} could give one: \
     {names}"
)]
pub struct Unsatisfiable {
    service: Service,
    environment: Environment,
    needed: usize,
    able: usize,
    names: String,
}

impl Access {
    /// The people and roles of the configuration. A role's unknown person is nobody; the
    /// configuration's check names them.
    pub fn new(settings: &Settings) -> Self {
        let ids = |person: &PersonSettings| {
            let tenant = person.tenant.as_ref().or(settings.tenant.as_ref());
            let entra = person.entra.as_ref().zip(tenant);
            let entra = entra.map(|(object, tenant)| PersonId::entra(tenant, object));
            let console = person.console.as_ref().map(|name| PersonId::console(name));
            entra.into_iter().chain(console).collect::<Vec<_>>()
        };
        let people = settings.people.iter();
        let people = people.map(|(name, p)| Person { name: name.to_string(), ids: ids(p) });
        let roles = settings.roles.iter().map(|(name, role)| Role {
            name: name.clone(),
            members: role
                .people
                .iter()
                .filter_map(|p| settings.people.get(p))
                .flat_map(ids)
                .collect(),
            groups: role.groups.iter().map(|group| group.to_ascii_lowercase()).collect(),
            grants: role.may.iter().map(Grant::from).collect(),
        });
        let (roles, people) = (roles.collect(), people.collect());
        Self { roles, people, tenant: settings.tenant.clone(), groups: None }
    }

    /// Whether enough people could approve even when one of them is the one who asks. Who is in a
    /// group is not counted: where one may approve, enough could.
    ///
    /// # Errors
    /// [`Unsatisfiable`] when some allowed requester would wait for ever.
    pub fn could_approve(
        &self,
        service: &Service,
        environment: &Environment,
        needed: usize,
        requester_may: bool,
    ) -> Result<(), Unsatisfiable> {
        let target = Target::of(service, environment);
        let approvers = self.who_may(Permission::Approve, target);
        let requesters = self.who_may(Permission::Deploy, target);
        // Whoever is in a group may ask and be nobody of these.
        let others = !self.roles_by_group(Permission::Deploy, target).is_empty();
        let enough_for = |asking: &&Person| {
            let counts = |p: &&&Person| requester_may || p.name != asking.name;
            approvers.iter().filter(counts).count() >= needed
        };
        let enough = requesters.iter().all(enough_for) && (!others || approvers.len() >= needed);
        let uncounted = !self.roles_by_group(Permission::Approve, target).is_empty();
        if needed == 0 || uncounted || enough {
            return Ok(());
        }
        let names: Vec<&str> = approvers.iter().map(|p| p.name.as_str()).collect();
        let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
        let able = approvers.len();
        let (service, environment) = (service.clone(), environment.clone());
        Err(Unsatisfiable { service, environment, needed, able, names })
    }
}

impl From<&GrantSettings> for Grant {
    fn from(settings: &GrantSettings) -> Self {
        Self {
            permissions: settings.permissions.clone(),
            services: settings.services.clone(),
            environments: settings.environments.clone(),
        }
    }
}
