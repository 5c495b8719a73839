//! `/alerts` and `/alerts checkout`: what fires, and what can be done about it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Command, Error, Reply, Said};
use crate::{
    access::Permission,
    alerts::{AlertsView, Brief, Page, Row, target},
    names::{Environment, Service, SourceName, is_invisible, nearest},
};

/// Lists alerts.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct List {
    /// A service, or a source of alerts.
    of: Option<String>,
    #[arg(long, default_value_t = 1)]
    page: usize,
    /// What fires no more.
    #[arg(long)]
    resolved: bool,
}

/// How many alerts one page has: with all their buttons, more would not fit into a message of
/// Teams.
const PAGE: usize = 6;

impl Command for List {
    const NAME: &'static str = "alerts";
    const USAGE: &'static str = "[service or source] [--resolved] [--page N]";
    const SUMMARY: &'static str = "Show what fires, and what can be done about it.";
    const EXAMPLES: &'static [&'static str] =
        &["/alerts", "/alerts checkout", "/alerts --resolved"];
    const PERMISSION: Option<Permission> = Some(Permission::Look);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let alerts = &said.bot.alerts;
        let all = if self.resolved { alerts.over().await? } else { alerts.open().await? };
        let mut theirs = said.with_which_they_may(Permission::Look, all).await;
        if let Some(of) = &self.of {
            said.must_be_known(of, &theirs)?;
            let is = |brief: &Brief| {
                let service = brief.service.as_ref().is_some_and(|name| name.as_str() == of);
                service || brief.source.as_str() == of
            };
            theirs.retain(is);
        }
        let pages = theirs.len().div_ceil(PAGE).max(1);
        let number = self.page.clamp(1, pages);
        let mut alike: BTreeMap<(Option<&Service>, &str), usize> = BTreeMap::new();
        for brief in &theirs {
            *alike.entry((brief.service.as_ref(), &brief.severity)).or_default() += 1;
        }
        let mut rows = vec![];
        for brief in theirs.iter().skip((number - 1) * PAGE).take(PAGE) {
            let alike = alike[&(brief.service.as_ref(), brief.severity.as_str())];
            let alert = alerts.find(&brief.id).await?;
            let before = said.bot.shipped_before(&alert).await;
            let viewer = said.bot.alert_viewer(&said.actor, &alert).await;
            rows.push(Row { alert, before, viewer, alike });
        }
        let of = self.of.as_ref();
        let flag = if self.resolved { " --resolved" } else { "" };
        let page = Page {
            say: of.map_or_else(|| format!("/alerts{flag}"), |of| format!("/alerts {of}{flag}")),
            of: of.map_or(String::new(), |of| format!(" of {of}")),
            over: self.resolved,
            number,
            pages,
            total: theirs.len(),
        };
        let troubles = alerts.troubles().await?;
        Ok(Reply::Card(AlertsView::of(&rows, &page, &troubles, said.bot.clock.now()).into()))
    }
}

impl Said<'_> {
    /// Those with which this person may do that.
    pub(super) async fn with_which_they_may(
        &self,
        permission: Permission,
        all: Vec<Brief>,
    ) -> Vec<Brief> {
        let mut may: BTreeMap<(Service, Environment), bool> = BTreeMap::new();
        let mut theirs = vec![];
        for brief in all {
            let spot = brief.spot();
            let known = may.get(&spot).copied();
            let allowed = match known {
                Some(allowed) => allowed,
                None => self.expects(permission, target(&spot)).await,
            };
            may.insert(spot, allowed);
            theirs.extend(allowed.then_some(brief));
        }
        theirs
    }

    /// What they name is a service or a source: of the configuration, or of an alert they may see.
    fn must_be_known(&self, of: &str, theirs: &[Brief]) -> Result<(), Error> {
        let mut known: BTreeSet<&str> =
            self.bot.planner.services().keys().map(Service::as_str).collect();
        known.extend(self.bot.alerts.sources().map(SourceName::as_str));
        known.extend(theirs.iter().filter_map(|brief| Some(brief.service.as_ref()?.as_str())));
        if known.contains(of) {
            return Ok(());
        }
        let shown: String =
            of.chars().filter(|c| !is_invisible(*c) && *c != '`').take(60).collect();
        let hint = match nearest(of, known.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.is_empty() => "`/alerts` lists everything.".to_owned(),
            None => {
                format!("There are: {}.", known.into_iter().take(12).collect::<Vec<_>>().join(", "))
            }
        };
        let what = format!("There is no service or source of alerts `{shown}`. {hint}");
        Err(Error::NothingMeant(what))
    }
}
