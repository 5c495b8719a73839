//! `/approve 8f2c91d4 --plan 7c1d2e3f`, and the button that says it.

use std::collections::BTreeSet;

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    chat::Subject,
    deployments::{Deployment, Event, GateEvent, Plan, Refusal, SUBJECT, State, Verdict},
    names::{DeploymentId, PlanDigest},
};

/// Agrees to a plan.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Approve {
    deployment: Option<DeploymentId>,
    #[arg(long)]
    plan: Option<PlanDigest>,
    /// Something that its run waits for at the pipeline itself.
    #[arg(long)]
    gate: Option<String>,
}

impl Command for Approve {
    const NAME: &'static str = "approve";
    const USAGE: &'static str = "[deployment] [--plan digest | --gate name]";
    const SUMMARY: &'static str = "Let somebody else's deployment go ahead.";
    const EXAMPLES: &'static [&'static str] =
        &["/approve", "/approve 8f2c91d4 --plan 7c1d2e3f", "/approve 8f2c91d4 --gate production"];
    const PERMISSION: Option<Permission> = Some(Permission::Approve);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let deployment = said
            .meant(self.deployment.as_ref(), Permission::Approve, State::wants_approval)
            .await?;
        let subject = Subject::new(SUBJECT, &deployment.id);
        if let Some(gate) = self.gate {
            said.lets_through(&deployment, gate).await?;
            return Ok(Reply::Shown(subject));
        }
        let Some(plan) = self.plan else {
            // Nobody approves what they have not seen: here it is, with its button.
            let card = said.bot.card(&said.actor, &deployment).await;
            return Ok(card.map_or(Reply::Shown(subject), Reply::Card));
        };
        let event = Event::Approved { by: said.actor, plan };
        said.bot.deployments.record(&deployment.id, event).await?;
        Ok(Reply::Shown(subject))
    }
}

impl Said<'_> {
    /// Lets the run of a deployment pass a gate at the pipeline itself. Whoever does so needs the
    /// permission for what is behind that gate as well, and what is locked or frozen stays so.
    async fn lets_through(&self, deployment: &Deployment, said: String) -> Result<(), Error> {
        let Plan { service, environment, .. } = &deployment.plan;
        let planner = &self.bot.planner;
        let gates = deployment.state.gates_called(&said);
        let mut behind: BTreeSet<_> =
            gates.flat_map(|gate| planner.behind(service, gate)).collect();
        behind.remove(environment);
        for other in behind {
            self.require(Permission::Approve, Target::of(service, other)).await?;
            let plan = Plan { environment: other.clone(), ..deployment.plan.clone() };
            self.is_free(deployment, &plan).await?;
        }
        if !deployment.comes_back() {
            self.is_free(deployment, &deployment.plan).await?;
        }
        let (by, verdict) = (self.actor.clone(), Verdict::Approve);
        let event = GateEvent::Decided { by, gate: Some(said), verdict, reason: None };
        self.bot.deployments.record(&deployment.id, Event::Gate(event)).await?;
        Ok(())
    }

    /// Whether nothing holds back that plan now.
    async fn is_free(&self, deployment: &Deployment, plan: &Plan) -> Result<(), Error> {
        let (by, now) = (&deployment.requested_by, self.bot.clock.now());
        let holds = self.bot.planner.holds((plan, by), &self.bot.deployments, now).await?;
        match holds.first() {
            Some(hold) => Err(Error::Refused(Refusal::HeldBack(hold.spoken(now)))),
            None => Ok(()),
        }
    }
}
