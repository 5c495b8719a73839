//! Incidents: whoever is to be in a room can be, and a channel has a team.

use super::{Config, Found, Path};
use crate::{chat::RoomKind, incidents::Membership, vendors::server::PATIENCE};

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["incidents"]);
    let settings = &config.incidents;
    if let (Some(room), true) = (&settings.room, config.teams.is_some()) {
        let rooms = [Path::of(&["teams", "rooms"])];
        found.known(&top.key("room"), room.as_str(), "room", &rooms);
    }
    for (item, person) in found.items(&top.key("members")).iter().zip(&settings.members) {
        found.known(item, person.as_str(), "person", &[Path::of(&["people"])]);
    }
    if let Some(team) = &settings.team {
        found.uuid(&top.key("team"), team);
    }
    for (key, span) in [("sev1", settings.remind.sev1), ("sev2", settings.remind.sev2)] {
        if span.0.as_secs() < 60 {
            found.wrong(&top.key("remind").key(key), "must be at least `1m`");
        }
    }
    if let Some(settings) = &settings.pagerduty {
        let account = top.key("pagerduty").key("account");
        if settings.account.from.is_none() {
            let what = "PagerDuty takes incidents in the name of a person only: add `from`, the \
                        e-mail address of one";
            found.wrong(&account, what);
        }
        let timeout = settings.account.timeout.0;
        if timeout.is_zero() || timeout > PATIENCE {
            let what = format!("must be between 1ms and {}s", PATIENCE.as_secs());
            found.wrong(&account.key("timeout"), what);
        }
    }
    channels(config, &top, found);
}

fn channels(config: &Config, top: &Path, found: &mut Found<'_>) {
    let settings = &config.incidents;
    if settings.place == RoomKind::Channel {
        if settings.team.is_none() {
            let what = "a channel is made in a team: add `team`, the id of its group in Entra";
            found.wrong(&top.key("place"), what);
        }
        return;
    }
    let only = "has no effect: only a `place: channel` has it";
    if settings.team.is_some() {
        found.odd(&top.key("team"), only);
    }
    if settings.membership == Membership::Private {
        found.odd(&top.key("membership"), only);
    }
    if settings.archive.is_some() {
        found.odd(&top.key("archive"), only);
    }
}
