//! Pipelines: what they are told has different names, and servers get time to answer.

use super::{Found, Path};
use crate::{
    config::Config,
    pipelines::{Settings, azure_devops::Credential},
    vendors::{github, server::PATIENCE},
};

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    for (name, settings) in &config.pipelines {
        let path = Path::of(&["pipelines", name.as_str()]);
        if let Some(twice) = settings.inputs().and_then(|inputs| inputs.twice()) {
            let what =
                format!("two things would be told as `{twice}`: give each a name of its own");
            found.wrong(&path.key("inputs"), what);
        }
        if let Some(timeout) = settings.timeout()
            && (timeout.is_zero() || timeout > PATIENCE)
        {
            let what = format!("must be between 1ms and {}s", PATIENCE.as_secs());
            found.wrong(&path.key("timeout"), what);
        }
        if let Settings::GithubActions(settings) = settings
            && let Some(rule) = &settings.protection_rule
        {
            let path = path.key("protection_rule");
            if !matches!(settings.github.credential, github::Credential::App(_)) {
                let what = "is a GitHub App's: use the credential `app`, not a token";
                found.wrong(&path, what);
            }
            if rule.environments.is_empty() {
                let what = "names no environment, so nothing would ever be guarded";
                found.wrong(&path.key("environments"), what);
            }
        }
        if let Settings::AzureDevops(settings) = settings
            && let Credential::Entra(principal) = &settings.credential
        {
            let path = path.key("credential").key("entra");
            found.uuid(&path.key("app_id"), &principal.app_id);
            found.uuid(&path.key("tenant"), &principal.tenant);
        }
    }
}
