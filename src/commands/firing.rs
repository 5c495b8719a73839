//! Where alerts and deployments meet: which alert is meant, who may deal with it, what was deployed
//! before it, and what `/status` says of it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{Commands, Error, Reply, Said};
use crate::{
    access::{Actor, Permission},
    alerts::{
        ALERT, Act, Alert, AlertView, Alerts, Deed, Phase, Shipment, Shipments, StormView, Viewer,
        Ways, target,
    },
    cards::Card,
    chat::Subject,
    clock::Timestamp,
    deployments::{Deployment, Deployments, Sentinel},
    health::{Firing, Lookout},
    incidents::{Kind, Moment, Witness},
    names::{AlertId, Environment, Service},
};

/// What was deployed longer ago than this has hardly anything to do with an alert.
const RECENT: Duration = Duration::from_hours(24);

/// How many alerts `/status` names in each environment; the rest are counted.
const NAMED: i64 = 3;

/// How many alerts of one environment a probe looks at, the worst first; one is enough to judge.
const PROBED: i64 = 200;

impl Commands {
    /// Where an alert can lead to.
    pub fn ways(&self) -> Ways {
        Ways { runbook: self.library.is_some() }
    }
}

/// What was deployed, as alerts want to know it.
pub struct Shipped(pub Arc<Deployments>);

#[async_trait]
impl Shipments for Shipped {
    async fn before(
        &self,
        service: &Service,
        environment: &Environment,
        moment: Timestamp,
    ) -> Option<Shipment> {
        let recent = self.0.recent(Some(service), Some(environment)).await;
        let recent = recent.map_err(|error| tracing::error!("no deployments: {error:#}")).ok()?;
        let began = |deployment: &Deployment| deployment.began.filter(|began| *began <= moment);
        let last = recent.into_iter().filter(|d| began(d).is_some()).max_by_key(began)?;
        let at = last.ended.filter(|ended| *ended <= moment);
        if at.is_some_and(|at| moment.since(at) > RECENT) {
            return None;
        }
        let version = &last.plan.version;
        let what =
            if last.plan.back { format!("The way back to {version}") } else { version.to_string() };
        Some(Shipment { what, by: last.requested_by.name, at })
    }
}

/// What fires, as `/status` says it.
pub struct Watch(pub Arc<Alerts>);

#[async_trait]
impl Sentinel for Watch {
    async fn reports(&self, service: &Service, environment: &Environment) -> Vec<String> {
        let (alerts, number) = match self.0.firing_in(service, environment, NAMED).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!("the alerts cannot be read: {error:#}");
                return vec!["Whether alerts fire here cannot be told now".to_owned()];
            }
        };
        let now = self.0.now();
        let mut reports: Vec<String> = alerts.iter().map(|alert| report(alert, now)).collect();
        if let Some(more) = number.checked_sub(alerts.len()).filter(|more| *more > 0) {
            reports.push(format!("{more} more alerts: say `/alerts {service}`"));
        }
        reports
    }
}

/// What fires, as probes want to know it.
#[async_trait]
impl Lookout for Watch {
    async fn firing(
        &self,
        service: &Service,
        environment: &Environment,
    ) -> anyhow::Result<Vec<Firing>> {
        if let Some(trouble) = self.0.troubles().await?.first() {
            let since = trouble.since.exact();
            anyhow::bail!("the source of alerts {} does not answer since {since}", trouble.source);
        }
        let (alerts, number) = self.0.firing_in(service, environment, PROBED).await?;
        anyhow::ensure!(
            number <= alerts.len(),
            "{number} alerts fire there, too many to tell apart"
        );
        let now = self.0.now();
        let fires = alerts.into_iter().filter(|alert| alert.phase(now) != Phase::Silenced);
        Ok(fires.map(|alert| Firing { labels: alert.labels, since: Some(alert.starts) }).collect())
    }
}

/// What fired, as the story of an incident tells it.
#[async_trait]
impl Witness for Watch {
    async fn happened(
        &self,
        service: &Service,
        from: Timestamp,
        to: Timestamp,
    ) -> anyhow::Result<Vec<Moment>> {
        let mut moments = vec![];
        for alert in self.0.during(service, from, to).await? {
            let (by, environment) = (alert.source.to_string(), alert.environment.clone());
            let place = environment.as_ref().map_or(String::new(), |place| format!(" in {place}"));
            let (name, severity) = (alert.name(), alert.severity.word());
            let began = (alert.starts, format!("reported the alert {name} ({severity}){place}"));
            let over = alert.ended.map(|over| {
                (over.at, format!("reported that the alert {name}{place} was resolved"))
            });
            let told = [Some(began), over].into_iter().flatten();
            moments.extend(told.filter(|(at, _)| (from..=to).contains(at)).map(|(at, what)| {
                let (by, environment) = (by.clone(), environment.clone());
                Moment { at, by, what, kind: Kind::Happened, environment }
            }));
        }
        Ok(moments)
    }
}

/// `Alert HighErrorRate (critical) since 09:03 UTC, acknowledged by carol`
fn report(alert: &Alert, now: Timestamp) -> String {
    let since = alert.starts.time_of_day(now);
    let (name, severity) = (alert.name(), alert.severity.word());
    let how = match (alert.phase(now), &alert.acknowledged) {
        (Phase::Silenced, _) => ", silenced".to_owned(),
        (Phase::Inhibited, _) => ", part of another".to_owned(),
        (_, Some(acknowledged)) => format!(", acknowledged by {}", acknowledged.by.name),
        _ => String::new(),
    };
    format!("Alert {name} ({severity}) since {since}{how}")
}

impl Commands {
    /// The alert as this person may see it; `None` when they may not see it at all.
    pub(super) async fn alert_card(&self, actor: &Actor, id: &str) -> Option<Card> {
        let id: AlertId = id.parse().ok()?;
        let alert = self.alerts.find(&id).await.ok()?;
        let spot = alert.spot();
        let viewer = self.alert_viewer(actor, &alert).await;
        let may_look = self.access.expect(actor, Permission::Look, target(&spot)).await.is_ok();
        if !may_look && !viewer.may(Deed::Handle) {
            return None;
        }
        let before = self.shipped_before(&alert).await;
        Some(AlertView::of(&alert, before.as_ref(), &viewer, self.clock.now()).into())
    }

    /// A storm, for whoever may look at anything.
    pub(super) async fn storm_card(&self, actor: &Actor, id: &str) -> Option<Card> {
        let anything = crate::access::Target::default();
        self.access.expect(actor, Permission::Look, anything).await.ok()?;
        let tally = self.alerts.storm(id).await.ok()??;
        Some(StormView::of(&tally, self.clock.now()).into())
    }

    /// What one person may do about an alert.
    pub(super) async fn alert_viewer(&self, actor: &Actor, alert: &Alert) -> Viewer {
        let (spot, ways) = (alert.spot(), self.ways());
        let deeds = [
            (Deed::Handle, Permission::Alerts, true),
            (Deed::Read, Permission::Look, ways.runbook),
            (Deed::Declare, Permission::Incidents, true),
            (Deed::RollBack, Permission::Deploy, true),
        ];
        let mut viewer = Viewer::default();
        for (deed, permission, there) in deeds {
            if there && self.access.expect(actor, permission, target(&spot)).await.is_ok() {
                viewer.0.insert(deed);
            }
        }
        viewer
    }

    /// What was deployed before an alert began.
    pub(super) async fn shipped_before(&self, alert: &Alert) -> Option<Shipment> {
        let (service, environment) = (alert.service.as_ref()?, alert.environment.as_ref()?);
        Shipped(self.deployments.clone()).before(service, environment, alert.starts).await
    }
}

impl Said<'_> {
    /// The alert they name, which they may handle.
    pub(super) async fn alert_meant(&self, said: &str) -> Result<Alert, Error> {
        let alerts = &self.bot.alerts;
        let alert = if let Some(alert) = alerts.numbered(said).await? {
            alert
        } else {
            let theirs = self.with_which_they_may(Permission::Alerts, alerts.open().await?).await;
            alerts.named(said, &theirs).await?
        };
        self.is_about_alert(&alert);
        let spot = alert.spot();
        self.require(Permission::Alerts, target(&spot)).await?;
        Ok(alert)
    }

    /// Does something about it; its card answers.
    pub(super) async fn act(self, alert: Alert, act: Act) -> Result<Reply, Error> {
        self.bot.alerts.act(&alert.id, act, Some(&self.place)).await?;
        Ok(Reply::Shown(Subject::new(ALERT, &alert.id)))
    }
}
