//! Sources of alerts: each can be heard or asked, and its rooms are there.

use std::time::Duration;

use super::{Config, Found, Path};

/// Asking more often tells nobody anything sooner: deliveries come by themselves.
const OFTENEST: Duration = Duration::from_secs(5);

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["alerts"]);
    for (name, settings) in &config.alerts {
        let (path, common) = (top.key(name.as_str()), settings.common());
        match (settings.every(), &common.proof, settings.place()) {
            (None, None, Some((place, _))) => {
                let what = format!(
                    "says neither where it is nor how it proves itself: write `{place}`, \
                     `webhook`, or both"
                );
                found.wrong(&path, what);
            }
            (None, None, None) => {
                let what = "can only be listened to: say under `webhook` how it proves itself";
                found.wrong(&path, what);
            }
            (None, Some(_), Some((place, keys))) => {
                for key in keys {
                    if found.is_written(&path, key) {
                        let what = format!("has no effect without `{place}`: it is never asked");
                        found.odd(&path.key(key), what);
                    }
                }
            }
            (Some(every), ..) if every < OFTENEST => {
                found.wrong(&path.key("every"), "must be at least `5s`");
            }
            _ => {}
        }
        if let Some(proof) = &common.proof {
            super::hooks::proof(proof, &path.key("webhook"), found);
        }
        for flaw in settings.flaws() {
            if !flaw.without.is_empty()
                && flaw.without.iter().all(|key| found.is_written(&path, key))
            {
                continue;
            }
            let at = flaw.at.iter().fold(path.clone(), |path, key| path.key(key));
            found.wrong(&at, flaw.what);
        }
        // Without Teams there is the terminal alone, which shows every room.
        if let (Some(room), true) = (&common.room, config.teams.is_some()) {
            let rooms = [Path::of(&["teams", "rooms"])];
            found.known(&path.key("room"), room.as_str(), "room", &rooms);
        }
    }
}
