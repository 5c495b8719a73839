//! What waits for one person, and what of theirs waits for whom. Pure.

use serde::Serialize;

use super::{
    buttons::{approvers, button},
    deployment::Deployment,
    gates,
    list::Row,
    locks::Lock,
    state::State,
    wording,
};
use crate::{
    access::Access,
    cards::{Button, View},
    clock::Timestamp,
};

/// One person's own page.
#[derive(Debug, Serialize)]
pub struct MineView {
    title: String,
    sections: Vec<Section>,
    locks: Vec<LockRow>,
    /// What to say when there is nothing at all.
    note: Option<String>,
}

#[derive(Debug, Serialize)]
struct Section {
    heading: &'static str,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct LockRow {
    title: String,
    status: String,
    button: Button,
}

impl MineView {
    /// `for_me` waits for this person's decision, `mine` was asked for by them and is not at rest,
    /// `locks` are theirs.
    pub fn of(
        (for_me, mine): (&[Deployment], &[Deployment]),
        locks: &[Lock],
        access: &Access,
        now: Timestamp,
    ) -> Self {
        let row = |deployment: &Deployment| Row::of(deployment, now);
        let waiting =
            |deployment: &Deployment| row(deployment).saying(waits_for(deployment, access, now));
        let sections = [
            Section { heading: "Waits for you", rows: for_me.iter().map(row).collect() },
            Section { heading: "Yours, not at rest yet", rows: mine.iter().map(waiting).collect() },
        ];
        let sections: Vec<Section> =
            sections.into_iter().filter(|section| !section.rows.is_empty()).collect();
        let lock = |lock: &Lock| LockRow {
            title: format!("You hold the lock of {} in {}", lock.service, lock.environment),
            status: lock.hold().spoken(now),
            button: button(
                &format!("Unlock {} {}", lock.service, lock.environment),
                format!("/unlock {} --service {}", lock.environment, lock.service),
                "default",
            ),
        };
        let locks: Vec<LockRow> = locks.iter().map(lock).collect();
        let nothing = sections.is_empty() && locks.is_empty();
        let note = nothing
            .then(|| "Nothing waits for you, and nothing of yours waits for anybody.".to_owned());
        Self { title: "What waits".to_owned(), sections, locks, note }
    }
}

/// Whom or what it waits for.
fn waits_for(deployment: &Deployment, access: &Access, now: Timestamp) -> Option<String> {
    let holds = wording::holds(deployment, now);
    let holds = (!holds.is_empty()).then(|| holds.join(". "));
    match &deployment.state {
        State::AwaitingApproval { until } => {
            let (who, until) = (approvers(deployment, access), until.time_of_day(now));
            let held = holds.map_or(String::new(), |holds| format!(" {holds}."));
            Some(format!("{who} may approve it until {until}.{held}"))
        }
        State::Unknown { .. } => Some(format!("{} can judge it.", approvers(deployment, access))),
        State::Running { .. } => gates::waits_for(deployment, access),
        State::Queued { .. } => {
            Some(holds.unwrap_or_else(|| "Something else runs there now.".to_owned()))
        }
        _ => None,
    }
}

impl View for MineView {
    const NAME: &'static str = "mine";

    fn text(&self) -> String {
        let head = [self.title.clone()].into_iter().chain(self.note.clone());
        let sections = self.sections.iter().flat_map(|section| {
            [section.heading.to_owned()].into_iter().chain(section.rows.iter().map(Row::text))
        });
        let locks = self.locks.iter().map(|lock| format!("{}: {}", lock.title, lock.status));
        head.chain(sections).chain(locks).collect::<Vec<_>>().join("\n")
    }
}
