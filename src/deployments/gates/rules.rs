//! What Pilothouse decides about gates by itself. Pure.

use super::{Decision, Told, words};
use crate::{
    access::Actor,
    deployments::{
        deployment::{Deployment, NOW, Way},
        refusal::Refusal,
        state::{Effect, Effects},
    },
    names::GateId,
    pipelines::{Gate, Verdict},
};

impl Deployment {
    /// What Pilothouse decides about a gate by itself, and why; `None` is for people to decide.
    /// It says yes to nothing that somebody has said no to in this run.
    pub(in crate::deployments) fn own_verdict(&self, gate: &Gate) -> Option<(Verdict, String)> {
        let verdict = self.verdict_by_rules(gate);
        let no = |decision: &Decision| {
            let counts = decision.gate.id == gate.id || decision.by != Actor::bot();
            decision.verdict == Verdict::Reject && counts
        };
        let declined = self.state.decisions().iter().any(no);
        verdict.filter(|(verdict, _)| *verdict == Verdict::Reject || !declined)
    }

    fn verdict_by_rules(&self, gate: &Gate) -> Option<(Verdict, String)> {
        let plan = &self.plan;
        if let Some(own) = &gate.own {
            if own.environment != plan.environment {
                let why = format!("the deployment is for {}", plan.environment);
                return Some((Verdict::Reject, why));
            }
            let approved = match &self.way {
                Way::Out => plan.commit.as_ref(),
                Way::Back { to, .. } => to.commit.as_ref(),
            };
            return Some(match (&own.commit, approved) {
                (Some(commit), approved) if approved != Some(commit) => {
                    (Verdict::Reject, words::other_commit(commit, approved))
                }
                _ => (Verdict::Approve, self.agreed()),
            });
        }
        // Where nobody had to approve, nobody has: the vendor's gate asks for the first time.
        let enough = self.approvals.len() >= plan.policy.approvals.max(1);
        let listed = plan.policy.answer_gates.contains(&gate.name);
        let speaks = enough && listed && gate.answerable && self.way == Way::Out;
        speaks.then(|| (Verdict::Approve, self.agreed()))
    }

    /// The gates Pilothouse has to settle by itself.
    pub(in crate::deployments) fn unsettled(&self) -> Vec<&Gate> {
        let seen =
            |gate: &Gate| self.state.decisions().iter().any(|d| !d.passed && d.gate.id == gate.id);
        let gates = self.state.gates().iter();
        gates.filter(|gate| !seen(gate) && self.own_verdict(gate).is_some()).collect()
    }

    pub(super) fn settle(
        &mut self,
        id: &GateId,
        verdict: Option<Verdict>,
        why: String,
    ) -> Result<Effects, Refusal> {
        let Some(gate) = self.state.undecided().find(|gate| gate.id == *id).cloned() else {
            return Err(Refusal::MovedOn);
        };
        let may = || matches!(self.own_verdict(&gate), Some((Verdict::Approve, _)));
        if verdict == Some(Verdict::Approve) && !may() {
            return Err(Refusal::MovedOn);
        }
        let (told, reason) = match verdict {
            Some(_) => (Told::NotYet { tries: 0 }, Some(why)),
            None => (Told::Failed { why }, None),
        };
        let (verdict, by) = (verdict.unwrap_or(Verdict::Approve), Actor::bot());
        self.write_down(Decision { gate, verdict, by, reason, told, passed: false });
        Ok(vec![(Effect::AnswerGates, NOW)])
    }
}
