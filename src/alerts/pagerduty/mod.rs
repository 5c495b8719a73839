//! PagerDuty: its incidents are alerts here, and it is told who has one.
//!
//! What it delivers (webhooks, version 3) may come late, twice and in another order: every
//! delivery also has PagerDuty asked, and what is older than what was heard already is not heard.

mod greeting;
mod settings;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use moka::sync::Cache;

pub use settings::{ServiceSettings, Settings, WebhookSettings};

use super::{
    Carried, Heard, NotOne, Reach, Said, Source, Word, Words,
    heard::{address, sentence},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    outbound::Failure,
    vendors::{
        pagerduty::{Id, IncidentSeen, List, PagerDuty as Client, Reference, Status},
        server::Error,
    },
};
use wire::Event;

/// Of how many incidents it is known when they were heard of last. One that is forgotten costs a
/// wrong card until PagerDuty has been asked.
const REMEMBERED: u64 = 10_000;

/// For how long: PagerDuty delivers again for two days.
const MEMORY: Duration = Duration::from_hours(48);

/// A PagerDuty.
pub struct PagerDuty {
    client: Client,
    settings: Settings,
    /// The latest moment that something was heard of, by incident.
    latest: Cache<Id, jiff::Timestamp>,
}

impl PagerDuty {
    /// The one of these settings.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub fn new(settings: &Settings, reach: &Reach) -> anyhow::Result<Self> {
        let ground = (reach.clock.clone(), reach.outbound.clone());
        Ok(Self {
            client: Client::new(&settings.account, ground)?,
            settings: settings.clone(),
            latest: Cache::builder().max_capacity(REMEMBERED).time_to_live(MEMORY).build(),
        })
    }

    /// Whether anything newer has been heard of that incident.
    fn is_late(&self, event: &Event) -> bool {
        let heard = self.latest.get(&event.incident.id);
        let late = heard.is_some_and(|heard| event.occurred_at < heard);
        if !late {
            self.latest.insert(event.incident.id.clone(), event.occurred_at);
        }
        late
    }

    /// An incident as an alert, unless it is one that we have opened, or of another service.
    fn heard(&self, seen: &IncidentSeen, said: Said, starts: Option<Timestamp>) -> Option<Heard> {
        let names = &self.settings.labels;
        let known = self.settings.services.iter();
        let spot = seen.service.as_ref().and_then(|service| {
            let mut known = known.clone();
            known.find(|settings| settings.id == service.id)
        });
        if seen.is_ours() || (spot.is_none() && known.len() > 0) {
            return None;
        }
        let title = seen.title.as_deref().or(seen.summary.as_deref());
        let service = match (spot, &seen.service) {
            (Some(spot), _) => Some(spot.service.to_string()),
            (None, service) => service.as_ref().and_then(|service| service.summary.clone()),
        };
        let environment = spot.and_then(|spot| spot.environment.as_ref());
        let word = match &seen.status {
            Status::Unknown(word) => Some(word.clone()),
            _ => None,
        };
        let labels = [
            ("alertname", title.map(str::to_owned)),
            (names.service.as_str(), service),
            (names.environment.as_str(), environment.map(ToString::to_string)),
            (names.severity.as_str(), seen.urgency.as_deref().map(severity)),
            ("incident", seen.incident_number.map(|number| format!("#{number}"))),
            ("status", word),
        ];
        let labels = labels.into_iter();
        let label = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        let page = seen.html_url.as_deref().and_then(|page| self.client.page(page));
        Some(Heard {
            fingerprint: seen.id.to_string(),
            labels: labels.filter_map(label).collect(),
            words: Words {
                summary: None,
                description: None,
                runbook: None,
                page: page.and_then(|page| address(&page)),
            },
            starts,
            said,
        })
    }
}

#[async_trait]
impl Source for PagerDuty {
    fn delivery(&self, body: &[u8], _: Timestamp) -> Result<(Vec<Heard>, bool), NotOne> {
        let Some(event) = wire::event(body)? else { return Ok((vec![], false)) };
        if self.is_late(&event) {
            return Ok((vec![], true));
        }
        let heard = self.heard(&event.incident, event.said(), event.starts().map(moment));
        let mut heard: Vec<Heard> = heard.into_iter().collect();
        if let Some(by) = event.resolved_by() {
            // The last word about it is whose it was.
            let mut before = heard.clone();
            for one in &mut before {
                one.said = Said::Firing;
                one.words.description = sentence(&format!("{by} resolved it at PagerDuty."));
            }
            heard = [before, heard].concat();
        }
        Ok((heard, true))
    }

    async fn greet(&self) -> Vec<Greeting> {
        greeting::greeting(&self.client).await
    }

    async fn list(&self, _: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        let mut query = vec![
            ("statuses[]", "triggered"),
            ("statuses[]", "acknowledged"),
            // Otherwise what has been open for a month would not be listed.
            ("date_range", "all"),
        ];
        query.extend(self.settings.services.iter().map(|one| ("service_ids[]", one.id.as_str())));
        let listed = self.client.list(&["incidents"], &query, "incidents").await;
        let List { items, whole }: List<IncidentSeen> = listed.map_err(failure)?;
        if !whole {
            let why = format!("over {} incidents are open there", items.len());
            return Err(Failure::Unclear(why));
        }
        let heard =
            |seen: &IncidentSeen| self.heard(seen, standing(seen), seen.created_at.map(moment));
        Ok(Some(items.iter().filter_map(heard).collect()))
    }

    fn carries(&self) -> bool {
        true
    }

    /// To acknowledge what is resolved would reopen it, and call people: it is read first.
    async fn carry(&self, word: &Word) -> Result<Carried, Failure> {
        let id = Id::try_from(word.fingerprint.clone());
        let id = id.map_err(|error| Failure::Unreached(error.to_string()))?;
        let seen = self.client.incident(&id).await.map_err(failure)?;
        match seen.status {
            Status::Resolved => Ok(Carried::Over { at: seen.last_status_change_at.map(moment) }),
            Status::Acknowledged => Ok(Carried::Done),
            // It may be a word for something that is over.
            Status::Unknown(word) => {
                let why = format!("it is `{word}` there, which says nothing here");
                Err(Failure::Unclear(why))
            }
            Status::Triggered => {
                self.client.set(&id, &Status::Acknowledged).await.map_err(failure)?;
                Ok(Carried::Done)
            }
        }
    }
}

/// How an incident is that is listed as open.
fn standing(seen: &IncidentSeen) -> Said {
    match seen.status {
        Status::Acknowledged => acknowledged(seen.last_status_change_by.as_ref()),
        Status::Triggered => Said::Released,
        Status::Resolved => Said::Resolved { at: None },
        Status::Unknown(_) => Said::Firing,
    }
}

fn acknowledged(by: Option<&Reference>) -> Said {
    let by = by.and_then(|by| by.summary.as_deref()).and_then(sentence);
    Said::Acknowledged { by: by.unwrap_or_else(|| "somebody".to_owned()) }
}

fn severity(urgency: &str) -> String {
    match urgency {
        "high" => "critical".to_owned(),
        "low" => "warning".to_owned(),
        other => other.to_owned(),
    }
}

fn moment(at: jiff::Timestamp) -> Timestamp {
    Timestamp(at.as_millisecond())
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Failed(_, failure) => failure,
        error => Failure::Unreached(error.to_string()),
    }
}
