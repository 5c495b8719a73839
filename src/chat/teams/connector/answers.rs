//! What the connector's answers mean.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    chat::ShowError,
    outbound::{Answer, spoken_status},
};

/// Why a message is gone whose conversation is no more, or no longer the bot's.
pub const CONVERSATION_GONE: &str = "the bot is not in this conversation any more";

/// Why a message cannot be updated that is no more.
pub const MESSAGE_GONE: &str = "the message is not there any more";

/// Whether the conversation is to be forgotten.
pub fn conversation_is_gone(error: &ShowError) -> bool {
    matches!(error, ShowError::Gone(why) if why == CONVERSATION_GONE)
}

/// Whether only the message is gone: a new one may be sent instead.
pub fn message_is_gone(error: &ShowError) -> bool {
    matches!(error, ShowError::Gone(why) if why == MESSAGE_GONE)
}

/// A member of a conversation, as the connector knows them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Told")]
pub struct Member {
    /// The id in Teams: `29:…`.
    pub id: String,
    /// The id in Entra; guests from elsewhere may have none.
    pub entra_id: Option<String>,
    /// What they are called. Text from outside.
    pub name: Option<String>,
    /// The sign-in name.
    pub upn: Option<String>,
    /// The tenant they belong to.
    pub tenant: Option<String>,
}

/// The connector has two names for the id in Entra, and may use both at once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: String,
    object_id: Option<String>,
    aad_object_id: Option<String>,
    name: Option<String>,
    user_principal_name: Option<String>,
    tenant_id: Option<String>,
}

impl From<Told> for Member {
    fn from(told: Told) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            id: told.id,
            entra_id: some(told.aad_object_id).or_else(|| some(told.object_id)),
            name: some(told.name),
            upn: some(told.user_principal_name),
            tenant: some(told.tenant_id),
        }
    }
}

/// Why a call brought nothing.
pub(super) struct Refusal {
    /// The status; 0 when there was no answer.
    pub(super) status: u16,
    /// Whether the whole conversation is lost.
    pub(super) lost: bool,
    /// What the caller is told.
    pub(super) error: ShowError,
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self { status: 0, lost: false, error: error.into() }
    }
}

/// What follows from an answer.
pub(super) enum Verdict {
    /// Done.
    Taken,
    /// The token is not good, or not any more.
    BadToken(Refusal),
    /// Nothing was done; the same may be asked again soon.
    NotNow(Refusal),
    /// No.
    Refused(Refusal),
}

/// The table of the connector's statuses and error codes.
pub(super) fn judge(answer: &Answer) -> Verdict {
    let status = answer.status;
    let code = code(&answer.body).unwrap_or_default();
    let is = |known: &str| code.eq_ignore_ascii_case(known);
    let refusal = |error| Refusal { status, lost: false, error };
    let said = || format!("Teams answered {}: {}", spoken_status(status), answer.said());
    let broken = || refusal(ShowError::Broken(anyhow::anyhow!(said())));
    match status {
        200..300 => Verdict::Taken,
        401 => Verdict::BadToken(refusal(ShowError::Broken(anyhow::anyhow!(
            "Teams does not know the bot by its token; check that `teams.app_id` is the app id of \
             an Azure bot with the Teams channel. {}",
            said()
        )))),
        403 if is("BotNotInConversationRoster") => Verdict::Refused(lost(status)),
        404 if is("ConversationNotFound") => Verdict::Refused(lost(status)),
        403 if is("InvalidBotApiHost") => {
            Verdict::Refused(refusal(ShowError::Broken(anyhow::anyhow!(
                "this is the wrong address of Teams for the bot's cloud; set `teams.cloud`, and \
                 for GCC `teams.addresses.service_urls`"
            ))))
        }
        413 => Verdict::Refused(refusal(ShowError::Gone(
            "the message is too big for Teams, which takes about 80 KB; show less in the card"
                .to_owned(),
        ))),
        412 | 429 | 502..=504 => Verdict::NotNow(broken()),
        400 | 403 => Verdict::Refused(refusal(ShowError::Gone(said()))),
        _ => Verdict::Refused(broken()),
    }
}

fn lost(status: u16) -> Refusal {
    Refusal { status, lost: true, error: ShowError::Gone(CONVERSATION_GONE.to_owned()) }
}

/// `{"error": {"code": "…"}}`.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.get("code")?.as_str()?.to_owned())
}
