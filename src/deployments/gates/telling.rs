//! What the worker does about gates. Every step may run twice.

use super::{GateEvent, words};
use crate::{
    access::{Permission, Target},
    deployments::{
        Error, Steps,
        deployment::Deployment,
        hold::look_again,
        state::{Event, State},
    },
    jobs::{Job, Ran},
    pipelines::{Answered, Gate, Verdict},
};

impl Steps {
    /// Decides about the gates that are Pilothouse's to decide about, by how things are now: what
    /// holds back a deployment that has not begun holds this one back as well, and the approval of
    /// somebody who may no longer give it is left for people to renew.
    pub(in crate::deployments) async fn settle_gates(
        &self,
        deployment: &Deployment,
    ) -> anyhow::Result<Ran> {
        let gates: Vec<Gate> = deployment.unsettled().into_iter().cloned().collect();
        if gates.is_empty() {
            return Ok(Ran::Done);
        }
        let holds = self.see_holds(deployment).await?;
        if !holds.is_empty() {
            return Ok(Ran::Again(look_again(&holds, self.clock.now())));
        }
        let lost = self.lost(deployment).await;
        for gate in gates {
            let (verdict, why) = match (deployment.own_verdict(&gate), &lost) {
                (Some((Verdict::Approve, _)), Some(lost)) => (None, lost.clone()),
                (Some((verdict, why)), _) => (Some(verdict), why),
                (None, _) => continue,
            };
            let event = GateEvent::Settled { gate: gate.id, verdict, why };
            match self.deployments.record(&deployment.id, Event::Gate(event)).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ran::Done)
    }

    /// Whose part in the deployment does not count any more, in words.
    async fn lost(&self, deployment: &Deployment) -> Option<String> {
        let target = Target::of(&deployment.plan.service, &deployment.plan.environment);
        let access = self.planner.access();
        let requester = &deployment.requested_by;
        if access.require(requester, Permission::Deploy, target).await.is_err() {
            return Some(format!("{} may not deploy there any more", requester.name));
        }
        for approval in &deployment.approvals {
            if access.require(&approval.by, Permission::Approve, target).await.is_err() {
                return Some(format!("{} may not approve there any more", approval.by.name));
            }
        }
        None
    }

    /// Tells the vendor what was decided. Any attempt but the first knows that an earlier one may
    /// have told it: a gate that is gone then was answered by that.
    pub(in crate::deployments) async fn answer_gates(
        &self,
        deployment: &Deployment,
        job: &Job,
    ) -> anyhow::Result<Ran> {
        let pipeline = self.planner.pipeline(&deployment.plan.pipeline)?;
        let due: Vec<_> = deployment.untold().map(|decision| decision.gate.id.clone()).collect();
        for gate in due {
            // Somebody may have stopped the run while the vendor was told of another gate.
            let deployment = self.deployments.find(&deployment.id).await?;
            let State::Running { run, .. } = &deployment.state else { return Ok(Ran::Done) };
            let decision = deployment.untold().find(|decision| decision.gate.id == gate);
            let Some(decision) = decision else { continue };
            if !job.is_ours(self.clock.now()) {
                return Err(anyhow::anyhow!("it took too long to tell of every gate"));
            }
            let answer = words::answer(&deployment, decision);
            let answered = match pipeline.answer(run, &decision.gate, &answer).await {
                Answered::Gone if job.attempt > 1 => Answered::Done,
                answered => answered,
            };
            let event = GateEvent::Answered { gate: decision.gate.id.clone(), answered };
            match self.deployments.record(&deployment.id, Event::Gate(event)).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ran::Done)
    }
}
