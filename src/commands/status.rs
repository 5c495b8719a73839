//! `/status` and `/status checkout`

use super::{Command, Error, Reply, Said};
use crate::{
    access::{Permission, Target},
    deployments::{Cell, CellViewer, StatusView},
    names::Service,
};

/// Shows what runs where, and how it is.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Status {
    service: Option<Service>,
}

impl Command for Status {
    const NAME: &'static str = "status";
    const USAGE: &'static str = "[service]";
    const SUMMARY: &'static str = "Show what runs where, how it is, and what waits.";
    const EXAMPLES: &'static [&'static str] = &["/status", "/status checkout"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        said.bot.planner.known(self.service.as_ref(), None)?;
        let mut spots = vec![];
        for (service, settings) in said.bot.planner.services() {
            if self.service.as_ref().is_some_and(|one| one != service) {
                continue;
            }
            for environment in settings.environments.keys() {
                let target = Target::of(service, environment);
                if said.expects(Permission::Look, target).await {
                    spots.push((service.clone(), environment.clone()));
                }
            }
        }
        if let (Some(service), true) = (&self.service, spots.is_empty()) {
            let target = Target { service: Some(service), environment: None };
            said.require(Permission::Look, target).await?;
        }
        let mut cells = vec![];
        for cell in said.bot.figures.look(&spots).await? {
            let viewer = said.viewer_of(&cell).await;
            cells.push((cell, viewer));
        }
        let view = StatusView::of(&cells, self.service.as_ref(), said.bot.clock.now());
        Ok(Reply::Card(view.into()))
    }
}

impl Said<'_> {
    async fn viewer_of(&self, cell: &Cell) -> CellViewer {
        let target = Target::of(&cell.service, &cell.environment);
        let may_deploy = self.expects(Permission::Deploy, target).await;
        let mut waiting = vec![];
        for deployment in &cell.open {
            if self.waits_for_them(deployment).await {
                waiting.push(deployment.clone());
            }
        }
        CellViewer { waiting, may_deploy }
    }
}
