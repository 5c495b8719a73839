//! What commands that ask for a deployment have in common.

use super::{Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    chat::Subject,
    deployments::{Forecast, ForecastView, Plan, Request, SUBJECT},
    names::{Environment, Service},
};

/// Longest reason that is kept: a card shows it in full.
const LONGEST_REASON: usize = 300;

/// A reason as it is kept; one of nothing but blanks is none.
pub(super) fn kept(reason: Option<String>) -> Option<String> {
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    reason.map(|reason| reason.trim().chars().take(LONGEST_REASON).collect())
}

impl Said<'_> {
    /// Asks for it.
    pub(super) async fn ask(self, plan: Plan, reason: Option<String>) -> Result<Reply, Error> {
        let Said { bot, actor: by, place, origin, .. } = self;
        let now = bot.clock.now();
        let held = bot.planner.holds((&plan, &by), &bot.deployments, now).await?;
        let request = Request { plan, reason, by, place, held, origin };
        let deployment = bot.deployments.request(request).await?;
        Ok(Reply::Shown(Subject::new(SUBJECT, deployment.id)))
    }

    /// Says what would happen, and what it would need. Touches nothing.
    pub(super) async fn forecast(self, plan: Plan) -> Result<Reply, Error> {
        let Said { bot, actor: by, .. } = self;
        let now = bot.clock.now();
        let holds = bot.planner.holds((&plan, &by), &bot.deployments, now).await?;
        let mut ahead = bot.deployments.open().await?;
        ahead.retain(|other| other.plan.is_for(&plan.service, &plan.environment));
        let forecast = Forecast { plan, by, holds, ahead };
        Ok(Reply::Card(ForecastView::of(&forecast, &bot.access, now).into()))
    }

    /// The service that must be meant, when nobody said which: the only one with that environment
    /// where they may do this.
    pub(super) async fn service_meant(
        &self,
        named: Option<Service>,
        environment: &Environment,
        permission: Permission,
    ) -> Result<Service, Error> {
        let services = self.bot.planner.services();
        let there = services.iter().filter(|(_, s)| s.environments.contains_key(environment));
        let there: Vec<&Service> = there.map(|(name, _)| name).collect();
        let mut theirs = vec![];
        for service in &there {
            if self.expects(permission, Target::of(service, environment)).await {
                theirs.push(*service);
            }
        }
        let service = match (named, theirs.as_slice(), there.as_slice()) {
            (Some(named), ..) => named,
            (None, [only], _) | (None, [], [only, ..]) => (*only).clone(),
            (None, [], []) => {
                // The only service there is says which environments it has.
                let mut all = services.keys();
                let first = all.next().filter(|_| all.next().is_none()).cloned();
                first.ok_or_else(|| no_such(environment))?
            }
            (None, several, _) => {
                let choice: Vec<String> = several.iter().map(ToString::to_string).collect();
                return Err(Error::NothingMeant(format!(
                    "Several services have {environment}: {}. Say which with `--service`.",
                    choice.join(", ")
                )));
            }
        };
        self.bot.planner.place(&service, environment)?;
        Ok(service)
    }
}

fn no_such(environment: &Environment) -> Error {
    let what = format!("No service has an environment `{environment}`. `/status` shows them all.");
    Error::NothingMeant(what)
}
