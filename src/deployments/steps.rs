//! What the worker does for each effect. Every step may run twice.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    Deployments, Error, Planner,
    deployment::Deployment,
    hold::{Hold, look_again},
    state::{Effect, Event, State},
    view::DeploymentView,
};
use crate::{
    access::Denied,
    chat::{Channels, Subject},
    clock::{Clock, Timestamp},
    health::Probe,
    jobs::{Handler, Job, Ran, Wish},
    names::{DeploymentId, Environment, Service},
    pipelines::{Found, Order, Started},
};

const KIND: &str = "deployment";

/// How often a queued deployment looks whether it is its turn, in case nobody woke it.
const QUEUE_LOOKS: Duration = Duration::from_secs(15);

/// The probes of every environment of every service.
pub type Probes = BTreeMap<(Service, Environment), Vec<Arc<dyn Probe>>>;

/// Does what deployments want done.
pub struct Steps {
    /// The deployments.
    pub deployments: Arc<Deployments>,
    /// Plans, and the pipelines.
    pub planner: Arc<Planner>,
    /// Where their cards are shown.
    pub channels: Arc<Channels>,
    /// How we know that it worked.
    pub probes: Probes,
    /// The time.
    pub clock: Clock,
}

/// The job that does `effect`. Each start has its own, so that an attempt at one never counts as
/// an attempt at the next.
pub(super) fn wish(
    id: &DeploymentId,
    effect: Effect,
    starts: u32,
    run_at: Timestamp,
) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(&(id, effect))?;
    let key = match effect {
        Effect::StartRun => format!("{payload}{starts}"),
        _ => payload.clone(),
    };
    Ok(Wish { kind: KIND, key, payload, run_at })
}

#[async_trait]
impl Handler for Steps {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let (id, effect): (DeploymentId, Effect) = serde_json::from_str(&job.payload)?;
        let deployment = self.deployments.find(&id).await?;
        let event = match (effect, &deployment.state) {
            (Effect::ShowCard, _) => return self.show(&deployment).await,
            (Effect::WakeNext, _) => return self.wake_next(&deployment).await,
            (Effect::TakeTurn, State::Queued { .. }) => return self.take_turn(deployment).await,
            (Effect::SeeHolds, State::AwaitingApproval { .. }) => {
                self.see_holds(&deployment).await?;
                return Ok(Ran::Done);
            }
            (Effect::StartRun, State::Starting { order, unclear: None }) => {
                match self.start(&deployment, order, job).await? {
                    Some(event) => event,
                    None => return Ok(Ran::Done),
                }
            }
            (
                Effect::FindRun,
                State::Starting { order, unclear: Some(_) } | State::Unknown { order, .. },
            ) => self.look_for(&deployment, order).await?,
            (Effect::WatchRun, State::Running { run, .. }) => {
                let pipeline = self.planner.pipeline(&deployment.plan.pipeline)?;
                Event::RunProgressed { progress: pipeline.progress(run).await? }
            }
            (Effect::SettleGates, State::Running { .. }) => {
                return self.settle_gates(&deployment).await;
            }
            (Effect::AnswerGates, State::Running { .. }) => {
                return self.answer_gates(&deployment, job).await;
            }
            (Effect::CancelRun, State::Running { run, stopping: Some(_), .. }) => {
                self.planner.pipeline(&deployment.plan.pipeline)?.cancel(run).await?;
                return Ok(Ran::Done);
            }
            (Effect::CheckHealth, State::Verifying(_)) => self.check(&deployment).await,
            (Effect::ExpireRequest, State::AwaitingApproval { until }) => {
                let left = until.since(self.clock.now());
                if left > Duration::ZERO {
                    return Ok(Ran::Again(left));
                }
                Event::RequestExpired
            }
            (Effect::EndCountdown, State::CountingDown { until, .. }) => {
                let left = until.since(self.clock.now());
                if left > Duration::ZERO {
                    self.show(&deployment).await?;
                    return Ok(Ran::Again(count(left)));
                }
                Event::CountdownEnded
            }
            // The deployment moved on while this step was waiting: nothing left to do.
            _ => return Ok(Ran::Done),
        };
        match self.deployments.record(&id, event).await {
            Ok(_) | Err(Error::Refused(_)) => Ok(Ran::Done),
            Err(error) => Err(error.into()),
        }
    }
}

/// When a count-down is shown next: every second at its end, and seldom enough before that no
/// chat's limit of messages is spent on it.
fn count(left: Duration) -> Duration {
    if left > Duration::from_secs(15) {
        Duration::from_secs(5)
    } else {
        left.min(Duration::from_secs(1))
    }
}

impl Steps {
    async fn show(&self, deployment: &Deployment) -> anyhow::Result<Ran> {
        let room = deployment.plan.policy.room.as_ref();
        let places = self.channels.places(room, &deployment.asked_in).await;
        let view = DeploymentView::of(deployment, self.planner.access(), None, self.clock.now());
        let subject = Subject::new(super::SUBJECT, &deployment.id);
        self.channels.show(&subject, &places, &view.into()).await?;
        Ok(Ran::Done)
    }

    /// What stands in its way now; the deployment is told when that has changed.
    pub(super) async fn see_holds(&self, deployment: &Deployment) -> anyhow::Result<Vec<Hold>> {
        let (plan, by) = (&deployment.plan, &deployment.requested_by);
        let now = self.clock.now();
        let holds = if deployment.comes_back() {
            vec![]
        } else {
            self.planner.holds((plan, by), &self.deployments, now).await?
        };
        if holds != deployment.held {
            let event = Event::Held { holds: holds.clone() };
            match self.deployments.record(&deployment.id, event).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(holds)
    }

    /// Locks and freezes are asked about first: what they hold back need not be planned anew
    /// every time it looks, and lets go ahead what they do not hold.
    async fn take_turn(&self, deployment: Deployment) -> anyhow::Result<Ran> {
        let holds = self.see_holds(&deployment).await?;
        if !holds.is_empty() {
            return Ok(Ran::Again(look_again(&holds, self.clock.now())));
        }
        let Deployment { id, plan, .. } = &deployment;
        let next = self.deployments.next_in_line(&plan.service, &plan.environment).await?;
        if next.as_ref() != Some(id) {
            return Ok(Ran::Again(QUEUE_LOOKS));
        }
        let facts = match self.planner.facts(&deployment, &self.deployments).await {
            Err(error) if error.downcast_ref::<Denied>().is_some() => {
                tracing::warn!(deployment = id.as_str(), "it does not start: {error}");
                return Ok(Ran::Again(QUEUE_LOOKS));
            }
            facts => facts?,
        };
        match self.deployments.record(id, Event::TurnCame(Box::new(facts))).await {
            // Locked in this very moment.
            Ok(Deployment { state: State::Queued { .. }, .. }) => Ok(Ran::Again(QUEUE_LOOKS)),
            Ok(_) | Err(Error::Refused(_)) => Ok(Ran::Done),
            Err(error) => Err(error.into()),
        }
    }

    async fn wake_next(&self, ended: &Deployment) -> anyhow::Result<Ran> {
        let place = (&ended.plan.service, &ended.plan.environment);
        if let Some(next) = self.deployments.next_in_line(place.0, place.1).await? {
            self.deployments.nudge(&next, Effect::TakeTurn).await?;
        }
        Ok(Ran::Done)
    }

    /// The first attempt asks for a run. Any later one knows that an earlier may have asked, and
    /// looks before anything else.
    async fn start(
        &self,
        deployment: &Deployment,
        order: &Order,
        job: &Job,
    ) -> anyhow::Result<Option<Event>> {
        let pipeline = self.planner.pipeline(&deployment.plan.pipeline)?;
        if job.attempt > 1 {
            return Ok(Some(self.look_for(deployment, order).await?));
        }
        if !job.is_ours(self.clock.now()) {
            return Ok(None);
        }
        Ok(Some(match pipeline.start(order).await {
            Started::Run(run) => Event::RunStarted { run },
            Started::Refused(why) => Event::StartRefused { why },
            Started::NotNow(why) => Event::StartPostponed { why },
            Started::Unclear(why) => Event::StartUnclear { why },
        }))
    }

    async fn look_for(&self, deployment: &Deployment, order: &Order) -> anyhow::Result<Event> {
        let pipeline = self.planner.pipeline(&deployment.plan.pipeline)?;
        Ok(match pipeline.find(order).await? {
            Found::Run(run) => Event::RunStarted { run },
            Found::Absent => Event::RunNotFound { certain: true },
            Found::NotSeen => Event::RunNotFound { certain: false },
        })
    }

    async fn check(&self, deployment: &Deployment) -> Event {
        let place = (deployment.plan.service.clone(), deployment.plan.environment.clone());
        let probes = self.probes.get(&place).map_or(&[][..], Vec::as_slice);
        // On the way back too: what began with the bad version must be over.
        let began = deployment.began;
        let answers = probes.iter().map(|probe| probe.check(began));
        Event::HealthChecked { answers: join_all(answers).await }
    }
}
