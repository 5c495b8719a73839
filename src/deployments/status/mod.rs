//! How every environment of every service is doing: what is remembered, and what is asked for the
//! answer. Everything is asked at once and for a short time only, so that a slow or dead system
//! costs its own figure and nobody else's.

mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use moka::future::Cache;

pub use view::{CellViewer, StatusView};

use super::{
    BadWish, Deployments, Planner, Probes, deployment::Deployment, hold::Hold, plan::Release,
    standing::Standing,
};
use crate::{
    clock::{Clock, Timestamp},
    names::{Environment, Service},
};

/// How long a figure is good enough. Longer spares the systems that are asked; shorter shows
/// trouble earlier.
const FRESH: Duration = Duration::from_secs(30);

/// How long a figure is waited for. A pressed button must be answered within three seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many figures are kept; each is a few hundred bytes.
const FIGURES: u64 = 10_000;

/// One environment of one service.
pub type Spot = (Service, Environment);

/// Somebody else who knows something about an environment, alerts for instance. What they know
/// has to be at hand: this is asked while a person waits.
#[async_trait]
pub trait Sentinel: Send + Sync {
    /// What is wrong there now, a sentence each.
    async fn reports(&self, service: &Service, environment: &Environment) -> Vec<String>;
}

/// Something that was asked, and when.
#[derive(Clone, Debug)]
pub struct Figure<T> {
    /// The answer.
    pub value: T,
    /// When it was given.
    pub at: Timestamp,
}

/// What the probes of an environment say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// All of them say yes.
    Well,
    /// What one of them found.
    Unwell(String),
    /// They did not answer in time.
    Silent,
}

/// How what is live in one environment differs from what is live in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It does not.
    Same,
    /// By commits.
    Commits {
        /// That the other has, and this one has not.
        missing: usize,
        /// That this one has, and the other has not.
        extra: usize,
    },
    /// Nobody can tell by how much.
    Other,
}

/// All there is to know about one environment of one service.
#[derive(Debug)]
pub struct Cell {
    /// The service.
    pub service: Service,
    /// The environment.
    pub environment: Environment,
    /// What is live there, and since when.
    pub standing: Option<Standing>,
    /// How it is; `None` when there is nothing to ask.
    pub health: Option<Figure<Health>>,
    /// How it differs from the environment that versions come to first.
    pub drift: Option<(Standing, Environment, Figure<Drift>)>,
    /// What runs there or waits there.
    pub open: Vec<Deployment>,
    /// Locks and freezes.
    pub holds: Vec<Hold>,
    /// What others say.
    pub reports: Vec<String>,
}

/// Keeps the figures that are expensive to ask for.
pub struct Figures {
    deployments: Arc<Deployments>,
    planner: Arc<Planner>,
    probes: Probes,
    sentinels: Vec<Arc<dyn Sentinel>>,
    clock: Clock,
    health: Cache<Spot, Figure<Health>>,
    drift: Cache<(Spot, Release, Release), Figure<Drift>>,
}

impl Figures {
    /// Nothing has been asked yet.
    pub fn new(
        deployments: Arc<Deployments>,
        planner: Arc<Planner>,
        probes: Probes,
        sentinels: Vec<Arc<dyn Sentinel>>,
        clock: Clock,
    ) -> Self {
        let (health, drift) = (Cache::new(FIGURES), Cache::new(FIGURES));
        Self { deployments, planner, probes, sentinels, clock, health, drift }
    }

    /// How these environments are doing, in this order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(&self, spots: &[Spot]) -> Result<Vec<Cell>, super::Error> {
        let now = self.clock.now();
        let standings = self.deployments.standings().await?;
        let standings: BTreeMap<Spot, Standing> =
            standings.into_iter().map(|(s, e, standing)| ((s, e), standing)).collect();
        let (open, locks) = (self.deployments.open().await?, self.deployments.locks().await?);
        // What somebody may not look at is not compared with either.
        let seen: BTreeMap<Spot, Standing> =
            standings.into_iter().filter(|(spot, _)| spots.contains(spot)).collect();
        let cells = spots.iter().map(|spot| {
            let (service, environment) = spot;
            let standing = seen.get(spot).cloned();
            let lock =
                locks.iter().find(|l| l.service == *service && l.environment == *environment);
            let freeze = self.planner.freezes().on(service, environment, now);
            let holds = lock.map(super::Lock::hold).into_iter().chain(freeze).collect();
            let open = open.iter().filter(|d| d.plan.is_for(service, environment));
            let open = open.cloned().collect();
            let lead = self.lead(spot, &seen);
            async move {
                let (health, drift, reports) = tokio::join!(
                    self.health(spot),
                    self.drift(spot, standing.as_ref(), lead),
                    self.reports(spot),
                );
                let (service, environment) = spot.clone();
                Cell { service, environment, standing, health, drift, open, holds, reports }
            }
        });
        Ok(join_all(cells).await)
    }

    /// The other environment of the same service that versions come to first: the least guarded
    /// one, or of several the one that was changed last.
    fn lead<'a>(
        &self,
        spot: &Spot,
        standings: &'a BTreeMap<Spot, Standing>,
    ) -> Option<(&'a Spot, &'a Standing)> {
        let environments = &self.planner.services().get(&spot.0)?.environments;
        let there = standings.iter().filter(|((service, environment), _)| {
            *service == spot.0 && environments.contains_key(environment)
        });
        let rank = |((_, environment), standing): &(&Spot, &Standing)| {
            let approvals = environments.get(environment).map(|rules| rules.approvals);
            (approvals, std::cmp::Reverse(standing.since))
        };
        there.min_by_key(rank).filter(|(lead, _)| *lead != spot)
    }

    async fn health(&self, spot: &Spot) -> Option<Figure<Health>> {
        let probes = self.probes.get(spot).filter(|probes| !probes.is_empty())?;
        let ask = async {
            let answers = join_all(probes.iter().map(|probe| probe.check(None)));
            let value = match tokio::time::timeout(PATIENCE, answers).await {
                Err(_) => Health::Silent,
                Ok(answers) => match answers.into_iter().find(|answer| !answer.healthy) {
                    Some(unwell) => Health::Unwell(unwell.detail),
                    None => Health::Well,
                },
            };
            Figure { value, at: self.clock.now() }
        };
        let entry = self.health.entry_by_ref(spot).or_insert_with_if(ask, |old| self.is_old(old));
        Some(entry.await.into_value())
    }

    async fn drift(
        &self,
        spot: &Spot,
        standing: Option<&Standing>,
        lead: Option<(&Spot, &Standing)>,
    ) -> Option<(Standing, Environment, Figure<Drift>)> {
        let (own, (place, lead)) = (&standing?.live, lead?);
        if own.is(&lead.live) {
            let same = Figure { value: Drift::Same, at: self.clock.now() };
            return Some((lead.clone(), place.1.clone(), same));
        }
        let ask = async {
            let newest = newest(&lead.live);
            let changes = self.planner.compare((&spot.0, &spot.1), newest.as_ref(), own);
            let value = match tokio::time::timeout(PATIENCE, changes).await {
                Ok(Ok(Some(changes))) => {
                    Drift::Commits { missing: changes.total, extra: changes.behind }
                }
                Ok(Err(BadWish::Broken(error))) => {
                    tracing::warn!(service = spot.0.as_str(), "nothing to compare: {error:#}");
                    Drift::Other
                }
                _ => Drift::Other,
            };
            Figure { value, at: self.clock.now() }
        };
        let key = (spot.clone(), own.clone(), lead.live.clone());
        let entry = self.drift.entry(key).or_insert_with_if(ask, |old| self.is_old(old));
        let figure = entry.await.into_value();
        Some((lead.clone(), place.1.clone(), figure))
    }

    async fn reports(&self, spot: &Spot) -> Vec<String> {
        let reports = self.sentinels.iter().map(|sentinel| async {
            let reports = sentinel.reports(&spot.0, &spot.1);
            tokio::time::timeout(PATIENCE, reports).await.unwrap_or_default()
        });
        join_all(reports).await.concat()
    }

    fn is_old<T>(&self, figure: &Figure<T>) -> bool {
        self.clock.now().since(figure.at) >= FRESH
    }
}

/// A release by its commit where that is known: a branch may stand for another one by now.
fn newest(release: &Release) -> std::borrow::Cow<'_, crate::names::Version> {
    let commit = release.commit.as_ref().and_then(|commit| commit.parse().ok());
    commit.map_or(std::borrow::Cow::Borrowed(&release.version), std::borrow::Cow::Owned)
}
