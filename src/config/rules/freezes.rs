//! Freezes: each comes at some time, and holds something that there is.

use super::{Config, Found, Path};
use crate::deployments::FreezeSettings;

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["freezes"]);
    let all = Path::of(&["services"]);
    let environments: Vec<Path> =
        config.services.keys().map(|name| all.key(name.as_str()).key("environments")).collect();
    for (path, freeze) in found.items(&top).iter().zip(&config.freezes) {
        time(path, freeze, found);
        let services = found.items(&path.key("services"));
        for (item, service) in services.iter().zip(freeze.services.iter().flatten()) {
            found.known(item, service.as_str(), "service", std::slice::from_ref(&all));
        }
        let places = found.items(&path.key("environments"));
        for (item, environment) in places.iter().zip(freeze.environments.iter().flatten()) {
            found.known(item, environment.as_str(), "environment", &environments);
        }
    }
}

fn time(path: &Path, freeze: &FreezeSettings, found: &mut Found<'_>) {
    match (&freeze.weekly, &freeze.from, &freeze.until) {
        (Some(weekly), None, None) => {
            if weekly.days.is_empty() {
                found.wrong(&path.key("weekly"), "no day is named, so it would never come");
            }
        }
        (None, Some(from), Some(until)) => {
            if from.begin() >= until.end() {
                found.wrong(&path.key("until"), "must be later than `from`");
            }
        }
        (Some(_), ..) => {
            let what =
                "either comes every week, or once: take `weekly` away, or `from` and `until`";
            found.wrong(path, what);
        }
        (None, ..) => {
            found.wrong(path, "says not when: write `from` and `until`, or `weekly`");
        }
    }
}
