//! What is done with each kind of activity.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admission, Teams, activity::Activity, invokes};
use crate::{
    access::Actor,
    chat::{Channel, Incoming, Listener},
};

/// Said to whoever Teams does not vouch for.
const NOBODY: &str = "Teams did not say who you are, so nothing was done. Guests and anonymous \
                      people cannot use this bot; ask a colleague of the organisation.";

/// The tenant of people nobody has proved; also the one Microsoft's Playground says it is.
pub const DEMO_TENANT: &str = "00000000-0000-0000-0000-000000000001";

impl Teams {
    /// Does what an activity asks for, or writes it down to be done. Never waits for the doing,
    /// except where Teams waits for the answer itself.
    pub(super) async fn receive(
        self: &Arc<Self>,
        activity: &Activity,
        listener: &Arc<dyn Listener>,
    ) -> HttpResponse {
        let Some(tenant) = self.tenant(activity) else {
            metrics::counter!("pilothouse_refused_requests_total", "reason" => "tenant")
                .increment(1);
            tracing::warn!("an activity of a tenant that is not served was let by");
            return taken();
        };
        let done = match activity.kind.as_str() {
            "message" => self.hear(activity, &tenant).await,
            "invoke" => return invokes::answer(self, activity, &tenant, listener).await,
            "installationUpdate" => self.installed(activity, &tenant).await,
            "conversationUpdate" => self.updated(activity, &tenant).await,
            _ => Ok(()),
        };
        match done {
            Ok(()) => taken(),
            // Not acknowledged: Teams says it again.
            Err(error) => {
                tracing::error!("an activity could not be taken: {error:#}");
                HttpResponse::ServiceUnavailable().json(json!({}))
            }
        }
    }

    /// The tenant, when its people may talk to the bot.
    fn tenant(&self, activity: &Activity) -> Option<String> {
        match &self.admission {
            Admission::Proved { settings, .. } => {
                let tenant = activity.tenant().filter(|tenant| settings.admits(tenant))?;
                Some(tenant.to_ascii_lowercase())
            }
            Admission::ThisMachine => Some(DEMO_TENANT.to_owned()),
        }
    }

    pub(super) fn actor(&self, activity: &Activity, tenant: &str) -> Option<Actor> {
        match &self.admission {
            Admission::Proved { .. } => activity.actor(tenant),
            Admission::ThisMachine => Some(activity.claimed_actor(tenant)),
        }
    }

    async fn hear(self: &Arc<Self>, activity: &Activity, tenant: &str) -> anyhow::Result<()> {
        self.references.keep(&activity.reference(tenant)).await?;
        let Some(actor) = self.actor(activity, tenant) else {
            self.tell_nobody(activity);
            return Ok(());
        };
        let message = Incoming {
            actor,
            place: activity.place(),
            text: activity.words(),
            origin: origin(activity),
            zone: activity.zone(),
            mentions: activity.people(),
        };
        self.ground.inbox.put(&message).await?;
        Ok(())
    }

    /// Tells a stranger why nothing happens: once, however often Teams repeats what they said, and
    /// without anybody waiting for it.
    fn tell_nobody(self: &Arc<Self>, activity: &Activity) {
        let (teams, place) = (self.clone(), activity.place());
        let told = format!("nobody {}", origin(activity));
        tokio::spawn(async move {
            let telling = async {
                if let Err(error) = teams.say(&place, NOBODY).await {
                    tracing::warn!("a stranger could not be answered: {error:#}");
                }
                Value::Null
            };
            teams.answered.get_with(told, telling).await;
        });
    }

    async fn installed(&self, activity: &Activity, tenant: &str) -> anyhow::Result<()> {
        // Not the other half of an upgrade: it may be told after the new version has come.
        if activity.action == "remove" {
            return self.references.forget(&activity.conversation.id).await;
        }
        self.references.keep(&activity.reference(tenant)).await?;
        let Some(actor) = self.actor(activity, tenant) else { return Ok(()) };
        let greeting = Incoming {
            actor,
            place: activity.place(),
            text: "/help".to_owned(),
            origin: format!("install {}", origin(activity)),
            zone: activity.zone(),
            mentions: vec![],
        };
        if activity.action == "add" {
            self.ground.inbox.put(&greeting).await?;
        }
        Ok(())
    }

    /// Comes beside an installation as well; only that one is answered with a greeting.
    async fn updated(&self, activity: &Activity, tenant: &str) -> anyhow::Result<()> {
        if activity.members_added.iter().any(|member| activity.is_bot(member)) {
            self.references.keep(&activity.reference(tenant)).await?;
        }
        if activity.members_removed.iter().any(|member| activity.is_bot(member)) {
            self.references.forget(&activity.conversation.id).await?;
        }
        Ok(())
    }
}

/// Teams' id of an utterance is unique within its conversation only. Where there is none, nothing
/// can be told from its repetition, and each is one of its own.
pub(super) fn origin(activity: &Activity) -> String {
    match activity.id.as_str() {
        "" => format!("{} {}", activity.conversation.id, Uuid::now_v7()),
        id => format!("{} {id}", activity.conversation.id),
    }
}

fn taken() -> HttpResponse {
    HttpResponse::Ok().json(json!({}))
}
