//! A schedule of Jira Service Management, where Opsgenie's schedules live on.
//!
//! What is used, and where it is described: `GET /v1/schedules/ID/timeline` of the Jira Service
//! Management ops REST API ("Get schedule timeline", `interval`, `intervalUnit`, `date`), with an
//! e-mail address and an API token (its section on authentication). Its answer gives people by
//! their account ids; whose they are is asked of Jira itself, `GET /rest/api/3/user/bulk` ("Bulk
//! get users"). That a team is unfolded in `flattenedResponders`, that an empty place is a
//! responder of the type `noone`, and that the range begins with the week of `date`, is not in the
//! reference: public clients of this API rely on it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{Ground, timeline::Window},
    JiraSettings, Register,
    listed::Listed,
    with,
};
use crate::{
    clock::Timestamp,
    vendors::server::{Key, Server},
};

/// How far back is looked, so that the turn of now is seen from its beginning: a week.
const BACK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How many weeks are asked for: one back, what is looked at, and what is read ahead.
const WEEKS: &str = "12";

/// How many people are asked for at once.
const AT_ONCE: usize = 50;

/// How many people one schedule may have; more is no rota.
const PEOPLE: usize = 200;

/// One schedule.
pub(super) struct Jira {
    ops: Server,
    /// The site, when it may be asked who somebody is.
    site: Option<Server>,
    settings: JiraSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timeline {
    end_date: Option<String>,
    final_timeline: Final,
}

#[derive(Deserialize)]
struct Final {
    rotations: Vec<Value>,
}

#[derive(Deserialize)]
struct Rotation {
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    periods: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    start_date: Option<String>,
    end_date: Option<String>,
    responder: Option<Responder>,
    flattened_responders: Option<Vec<Responder>>,
}

#[derive(Clone, Deserialize)]
struct Responder {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Users {
    values: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    account_id: String,
    display_name: Option<String>,
    email_address: Option<String>,
}

impl Jira {
    pub(super) fn open(settings: &JiraSettings, ground: &Ground) -> anyhow::Result<Self> {
        let server = |base| {
            let key = Key::Basic(settings.email.clone(), settings.token.clone());
            let hands = (ground.clock.clone(), ground.outbound.clone());
            Server::new("Jira", (base, settings.timeout), key, hands)
        };
        let site = settings.site.clone().map(server).transpose()?;
        Ok(Self { ops: server(settings.url.clone())?, site, settings: settings.clone() })
    }

    async fn timeline(&self, window: Window) -> anyhow::Result<Timeline> {
        let JiraSettings { cloud_id, schedule, .. } = &self.settings;
        let path = ["jsm", "ops", "api", cloud_id.as_str(), "v1", "schedules", schedule.as_str()];
        let url = self.ops.url(&[&path[..], &["timeline"]].concat())?;
        let since = jiff::Timestamp::from_millisecond(window.from.0.saturating_sub(BACK_MS))?;
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let query = [("date", &*since), ("interval", WEEKS), ("intervalUnit", "weeks")];
        Ok(self.ops.ask(with(url, &query)).await?)
    }

    /// Who these accounts are, as far as the site tells.
    async fn users(&self, ids: &BTreeSet<String>) -> anyhow::Result<BTreeMap<String, User>> {
        let mut users = BTreeMap::new();
        let Some(site) = &self.site else { return Ok(users) };
        anyhow::ensure!(ids.len() <= PEOPLE, "it has more than {PEOPLE} people");
        let ids: Vec<&String> = ids.iter().collect();
        for some in ids.chunks(AT_ONCE) {
            let most = AT_ONCE.to_string();
            let mut query = vec![("maxResults", most.as_str())];
            query.extend(some.iter().map(|id| ("accountId", id.as_str())));
            let url = site.url(&["rest", "api", "3", "user", "bulk"])?;
            let Users { values } = site.ask(with(url, &query)).await?;
            let read = values.into_iter().flat_map(serde_json::from_value::<User>);
            users.extend(read.map(|user| (user.account_id.clone(), user)));
        }
        Ok(users)
    }
}

#[async_trait]
impl Register for Jira {
    fn called(&self) -> &'static str {
        "schedule of Jira"
    }

    fn place(&self) -> String {
        let JiraSettings { url, cloud_id, schedule, site, .. } = &self.settings;
        let site = site.as_ref().map_or_else(String::new, ToString::to_string);
        format!("jira:{url}:{cloud_id}:{schedule}:{site}")
    }

    async fn read(&self, window: Window) -> anyhow::Result<String> {
        let Timeline { end_date, final_timeline } = self.timeline(window).await?;
        let end = end_date.and_then(|end| end.parse::<jiff::Timestamp>().ok());
        let end = end.map_or(window.until, |end| Timestamp(end.as_millisecond()));
        let mut listed = Listed::until(end.min(window.until));
        let mut periods: Vec<Period> = vec![];
        for rotation in listed.each::<Rotation>(final_timeline.rotations) {
            // One that was taken away is shown for what it was.
            if !rotation.deleted {
                periods.extend(listed.each::<Period>(rotation.periods));
            }
        }
        let people = periods.iter().flat_map(Period::people);
        let ids = people.filter(Responder::is_user).filter_map(|person| person.id).collect();
        let users = self.users(&ids).await?;
        for period in &periods {
            let (from, until) = (period.start_date.as_deref(), period.end_date.as_deref());
            for person in period.people() {
                let id = person.id.as_deref();
                let user = id.and_then(|id| users.get(id));
                let name = user.and_then(|user| user.display_name.as_deref());
                let address = user.and_then(|user| user.email_address.as_deref());
                let group = person.group();
                listed.add(&[group.as_deref(), name, address, id], from, until);
            }
        }
        listed.kept()
    }
}

impl Period {
    /// Whose turn it is: nobody's, when the place is empty.
    fn people(&self) -> Vec<Responder> {
        let unfolded = self.flattened_responders.clone().filter(|people| !people.is_empty());
        let people = unfolded.unwrap_or_else(|| self.responder.iter().cloned().collect());
        people.into_iter().filter(|person| person.kind.as_deref() != Some("noone")).collect()
    }
}

impl Responder {
    fn is_user(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "user")
    }

    /// What it is called when it is more than one person whom Jira did not name.
    fn group(&self) -> Option<String> {
        let kind = self.kind.as_deref().filter(|_| !self.is_user())?;
        Some(format!("the {kind} {}", self.id.as_deref().unwrap_or_default()))
    }
}
