//! The bot's own conversation with one person, who need not have spoken to it first.

use super::{Admission, CONVERSATION_GONE, NAME, Reference, Teams};
use crate::{
    chat::{Place, ShowError},
    names::PersonId,
};

/// Why nobody can be written to who has not installed the app.
const NOT_INSTALLED: &str = "they have not installed the bot's app in Teams";

impl Teams {
    /// Where the bot and this person talk alone. Asking twice gives the same place.
    pub(super) async fn alone_with(&self, person: &PersonId) -> Result<Option<Place>, ShowError> {
        let parts = person.as_str().strip_prefix("entra:").and_then(|rest| rest.split_once(':'));
        let (Some((tenant, object)), Admission::Proved { settings, first_service_url, .. }) =
            (parts, &self.admission)
        else {
            return Ok(None);
        };
        let known = self.references.all().await?;
        let known = known.into_iter().find(|one| one.tenant.eq_ignore_ascii_case(tenant));
        let first = first_service_url.as_ref().map(|url| Reference {
            conversation: String::new(),
            service_url: url.to_string(),
            kind: String::new(),
            tenant: tenant.to_owned(),
            bot: format!("28:{}", settings.app_id),
            team: None,
        });
        let Some(way) = known.or(first) else {
            return Err(ShowError::Gone("nobody of their tenant has spoken to the bot yet".into()));
        };
        let conversation = self.connector.create_personal(&way, object).await;
        let conversation = conversation.map_err(|error| match error {
            ShowError::Gone(why) if why == CONVERSATION_GONE => {
                ShowError::Gone(NOT_INSTALLED.to_owned())
            }
            ShowError::Gone(why) => ShowError::Gone(format!("{NOT_INSTALLED}, or {why}")),
            broken @ ShowError::Broken(_) => broken,
        })?;
        let reference = Reference {
            conversation: conversation.clone(),
            kind: "personal".to_owned(),
            team: None,
            ..way
        };
        self.references.keep(&reference).await?;
        Ok(Some(Place { channel: NAME.to_owned(), conversation }))
    }
}
