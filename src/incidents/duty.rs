//! Has PagerDuty know of an incident: opens one there, notes what is told, resolves it. May run
//! twice, and looks before it does anything.

use std::time::Duration;

use serde_json::json;

use super::{
    counterpart::{Closed, There},
    incident::Incident,
    keeper::Keeper,
    number::Number,
    settings::{PagerDutySettings, Settings, UrgencySettings},
    state::Event,
    store,
    timeline::Moment,
};
use crate::{
    clock::Clock,
    jobs::{Job, Ran},
    outbound::{Failure, Outbound},
    vendors::{
        pagerduty::{Id, IncidentSeen, PagerDuty, Status},
        server::Error,
    },
};

/// How long PagerDuty may take over everything at once: less than a job's turn, so that what
/// follows is decided here.
const TURN: Duration = Duration::from_secs(20);

/// How long until PagerDuty is told again: as long as it has been tried, within these two.
const WAITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// How long an incident that is over is looked for that may have been asked for just before.
const SEARCH: Duration = Duration::from_mins(2);

/// How often it is looked for.
const LOOKS: Duration = Duration::from_secs(15);

/// How long PagerDuty is told of an incident after it is over.
const PATIENCE: Duration = Duration::from_hours(6);

/// Where incidents are opened at PagerDuty.
pub struct Duty {
    client: PagerDuty,
    service: Id,
    urgency: UrgencySettings,
}

/// Why PagerDuty does not know everything now.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    There(#[from] Error),
    #[error("it took longer than {TURN:?}")]
    Late,
    #[error(transparent)]
    Here(#[from] anyhow::Error),
}

impl From<super::Error> for Missed {
    fn from(error: super::Error) -> Self {
        Self::Here(error.into())
    }
}

impl Duty {
    /// The service of PagerDuty that the configuration names, if it names one.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub fn open(settings: &Settings, ground: (Clock, Outbound)) -> anyhow::Result<Option<Self>> {
        let Some(settings) = &settings.pagerduty else { return Ok(None) };
        let PagerDutySettings { account, service, urgency } = &**settings;
        let client = PagerDuty::new(account, ground)?;
        Ok(Some(Self { client, service: service.clone(), urgency: *urgency }))
    }

    /// The counterpart of an incident, when there is one.
    async fn find(&self, incident: &Incident) -> Result<Option<IncidentSeen>, Error> {
        let mut found = self.client.incidents_of(&incident.key()).await?;
        let open = found.iter().position(|seen| seen.status != Status::Resolved);
        Ok(open.map(|index| found.swap_remove(index)).or_else(|| found.pop()))
    }

    async fn create(&self, incident: &Incident) -> Result<IncidentSeen, Error> {
        let Incident { number, severity, title, .. } = incident;
        let wish = json!({
            "type": "incident",
            "title": format!("{number} · {severity} · {title}"),
            "service": { "id": self.service, "type": "service_reference" },
            "urgency": self.urgency.of(*severity),
            "incident_key": incident.key()
        });
        self.client.create(&wish).await
    }

    fn opened(&self, seen: IncidentSeen) -> Event {
        let label = seen.incident_number.map(|number| format!("#{number}"));
        Event::PagerDutyOpened {
            label: label.unwrap_or_else(|| seen.id.to_string()),
            link: seen.html_url.and_then(|page| self.client.page(&page)),
            id: seen.id,
        }
    }
}

impl Keeper {
    /// Has PagerDuty know everything it does not know yet.
    pub(super) async fn tell_pagerduty(
        &self,
        incident: &Incident,
        job: &Job,
    ) -> anyhow::Result<Ran> {
        let Some(duty) = &self.duty else { return Ok(Ran::Done) };
        let over = incident.resolved.as_ref().map(|resolved| resolved.at);
        if over.is_some_and(|over| self.clock.now().since(over) >= PATIENCE) {
            if incident.pagerduty.trouble.as_ref().is_some_and(|trouble| !trouble.given_up) {
                let number = incident.number;
                tracing::warn!(incident = %number, "PagerDuty is told no more of an incident");
                self.incidents.record(number, Event::PagerDutyGivenUp).await?;
            }
            return Ok(Ran::Done);
        }
        let telling = async {
            match &incident.pagerduty.there {
                None => self.open_there(duty, incident, job).await,
                Some(there) => self.catch_up(duty, (incident, there), job).await,
            }
        };
        let told = tokio::time::timeout(TURN, telling).await;
        match told.map_err(|_| Missed::Late).and_then(|told| told) {
            Ok(ran) => Ok(ran),
            Err(Missed::Here(error)) => Err(error),
            Err(missed) => self.try_again(incident, &missed).await,
        }
    }

    /// Looks first: whoever was interrupted may have opened one, or may be about to.
    async fn open_there(&self, duty: &Duty, incident: &Incident, job: &Job) -> Result<Ran, Missed> {
        let seen = match (duty.find(incident).await?, &incident.resolved) {
            (Some(seen), _) => seen,
            (None, Some(resolved)) => {
                let left = resolved.at.plus(SEARCH).since(self.clock.now());
                return Ok(if left.is_zero() { Ran::Done } else { Ran::Again(left.min(LOOKS)) });
            }
            (None, None) if !job.is_ours(self.clock.now()) => return Ok(Ran::Again(WAITS.0)),
            (None, None) => duty.create(incident).await?,
        };
        self.incidents.record(incident.number, duty.opened(seen)).await?;
        Ok(Ran::Again(Duration::ZERO))
    }

    /// Notes what was told since the last note, and resolves it when ours is over.
    async fn catch_up(
        &self,
        duty: &Duty,
        (incident, there): (&Incident, &There),
        job: &Job,
    ) -> Result<Ran, Missed> {
        let number = incident.number;
        let events = store::events_after(self.db.reader(), number, there.noted).await?;
        let notes: Vec<_> = events
            .into_iter()
            .filter(|(_, _, event)| is_noted(event))
            .filter_map(|(seq, at, event)| Some((seq, Moment::told(at, &event)?)))
            .collect();
        if !notes.is_empty() {
            let known = duty.client.notes(&there.id).await?;
            for (seq, moment) in notes {
                let mark = mark(number, seq);
                if !known.iter().any(|note| note.content.ends_with(&mark)) {
                    if !job.is_ours(self.clock.now()) {
                        return Ok(Ran::Again(WAITS.0));
                    }
                    let note = format!("{} {}\n{mark}", moment.by, moment.what);
                    duty.client.note(&there.id, &note).await?;
                }
                self.incidents.record(number, Event::PagerDutyNoted { event: seq }).await?;
            }
        }
        if !incident.is_open() && !there.closed {
            let how = self.close(duty, there).await?;
            self.incidents.record(number, Event::PagerDutyClosed { how }).await?;
        }
        Ok(Ran::Done)
    }

    /// One that is over there already is left alone.
    async fn close(&self, duty: &Duty, there: &There) -> Result<Closed, Missed> {
        let seen = match duty.client.incident(&there.id).await {
            Err(error) if error.status() == Some(404) => return Ok(Closed::Gone),
            seen => seen?,
        };
        if seen.status == Status::Resolved {
            let by = seen.last_status_change_by.and_then(|by| by.summary);
            return Ok(Closed::There { by });
        }
        duty.client.set(&there.id, &Status::Resolved).await?;
        Ok(Closed::Here)
    }

    async fn try_again(&self, incident: &Incident, missed: &Missed) -> anyhow::Result<Ran> {
        let (why, after) = sentence(missed);
        let trouble = incident.pagerduty.trouble.as_ref();
        if trouble.is_none_or(|trouble| trouble.why != why) {
            let number = incident.number;
            tracing::warn!(incident = %number, "PagerDuty does not know everything: {missed}");
            self.incidents.record(number, Event::PagerDutyMissed { why }).await?;
        }
        let since = trouble.map_or_else(|| self.clock.now(), |trouble| trouble.since);
        let tried = self.clock.now().since(since);
        Ok(Ran::Again(tried.clamp(WAITS.0, WAITS.1).max(after)))
    }
}

/// What PagerDuty hears of: what people say about the whole incident.
fn is_noted(event: &Event) -> bool {
    matches!(
        event,
        Event::Declared { .. }
            | Event::Updated { .. }
            | Event::Resolved { .. }
            | Event::Reopened { .. }
    )
}

/// Ends the note of one event, and no other.
fn mark(number: Number, event: i64) -> String {
    format!("Pilothouse, {number} ({event})")
}

/// What people read about it, the same each time, and how long PagerDuty wants to be left alone.
fn sentence(missed: &Missed) -> (String, Duration) {
    let why = match missed {
        Missed::There(Error::Failed(_, failure)) => match failure {
            Failure::Refused { status: status @ (401 | 403), .. } => {
                format!("it refuses the key (status {status})")
            }
            Failure::Refused { status, said } => format!("it refused (status {status}): {said}"),
            Failure::NotNow { after, .. } => {
                let why = "it wants to be asked later".to_owned();
                return (why, after.unwrap_or_default());
            }
            Failure::Unreached(_) => "it cannot be reached".to_owned(),
            Failure::Unclear(_) => "it gave no clear answer".to_owned(),
        },
        Missed::There(error) => format!("its key is of no use ({error})"),
        Missed::Late | Missed::Here(_) => "it gave no clear answer".to_owned(),
    };
    (why, Duration::ZERO)
}
