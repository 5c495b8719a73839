//! `/oncall` and `/oncall checkout`

use jiff::tz::TimeZone;

use super::{Command, Commands, Error, Reply, Said};
use crate::{
    access::{Actor, Denied, Permission, Target},
    names::{ScheduleName, Service, hint},
    oncall::{OnCallView, Reader, ScheduleNow},
};

/// Shows who is on call.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct WhoIs {
    /// A schedule, or a service some are for.
    schedule: Option<String>,
}

impl Command for WhoIs {
    const NAME: &'static str = "oncall";
    const USAGE: &'static str = "[schedule or service]";
    const SUMMARY: &'static str = "Show who is on call now, who is next, and when they change.";
    const EXAMPLES: &'static [&'static str] = &["/oncall", "/oncall checkout"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let (names, about) = match &self.schedule {
            Some(name) => said.schedules_meant(name).await?,
            None => (said.schedules_they_see().await, None),
        };
        let now = said.bot.clock.now();
        let mut schedules = vec![];
        for name in &names {
            let Some(rules) = said.bot.oncall.rules(name) else { continue };
            let levels = said.bot.oncall.now(name, now).await?;
            let may_page = said.may_for_any(Permission::Page, &rules.services).await.is_ok();
            schedules.push(ScheduleNow { name, rules, levels, may_page });
        }
        let zone = said.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let reader = Reader { now, zone: zone.as_ref() };
        Ok(Reply::Card(OnCallView::of(&schedules, about.as_ref(), reader).into()))
    }
}

impl Said<'_> {
    /// Whether they may do this for one of the services, or for anything when none is named.
    pub(super) async fn may_for_any(
        &self,
        permission: Permission,
        services: &[Service],
    ) -> Result<(), Error> {
        Ok(self.bot.may_for_any(&self.actor, permission, services).await?)
    }

    async fn schedules_they_see(&self) -> Vec<ScheduleName> {
        let mut seen = vec![];
        for (name, rules) in self.bot.oncall.schedules() {
            if self.may_for_any(Permission::Look, &rules.services).await.is_ok() {
                seen.push(name.clone());
            }
        }
        seen
    }

    /// The schedule of that name, or those for the service of that name.
    async fn schedules_meant(
        &self,
        name: &str,
    ) -> Result<(Vec<ScheduleName>, Option<Service>), Error> {
        if let Ok(schedule) = name.parse::<ScheduleName>()
            && let Some(rules) = self.bot.oncall.rules(&schedule)
        {
            self.may_for_any(Permission::Look, &rules.services).await?;
            return Ok((vec![schedule], None));
        }
        let services = self.bot.planner.services();
        if let Some(service) = name.parse::<Service>().ok().filter(|s| services.contains_key(s)) {
            let target = Target { service: Some(&service), environment: None };
            self.require(Permission::Look, target).await?;
            let names: Vec<_> =
                self.bot.oncall.for_service(&service).into_iter().cloned().collect();
            if names.is_empty() {
                let what = format!("No schedule is for {service}. `/oncall` shows them all.");
                return Err(Error::NothingMeant(what));
            }
            return Ok((names, Some(service)));
        }
        let seen = self.schedules_they_see().await;
        let known = seen.iter().map(ScheduleName::as_str);
        let known: Vec<&str> = known.chain(services.keys().map(Service::as_str)).collect();
        let hint = hint(name, known.iter().copied());
        let name = super::error::shown(name);
        Err(Error::NothingMeant(format!("There is no schedule or service `{name}`.{hint}")))
    }
}

impl Commands {
    /// Whether this person may do this for one of the services, or for anything when none is named.
    pub(super) async fn may_for_any(
        &self,
        actor: &Actor,
        permission: Permission,
        services: &[Service],
    ) -> Result<(), Denied> {
        let Some((first, others)) = services.split_first() else {
            return self.access.require(actor, permission, Target::default()).await;
        };
        let of = |service| Target { service: Some(service), environment: None };
        let denied = self.access.require(actor, permission, of(first)).await;
        for service in others {
            if self.access.require(actor, permission, of(service)).await.is_ok() {
                return Ok(());
            }
        }
        denied
    }
}
