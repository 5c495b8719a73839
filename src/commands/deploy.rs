//! `/deploy production v2.1.0`

use super::{
    Command, Error, Reply, Said,
    asking::kept,
    form::{Field, FormView},
};
use crate::{
    access::{Permission, Target},
    cards::Button,
    deployments::Plan,
    names::{Environment, Service, Version},
};

/// Brings a version to an environment.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Deploy {
    environment: Option<Environment>,
    version: Option<Version>,
    #[arg(long)]
    service: Option<Service>,
    #[arg(long)]
    reason: Option<String>,
    /// Only says what would happen.
    #[arg(long)]
    plan: bool,
    /// Why it may go through a freeze.
    #[arg(long = "override")]
    exception: Option<String>,
}

impl Command for Deploy {
    const NAME: &'static str = "deploy";
    const USAGE: &'static str = "<environment> <version> [--service S] [--reason \"…\"] [--plan] \
                                 [--override \"why, in spite of a freeze\"]";
    const SUMMARY: &'static str = "Deploy a version, once enough people have approved it.";
    const EXAMPLES: &'static [&'static str] = &[
        "/deploy staging v2.1.0",
        "/deploy production v2.1.0 --plan",
        "/deploy production v2.1.0 --service checkout --reason \"fixes the basket\"",
    ];
    const PERMISSION: Option<Permission> = Some(Permission::Deploy);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let choices = said.bot.planner.deployable_by(&said.actor).await;
        let service = self.service.clone().or_else(|| self.only_service(&choices));
        let (Some(service), Some(environment), Some(version)) =
            (service, &self.environment, &self.version)
        else {
            return Ok(Reply::Card(self.form(&choices).into()));
        };
        said.bot.planner.place(&service, environment)?;
        said.require(Permission::Deploy, Target::of(&service, environment)).await?;
        let standing = said.bot.deployments.standing(&service, environment).await?;
        let place = (&service, environment);
        let plan = said.bot.planner.draft(place, version, standing.as_ref()).await?;
        let exception = kept(self.exception);
        if exception.is_some() {
            said.require(Permission::Override, Target::of(&service, environment)).await?;
        }
        let plan = Plan { exception, ..plan };
        if self.plan { said.forecast(plan).await } else { said.ask(plan, kept(self.reason)).await }
    }
}

/// A service, and the environments of it that somebody may deploy to.
type Choice = (Service, Vec<Environment>);

impl Deploy {
    /// The service that must be meant, when nobody said which: the only one with that environment,
    /// or the only one there is.
    fn only_service(&self, choices: &[Choice]) -> Option<Service> {
        let wanted = |(_, there): &&Choice| {
            self.environment.as_ref().is_none_or(|environment| there.contains(environment))
        };
        let mut fitting = choices.iter().filter(wanted);
        match (fitting.next(), fitting.next(), choices) {
            (Some((only, _)), None, _) | (None, _, [(only, _)]) => Some(only.clone()),
            _ => None,
        }
    }

    fn form(self, choices: &[Choice]) -> FormView {
        let services: Vec<String> = choices.iter().map(|(name, _)| name.to_string()).collect();
        let mut environments: Vec<String> =
            choices.iter().flat_map(|(_, there)| there).map(ToString::to_string).collect();
        environments.sort();
        environments.dedup();
        let one_service = services.len() == 1;
        let service = self.service.map(|name| name.to_string()).filter(|s| services.contains(s));
        let environment =
            self.environment.map(|name| name.to_string()).filter(|e| environments.contains(e));
        let fields = [
            Field::choice("service", "Service", services).with(service),
            Field::choice("environment", "Environment", environments).with(environment),
            Field::text("version", "Version", "v2.1.0").with(self.version),
            Field::text("reason", "Reason", "for everybody to read").with(self.reason).optional(),
        ];
        let (skip, say) = if one_service {
            (1, "/deploy {environment} {version} --reason {reason}")
        } else {
            (0, "/deploy {environment} {version} --service {service} --reason {reason}")
        };
        FormView {
            title: "What would you like to deploy?".to_owned(),
            text: Some("Nothing happens before the plan has been shown and approved.".to_owned()),
            fields: fields.into_iter().skip(skip).collect(),
            button: Button {
                title: "Plan it".to_owned(),
                say: say.to_owned(),
                style: "positive",
                secondary: false,
            },
        }
    }
}
