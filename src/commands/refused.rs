//! What was refused is written down: who said what, what it was about, and what they were told.

use super::{Commands, Error, Said};
use crate::{
    access::Actor,
    audit::{self, Entry, Outcome},
    chat::Subject,
    deployments::{Deployment, LockRefusal, SUBJECT},
    names::{Environment, Service},
};

/// Longest part of what was said that is kept, in letters: enough for every command that works.
const LONGEST: usize = 500;

/// The one thing that something said is about.
pub(super) struct Matter {
    subject: Subject,
    service: Service,
    environment: Environment,
}

impl Said<'_> {
    /// It is about this one.
    pub(super) fn is_about(&self, deployment: &Deployment) {
        let plan = &deployment.plan;
        let (service, environment) = (plan.service.clone(), plan.environment.clone());
        let subject = Subject::new(SUBJECT, &deployment.id);
        // What a command is about is found once.
        let _ = self.about.set(Matter { subject, service, environment });
    }
}

impl Commands {
    /// A refusal leaves a row of its own: it changes nothing else.
    pub(super) async fn note_refusal(
        &self,
        (name, text): (&'static str, &str),
        actor: &Actor,
        error: &Error,
        about: Option<&Matter>,
    ) {
        let place = match error {
            Error::Denied(denied) => (denied.service(), denied.environment()),
            Error::Lock(
                LockRefusal::Taken { service, environment, .. }
                | LockRefusal::NotLocked { service, environment },
            ) => (Some(service), Some(environment)),
            _ => (None, None),
        };
        let (service, environment) = match (place, about) {
            ((None, None), Some(about)) => (Some(&about.service), Some(&about.environment)),
            (place, _) => place,
        };
        let subject = about.map(|about| about.subject.to_string());
        let said: String = text.chars().take(LONGEST).collect();
        let detail = serde_json::json!({ "said": said, "answer": error.to_string() });
        let entry = Entry {
            at: self.clock.now(),
            actor: actor.clone(),
            action: name.to_owned(),
            subject: subject.unwrap_or_else(|| format!("command/{name}")),
            service: service.cloned(),
            environment: environment.cloned(),
            outcome: Outcome::Refused,
            detail: detail.to_string(),
        };
        if let Err(error) = audit::note_alone(&self.db, &entry).await {
            tracing::error!("a refusal could not be written down: {error:#}");
        }
    }
}
