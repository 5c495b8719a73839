//! Wires the rooms together; the only file that knows them all.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use crate::{
    access,
    cards::Renderer,
    chat::{self, Channel, Channels, Inbox},
    clock::Clock,
    commands::Commands,
    deployments,
    health::Probe,
    jobs::Worker,
    names::{Environment, PipelineName, Service},
    pipelines::Pipeline,
    store::Db,
};

/// What is there before any room: the database, the time, the worker's bell.
#[derive(Clone)]
pub struct Foundation {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Wakes the worker.
    pub bell: Arc<Notify>,
    /// Draws the cards.
    pub renderer: Arc<Renderer>,
}

impl Foundation {
    /// Opens the database and reads the cards.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn lay(database: &str, clock: Clock) -> anyhow::Result<Self> {
        let db = Db::open(database).await?;
        Ok(Self { db, clock, bell: Arc::new(Notify::new()), renderer: Arc::new(Renderer::new()?) })
    }

    /// What every chat stands on.
    pub fn chat(&self) -> chat::Ground {
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let inbox = Inbox::new(db.clone(), clock.clone(), self.bell.clone());
        chat::Ground { db, clock, renderer: self.renderer.clone(), inbox }
    }
}

/// The probes of every environment of every service.
pub type Probes = BTreeMap<(Service, Environment), Vec<Arc<dyn Probe>>>;

/// What the outside world is made of; a test hands in a pretend one.
pub struct World {
    /// Roles and people.
    pub access: access::Settings,
    /// What is deployed where, and by which rules.
    pub services: deployments::Settings,
    /// Who deploys.
    pub pipelines: BTreeMap<PipelineName, Arc<dyn Pipeline>>,
    /// How we know that it worked.
    pub probes: Probes,
    /// Where people are.
    pub channels: Vec<Arc<dyn Channel>>,
}

/// The whole bot.
#[derive(Clone)]
pub struct App {
    /// What people can say; also the listener of every chat.
    pub commands: Arc<Commands>,
    /// Where they say it.
    pub channels: Arc<Channels>,
    /// Does the work.
    pub worker: Arc<Worker>,
    /// What it all stands on.
    pub foundation: Foundation,
}

impl App {
    /// Puts the bot together. Nothing runs yet: see [`Worker::run_until`].
    ///
    /// # Errors
    /// When a service names a pipeline that is not there.
    #[expect(clippy::unused_async, reason = "being written")]
    pub async fn build(_foundation: Foundation, _world: World) -> anyhow::Result<Self> {
        anyhow::bail!("being written")
    }
}
