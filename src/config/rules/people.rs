//! People and roles: everybody can be recognised, and every name stands for something.

use std::collections::BTreeMap;

use super::{Config, Found, Path};
use crate::{
    access::{PersonSettings, RoleSettings},
    names::{PersonName, RoleName},
};

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    for (name, person) in &config.people {
        ids(config, name, person, found);
    }
    nobody_twice(config, found);
    for (name, role) in &config.roles {
        members(name, role, found);
        groups(config, name, role, found);
        grants(name, role, found);
    }
    let by_group = config.roles.values().any(|role| !role.groups.is_empty());
    for name in config.people.keys().filter(|_| !by_group) {
        if !config.roles.values().any(|role| role.people.contains(name)) {
            let path = Path::of(&["people", name.as_str()]);
            if !found.is_touched(&Path::of(&["roles"])) {
                found.odd(&path, "has no role, so they may do nothing");
            }
        }
    }
}

fn ids(config: &Config, name: &PersonName, person: &PersonSettings, found: &mut Found<'_>) {
    let path = Path::of(&["people", name.as_str()]);
    if person.entra.is_none() && person.console.is_none() {
        found.wrong(&path, "has no id, so nobody can be them: add `entra`, their object id");
    }
    if let Some(entra) = &person.entra {
        found.uuid(&path.key("entra"), entra);
        if person.tenant.is_none() && config.teams.is_none() {
            let what = "an Entra id belongs to a tenant: add `tenant` beside it, or the section \
                        `teams`";
            // The section may be there, and wrong.
            if found.tree.get("teams").is_none() {
                found.wrong(&path.key("entra"), what);
            }
        }
    }
    let Some(tenant) = &person.tenant else { return };
    found.uuid(&path.key("tenant"), tenant);
    if config.teams.as_ref().is_some_and(|teams| !teams.admits(tenant)) {
        let what = "people of this tenant are not let in: add it to `teams.tenants`";
        found.odd(&path.key("tenant"), what);
    }
}

/// One id under two names would let one person approve what they asked for.
fn nobody_twice(config: &Config, found: &mut Found<'_>) {
    let mut seen = BTreeMap::new();
    let own = config.teams.as_ref().map(|teams| teams.tenant.as_str());
    for (name, person) in &config.people {
        let tenant = person.tenant.as_deref().or(own).unwrap_or_default().to_ascii_lowercase();
        let entra = person.entra.as_ref().map(|id| (id.to_ascii_lowercase(), tenant, "entra"));
        let console = person.console.as_ref().map(|id| (id.clone(), String::new(), "console"));
        for id in entra.into_iter().chain(console) {
            let key = id.2;
            if let Some(other) = seen.insert(id, name) {
                let path = Path::of(&["people", name.as_str(), key]);
                let what = format!("this is also the id of `{other}`: one person, one name");
                found.wrong(&path, what);
            }
        }
    }
}

fn members(name: &RoleName, role: &RoleSettings, found: &mut Found<'_>) {
    let path = Path::of(&["roles", name.as_str()]);
    for (index, person) in role.people.iter().enumerate() {
        let item = path.key("people").item(index);
        found.known(&item, person.as_str(), "person", &[Path::of(&["people"])]);
    }
    if role.people.is_empty() && role.groups.is_empty() {
        found.odd(&path.key("people"), "nobody has this role");
    }
}

fn groups(config: &Config, name: &RoleName, role: &RoleSettings, found: &mut Found<'_>) {
    let path = Path::of(&["roles", name.as_str(), "groups"]);
    for (index, group) in role.groups.iter().enumerate() {
        found.uuid(&path.item(index), group);
    }
    // The section may be there, and wrong.
    if !role.groups.is_empty() && config.teams.is_none() && found.tree.get("teams").is_none() {
        let what =
            "nobody could ask who is in them: that takes the identity of the section `teams`";
        found.wrong(&path, what);
    }
}

fn grants(name: &RoleName, role: &RoleSettings, found: &mut Found<'_>) {
    let path = Path::of(&["roles", name.as_str(), "may"]);
    let all = Path::of(&["services"]);
    let services: Vec<String> = found.tree.keys(&all).into_iter().map(str::to_owned).collect();
    let environments: Vec<Path> =
        services.iter().map(|service| all.key(service).key("environments")).collect();
    if role.may.is_empty() {
        found.odd(&path, "this role allows nothing");
    }
    for (index, grant) in role.may.iter().enumerate() {
        let grant_path = path.item(index);
        for (index, service) in grant.services.iter().flatten().enumerate() {
            let item = grant_path.key("services").item(index);
            found.known(&item, service.as_str(), "service", std::slice::from_ref(&all));
        }
        for (index, environment) in grant.environments.iter().flatten().enumerate() {
            let item = grant_path.key("environments").item(index);
            found.known(&item, environment.as_str(), "environment", &environments);
        }
        let empty = |list: Option<usize>| list == Some(0);
        if grant.permissions.is_empty()
            || empty(grant.services.as_ref().map(Vec::len))
            || empty(grant.environments.as_ref().map(Vec::len))
        {
            found.odd(&grant_path, "an empty list allows nothing; leave the key out to mean all");
        }
    }
}
