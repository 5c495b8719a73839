//! A bot with a pretend world around it: a chat, a pipeline, a health probe and a clock.

mod audit;
mod chat;
mod database;
mod directory;
mod health;
mod pipeline;
mod read;
mod restarts;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pilothouse::{
    access::{self, Actor},
    alerts,
    app::{App, Foundation, World},
    chat::{Incoming, Listener, Place, Reply, Subject},
    clock::{Clock, Timestamp},
    deployments, incidents,
    names::{PersonId, RoleName},
    oncall,
    outbound::Outbound,
    pipelines::Pipeline,
    pushes,
    runbooks::{self, Given, Runner},
    telling,
};

pub use chat::{PretendChat, Trouble};
pub use database::Database;
pub use directory::{Directory, Mood};
pub use health::PretendHealth;
pub use pipeline::{Answers, PretendPipeline};
pub use read::{gist, texts};

use read::pressable;

/// May deploy.
pub const ALICE: &str = "alice";
/// May do everything.
pub const BOB: &str = "bob";
/// May do everything but deploy.
pub const CAROL: &str = "carol";
/// May look at the service `shop`, where there is one.
pub const DAVE: &str = "dave";
/// May nothing.
pub const MALLORY: &str = "mallory";

/// Roles and people of every story.
const PEOPLE: &str = r#"{
    "people": {
        "alice": {"console": "alice"}, "bob": {"console": "bob", "entra": "b0b"},
        "carol": {"console": "carol"}, "dave": {"console": "dave"}, "mallory": {"console": "mallory"}
    },
    "roles": {
        "visitor": {"people": ["dave"], "may": [{"do": ["look"], "services": ["shop"]}]},
        "developer": {"people": ["alice", "bob"], "may": [{"do": ["look", "deploy"]}]},
        "approver": {"people": ["bob", "carol"], "may": [{"do": ["look", "approve", "cancel", "lock", "override", "alerts", "page", "run", "incidents", "audit"]}]}
    }
}"#;

/// What is deployed where, in every story that does not say otherwise. The probes are replaced by
/// a pretend one.
pub const SERVICES: &str = r#"{
    "checkout": {
        "pipeline": "pretend",
        "environments": {
            "staging": {
                "approvals": 0,
                "health": [{"kind": "http", "url": "http://localhost:1/"}],
                "verify": {"every": "10s", "in_a_row": 3, "within": "120s"}
            },
            "production": {
                "approvals": 1,
                "health": [{"kind": "http", "url": "http://localhost:1/"}],
                "verify": {"every": "10s", "in_a_row": 3, "within": "120s"},
                "rollback": {"after": "30s"}
            }
        }
    }
}"#;

/// A quarter past nine on an ordinary day.
const MORNING: Timestamp = Timestamp(1_760_001_300_000);

#[derive(serde::Deserialize)]
struct People {
    people: BTreeMap<pilothouse::names::PersonName, access::PersonSettings>,
    roles: BTreeMap<pilothouse::names::RoleName, access::RoleSettings>,
}

/// Services, and what a story has beside them: `{"checkout": …, "freezes": […], "alerts": {…}}`.
#[derive(serde::Deserialize)]
struct Rules {
    #[serde(default)]
    freezes: Vec<deployments::FreezeSettings>,
    #[serde(default)]
    alerts: alerts::AllSettings,
    #[serde(default)]
    hooks: pushes::AllSettings,
    time_zone: Option<pilothouse::calendar::ZoneName>,
    #[serde(default)]
    oncall: oncall::Settings,
    #[serde(default)]
    runbooks: Option<runbooks::Settings>,
    #[serde(default)]
    incidents: incidents::Settings,
    #[serde(default)]
    tell: telling::AllSettings,
    /// The address of a pretended Entra and Graph.
    directory: Option<String>,
    /// More roles.
    #[serde(default)]
    roles: BTreeMap<RoleName, access::RoleSettings>,
    #[serde(flatten)]
    services: deployments::Settings,
}

/// The bot, and the world it lives in.
pub struct Bot {
    pub app: App,
    pub pipeline: Arc<PretendPipeline>,
    pub health: Arc<PretendHealth>,
    pub chat: Arc<PretendChat>,
    pub clock: Clock,
    pub database: Database,
    services: String,
    said: AtomicUsize,
}

impl Bot {
    /// A bot on a fresh database.
    pub async fn start() -> Self {
        Self::with(SERVICES).await
    }

    /// A bot with other services.
    pub async fn with(services: &str) -> Self {
        let database = Database::fresh().await;
        let pipeline = Arc::new(PretendPipeline::default());
        let health = Arc::new(PretendHealth::default());
        let chat = Arc::new(PretendChat::default());
        let clock = Clock::manual(MORNING);
        let services = services.to_owned();
        let world = world(&services, &pipeline, &health, &chat, (&database, &clock));
        let foundation = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let app = App::build(foundation, world).await.unwrap();
        let said = AtomicUsize::new(0);
        Self { app, pipeline, health, chat, clock, database, services, said }
    }

    /// Another replica beside this one; PostgreSQL only.
    pub async fn replica(&self) -> App {
        let there = (&self.database, &self.clock);
        let world = world(&self.services, &self.pipeline, &self.health, &self.chat, there);
        let foundation = Foundation::lay(&self.database.url, self.clock.clone()).await.unwrap();
        App::build(foundation, world).await.unwrap()
    }

    /// What somebody would say.
    pub fn utterance(&self, who: &str, text: &str) -> Incoming {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        Incoming {
            actor: Actor { id: PersonId::console(who), name: who.to_owned() },
            place: place(),
            text: text.to_owned(),
            origin: format!("said-{number}"),
            zone: None,
            mentions: vec![],
        }
    }

    /// Someone types; the answer in words, empty when a deployment's card answers. Nothing that
    /// follows from it has happened yet.
    pub async fn is_told(&self, who: &str, text: &str) -> String {
        self.answered(self.app.commands.hear(self.utterance(who, text)).await)
    }

    pub fn answered(&self, reply: Reply) -> String {
        match reply {
            Reply::Text(text) | Reply::Refused(text) => text,
            Reply::Card(card) => {
                self.chat.draw(&card);
                card.text().to_owned()
            }
            Reply::Shown(_) => String::new(),
        }
    }

    /// Someone types, and what is due at once happens.
    pub async fn hears(&self, who: &str, text: &str) -> String {
        let answer = self.is_told(who, text).await;
        self.works().await;
        answer
    }

    /// Someone presses a button of the newest card.
    pub async fn presses(&self, who: &str, title: &str) -> String {
        let say = self.says_button(title);
        self.hears(who, &say).await
    }

    /// Someone in another time zone types.
    pub async fn hears_from(&self, zone: &str, who: &str, text: &str) -> String {
        let said = Incoming { zone: Some(zone.to_owned()), ..self.utterance(who, text) };
        let answer = self.answered(self.app.commands.hear(said).await);
        self.works().await;
        answer
    }

    /// What pressing a button of the newest card says.
    pub fn says_button(&self, title: &str) -> String {
        let card = self.chat.newest();
        let mut buttons = vec![];
        pressable(&card, &mut buttons);
        let button = buttons.iter().find(|button| button["title"] == title);
        let button = button.unwrap_or_else(|| panic!("no button `{title}` on {card:#}"));
        button["data"]["say"].as_str().unwrap().to_owned()
    }

    /// Everything that is due now is done.
    pub async fn works(&self) {
        self.app.worker.run_due().await.unwrap();
    }

    /// Time passes, and the worker does what becomes due.
    pub async fn passes(&self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.clock.advance(Duration::from_secs(1));
            self.works().await;
        }
    }

    /// The newest card: title, status and buttons.
    pub fn shows(&self) -> String {
        gist(&self.chat.newest())
    }

    /// The same of the newest card about something of that kind.
    pub fn shows_of(&self, kind: &str) -> String {
        gist(&self.chat.newest_of(kind).expect("no such card yet"))
    }

    /// Everything written on the newest card about something of that kind.
    pub fn reads_of(&self, kind: &str) -> String {
        texts(&self.chat.newest_of(kind).expect("no such card yet")).join("\n")
    }

    /// Everything written on the newest card.
    pub fn reads(&self) -> String {
        texts(&self.chat.newest()).join("\n")
    }

    /// What one person sees of the newest deployment: the titles of their buttons.
    pub async fn buttons_of(&self, who: &str) -> Option<Vec<String>> {
        let subject: Subject = self.chat.newest_subject();
        let actor = Actor { id: PersonId::console(who), name: who.to_owned() };
        let card = self.app.commands.look(&actor, &subject).await?;
        let drawn = self.chat.drawn(&card);
        let titles = drawn["actions"].as_array().unwrap().iter();
        Some(titles.map(|button| button["title"].as_str().unwrap().to_owned()).collect())
    }

    /// The address of its database.
    pub fn database(&self) -> &str {
        &self.database.url
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.chat.messages()
    }
}

/// Where every story takes place.
pub fn place() -> Place {
    Place { channel: "pretend".to_owned(), conversation: "deploys".to_owned() }
}

fn world(
    services: &str,
    pipeline: &Arc<PretendPipeline>,
    health: &Arc<PretendHealth>,
    chat: &Arc<PretendChat>,
    (database, clock): (&Database, &Clock),
) -> World {
    let People { people, mut roles } = serde_json::from_str(PEOPLE).unwrap();
    let rules: Rules = serde_json::from_str(services).unwrap();
    let Rules {
        freezes,
        alerts,
        hooks,
        time_zone,
        incidents,
        oncall,
        runbooks,
        tell,
        services,
        ..
    } = rules;
    roles.extend(rules.roles);
    let outbound = Outbound::new().unwrap();
    let directory = rules.directory.map(|url| directory::graph(&url, &outbound, clock));
    let reach = alerts::Reach { outbound: outbound.clone(), clock: clock.clone() };
    let open = |(name, settings)| (name, alerts::open(&settings, &reach).unwrap());
    let (probes, post) = health::probes(&services, health, (clock.clone(), outbound.clone()));
    let runner: Arc<dyn Runner> = pipeline.clone();
    let runbooks = runbooks.map(|settings| Given { settings, runner });
    let pipeline: Arc<dyn Pipeline> = pipeline.clone();
    World {
        access: access::Settings { people, roles, tenant: Some("t".to_owned()) },
        directory,
        services,
        freezes,
        oncall,
        runbooks,
        incidents,
        pipelines: BTreeMap::from([("pretend".parse().unwrap(), pipeline)]),
        probes,
        post,
        alerts: alerts.into_iter().map(open).collect(),
        hooks,
        time_zone,
        tell: telling::open(&tell, clock, &outbound).unwrap(),
        channels: vec![chat.clone()],
        checkpoints: Some(database.checkpoints()),
    }
}
