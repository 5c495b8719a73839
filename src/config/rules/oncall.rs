//! Schedules: each has somebody at every level, and every name stands for something.

use std::{collections::BTreeMap, time::Duration};

use super::{Config, Found, Path};
use crate::{
    access::{Access, Permission, Target},
    calendar::Moment,
    clock::spoken,
    names::PersonName,
    oncall::{IcalSettings, JiraSettings, LevelSettings, PagerDutySettings, RotaSettings},
};

/// What a page's own commands are called: `/page ack …`.
const TAKEN: [&str; 1] = ["ack"];

/// Shorter than this, nobody has time to answer.
const SHORTEST: Duration = Duration::from_secs(10);

/// Longer turns are hand-overs nobody remembers.
const LONGEST: Duration = Duration::from_hours(24 * 366);

const DAY: u64 = 24 * 60 * 60;

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    let top = Path::of(&["oncall"]);
    let all = [Path::of(&["services"])];
    for (name, schedule) in &config.oncall {
        let path = top.key(name.as_str());
        if TAKEN.contains(&name.as_str()) {
            found.wrong(&path, format!("a schedule cannot be called so: `/page {name}` answers"));
        }
        if config.people.keys().any(|person| person.as_str() == name.as_str()) {
            let what = "a person is called so too: `/page` would not know whom to reach";
            found.wrong(&path, what);
        }
        let services = found.items(&path.key("services"));
        for (item, service) in services.iter().zip(&schedule.services) {
            found.known(item, service.as_str(), "service", &all);
        }
        if schedule.levels.is_empty() {
            found.wrong(&path.key("levels"), "nobody would ever be on call: name a level");
        }
        if schedule.escalate_after.0 < SHORTEST {
            let what = format!("nobody could answer in time: at least `{}`", spoken(SHORTEST));
            found.wrong(&path.key("escalate_after"), what);
        }
        let levels = found.items(&path.key("levels"));
        for (item, level) in levels.iter().zip(&schedule.levels) {
            match level {
                LevelSettings::Rota(rota) => turns(item, rota, found),
                LevelSettings::Ical(ical) => calendar(item, ical, found),
                LevelSettings::PagerDuty(duty) => of_pagerduty(item, duty, found),
                LevelSettings::Jira(jira) => of_jira(item, jira, found),
                LevelSettings::GrafanaIrm(irm) => called(item, &irm.who, found),
            }
        }
    }
    reachable(config, found);
}

/// Asked last, and of sound people and roles only: a misspelt name is one mistake, not two.
fn reachable(config: &Config, found: &mut Found<'_>) {
    let sound = |section: &str| found.is_sound(&Path::of(&[section]));
    if !(sound("people") && sound("roles") && found.is_read(&Path::of(&["teams", "tenant"]))) {
        return;
    }
    let access = Access::new(&config.heard());
    for (name, schedule) in &config.oncall {
        let of = |service| Target { service: Some(service), environment: None };
        let targets: Vec<Target<'_>> = schedule.services.iter().map(of).collect();
        let targets = if targets.is_empty() { vec![Target::default()] } else { targets };
        let nobody = |to| {
            access.who_may(Permission::Page, to).is_empty()
                && access.roles_by_group(Permission::Page, to).is_empty()
        };
        if targets.into_iter().all(nobody) {
            let what = "nobody may page its people: give a role `do: [page]` for its services";
            found.odd(&Path::of(&["oncall", name.as_str()]), what);
        }
    }
}

fn turns(path: &Path, rota: &RotaSettings, found: &mut Found<'_>) {
    if rota.people.is_empty() {
        found.wrong(&path.key("people"), "nobody takes turns");
    }
    let people = found.items(&path.key("people"));
    for (item, person) in people.iter().zip(&rota.people) {
        known(item, person, found);
    }
    if let Moment::At(_) = rota.start {
        let what = "is a day, such as `2026-01-05`; the hour of the hand-over is `at`";
        found.wrong(&path.key("start"), what);
    }
    let every = rota.every.0;
    if every.is_zero() || !every.as_secs().is_multiple_of(DAY) || every > LONGEST {
        let what = "is a whole number of days, from `1d` to a year";
        found.wrong(&path.key("every"), what);
    } else if rota.on.is_some() && !every.as_secs().is_multiple_of(7 * DAY) {
        let what = "has no meaning unless turns are whole weeks: `every: 7d`";
        found.wrong(&path.key("on"), what);
    }
    let overrides = found.items(&path.key("overrides"));
    for (item, over) in overrides.iter().zip(&rota.overrides) {
        known(&item.key("person"), &over.person, found);
        if over.from.begin() >= over.until.end() {
            found.wrong(&item.key("until"), "must be later than `from`");
        }
    }
}

fn calendar(path: &Path, ical: &IcalSettings, found: &mut Found<'_>) {
    match (&ical.url, &ical.file) {
        (None, None) => found.wrong(path, "says not where the calendar is: write `url` or `file`"),
        (Some(_), Some(_)) => {
            found.wrong(path, "a calendar is in one place: take `url` or `file` away");
        }
        _ => {}
    }
    called(path, &ical.who, found);
}

fn of_pagerduty(path: &Path, duty: &PagerDutySettings, found: &mut Found<'_>) {
    match (&duty.schedule, &duty.policy, duty.level) {
        (None, None, _) => {
            found.wrong(path, "says not who is meant: write `schedule`, or `policy` and `level`");
        }
        (None, Some(_), None) => {
            found.wrong(path, "a policy has levels: write which `level`; 1 is called first");
        }
        (_, None, Some(_)) => {
            found.wrong(&path.key("level"), "only a policy has levels: write `policy` as well");
        }
        (_, Some(_), Some(0)) => found.wrong(&path.key("level"), "the first level is 1"),
        _ => {}
    }
    called(path, &duty.who, found);
}

fn of_jira(path: &Path, jira: &JiraSettings, found: &mut Found<'_>) {
    if !jira.email.contains('@') {
        found.wrong(&path.key("email"), "is the e-mail address of whose token it is");
    }
    called(path, &jira.who, found);
}

fn called(path: &Path, who: &BTreeMap<PersonName, Vec<String>>, found: &mut Found<'_>) {
    let mut taken: BTreeMap<String, &PersonName> = BTreeMap::new();
    for (person, names) in who {
        let item = path.key("who").key(person.as_str());
        known(&item, person, found);
        for name in names {
            let other = taken.insert(name.trim().to_lowercase(), person);
            if let Some(other) = other.filter(|other| *other != person) {
                found.wrong(&item, format!("`{name}` is {other} already: one name, one person"));
            }
        }
        if names.iter().any(|name| name.trim().is_empty()) {
            found.wrong(&item, "an empty name would be anybody's");
        }
    }
}

fn known(path: &Path, person: &PersonName, found: &mut Found<'_>) {
    found.known(path, person.as_str(), "person", &[Path::of(&["people"])]);
}
