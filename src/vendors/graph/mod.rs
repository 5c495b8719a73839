//! Microsoft Graph: the calls that give a group of people a place of their own in Teams.
//!
//! Nothing here is made twice on purpose: who makes something looks for it first, by a marker that
//! stands in its description or topic. When Graph asks to be left alone, every further call is
//! answered here, without a request, until it is over.

mod groups;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;

use super::entra::Tokens;
use crate::{
    clock::{Clock, Timestamp, spoken},
    outbound::{Answer, Base, Failure, Outbound},
};

/// The version of the API, which begins every path.
const VERSION: &str = "v1.0";

/// How long one answer may take: two of them fit into a job's turn, with room to write down what
/// came of it.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long to wait when Graph names a limit but no time.
const UNNAMED: Duration = Duration::from_secs(30);

/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_mins(10);

/// Pages looked through for a channel: a team has 1000 channels at most.
const CHANNEL_PAGES: usize = 20;

/// Pages of 50 looked through for a chat; it was made minutes ago, and Graph begins with the newest.
const CHAT_PAGES: usize = 3;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No token could be had. The call was not made.
    #[error("Pilothouse cannot sign in to Microsoft Graph: {0}")]
    SignIn(String),
    /// What became of the call.
    #[error("Microsoft Graph: {0}")]
    Failed(#[from] Failure),
}

impl Error {
    /// The status, when Graph gave one of the definite kind.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::SignIn(_) => None,
            Self::Failed(failure) => failure.status(),
        }
    }

    /// Whether the team has a channel of that name already, or had one within 30 days.
    pub fn name_is_taken(&self) -> bool {
        // The documented code has been seen as well as a plain `BadRequest` with these words.
        let taken =
            |said: &str| said.contains("NameAlreadyExists") || said.contains("already exist");
        matches!(self, Self::Failed(Failure::Refused { status: 400 | 409, said }) if taken(said))
    }
}

/// A place that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id, which is that of the conversation too: `19:…@thread.tacv2`.
    pub id: String,
    /// What it is called. Text from outside.
    pub name: String,
    /// Its address for people, when Graph gives one of its own.
    pub link: Option<String>,
}

/// A channel to be made.
#[derive(Clone, Debug)]
pub struct NewChannel<'a> {
    /// What it is called: 50 characters at most, without those Teams does not take.
    pub name: &'a str,
    /// What it is for; holds the marker.
    pub description: &'a str,
    /// The members of a private channel, by their ids in Entra, the owner first; `None` for one
    /// that everybody in the team is in.
    pub private: Option<&'a [&'a str]>,
}

/// Calls Microsoft Graph as the bot itself.
pub struct Graph {
    api: Base,
    scope: String,
    tokens: Tokens,
    outbound: Outbound,
    clock: Clock,
    /// Until when Graph wants to be left alone.
    quiet: Mutex<Timestamp>,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    value: Vec<Told>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// A channel, a chat or an app, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: String,
    display_name: Option<String>,
    description: Option<String>,
    topic: Option<String>,
    web_url: Option<String>,
}

impl Graph {
    /// Graph at this address, with these tokens.
    pub fn new(api: Base, tokens: Tokens, outbound: Outbound, clock: Clock) -> Self {
        let scope = format!("{}/.default", api.as_url().as_str().trim_end_matches('/'));
        Self { api, scope, tokens, outbound, clock, quiet: Mutex::new(Timestamp(0)) }
    }

    /// The channel of a team whose description holds `marker`.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn channel_with(&self, team: &str, marker: &str) -> Result<Option<Found>, Error> {
        let mut url = self.url(&["teams", team, "channels"])?;
        url.query_pairs_mut().append_pair("$select", "id,displayName,description,webUrl");
        let is_it = |told: &Told| told.description.as_ref().is_some_and(|d| d.contains(marker));
        self.search(url, CHANNEL_PAGES, is_it).await
    }

    /// Makes a channel, once.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude; ask [`Error::name_is_taken`].
    pub async fn make_channel(&self, team: &str, new: &NewChannel<'_>) -> Result<Found, Error> {
        let mut body = json!({
            "displayName": new.name,
            "description": new.description,
            "membershipType": if new.private.is_some() { "private" } else { "standard" },
        });
        if let Some(members) = new.private {
            body["members"] = self.members(members, "member");
        }
        let answer = self.post(self.url(&["teams", team, "channels"])?, &body).await?;
        Ok(answer.json::<Told>()?.into())
    }

    /// The group chat of a person whose topic holds `marker`.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn chat_with(&self, person: &str, marker: &str) -> Result<Option<Found>, Error> {
        let mut url = self.url(&["users", person, "chats"])?;
        url.query_pairs_mut().append_pair("$top", "50");
        let is_it = |told: &Told| told.topic.as_ref().is_some_and(|topic| topic.contains(marker));
        self.search(url, CHAT_PAGES, is_it).await
    }

    /// Makes a group chat of these people, by their ids in Entra, once. Each of them owns it: a
    /// chat has no other members.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn make_chat(&self, topic: &str, people: &[&str]) -> Result<Found, Error> {
        let members = self.members(people, "owner");
        let body = json!({ "chatType": "group", "topic": topic, "members": members });
        let answer = self.post(self.url(&["chats"])?, &body).await?;
        Ok(answer.json::<Told>()?.into())
    }

    /// Lets an app of the organisation's catalogue into a chat; `app` is the id in its manifest.
    /// One that is in already stays.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude; refused with 404 when the catalogue has no such
    /// app.
    pub async fn let_in(&self, chat: &str, app: &str) -> Result<(), Error> {
        let mut url = self.url(&["appCatalogs", "teamsApps"])?;
        let named = format!("externalId eq '{}'", app.replace('\'', "''"));
        url.query_pairs_mut().append_pair("$filter", &named);
        let page: Page = self.ask(url).await?;
        let Some(known) = page.value.first() else {
            let said = "the organisation's catalogue has no such app".to_owned();
            return Err(Failure::Refused { status: 404, said }.into());
        };
        let bind = self.url(&["appCatalogs", "teamsApps", &known.id])?;
        let body = json!({ "teamsApp@odata.bind": bind.as_str() });
        match self.post(self.url(&["chats", chat, "installedApps"])?, &body).await {
            Err(error) if error.status() == Some(409) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Puts a channel away: it can be read, and nobody writes in it any more. Takes a while; doing
    /// it again is harmless.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn archive(&self, team: &str, channel: &str) -> Result<(), Error> {
        let url = self.url(&["teams", team, "channels", channel, "archive"])?;
        self.post(url, &json!({})).await.map(drop)
    }

    /// Has a channel that was put away written in again.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn unarchive(&self, team: &str, channel: &str) -> Result<(), Error> {
        let url = self.url(&["teams", team, "channels", channel, "unarchive"])?;
        self.post(url, &json!({})).await.map(drop)
    }

    fn url(&self, segments: &[&str]) -> Result<Url, Error> {
        let whole = [&[VERSION], segments].concat();
        // A segment that can be none comes from a configuration that was never checked.
        self.api.url(&whole).map_err(|error| Failure::Unreached(error.to_string()).into())
    }

    /// People as Graph takes them; the first owns what is made, the others have that role in it.
    fn members(&self, people: &[&str], others: &str) -> Value {
        let base = self.api.as_url().as_str().trim_end_matches('/');
        let member = |(index, id): (usize, &&str)| {
            let owns = index == 0 || others == "owner";
            json!({
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": if owns { vec!["owner"] } else { vec![] },
                "user@odata.bind": format!("{base}/{VERSION}/users('{}')", id.replace('\'', "''")),
            })
        };
        people.iter().enumerate().map(member).collect()
    }

    async fn search(
        &self,
        first: Url,
        pages: usize,
        is_it: impl Fn(&Told) -> bool,
    ) -> Result<Option<Found>, Error> {
        let origin = first.origin();
        let mut next = Some(first);
        for _ in 0..pages {
            let Some(url) = next.take() else { break };
            let page: Page = self.ask(url).await?;
            if let Some(told) = page.value.into_iter().find(&is_it) {
                return Ok(Some(told.into()));
            }
            next = page.next.and_then(|next| Url::parse(&next).ok());
            // The token goes to Graph alone, wherever an answer points.
            if next.as_ref().is_some_and(|next| next.origin() != origin) {
                let why = "the list goes on at another server, which is not asked";
                return Err(Failure::Unclear(why.to_owned()).into());
            }
        }
        Ok(None)
    }

    async fn ask<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        let answer = self.call(|| self.outbound.request(Method::GET, url.clone())).await?;
        Ok(answer.json()?)
    }

    async fn post(&self, url: Url, body: &impl Serialize) -> Result<Answer, Error> {
        self.call(|| self.outbound.request(Method::POST, url.clone()).json(body)).await
    }

    /// Calls once; after a 401 (nothing happened) once more with a fresh token.
    async fn call(&self, request: impl Fn() -> RequestBuilder) -> Result<Answer, Error> {
        self.may_speak()?;
        let token = self.token().await?;
        match self.once(request(), &token).await {
            Err(error) if error.status() == Some(401) => {
                self.tokens.drop_token_for(&self.scope, &token);
                let fresh = self.token().await?;
                self.once(request(), &fresh).await
            }
            settled => settled,
        }
    }

    async fn token(&self) -> Result<String, Error> {
        let token = self.tokens.bearer_for(&self.scope).await;
        token.map_err(|error| Error::SignIn(format!("{error:#}")))
    }

    async fn once(&self, request: RequestBuilder, token: &str) -> Result<Answer, Error> {
        let answer = self.outbound.send(request.bearer_auth(token).timeout(PATIENCE)).await;
        if let Err(Failure::NotNow { after, .. }) = &answer {
            let until = self.clock.now().plus(after.unwrap_or(UNNAMED).min(LONGEST));
            let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
            *quiet = until.max(*quiet);
        }
        Ok(answer?)
    }

    fn may_speak(&self) -> Result<(), Error> {
        let until = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.since(self.clock.now());
        if left.is_zero() {
            return Ok(());
        }
        let said = format!("Graph asked for quiet, {} more", spoken(left));
        Err(Failure::NotNow { status: 429, after: Some(left), said }.into())
    }
}

impl From<Told> for Found {
    fn from(told: Told) -> Self {
        let name = told.display_name.or(told.topic).unwrap_or_default();
        // Only an address of Teams is shown to people as one.
        let link = told.web_url.filter(|link| is_of_teams(link));
        Self { id: told.id, name, link }
    }
}

/// Whether it is an address of Teams, in any of Microsoft's clouds.
fn is_of_teams(link: &str) -> bool {
    let Ok(url) = Url::parse(link) else { return false };
    let known = ["teams.microsoft.com", "teams.cloud.microsoft", "teams.microsoft.us"];
    let of = |host: &str| {
        known.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")))
            || host == "teams.microsoftonline.cn"
    };
    url.scheme() == "https" && url.username().is_empty() && url.host_str().is_some_and(of)
}
