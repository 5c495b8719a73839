//! What can be pressed on a deployment's card, and by whom it is waited for. Pure.

use super::{
    deployment::{Deployment, Way},
    plan::Plan,
    state::{Outcome, State},
};
use crate::{
    access::{Access, Actor, Permission, Target, with_role},
    cards::Button,
    names::PersonId,
    pipelines::Gate,
};

/// What one person may do here; their card has the buttons for it.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    /// Approve or decline it.
    pub may_approve: bool,
    /// Stop it.
    pub may_cancel: bool,
}

/// A button that says something.
pub(super) fn button(title: &str, say: String, style: &'static str) -> Button {
    Button { title: title.to_owned(), say, style, secondary: false }
}

pub(super) fn buttons(deployment: &Deployment, viewer: Viewer) -> Vec<Button> {
    let (id, plan) = (&deployment.id, &deployment.plan);
    let approve = format!("/approve {id} --plan {}", plan.digest().short());
    let cancel = format!("/cancel {id}");
    let again = again(plan);
    let mut buttons = vec![];
    match &deployment.state {
        State::AwaitingApproval { .. } => {
            if viewer.may_approve {
                buttons.push(button("Approve", approve, "positive"));
                buttons.push(button("Decline", format!("/decline {id}"), "default"));
            }
            if viewer.may_cancel {
                buttons.push(button("Cancel", cancel, "default"));
            }
        }
        State::Unknown { .. } if viewer.may_approve => {
            buttons.push(button("There is no run: start it", approve, "default"));
            buttons.push(button("Give up", format!("/decline {id}"), "default"));
        }
        State::Queued { .. } | State::Running { stopping: None, .. } => {
            if viewer.may_approve {
                buttons.extend(at_gates(deployment));
            }
            if viewer.may_cancel {
                buttons.push(button("Cancel", cancel, "default"));
            }
        }
        State::CountingDown { .. } if viewer.may_cancel => {
            buttons.push(button("Stop", cancel, "destructive"));
        }
        State::Ended(Outcome::PipelineFailed { .. } | Outcome::Expired)
            if deployment.way == Way::Out =>
        {
            buttons.push(button("Ask again", again, "default"));
        }
        State::Ended(Outcome::Unhealthy { .. }) if !plan.back => {
            buttons.push(button("Roll back", look_back(plan), "destructive"));
        }
        _ => {}
    }
    buttons
}

/// A button for each gate that can be answered here, and one that declines them all.
fn at_gates(deployment: &Deployment) -> Vec<Button> {
    let id = &deployment.id;
    let held = !deployment.held.is_empty();
    let alone = deployment.unsettled();
    let gates = deployment.state.undecided().filter(|gate| gate.answerable);
    let gates: Vec<_> = gates.filter(|gate| !alone.iter().any(|own| own.id == gate.id)).collect();
    let title = |name: &str| {
        if gates.len() == 1 { "Approve".to_owned() } else { format!("Approve {name}") }
    };
    let approve = |gate: &&Gate| {
        button(&title(&gate.name), format!("/approve {id} --gate {}", gate.id), "positive")
    };
    let mut buttons: Vec<Button> = gates.iter().filter(|_| !held).map(approve).collect();
    if !gates.is_empty() {
        buttons.push(button("Decline", format!("/decline {id}"), "default"));
    }
    buttons
}

/// What is said to see what going back would mean; the card that answers has the button for it.
fn look_back(plan: &Plan) -> String {
    format!("/rollback {} --service {} --plan", plan.environment, plan.service)
}

/// What is said to ask for the same once more.
pub(super) fn again(plan: &Plan) -> String {
    let Plan { service, environment, version, .. } = plan;
    if plan.back {
        return format!("/rollback {environment} --to {version} --service {service}");
    }
    format!("/deploy {environment} {version} --service {service}")
}

/// `bob or carol`, without the requester where the rule leaves them out.
pub(super) fn approvers(deployment: &Deployment, access: &Access) -> String {
    let agreed: Vec<&Actor> = deployment.approvals.iter().map(|approval| &approval.by).collect();
    who_may_approve((&deployment.plan, &deployment.requested_by), &agreed, access)
}

/// The same for a plan that nobody has asked for yet.
pub(super) fn who_may_approve(
    (plan, by): (&Plan, &Actor),
    agreed: &[&Actor],
    access: &Access,
) -> String {
    let target = Target::of(&plan.service, &plan.environment);
    let who = access.who_may(Permission::Approve, target);
    let counts = |ids: &[PersonId]| plan.policy.requester_may_approve || !ids.contains(&by.id);
    let has_agreed = |ids: &[PersonId]| agreed.iter().any(|person| ids.contains(&person.id));
    let people = who
        .iter()
        .filter(|person| counts(&person.ids) && !has_agreed(&person.ids))
        .map(|person| person.name.clone());
    let roles = access.roles_by_group(Permission::Approve, target);
    let names: Vec<String> = people.chain(roles.into_iter().map(with_role)).collect();
    match names.split_last() {
        None => "Nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) if others.len() < 6 => format!("{} or {last}", others.join(", ")),
        Some(_) => format!("{} or one of {} others", names[0], names.len() - 1),
    }
}
