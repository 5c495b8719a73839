//! A job of Jenkins, built with parameters.
//!
//! # What the job needs
//!
//! `deploy/jenkins/Jenkinsfile` is a whole one.
//!
//! String parameters named `version`, `request_id`, `commit`, `environment` and `service` (see
//! `inputs` for other names), and "Do not allow concurrent builds". Jenkins silently drops what a
//! job does not declare, so Pilothouse reads the declarations first and starts nothing when one
//! is missing. The request id is what a build is recognised by, in the queue and afterwards; it
//! also keeps Jenkins from taking two orders for the same one.
//!
//! An API token needs no crumb. Where a crumb is asked for all the same, it is fetched once and
//! the order given with it.

mod answers;
mod greeting;
mod settings;

use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use url::Url;

use answers::{Build, Builds, Crumb, Item, Job, Queue, Stages};
pub use settings::Settings;

use super::{
    Found, Ground, Inputs, Order, Pipeline, Place, Progress, Resolved, Run, RunState, Started,
    Unresolved, Wish,
    common::{not_started, with},
};
use crate::{
    clock::Timestamp,
    greeting::Greeting,
    names::RunId,
    outbound::{Answer, Failure},
    vendors::server::{Error, Key, Server},
};

/// How many builds are searched, newest first.
const SEARCHED: &str = "builds[number,actions[parameters[name,value]]]{0,100}";

/// How many runs are remembered with their place in the queue; more are searched for each time.
const REMEMBERED: u64 = 1000;

/// Answers that mean yes: Jenkins sends browsers on to a page.
const SENT_ON: [u16; 2] = [302, 303];

pub(super) struct Jenkins {
    server: Server,
    job: Place,
    inputs: Inputs,
    /// Where a run was seen last.
    known: moka::sync::Cache<String, Spot>,
}

/// Where a run is. It moves from the queue to the builds, and is forgotten by the queue.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Queue(u64),
    Build(u64),
}

impl Jenkins {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        settings.inputs.check()?;
        Ok(Self {
            server: Server::new(
                "Jenkins",
                (settings.url.clone(), settings.timeout),
                Key::Basic(settings.user.clone(), settings.token.clone()),
                (ground.clock.clone(), ground.outbound.clone()),
            )?,
            job: settings.job.clone(),
            inputs: settings.inputs.clone(),
            known: moka::sync::Cache::new(REMEMBERED),
        })
    }

    fn url(&self, more: &[&str]) -> anyhow::Result<Url> {
        let folders = self.job.parts().flat_map(|part| ["job", part]);
        self.server.url(&folders.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// Runs are called by the id they were told: the queue's numbers are soon forgotten, and a
    /// build has none before it begins.
    fn run(&self, id: &str, spot: Spot) -> anyhow::Result<Run> {
        self.known.insert(id.to_owned(), spot);
        let (label, url) = match spot {
            Spot::Queue(item) => (format!("queue item {item}"), self.url(&[])?),
            Spot::Build(number) => (format!("#{number}"), self.url(&[&number.to_string()])?),
        };
        let id: RunId = id.parse().context("a correlation id is a run's name")?;
        Ok(Run { id, label, url: Some(url.into()) })
    }

    /// Where the run is now; the queue is asked first, because runs leave it for the builds.
    async fn spot(&self, id: &str) -> anyhow::Result<Option<Spot>> {
        let name = self.inputs.request_id.as_str();
        let tree = [("tree", "items[id,why,actions[parameters[name,value]]]")];
        let queue: Queue =
            self.server.ask(with(self.server.url(&["queue", "api", "json"])?, &tree)).await?;
        if let Some(item) = queue.items.iter().find(|item| item.was_told(name, id)) {
            return Ok(Some(Spot::Queue(item.id)));
        }
        let builds: Builds =
            self.server.ask(with(self.url(&["api", "json"])?, &[("tree", SEARCHED)])).await?;
        let mut ours = builds.builds.iter().filter(|build| build.was_told(name, id));
        Ok(ours.next_back().map(|build| Spot::Build(build.number)))
    }

    /// A thing in the queue, for the minutes it is remembered there.
    async fn item(&self, id: u64) -> Result<Option<Item>, anyhow::Error> {
        let url = self.server.url(&["queue", "item", &id.to_string(), "api", "json"])?;
        match self.server.ask(url).await {
            Ok(item) => Ok(Some(item)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where the run is and, while it waits, what the queue says about it.
    async fn whereabouts(&self, id: &str) -> anyhow::Result<Option<(Spot, Option<Item>)>> {
        let spot = match self.known.get(id) {
            Some(spot) => Some(spot),
            None => self.spot(id).await?,
        };
        let Some(Spot::Queue(waiting)) = spot else { return Ok(spot.map(|spot| (spot, None))) };
        let spot = match self.item(waiting).await? {
            Some(Item { executable: Some(begun), .. }) => Some(Spot::Build(begun.number)),
            Some(item) => return Ok(Some((Spot::Queue(waiting), Some(item)))),
            None => self.spot(id).await?,
        };
        Ok(spot.map(|spot| (spot, None)))
    }

    /// Whether the job takes everything it would be told; asked before anything is started.
    async fn check(&self, told: &BTreeMap<&str, &str>) -> Result<(), Started> {
        let wrong = |error: anyhow::Error| Started::Refused(error.to_string());
        let tree = [("tree", "buildable,property[parameterDefinitions[name]]")];
        let url = with(self.url(&["api", "json"]).map_err(wrong)?, &tree);
        let job: Job = self.server.ask(url).await.map_err(|error| {
            match not_started("Jenkins", error, |status, said| self.refusal(status, said)) {
                // Nobody was asked to start anything yet.
                Started::Unclear(why) => Started::NotNow(why),
                other => other,
            }
        })?;
        if job.buildable == Some(false) {
            let why = format!("The job {} is disabled at Jenkins: enable it there", self.job);
            return Err(Started::Refused(why));
        }
        let declared = job.declares();
        let dropped: Vec<String> = told
            .keys()
            .filter(|name| !declared.contains(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        if dropped.is_empty() {
            return Ok(());
        }
        Err(Started::Refused(format!(
            "The job {} at Jenkins has no parameter {}, and Jenkins would silently drop what it is \
             told: declare it there, or name another under `inputs`",
            self.job,
            dropped.join(", ")
        )))
    }

    async fn post(&self, url: Url, form: &BTreeMap<&str, &str>) -> anyhow::Result<Answer, Error> {
        let to = (Method::POST, url.clone());
        let answer = self.server.act(to, &SENT_ON, |request| request.form(form)).await;
        let Err(Error::Failed(_, Failure::Refused { status: 403, said })) = &answer else {
            return answer;
        };
        if !said.contains("crumb") {
            return answer;
        }
        let Some((crumb, cookie)) = self.crumb().await else { return answer };
        self.server
            .act((Method::POST, url), &SENT_ON, |request| {
                let request = request.form(form).header(&crumb.crumb_request_field, &crumb.crumb);
                if cookie.is_empty() { request } else { request.header("cookie", &cookie) }
            })
            .await
    }

    /// A crumb and the session it is good in.
    async fn crumb(&self) -> Option<(Crumb, String)> {
        let url = self.server.url(&["crumbIssuer", "api", "json"]).ok()?;
        let answer = self.server.look(url).await.ok()?;
        let cookies = answer.headers.get_all("set-cookie").iter();
        let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let session = cookies.collect::<Vec<_>>().join("; ");
        Some((self.server.decoded(&answer).ok()?, session))
    }

    fn refusal(&self, status: u16, said: &str) -> Option<String> {
        match status {
            404 => Some(format!(
                "Jenkins knows no job {} that Pilothouse may read and build: check its name and \
                 what the user may do ({said})",
                self.job
            )),
            400 => Some(format!("The job {} takes no parameters at Jenkins: {said}", self.job)),
            _ => None,
        }
    }

    async fn begin(&self, order: &Order) -> Result<Run, Started> {
        let told = self.inputs.told(order).map_err(Started::Refused)?;
        self.check(&told).await?;
        let url = self.url(&["buildWithParameters"]);
        let url = url.map_err(|error| Started::Refused(error.to_string()))?;
        let answer = match self.post(with(url, &[("delay", "0sec")]), &told).await {
            Ok(answer) => answer,
            // The job's own state, not an earlier order: disabled, or being copied.
            Err(Error::Failed(_, Failure::Refused { status: 409, said })) => {
                let why = format!("The job {} cannot be built now at Jenkins: {said}", self.job);
                return Err(Started::Refused(why));
            }
            Err(error) => {
                let told = |status, said: &str| self.refusal(status, said);
                return Err(not_started("Jenkins", error, told));
            }
        };
        if answer.status == 302 {
            let why = "Jenkins did not put the build into its queue: something there decides \
                       against it (a throttling or scheduling plugin, say)";
            return Err(Started::Refused(why.to_owned()));
        }
        // 303: just such a build waits already. No other order has this request id.
        let Some(item) = answer.header("location").and_then(item) else {
            let why = "Jenkins did not say what it put into its queue";
            return Err(Started::Unclear(why.to_owned()));
        };
        self.run(order.correlation.as_str(), Spot::Queue(item))
            .map_err(|error| Started::Unclear(error.to_string()))
    }

    async fn built(&self, number: u64) -> anyhow::Result<Progress> {
        let number = number.to_string();
        let tree = [("tree", "number,building,result")];
        let build: Build =
            match self.server.ask(with(self.url(&[&number, "api", "json"])?, &tree)).await {
                Ok(build) => build,
                Err(error) if error.status() == Some(404) => return Ok(gone()),
                Err(error) => return Err(error.into()),
            };
        // Jobs that are no pipelines have no stages, and not everybody has the plugin.
        let stages = self.server.ask(self.url(&[&number, "wfapi", "describe"])?).await;
        Ok(build.progress(&stages.unwrap_or_else(|_| Stages::default())))
    }
}

#[async_trait]
impl Pipeline for Jenkins {
    async fn resolve(&self, _: &Wish<'_>) -> Result<Resolved, Unresolved> {
        // Jenkins builds what it is told to: it knows no versions before it has built them.
        Ok(Resolved::default())
    }

    async fn start(&self, order: &Order) -> Started {
        self.begin(order).await.map_or_else(|not| not, Started::Run)
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let id = order.correlation.as_str();
        Ok(match self.spot(id).await? {
            Some(spot) => Found::Run(self.run(id, spot)?),
            // A request that was cut off may still be at work there.
            None => Found::NotSeen,
        })
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        match self.whereabouts(run.id.as_str()).await? {
            Some((spot @ Spot::Build(number), _)) => {
                self.known.insert(run.id.to_string(), spot);
                self.built(number).await
            }
            Some((Spot::Queue(_), item)) => {
                Ok(item.map_or_else(|| Progress::bare(RunState::Queued), |item| item.progress()))
            }
            None => Ok(gone()),
        }
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let url = match self.whereabouts(run.id.as_str()).await? {
            Some((Spot::Build(number), _)) => self.url(&[&number.to_string(), "stop"])?,
            Some((Spot::Queue(item), _)) => {
                let url = self.server.url(&["queue", "cancelItem"])?;
                with(url, &[("id", &item.to_string())])
            }
            None => anyhow::bail!("Jenkins no longer shows this run"),
        };
        self.post(url, &BTreeMap::new()).await?;
        Ok(())
    }

    async fn greet(&self, _: Timestamp) -> Vec<Greeting> {
        self.greeted().await
    }
}

fn gone() -> Progress {
    let detail = Some("Jenkins no longer shows this run".to_owned());
    Progress { detail, ..Progress::bare(RunState::Unknown) }
}

/// The number in `…/queue/item/17/`.
fn item(location: &str) -> Option<u64> {
    let (_, rest) = location.rsplit_once("/queue/item/")?;
    rest.trim_end_matches('/').parse().ok()
}
