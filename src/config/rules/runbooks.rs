//! Runbooks: steps work on something that there is, and the files can be read.

use super::{Config, Found, Path, Secrets};
use crate::{pipelines::command::check_variables, runbooks::Books};

pub(super) fn check(config: &Config, found: &mut Found<'_>, secrets: Secrets) {
    let Some(settings) = &config.runbooks else { return };
    let top = Path::of(&["runbooks"]);
    let services = Path::of(&["services"]);
    for (name, step) in &settings.steps {
        let path = top.key("steps").key(name.as_str());
        let known = std::slice::from_ref(&services);
        found.known(&path.key("service"), step.service.as_str(), "service", known);
        if let Some(environment) = &step.environment {
            let environments = services.key(step.service.as_str()).key("environments");
            let item = path.key("environment");
            found.known(&item, environment.as_str(), "environment", &[environments]);
        }
        if step.timeout.0.is_zero() {
            found.wrong(&path.key("timeout"), "is zero, so the program could never run");
        }
        if let Err(error) = check_variables(&step.variables) {
            found.wrong(&path.key("variables"), error.to_string());
        }
        if step.program.as_os_str().is_empty() {
            found.wrong(&path.key("program"), "is empty: give the program's path");
        }
    }
    // The files are somewhere else when only the text of the configuration is looked at.
    if secrets == Secrets::Read {
        for trouble in Books::read(settings).troubles {
            found.odd(&top.key("folder"), trouble.to_string());
        }
    }
}
