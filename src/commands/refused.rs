//! What was refused is written down: who said what, what it was about, and what they were told.

use super::{Commands, Error, Said};
use crate::{
    access::Actor,
    alerts::{ALERT, Alert},
    audit::{self, Entry, Outcome},
    chat::Subject,
    deployments::{Deployment, LockRefusal, SUBJECT},
    names::{Environment, Service},
};

/// Longest part of what was said that is kept, in letters: enough for every command that works.
const LONGEST: usize = 500;

/// Among how many words the number of a deployment is looked for, when whoever said it was refused
/// before they were read.
const WORDS: usize = 4;

/// The one thing that something said is about.
pub(super) struct Matter {
    subject: Subject,
    service: Option<Service>,
    environment: Option<Environment>,
}

impl Said<'_> {
    /// It is about this one.
    pub(super) fn is_about(&self, deployment: &Deployment) {
        // What a command is about is found once.
        let _ = self.about.set(Matter::of(deployment));
    }

    /// It is about this alert.
    pub(super) fn is_about_alert(&self, alert: &Alert) {
        let (service, environment) = (alert.service.clone(), alert.environment.clone());
        let subject = Subject::new(ALERT, &alert.id);
        let _ = self.about.set(Matter { subject, service, environment });
    }
}

impl Matter {
    fn of(deployment: &Deployment) -> Self {
        let plan = &deployment.plan;
        let (service, environment) = (Some(plan.service.clone()), Some(plan.environment.clone()));
        Self { subject: Subject::new(SUBJECT, &deployment.id), service, environment }
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
        let named = match (place, about) {
            ((None, None), None) => self.named_in(text).await,
            _ => None,
        };
        let about = about.or(named.as_ref());
        let (service, environment) = match (place, about) {
            ((None, None), Some(about)) => (about.service.as_ref(), about.environment.as_ref()),
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
            // What has no name is none in the books either.
            service: service.filter(|name| **name != Service::unnamed()).cloned(),
            environment: environment.filter(|name| **name != Environment::unnamed()).cloned(),
            outcome: Outcome::Refused,
            detail: detail.to_string(),
        };
        if let Err(error) = audit::note_alone(&self.db, &entry).await {
            tracing::error!("a refusal could not be written down: {error:#}");
        }
    }

    /// The deployment whose number stands in a text.
    async fn named_in(&self, text: &str) -> Option<Matter> {
        for word in text.split_whitespace().take(WORDS) {
            let Ok(id) = word.parse() else { continue };
            if let Ok(deployment) = self.deployments.find(&id).await {
                return Some(Matter::of(&deployment));
            }
        }
        None
    }
}
