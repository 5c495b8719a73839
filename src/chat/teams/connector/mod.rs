//! Speaks through the connector of Teams: the only place the bot's token is attached to anything,
//! and only for an address that is on the list.

mod answers;
mod calls;

use governor::clock::DefaultClock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

pub use answers::{CONVERSATION_GONE, MESSAGE_GONE, Member, conversation_is_gone, message_is_gone};

use super::{
    pace::Pace,
    references::{Reference, whole},
    service_url::ServiceUrl,
};
use crate::{chat::ShowError, clock::Clock, outbound::Outbound, vendors::entra::Tokens};
use answers::Refusal;
use calls::Call;

/// Members asked for at once; the most Teams gives.
const PAGE: &str = "500";

/// Pages asked for before giving up: twice the largest team there can be.
const PAGES: usize = 100;

/// The connector, for one bot.
pub struct Connector {
    tokens: Option<Tokens>,
    outbound: Outbound,
    clock: Clock,
    allowed: Vec<String>,
    pace: Pace<DefaultClock>,
}

#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    id: String,
    #[serde(default, rename = "activityId")]
    activity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    members: Vec<Member>,
    continuation_token: Option<String>,
}

impl Connector {
    /// A connector that reaches the addresses `allowed`. Without tokens it is one for trying out:
    /// it attaches none, and reaches this machine only.
    pub fn new(
        tokens: Option<Tokens>,
        outbound: Outbound,
        clock: Clock,
        allowed: Vec<String>,
    ) -> Self {
        Self { tokens, outbound, clock, allowed, pace: Pace::new(DefaultClock::default()) }
    }

    /// Sends an activity to a conversation, or to a thread in it (`…;messageid=…`), and returns
    /// the new message's id. It is empty when Teams told none: such a message cannot be updated.
    ///
    /// # Errors
    /// [`ShowError::Gone`] when it never will arrive; ask [`conversation_is_gone`] whether to
    /// forget the conversation. [`ShowError::Broken`] when it may later, or may even have arrived.
    pub async fn send(
        &self,
        reference: &Reference,
        conversation: &str,
        activity: &Value,
    ) -> Result<String, ShowError> {
        let url = self.address(reference, &["v3", "conversations", conversation, "activities"])?;
        let created: Created =
            self.message((Method::POST, url), (conversation, reference), activity).await?;
        if created.id.is_empty() {
            tracing::warn!(conversation, "the connector told no id of a message");
        }
        Ok(created.id)
    }

    /// Puts an activity in the place of one of the bot's messages.
    ///
    /// # Errors
    /// As [`Connector::send`]; ask [`message_is_gone`] whether to send a new message instead.
    pub async fn update(
        &self,
        reference: &Reference,
        conversation: &str,
        message: &str,
        activity: &Value,
    ) -> Result<(), ShowError> {
        if message.is_empty() {
            return Err(ShowError::Gone(MESSAGE_GONE.to_owned()));
        }
        let segments = ["v3", "conversations", conversation, "activities", message];
        let url = self.address(reference, &segments)?;
        let call = Call {
            method: Method::PUT,
            url,
            body: Some(activity),
            thread: Some(conversation),
            tenant: &reference.tenant,
        };
        match self.call(&call).await {
            Ok(_) => Ok(()),
            Err(Refusal { status: 404, lost: false, .. }) => {
                Err(ShowError::Gone(MESSAGE_GONE.to_owned()))
            }
            Err(refusal) => Err(refusal.error),
        }
    }

    /// The id of the bot's own conversation with `member`, an id of Teams (`29:…`) or of Entra.
    /// Asking twice gives the same one. `reference` is any conversation of the same tenant.
    ///
    /// # Errors
    /// As [`Connector::send`]; gone when the person has not installed the app.
    pub async fn create_personal(
        &self,
        reference: &Reference,
        member: &str,
    ) -> Result<String, ShowError> {
        let body = json!({
            "isGroup": false,
            "bot": { "id": reference.bot },
            "members": [{ "id": member }],
            "tenantId": reference.tenant,
            "channelData": { "tenant": { "id": reference.tenant } },
        });
        let url = self.address(reference, &["v3", "conversations"])?;
        let created: Created =
            self.message((Method::POST, url), (member, reference), &body).await?;
        if created.id.is_empty() {
            return Err(anyhow::anyhow!("the connector told no id of a new conversation").into());
        }
        Ok(created.id)
    }

    /// Begins a thread in a channel with an activity; returns the thread's conversation id and the
    /// message's id.
    ///
    /// # Errors
    /// As [`Connector::send`].
    pub async fn create_thread(
        &self,
        reference: &Reference,
        channel: &str,
        activity: &Value,
    ) -> Result<(String, String), ShowError> {
        let channel = whole(channel);
        let body = json!({
            "isGroup": true,
            "channelData": { "channel": { "id": channel }, "tenant": { "id": reference.tenant } },
            "activity": activity,
            "tenantId": reference.tenant,
        });
        let url = self.address(reference, &["v3", "conversations"])?;
        let created: Created =
            self.message((Method::POST, url), (channel, reference), &body).await?;
        let root = created.id.split_once(";messageid=").map(|(_, root)| root.to_owned());
        match created.activity.or(root) {
            Some(message) if !created.id.is_empty() => Ok((created.id, message)),
            _ => Err(anyhow::anyhow!("the connector told no id of a new thread").into()),
        }
    }

    /// One member of a conversation; `None` when there is no such member.
    ///
    /// # Errors
    /// As [`Connector::send`].
    pub async fn member(
        &self,
        reference: &Reference,
        conversation: &str,
        id: &str,
    ) -> Result<Option<Member>, ShowError> {
        let segments = ["v3", "conversations", whole(conversation), "members", id];
        match self.question(self.address(reference, &segments)?, reference).await {
            Ok(member) => Ok(Some(member)),
            Err(Refusal { status: 404, lost: false, .. }) => Ok(None),
            Err(refusal) => Err(refusal.error),
        }
    }

    /// Every member of a conversation; of a thread, those of its channel.
    ///
    /// # Errors
    /// As [`Connector::send`].
    pub async fn members(
        &self,
        reference: &Reference,
        conversation: &str,
    ) -> Result<Vec<Member>, ShowError> {
        let segments = ["v3", "conversations", whole(conversation), "pagedmembers"];
        let first = self.address(reference, &segments)?;
        let mut members = vec![];
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut url = first.clone();
            url.query_pairs_mut().append_pair("pageSize", PAGE);
            if let Some(token) = &next {
                url.query_pairs_mut().append_pair("continuationToken", token);
            }
            let page: Page = self.question(url, reference).await.map_err(|r| r.error)?;
            members.extend(page.members);
            match page.continuation_token.filter(|token| !token.is_empty()) {
                Some(token) if next.as_ref() != Some(&token) => next = Some(token),
                _ => return Ok(members),
            }
        }
        Err(anyhow::anyhow!("the list of members has no end").into())
    }

    /// How many people of a conversation the connector tells of at once, at most: an answer means
    /// that the bot is in it.
    ///
    /// # Errors
    /// As [`Connector::send`].
    pub async fn glance(
        &self,
        reference: &Reference,
        conversation: &str,
    ) -> Result<usize, ShowError> {
        let segments = ["v3", "conversations", whole(conversation), "pagedmembers"];
        let mut url = self.address(reference, &segments)?;
        url.query_pairs_mut().append_pair("pageSize", PAGE);
        let page: Page = self.question(url, reference).await.map_err(|refusal| refusal.error)?;
        Ok(page.members.len())
    }

    /// An address below the reference's connector, which may be trusted with the token.
    fn address(&self, reference: &Reference, segments: &[&str]) -> anyhow::Result<Url> {
        let service = ServiceUrl::allowed(&reference.service_url, &self.allowed)?;
        anyhow::ensure!(
            self.tokens.is_some() || service.is_this_machine(),
            "`{service}` is not on this machine: without a credential the bot speaks to this \
             machine only"
        );
        service.join(segments)
    }

    async fn message(
        &self,
        (method, url): (Method, Url),
        (thread, reference): (&str, &Reference),
        body: &Value,
    ) -> Result<Created, ShowError> {
        let tenant = &reference.tenant;
        let call = Call { method, url, body: Some(body), thread: Some(thread), tenant };
        let answer = self.call(&call).await.map_err(|refusal| refusal.error)?;
        // It arrived: an answer that cannot be read must not make it arrive again.
        Ok(answer.json().unwrap_or(Created { id: String::new(), activity: None }))
    }

    async fn question<T: serde::de::DeserializeOwned>(
        &self,
        url: Url,
        reference: &Reference,
    ) -> Result<T, Refusal> {
        let tenant = &reference.tenant;
        let call = Call { method: Method::GET, url, body: None, thread: None, tenant };
        Ok(self.call(&call).await?.json().map_err(anyhow::Error::from)?)
    }
}
