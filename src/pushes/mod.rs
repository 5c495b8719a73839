//! What pipelines push: `POST /hooks/NAME` of GitHub, GitLab, Azure DevOps, whoever signs as
//! Standard Webhooks do, and whatever holds a token.
//!
//! Nothing in a delivery is believed: it only makes the bot look sooner at what it would look at
//! anyway. One that is lost costs the time until the next look; one that lies costs a look.

mod door;
mod guarding;
mod hints;
mod settings;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::Notify;

pub use door::doors;
pub use guarding::Guard;
pub use hints::Hints;
pub use settings::{
    AllSettings, AzureDevopsSettings, BearerSettings, GithubSettings, GitlabSettings, Settings,
    WebhookSettings, resolved,
};

use crate::{
    clock::Clock,
    hooks::{Listens, Prover, Reading, Replays},
    names::{PipelineName, SourceName},
    outbound::Outbound,
    store::Db,
};

/// What pushes stand on.
#[derive(Clone)]
pub struct Ground {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Wakes the worker.
    pub bell: Arc<Notify>,
    /// The way to other servers.
    pub outbound: Outbound,
}

/// Every hook of the configuration, and who listens.
pub struct Pushes {
    hooks: BTreeMap<SourceName, (Settings, Prover)>,
    listeners: Vec<Arc<dyn Listens>>,
    replays: Replays,
    reading: Reading,
    db: Db,
    bell: Arc<Notify>,
}

/// The pipelines that each hook is about; an empty set is all there are.
pub type Meant = BTreeMap<SourceName, BTreeSet<PipelineName>>;

impl Pushes {
    /// The hooks that are configured so. Each listener hears all of them.
    ///
    /// # Errors
    /// When what a sender proves itself with cannot be.
    pub fn open(
        settings: &AllSettings,
        listeners: Vec<Arc<dyn Listens>>,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let Ground { db, clock, bell, outbound } = ground.clone();
        let hook = |(name, settings): (&SourceName, &Settings)| {
            let prover = Prover::new(&settings.proof(), &outbound, &clock)?;
            Ok((name.clone(), (settings.clone(), prover)))
        };
        let hooks = settings.iter().map(hook).collect::<anyhow::Result<_>>()?;
        let replays = Replays::new(db.clone(), clock);
        Ok(Self { hooks, listeners, replays, reading: door::reading(), db, bell })
    }
}

/// Which pipelines each hook is about.
pub fn meant(settings: &AllSettings) -> Meant {
    let one = |(name, settings): (&SourceName, &Settings)| {
        (name.clone(), settings.pipelines().iter().cloned().collect())
    };
    settings.iter().map(one).collect()
}
