//! Telling others: each hears of something that there is, and has time to answer.

use super::{Config, Found, Path};
use crate::vendors::server::PATIENCE;

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let all = Path::of(&["services"]);
    let environments: Vec<Path> =
        config.services.keys().map(|name| all.key(name.as_str()).key("environments")).collect();
    for (name, settings) in &config.tell {
        let top = Path::of(&["tell", name.as_str()]);
        let (path, only) = (top.key("only"), settings.only());
        let services = found.items(&path.key("services"));
        for (item, service) in services.iter().zip(only.services.iter().flatten()) {
            found.known(item, service.as_str(), "service", std::slice::from_ref(&all));
        }
        let places = found.items(&path.key("environments"));
        for (item, environment) in places.iter().zip(only.environments.iter().flatten()) {
            found.known(item, environment.as_str(), "environment", &environments);
        }
        for (key, none) in [
            ("services", only.services.as_ref().is_some_and(Vec::is_empty)),
            ("environments", only.environments.as_ref().is_some_and(Vec::is_empty)),
            ("events", only.events.as_ref().is_some_and(Vec::is_empty)),
        ] {
            if none {
                found.odd(&path.key(key), "names nothing, so nothing would ever be told");
            }
        }
        let (keys, timeout) = settings.timeout();
        if timeout.0.is_zero() || timeout.0 > PATIENCE {
            let place = keys.iter().fold(top, |path, key| path.key(key));
            let what = format!("must be between 1ms and {}s", PATIENCE.as_secs());
            found.wrong(&place, what);
        }
    }
}
