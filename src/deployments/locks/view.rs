//! A lock as people see it. Pure.

use serde::Serialize;

use super::{Ended, Lock};
use crate::{
    cards::{Button, View},
    clock::Timestamp,
};

/// A lock's card.
#[derive(Debug, Serialize)]
pub struct LockView {
    title: String,
    status: String,
    /// `warning` while it holds: never the only sign of it.
    color: &'static str,
    /// What it means for deployments.
    next: Option<String>,
    buttons: Vec<Button>,
}

impl LockView {
    /// The card, with a button for whoever may unlock it.
    pub fn of(lock: &Lock, may_unlock: bool, now: Timestamp) -> Self {
        let Lock { service, environment, .. } = lock;
        let was = lock.reason.as_ref().map_or(String::new(), |reason| format!(" It was: {reason}"));
        let (status, holds) = match &lock.ended {
            None if lock.holds(now) => (lock.hold().spoken(now), true),
            Some(Ended::Unlocked { by, at }) => {
                let at = at.time_of_day(now);
                let whose = if *by == lock.by { "" } else { ", who did not lock it" };
                (format!("Unlocked by {}{whose}, {at}.{was}", by.name), false)
            }
            None | Some(Ended::RanOut) => {
                (format!("The time of {}'s lock is up.{was}", lock.by.name), false)
            }
        };
        let running = lock.running.as_ref().map_or(String::new(), |version| {
            format!(" {version} was on its way when it was locked; a lock does not stop that.")
        });
        let next = holds.then(|| {
            format!("Deployments to it can be asked for and approved, and then wait.{running}")
        });
        let unlock = Button {
            title: "Unlock".to_owned(),
            say: format!("/unlock {environment} --service {service}"),
            style: "default",
            secondary: false,
        };
        Self {
            title: format!(
                "{service} · {environment} is {}",
                if holds { "locked" } else { "not locked any more" }
            ),
            status,
            color: if holds { "warning" } else { "default" },
            next,
            buttons: if holds && may_unlock { vec![unlock] } else { vec![] },
        }
    }
}

impl View for LockView {
    const NAME: &'static str = "lock";

    fn text(&self) -> String {
        format!("{}: {}", self.title, self.status)
    }
}
