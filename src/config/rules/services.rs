//! Services: every name stands for something, and every rule can be satisfied.

use std::time::Duration;

use super::{Config, Found, Path};
use crate::{
    access::{Access, Permission, Target},
    clock::spoken,
    deployments::EnvironmentSettings,
    names::{Environment, Service},
};

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["services"]);
    if config.services.is_empty() {
        found.odd(&top, "there is no service, so there is nothing to deploy");
    }
    for (name, service) in &config.services {
        let path = top.key(name.as_str());
        pipeline(&path, service.pipeline.as_str(), found);
        if service.environments.is_empty() {
            let what = "there is no environment, so this service can be deployed nowhere";
            found.wrong(&path.key("environments"), what);
        }
        for (environment, settings) in &service.environments {
            let path = path.key("environments").key(environment.as_str());
            if environment.as_str() == "list" {
                found.wrong(&path, "an environment cannot be called so: `/deploy list` lists");
            }
            if let Some(own) = &settings.pipeline {
                pipeline(&path, own.as_str(), found);
            }
            room(config, &path, settings, found);
            health(&path, settings, found);
            own_alerts(config, &path, settings, found);
            if settings.approvals == 0 && !settings.answer_gates.is_empty() {
                let what = "has no effect with `approvals: 0`: nobody has approved anything there \
                            in whose name a gate could be answered";
                found.odd(&path.key("answer_gates"), what);
            }
            if settings.request_expires.0.is_zero() && settings.approvals > 0 {
                let what = "nobody could approve in no time: write something like `1h`";
                found.wrong(&path.key("request_expires"), what);
            }
        }
    }
    for name in config.pipelines.keys() {
        let used = config.services.values().any(|service| {
            let own = service.environments.values().filter_map(|e| e.pipeline.as_ref());
            own.chain([&service.pipeline]).any(|used| used == name)
        });
        if !used && !found.is_touched(&top) {
            found.odd(&Path::of(&["pipelines", name.as_str()]), "no service uses this pipeline");
        }
    }
    satisfiable(config, found);
}

fn pipeline(path: &Path, name: &str, found: &mut Found<'_>) {
    found.known(&path.key("pipeline"), name, "pipeline", &[Path::of(&["pipelines"])]);
}

fn room(config: &Config, path: &Path, settings: &EnvironmentSettings, found: &mut Found<'_>) {
    // Without Teams there is the terminal alone, which shows every room.
    if let (Some(room), true) = (&settings.room, config.teams.is_some()) {
        let rooms = [Path::of(&["teams", "rooms"])];
        found.known(&path.key("room"), room.as_str(), "room", &rooms);
    }
}

fn own_alerts(config: &Config, path: &Path, settings: &EnvironmentSettings, found: &mut Found<'_>) {
    let path = path.key("health");
    for (probe, path) in settings.health.iter().zip(found.items(&path)) {
        let asks = matches!(probe, crate::health::Settings::OwnAlerts(_));
        if asks && config.alerts.is_empty() && found.tree.get("alerts").is_none() {
            let what = "nothing would ever fire: name a source in the section `alerts`";
            found.wrong(&path.key("kind"), what);
        }
    }
}

fn health(path: &Path, settings: &EnvironmentSettings, found: &mut Found<'_>) {
    let (verify, rollback) = (path.key("verify"), path.key("rollback"));
    for (probe, path) in settings.health.iter().zip(found.items(&path.key("health"))) {
        // What is missing was written under another name, maybe.
        let objections = if found.is_sound(&path) { probe.objections() } else { vec![] };
        for (key, what) in objections {
            found.wrong(&path.key(key), what);
        }
    }
    if settings.health.is_empty() {
        if found.is_written(&rollback, "automatic") && settings.rollback.automatic {
            let what = "nothing would ever be rolled back: without `health` nobody knows that a \
                        deployment went wrong";
            found.wrong(&rollback.key("automatic"), what);
        } else if found.is_written(path, "rollback")
            && settings.rollback.automatic
            && !found.is_written(&rollback, "approvals")
        {
            let what = "has no effect without `health`: nobody knows that a deployment went wrong";
            found.odd(&rollback, what);
        }
        if found.is_written(path, "verify") {
            found.odd(&verify, "has no effect without `health`: there is nothing to ask");
        }
        return;
    }
    let rules = settings.verify;
    if rules.in_a_row == 0 {
        found.wrong(&verify.key("in_a_row"), "must be at least 1: no answer proves nothing");
    }
    if rules.every.0 < Duration::from_secs(1) {
        found.wrong(&verify.key("every"), "must be at least `1s`");
    }
    let least = rules.every.0.saturating_mul(rules.in_a_row);
    if rules.within.0 < least {
        let what = format!(
            "can never be met: {} good answers, one every {}, take {}, but `within` is {}",
            rules.in_a_row,
            spoken(rules.every.0),
            spoken(least),
            spoken(rules.within.0)
        );
        found.wrong(&verify.key("within"), what);
    }
}

/// Asked last, and of sound people and roles only: a misspelt name is one mistake, not two.
fn satisfiable(config: &Config, found: &mut Found<'_>) {
    let sound = |section: &str| found.is_sound(&Path::of(&[section]));
    if !(sound("people") && sound("roles") && found.is_read(&Path::of(&["teams", "tenant"]))) {
        return;
    }
    let access = Access::new(&config.heard());
    for (name, service) in &config.services {
        for (environment, settings) in &service.environments {
            somebody(&access, (name, environment), settings, found);
        }
    }
}

fn somebody(
    access: &Access,
    (service, environment): (&Service, &Environment),
    settings: &EnvironmentSettings,
    found: &mut Found<'_>,
) {
    let path = Path::of(&["services", service.as_str(), "environments", environment.as_str()]);
    let target = Target::of(service, environment);
    let nobody = access.who_may(Permission::Deploy, target).is_empty();
    if nobody && access.roles_by_group(Permission::Deploy, target).is_empty() {
        found.odd(&path, "nobody may deploy here: give a role `do: [deploy]` for it");
    }
    let (needed, requester_may) = (settings.approvals, settings.requester_may_approve);
    if let Err(error) = access.could_approve(service, environment, needed, requester_may) {
        found.wrong(&path.key("approvals"), format!("{error}{}", but(requester_may)));
    }
    let Some(needed) = settings.rollback.approvals else { return };
    if let Err(error) = access.could_approve(service, environment, needed, requester_may) {
        let path = path.key("rollback").key("approvals");
        found.wrong(&path, format!("{error}{}", but(requester_may)));
    }
}

fn but(requester_may: bool) -> &'static str {
    if requester_may { "" } else { "; whoever asks cannot be one of them" }
}
