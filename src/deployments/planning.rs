//! Makes plans: from what somebody would like, the configuration, and what the pipeline knows.

use std::{collections::BTreeMap, sync::Arc};

use super::{Deployments, Facts, Plan, Policy, Settings, Standing, deployment::Deployment};
use crate::{
    access::{Access, Actor, Permission, Target},
    names::{Environment, PipelineName, Service, Version},
    pipelines::{Pipeline, Unresolved, Wish},
};

/// Knows every service, its environments and who deploys them.
pub struct Planner {
    services: Settings,
    pipelines: BTreeMap<PipelineName, Arc<dyn Pipeline>>,
    access: Arc<Access>,
}

/// Why no plan can be made of what somebody would like.
#[derive(Debug, thiserror::Error)]
pub enum BadWish {
    /// No such service.
    #[error("There is no service `{name}`.{hint}")]
    Service {
        /// What was said.
        name: String,
        /// The nearest, or all.
        hint: String,
    },
    /// No such environment.
    #[error("{service} has no environment `{name}`.{hint}")]
    Environment {
        /// The service that was meant.
        service: Service,
        /// What was said.
        name: String,
        /// The nearest, or all.
        hint: String,
    },
    /// No such version: the pipeline's sentence.
    #[error("{0}")]
    Version(String),
    /// The pipeline could not be asked.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl Planner {
    /// Plans for these services.
    ///
    /// # Errors
    /// When a service names a pipeline that is not there.
    pub fn new(
        services: Settings,
        pipelines: BTreeMap<PipelineName, Arc<dyn Pipeline>>,
        access: Arc<Access>,
    ) -> anyhow::Result<Self> {
        for (name, service) in &services {
            let own = service.environments.values().filter_map(|e| e.pipeline.as_ref());
            for pipeline in own.chain([&service.pipeline]) {
                let known = pipelines.contains_key(pipeline);
                anyhow::ensure!(
                    known,
                    "{name} names the pipeline `{pipeline}`, which is not there"
                );
            }
        }
        Ok(Self { services, pipelines, access })
    }

    /// Every service and its environments.
    pub fn services(&self) -> &Settings {
        &self.services
    }

    /// Who may.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Every service somebody may deploy, and where to.
    pub async fn deployable_by(&self, actor: &Actor) -> Vec<(Service, Vec<Environment>)> {
        let mut all = vec![];
        for (service, settings) in &self.services {
            let mut there = vec![];
            for environment in settings.environments.keys() {
                let target = Target::of(service, environment);
                if self.access.require(actor, Permission::Deploy, target).await.is_ok() {
                    there.push(environment.clone());
                }
            }
            if !there.is_empty() {
                all.push((service.clone(), there));
            }
        }
        all
    }

    /// The service and environment of these names, if there are such.
    ///
    /// # Errors
    /// [`BadWish`] with the nearest names.
    pub fn place(&self, service: &Service, environment: &Environment) -> Result<(), BadWish> {
        let Some(settings) = self.services.get(service) else {
            let hint = hint(service.as_str(), self.services.keys().map(Service::as_str));
            return Err(BadWish::Service { name: service.to_string(), hint });
        };
        if settings.environments.contains_key(environment) {
            return Ok(());
        }
        let hint =
            hint(environment.as_str(), settings.environments.keys().map(Environment::as_str));
        let (service, name) = (service.clone(), environment.to_string());
        Err(BadWish::Environment { service, name, hint })
    }

    /// The pipeline that deploys a service to an environment.
    ///
    /// # Errors
    /// When the configuration no longer has it.
    pub fn pipeline(&self, name: &PipelineName) -> anyhow::Result<&Arc<dyn Pipeline>> {
        let pipeline = self.pipelines.get(name);
        pipeline.ok_or_else(|| anyhow::anyhow!("the pipeline `{name}` is no longer configured"))
    }

    /// What would happen if that version were deployed there now. Touches nothing.
    ///
    /// # Errors
    /// [`BadWish`] says what is wrong with the wish.
    pub async fn draft(
        &self,
        (service, environment): (&Service, &Environment),
        version: &Version,
        standing: Option<&Standing>,
    ) -> Result<Plan, BadWish> {
        self.place(service, environment)?;
        let settings = &self.services[service];
        let rules = &settings.environments[environment];
        let pipeline = rules.pipeline.as_ref().unwrap_or(&settings.pipeline).clone();
        let from = standing.and_then(|standing| standing.good.clone());
        let since =
            from.as_ref().map(|from| from.commit.as_deref().unwrap_or(from.version.as_str()));
        let wish = Wish { service, environment, version, since };
        let resolved =
            self.pipeline(&pipeline)?.resolve(&wish).await.map_err(|error| match error {
                Unresolved::NoSuchVersion(sentence) => BadWish::Version(sentence),
                Unresolved::Broken(error) => BadWish::Broken(error),
            })?;
        let plan = Plan {
            service: service.clone(),
            environment: environment.clone(),
            version: version.clone(),
            commit: None,
            artifact: None,
            pipeline,
            parameters: rules.parameters.clone(),
            policy: Policy::of(rules),
            from,
            changes: None,
        };
        Ok(plan.resolved(resolved))
    }

    /// How things are now for a deployment whose turn has come: the plan made once more, and the
    /// rights of everybody who took part, decided anew.
    ///
    /// # Errors
    /// When the pipeline or the database cannot be asked.
    pub async fn facts(
        &self,
        deployment: &Deployment,
        deployments: &Deployments,
    ) -> anyhow::Result<Facts> {
        let plan = &deployment.plan;
        let target = Target::of(&plan.service, &plan.environment);
        let requester = &deployment.requested_by;
        let denied = self.access.require(requester, Permission::Deploy, target).await.err();
        let mut lost = vec![];
        for approval in &deployment.approvals {
            if self.access.require(&approval.by, Permission::Approve, target).await.is_err() {
                lost.push(approval.by.id.clone());
            }
        }
        let standing = deployments.standing(&plan.service, &plan.environment).await?;
        let place = (&plan.service, &plan.environment);
        let (plan, denied) = match self.draft(place, &plan.version, standing.as_ref()).await {
            Ok(plan) => (plan, denied.map(|denied| denied.to_string())),
            Err(BadWish::Broken(error)) => return Err(error),
            Err(gone) => (plan.clone(), Some(gone.to_string())),
        };
        Ok(Facts { plan, denied, lost })
    }
}

/// ` Did you mean x?`, or ` There are a, b and c.`
fn hint<'a>(said: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(said, known.clone()) {
        Some(near) => format!(" Did you mean `{near}`?"),
        None => format!(" There are: {}.", known.collect::<Vec<_>>().join(", ")),
    }
}

/// How alike two words must be, from 0 to 1, for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// The known word that is nearest to what was said, when one is near.
pub fn nearest<'a>(said: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = known.map(|word| (word, strsim::jaro_winkler(said, word)));
    let best = rated.max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.filter(|(_, alike)| *alike > ALIKE).map(|(word, _)| word)
}
