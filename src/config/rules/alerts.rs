//! Sources of alerts: each can be heard or asked, and its rooms are there.

use std::time::Duration;

use super::{Config, Found, Path};

/// Asking more often tells nobody anything sooner: deliveries come by themselves.
const OFTENEST: Duration = Duration::from_secs(5);

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["alerts"]);
    for (name, settings) in &config.alerts {
        let (path, settings) = (top.key(name.as_str()), settings.common());
        match (&settings.url, &settings.webhook) {
            (None, None) => {
                let what = "says neither where it is nor how it proves itself: write `url`, \
                            `webhook`, or both";
                found.wrong(&path, what);
            }
            (None, Some(_)) => {
                for key in ["credential", "every"] {
                    if found.is_written(&path, key) {
                        let what = "has no effect without `url`: it is never asked";
                        found.odd(&path.key(key), what);
                    }
                }
            }
            (Some(_), _) if settings.every.0 < OFTENEST => {
                found.wrong(&path.key("every"), "must be at least `5s`");
            }
            (Some(_), _) => {}
        }
        if let Some(credential) = &settings.credential
            && !credential.is_one()
        {
            let what = "must say one of the two: `bearer` or `basic`";
            found.wrong(&path.key("credential"), what);
        }
        let webhook = settings.webhook.as_ref();
        if webhook.is_some_and(|webhook| webhook.next_token.as_ref() == Some(&webhook.token)) {
            let what = "is the same secret as `token`: name another one";
            found.wrong(&path.key("webhook").key("next_token"), what);
        }
        // Without Teams there is the terminal alone, which shows every room.
        if let (Some(room), true) = (&settings.room, config.teams.is_some()) {
            let rooms = [Path::of(&["teams", "rooms"])];
            found.known(&path.key("room"), room.as_str(), "room", &rooms);
        }
    }
}
