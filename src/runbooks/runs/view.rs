//! A run of a step as people see it, and what is asked before there is one. Pure.

use serde::Serialize;

use super::run::{End, State, StepRun};
use crate::{
    cards::{Button, View},
    clock::{Timestamp, spoken},
    names::{Environment, Service, StepRunId},
    runbooks::{book::Runbook, settings::StepSettings},
};

/// How much of the output a card shows, in characters.
const TAIL: usize = 3000;

/// The card of a run, or of the question before it.
#[derive(Debug, Serialize)]
pub struct StepView {
    title: String,
    status: String,
    /// How it stands: never the only sign of it.
    color: &'static str,
    /// What is run.
    command: String,
    tail: Option<String>,
    facts: Vec<Fact>,
    buttons: Vec<Button>,
}

#[derive(Debug, Serialize)]
struct Fact {
    title: &'static str,
    value: String,
}

impl StepView {
    /// The question whether to run it; `id` is the number the run would have, so that a button
    /// pressed twice is one run.
    pub fn question(
        book: &Runbook,
        step: &crate::names::StepName,
        settings: &StepSettings,
        id: &StepRunId,
    ) -> Self {
        let digest = settings.digest();
        let run = Button {
            title: format!("Run {step} now"),
            say: format!("/runbook run {} {step} --confirm {}-{id}", book.name, digest.short()),
            style: "destructive",
            secondary: false,
        };
        let mut facts = vec![place(&settings.service, settings.environment.as_ref())];
        facts.push(Fact { title: "Stopped after", value: spoken(settings.timeout.0) });
        Self {
            title: format!("{} · {step}", book.title),
            status: "Run this? Nothing has been started.".to_owned(),
            color: "warning",
            command: settings.spoken(),
            tail: None,
            facts,
            buttons: vec![run],
        }
    }

    /// The run's card, with a button for whoever may stop it or run it again.
    pub fn of(run: &StepRun, may_run: bool, now: Timestamp) -> Self {
        let (status, color) = standing(run, now);
        let mut facts = vec![place(&run.service, run.environment.as_ref())];
        let asked = format!("{}, {}", run.by.name, run.asked.time_of_day(now));
        facts.push(Fact { title: "Asked by", value: asked });
        if let Some(stopped) = &run.stopped_by {
            facts.push(Fact { title: "Stopped by", value: stopped.name.clone() });
        }
        facts.push(Fact { title: "Number", value: run.id.to_string() });
        let button = |title: &str, say: String| Button {
            title: title.to_owned(),
            say,
            style: "default",
            secondary: false,
        };
        let buttons = match (may_run, run.is_open()) {
            (false, _) => vec![],
            (true, true) if run.stopped_by.is_some() => vec![],
            (true, true) => vec![button("Stop", format!("/runbook stop {}", run.id))],
            (true, false) => {
                let say = format!("/runbook run {} {}", run.runbook, run.step);
                vec![button("Run it again", say)]
            }
        };
        let tail = run.tail.join("\n");
        let beginning = tail.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
        Self {
            title: format!("{} · {}", run.title, run.step),
            status,
            color,
            command: run.command.clone(),
            tail: Some(tail[beginning..].to_owned()).filter(|tail| !tail.trim().is_empty()),
            facts,
            buttons,
        }
    }
}

fn place(service: &Service, environment: Option<&Environment>) -> Fact {
    let value = match environment {
        Some(environment) => format!("{service} in {environment}"),
        None => service.to_string(),
    };
    Fact { title: "Works on", value }
}

fn standing(run: &StepRun, now: Timestamp) -> (String, &'static str) {
    let at = run.at.as_ref().map_or(String::new(), |at| format!(": {at}"));
    match &run.state {
        State::Asked { why: None } => ("Asked for; not started yet.".to_owned(), "accent"),
        State::Asked { why: Some(why) } => {
            (format!("Not started yet ({}); it is tried again.", plain(why)), "accent")
        }
        State::Starting { .. } => ("Being started.".to_owned(), "accent"),
        State::Running { lost: Some(_), .. } => {
            ("Running, but nothing is heard of it.".to_owned(), "warning")
        }
        State::Running { .. } if run.stopped_by.is_some() => {
            ("Told to stop; it is not over yet.".to_owned(), "warning")
        }
        State::Running { since, .. } => {
            (format!("Running since {}{at}", since.time_of_day(now)), "accent")
        }
        State::Ended { how, at } => {
            let took = spoken(at.since(run.asked));
            match how {
                End::Succeeded => (format!("Done, after {took}."), "good"),
                End::Failed(why) => (format!("Failed: {}.", plain(why)), "attention"),
                End::Stopped => (format!("Stopped, after {took}."), "warning"),
                End::Refused(why) => (format!("Not started: {}.", plain(why)), "attention"),
                End::Unknown(why) => {
                    let what = "See for yourself before you run it again.";
                    (format!("Nobody knows how it ended: {}. {what}", plain(why)), "attention")
                }
            }
        }
    }
}

/// A reason without the full stop a sentence around it has.
fn plain(why: &str) -> &str {
    why.trim_end_matches('.')
}

impl View for StepView {
    const NAME: &'static str = "step";

    fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.title, self.status), self.command.clone()];
        lines.extend(self.tail.clone());
        lines.extend(self.buttons.iter().map(|b| format!("{}: say `{}`", b.title, b.say)));
        lines.join("\n")
    }
}
