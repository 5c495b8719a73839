//! An incident of PagerDuty as it says it, and the few things that are done to one.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{List, PagerDuty};
use crate::vendors::server::Error;

/// How the keys of incidents begin that a Pilothouse opens.
pub const OURS: &str = "pilothouse-";

/// The longest id that is taken for one.
const LONGEST: usize = 64;

/// PagerDuty's name for something of its own: letters and digits, so that it fits in any address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

/// Not an id of PagerDuty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id of PagerDuty: it is letters and digits, such as PIJ90N7")]
pub struct NotAnId(String);

/// How far an incident is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Status {
    /// Nobody has taken it.
    Triggered,
    /// Somebody has.
    Acknowledged,
    /// It is over.
    Resolved,
    /// A word that we do not know. Text from outside.
    Unknown(String),
}

/// An incident as PagerDuty says it. What it leaves out or sets to null is none.
#[derive(Clone, Debug, Deserialize)]
pub struct IncidentSeen {
    /// Its name there.
    pub id: Id,
    /// Its number, for people; webhooks call it otherwise.
    #[serde(default, alias = "number")]
    pub incident_number: Option<i64>,
    /// What it is. Text from outside.
    #[serde(default)]
    pub title: Option<String>,
    /// The same with its number.
    #[serde(default)]
    pub summary: Option<String>,
    /// How far it is.
    pub status: Status,
    /// What whoever made it knows it by.
    #[serde(default)]
    pub incident_key: Option<String>,
    /// `high` or `low`.
    #[serde(default)]
    pub urgency: Option<String>,
    /// Its page. Check it with [`PagerDuty::page`] before anybody is shown it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// What is affected there.
    #[serde(default)]
    pub service: Option<Reference>,
    /// When it began.
    #[serde(default)]
    pub created_at: Option<jiff::Timestamp>,
    /// When its status changed last.
    #[serde(default)]
    pub last_status_change_at: Option<jiff::Timestamp>,
    /// Who changed it.
    #[serde(default)]
    pub last_status_change_by: Option<Reference>,
}

/// Something of PagerDuty's, by its name.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// Its name there.
    pub id: Id,
    /// What it is called. Text from outside.
    #[serde(default)]
    pub summary: Option<String>,
    /// What it is: `user_reference`, `service_reference`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

impl Reference {
    /// Whether it is somebody, and no integration or service.
    pub fn is_a_person(&self) -> bool {
        matches!(self.kind.as_deref(), Some("user_reference" | "user"))
    }
}

/// A note below an incident.
#[derive(Clone, Debug, Deserialize)]
pub struct NoteSeen {
    /// What it says. Text from outside.
    pub content: String,
}

impl IncidentSeen {
    /// Whether it was opened for an incident of a Pilothouse.
    pub fn is_ours(&self) -> bool {
        self.incident_key.as_deref().is_some_and(|key| key.starts_with(OURS))
    }
}

#[derive(Deserialize)]
struct Whole {
    incident: IncidentSeen,
}

#[derive(Deserialize)]
struct Notes {
    notes: Vec<NoteSeen>,
}

impl PagerDuty {
    /// The incident of that name.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`]; 404 when there is none.
    pub async fn incident(&self, id: &Id) -> Result<IncidentSeen, Error> {
        let whole: Whole = self.ask(&["incidents", id.as_str()], &[]).await?;
        Ok(whole.incident)
    }

    /// Every incident that was made with that key, however long ago. What PagerDuty lists beside
    /// them is left out.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`].
    pub async fn incidents_of(&self, key: &str) -> Result<Vec<IncidentSeen>, Error> {
        let query = [("incident_key", key), ("date_range", "all")];
        let mut listed: List<IncidentSeen> = self.list(&["incidents"], &query, "incidents").await?;
        listed.items.retain(|seen| seen.incident_key.as_deref() == Some(key));
        Ok(listed.items)
    }

    /// Makes an incident.
    ///
    /// # Errors
    /// As [`PagerDuty::act`]; 400 also when one is open with that key.
    pub async fn create(&self, incident: &serde_json::Value) -> Result<IncidentSeen, Error> {
        let body = json!({ "incident": incident });
        let whole: Whole = self.act(Method::POST, &["incidents"], &body).await?;
        Ok(whole.incident)
    }

    /// Sets how far an incident is. Setting a resolved one to acknowledged reopens it: whoever
    /// calls this has read it just before.
    ///
    /// # Errors
    /// As [`PagerDuty::act`].
    pub async fn set(&self, id: &Id, status: &Status) -> Result<IncidentSeen, Error> {
        let body = json!({ "incident": { "type": "incident_reference", "status": status } });
        let whole: Whole = self.act(Method::PUT, &["incidents", id.as_str()], &body).await?;
        Ok(whole.incident)
    }

    /// The notes below an incident.
    ///
    /// # Errors
    /// As [`PagerDuty::ask`].
    pub async fn notes(&self, id: &Id) -> Result<Vec<NoteSeen>, Error> {
        let said: Notes = self.ask(&["incidents", id.as_str(), "notes"], &[]).await?;
        Ok(said.notes)
    }

    /// Writes a note below an incident.
    ///
    /// # Errors
    /// As [`PagerDuty::act`].
    pub async fn note(&self, id: &Id, content: &str) -> Result<(), Error> {
        let body = json!({ "note": { "content": content } });
        let path = ["incidents", id.as_str(), "notes"];
        let _: serde::de::IgnoredAny = self.act(Method::POST, &path, &body).await?;
        Ok(())
    }
}

impl Id {
    /// As PagerDuty writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Id {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        let fits = (1..=LONGEST).contains(&text.len());
        if fits && text.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Ok(Self(text));
        }
        Err(NotAnId(text.chars().filter(|c| !c.is_control()).take(60).collect()))
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PagerDutyId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,64}$" })
    }
}

impl From<String> for Status {
    fn from(word: String) -> Self {
        match word.as_str() {
            "triggered" => Self::Triggered,
            "acknowledged" => Self::Acknowledged,
            "resolved" => Self::Resolved,
            _ => Self::Unknown(word.chars().filter(|c| !c.is_control()).take(60).collect()),
        }
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        match status {
            Status::Triggered => "triggered".to_owned(),
            Status::Acknowledged => "acknowledged".to_owned(),
            Status::Resolved => "resolved".to_owned(),
            Status::Unknown(word) => word,
        }
    }
}
