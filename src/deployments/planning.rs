//! Makes plans: from what somebody would like, the configuration, and what the pipeline knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Deployments, EnvironmentSettings, FreezeSettings, Freezes, Hold, NoWayBack, Plan, Policy,
    Release, ServiceSettings, Settings, Standing,
};
use crate::{
    access::{Access, Actor, Permission, Target},
    clock::Timestamp,
    names::{Environment, PipelineName, Service, Version, hint},
    pipelines::{Changes, Gate, Pipeline, Resolved, Unresolved, Wish},
};

/// Knows every service, its environments and who deploys them.
pub struct Planner {
    services: Settings,
    /// Every pipeline, whether or not a service uses it.
    pub pipelines: BTreeMap<PipelineName, Arc<dyn Pipeline>>,
    access: Arc<Access>,
    freezes: Freezes,
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
    /// The pipeline could not be asked about the version now.
    #[error(
        "The pipeline `{pipeline}` could not say what `{version}` is: {error}. Nothing was \
         changed. Try again in a minute."
    )]
    Unanswered {
        /// Which pipeline.
        pipeline: PipelineName,
        /// What it was asked about.
        version: Version,
        /// What went wrong.
        error: anyhow::Error,
    },
    /// There is nothing to go back to.
    #[error("{0}.")]
    NoWayBack(#[from] NoWayBack),
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
                anyhow::ensure!(known, "{name} names the pipeline `{pipeline}`, which is missing");
            }
        }
        Ok(Self { services, pipelines, access, freezes: Freezes::default() })
    }

    /// The same, with times in which nothing is deployed.
    #[must_use]
    pub fn freezing(self, freezes: Vec<FreezeSettings>) -> Self {
        Self { freezes: Freezes::new(freezes), ..self }
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
                if self.access.expect(actor, Permission::Deploy, target).await.is_ok() {
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

    /// The environments of a service that lie behind a gate, by the configuration or by its name.
    pub fn behind(&self, service: &Service, gate: &Gate) -> BTreeSet<&Environment> {
        let environments = self.services.get(service).map(|settings| settings.environments.keys());
        let own = gate.own.as_ref().map(|own| &own.environment);
        let is = |environment: &&Environment| {
            let named = gate.name.eq_ignore_ascii_case(environment.as_str());
            named || own == Some(environment) || gate.environment.as_ref() == Some(environment)
        };
        environments.into_iter().flatten().filter(is).collect()
    }

    /// Whether there are such a service and such an environment of it, or of any.
    ///
    /// # Errors
    /// [`BadWish`] with the nearest names.
    pub fn known(
        &self,
        service: Option<&Service>,
        environment: Option<&Environment>,
    ) -> Result<(), BadWish> {
        match (service, environment) {
            (Some(service), Some(environment)) => self.place(service, environment),
            (Some(name), None) if self.services.contains_key(name) => Ok(()),
            (Some(name), None) => {
                let hint = hint(name.as_str(), self.services.keys().map(Service::as_str));
                Err(BadWish::Service { name: name.to_string(), hint })
            }
            (None, Some(environment)) => {
                let has = |service: &&Service| {
                    self.services[*service].environments.contains_key(environment)
                };
                match (self.services.keys().find(has), self.services.keys().next()) {
                    (None, Some(any)) => self.place(any, environment),
                    _ => Ok(()),
                }
            }
            (None, None) => Ok(()),
        }
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
        place: (&Service, &Environment),
        version: &Version,
        standing: Option<&Standing>,
    ) -> Result<Plan, BadWish> {
        let (settings, rules) = self.rules(place)?;
        let from = standing.and_then(|standing| standing.good.clone());
        let plan = plan(place, (settings, rules), version.clone(), from);
        let resolved = self.resolve(&plan, version).await?;
        Ok(plan.resolved(resolved))
    }

    /// What would happen if that version, which was good there once, came back now. A name that
    /// stands for another commit today still means the commit of then. Touches nothing.
    ///
    /// # Errors
    /// [`BadWish`] says what is wrong with the wish.
    pub async fn draft_back(
        &self,
        place: (&Service, &Environment),
        to: &Release,
        standing: Option<&Standing>,
    ) -> Result<Plan, BadWish> {
        let (settings, rules) = self.rules(place)?;
        let from = standing.map(|standing| standing.live.clone());
        let plan = plan(place, (settings, rules), to.version.clone(), from);
        let plan = Plan { policy: Policy::back_of(rules), back: true, ..plan };
        let named = self.resolve(&plan, &to.version).await;
        let commit = to.commit.as_ref().and_then(|commit| commit.parse::<Version>().ok());
        let resolved = match (named, commit) {
            (Ok(named), Some(commit)) if named.commit.as_deref() != Some(commit.as_str()) => {
                let then = self.resolve(&plan, &commit).await?;
                Resolved { commit: to.commit.clone(), ..then }
            }
            (Err(BadWish::Version(_)), Some(commit)) => {
                let then = self.resolve(&plan, &commit).await?;
                Resolved { commit: to.commit.clone(), ..then }
            }
            (named, _) => named?,
        };
        Ok(plan.resolved(resolved))
    }

    /// Everything that would hold this plan of that person back now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn holds(
        &self,
        (plan, by): (&Plan, &Actor),
        deployments: &Deployments,
        now: Timestamp,
    ) -> Result<Vec<Hold>, super::Error> {
        let Plan { service, environment, .. } = plan;
        let lock = deployments.lock_of(service, environment).await?.map(|lock| lock.hold());
        let target = Target::of(service, environment);
        let freeze = self.freezes.on(service, environment, now);
        // Nobody is asked about who may do what nobody wants.
        let may_override = freeze.is_some()
            && plan.exception.is_some()
            && self.access.require(by, Permission::Override, target).await.is_ok();
        let holds = lock.into_iter().chain(freeze);
        Ok(holds.filter(|hold| hold.stops(plan, may_override)).collect())
    }

    /// When nothing is deployed.
    pub fn freezes(&self) -> &Freezes {
        &self.freezes
    }

    /// What another version would bring to an environment, or take from it.
    pub(super) async fn compare(
        &self,
        place: (&Service, &Environment),
        version: &Version,
        since: &Release,
    ) -> Result<Option<Changes>, BadWish> {
        let plan = plan(place, self.rules(place)?, version.clone(), Some(since.clone()));
        Ok(self.resolve(&plan, version).await?.changes)
    }

    async fn resolve(&self, plan: &Plan, version: &Version) -> Result<Resolved, BadWish> {
        let since = plan.from.as_ref();
        let since = since.map(|from| from.commit.as_deref().unwrap_or(from.version.as_str()));
        let (service, environment) = (&plan.service, &plan.environment);
        let wish = Wish { service, environment, version, since };
        let resolved = self.pipeline(&plan.pipeline)?.resolve(&wish).await;
        resolved.map_err(|error| match error {
            Unresolved::NoSuchVersion(sentence) => BadWish::Version(sentence),
            Unresolved::Broken(error) => {
                let (pipeline, version) = (plan.pipeline.clone(), version.clone());
                tracing::warn!(%pipeline, %version, "a pipeline could not be asked: {error:#}");
                BadWish::Unanswered { pipeline, version, error }
            }
        })
    }

    fn rules(
        &self,
        (service, environment): (&Service, &Environment),
    ) -> Result<(&ServiceSettings, &EnvironmentSettings), BadWish> {
        self.place(service, environment)?;
        let settings = &self.services[service];
        Ok((settings, &settings.environments[environment]))
    }
}

fn plan(
    (service, environment): (&Service, &Environment),
    (settings, rules): (&ServiceSettings, &EnvironmentSettings),
    version: Version,
    from: Option<Release>,
) -> Plan {
    Plan {
        service: service.clone(),
        environment: environment.clone(),
        version,
        commit: None,
        artifact: None,
        pipeline: rules.pipeline.as_ref().unwrap_or(&settings.pipeline).clone(),
        parameters: rules.parameters.clone(),
        policy: Policy::of(rules),
        from,
        changes: None,
        back: false,
        exception: None,
    }
}
