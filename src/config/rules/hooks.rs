//! Hooks: each has a door of its own, a proof, and pipelines it can be about.

use super::{Found, Path};
use crate::{
    config::{Config, words::listed},
    hooks::{BasicProof, HeaderProof, Proof, SecretProof},
    pushes::Settings,
    secrets::Secret,
};

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["hooks"]);
    for (name, settings) in &config.hooks {
        let path = top.key(name.as_str());
        if config.alerts.contains_key(name) {
            let what = format!(
                "is the name of a source of alerts as well, and `/hooks/{name}` can be the door of \
                 one only: choose another name"
            );
            found.wrong(&path, what);
        }
        proof(&settings.proof(), &path, found);
        pipelines(config, settings, &path, found);
    }
}

/// What proves a sender is there, and is two different secrets where it is two.
pub(super) fn proof(proof: &Proof, path: &Path, found: &mut Found<'_>) {
    let mut twice = |path: &Path, key: &str, own: &Secret, next: Option<&Secret>| {
        if next == Some(own) {
            let what = format!("is the same secret as `{key}`: name another one");
            found.wrong(&path.key(&format!("next_{key}")), what);
        }
    };
    let mut basic = |path: &Path, own: &BasicProof| {
        twice(path, "password", &own.password, own.next_password.as_ref());
    };
    match proof {
        Proof::Github(SecretProof { secret, next_secret })
        | Proof::Gitlab(SecretProof { secret, next_secret })
        | Proof::Pagerduty(SecretProof { secret, next_secret })
        | Proof::Standard(SecretProof { secret, next_secret })
        | Proof::Header(HeaderProof { secret, next_secret, .. }) => {
            twice(path, "secret", secret, next_secret.as_ref());
        }
        Proof::Grafana(own) => twice(path, "secret", &own.secret, own.next_secret.as_ref()),
        Proof::Bearer(own) => twice(path, "token", &own.token, own.next_token.as_ref()),
        Proof::Basic(own) => basic(path, own),
        Proof::AzureDevops(own) => {
            if let Some(own) = &own.basic {
                basic(&path.key("basic"), own);
            }
            if let Some(own) = &own.header {
                twice(&path.key("header"), "secret", &own.secret, own.next_secret.as_ref());
            }
            if own.basic.is_none() && own.header.is_none() {
                let what = "does not say how it proves itself: write `basic`, `header`, or both";
                found.wrong(path, what);
            }
        }
        Proof::Entra(own) => {
            found.uuid(&path.key("tenant"), &own.tenant);
            found.uuid(&path.key("sender"), &own.sender);
        }
    }
}

fn pipelines(config: &Config, settings: &Settings, path: &Path, found: &mut Found<'_>) {
    let kind = match settings {
        Settings::Github(_) => "GitHub Actions",
        Settings::Gitlab(_) => "GitLab",
        Settings::AzureDevops(_) => "Azure DevOps",
        Settings::Webhook(_) | Settings::Bearer(_) => "any kind",
    };
    let fitting = config.pipelines.iter().filter(|(_, pipeline)| settings.fits(pipeline));
    let fitting: Vec<&str> = fitting.map(|(name, _)| name.as_str()).collect();
    if settings.pipelines().is_empty() && fitting.is_empty() {
        found.odd(path, format!("there is no pipeline of {kind} that it could be about"));
    }
    let items = found.items(&path.key("pipelines"));
    for (item, name) in items.iter().zip(settings.pipelines()) {
        found.known(item, name.as_str(), "pipeline", &[Path::of(&["pipelines"])]);
        if config.pipelines.contains_key(name) && !fitting.contains(&name.as_str()) {
            let what =
                format!("is no pipeline of {kind}; here you can write {}", listed(&fitting, "or"));
            found.wrong(item, what);
        }
    }
}
