//! The one file everything is configured in, as types; and every mistake in it, all at once.
//!
//! A file is read three times. As YAML it becomes a tree that knows its lines; against the
//! schema that the types themselves give, every wrong key and value of that tree is found; and
//! what is left is one [`Config`], whose parts are then checked against each other. A mistake
//! found early does not hide those that come later, unless they would only follow from it.

mod app;
mod database;
mod leaves;
mod mistake;
mod place;
mod rules;
mod shape;
mod syntax;
mod tree;
mod words;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use app::{AppSettings, LONGEST, is_colour, is_host, is_https, is_version};
pub use database::{BadDatabase, Database};
pub use mistake::{Mistake, Mistakes};
pub use place::{Path, Place};

use crate::{
    access::{self, PersonSettings, RoleSettings},
    alerts, audit,
    calendar::ZoneName,
    chat::teams,
    deployments, incidents,
    names::{PersonName, PipelineName, RoleName, ScheduleName},
    oncall, pipelines, pushes, runbooks, telling,
};

/// The whole file, `pilothouse.yaml`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where everything is kept; without this line, `sqlite://pilothouse.db`.
    pub database: Database,
    /// Where the bot listens for HTTP; without this line, `127.0.0.1:3978`. Put a server in front
    /// of it that speaks HTTPS.
    #[schemars(with = "leaves::Listen")]
    pub listen: SocketAddr,
    /// Where pipelines keep what must survive a restart; without this line, a folder beside the
    /// database.
    pub folder: Option<PathBuf>,
    /// The bot in Microsoft Teams.
    pub teams: Option<teams::Settings>,
    /// How the bot presents itself in Teams' list of apps.
    pub app: Option<AppSettings>,
    /// Everybody the bot knows.
    pub people: BTreeMap<PersonName, PersonSettings>,
    /// What groups of them may do.
    pub roles: BTreeMap<RoleName, RoleSettings>,
    /// Who does the work.
    pub pipelines: BTreeMap<PipelineName, pipelines::Settings>,
    /// What is deployed where, and by which rules.
    pub services: deployments::Settings,
    /// When nothing is deployed.
    pub freezes: Vec<deployments::FreezeSettings>,
    /// Where alerts come from.
    pub alerts: alerts::AllSettings,
    /// What pipelines push, so that the bot looks sooner: each at `/hooks/<its name>`.
    pub hooks: pushes::AllSettings,
    /// Where people's mornings are: what is silenced until tomorrow is silent until nine o'clock
    /// there. UTC, when nothing is said.
    pub time_zone: Option<ZoneName>,
    /// Who is on call when.
    pub oncall: BTreeMap<ScheduleName, oncall::ScheduleSettings>,
    /// What to do, where anybody wrote that down.
    pub runbooks: Option<runbooks::Settings>,
    /// How incidents are handled.
    pub incidents: incidents::Settings,
    /// Who else hears of deployments.
    pub tell: telling::AllSettings,
    /// How the audit is kept.
    pub audit: audit::Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: Database::default(),
            // The port that Microsoft's own tools expect a bot at; nobody else's machine.
            listen: SocketAddr::from(([127, 0, 0, 1], 3978)),
            folder: None,
            teams: None,
            app: None,
            people: BTreeMap::new(),
            roles: BTreeMap::new(),
            pipelines: BTreeMap::new(),
            services: BTreeMap::new(),
            freezes: vec![],
            alerts: BTreeMap::new(),
            hooks: BTreeMap::new(),
            time_zone: None,
            oncall: BTreeMap::new(),
            runbooks: None,
            incidents: incidents::Settings::default(),
            tell: BTreeMap::new(),
            audit: audit::Settings::default(),
        }
    }
}

/// Whether the secrets a file refers to are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Each is read once; one that cannot be is a mistake.
    Read,
    /// Only the references are checked.
    Leave,
}

/// What there is to say about a file.
#[derive(Debug)]
pub struct Checked {
    /// What it says, when nothing in it is wrong.
    pub config: Option<Config>,
    /// Everything that is wrong, in the order of the file.
    pub mistakes: Mistakes,
    /// What is allowed but can hardly be meant, in the order of the file.
    pub warnings: Mistakes,
}

/// Reads the file.
///
/// # Errors
/// Every mistake in it, with its line.
pub fn load(file: &std::path::Path) -> Result<Config, Mistakes> {
    let Checked { config, mistakes, .. } = check(file, Secrets::Read);
    config.ok_or(mistakes)
}

/// Reads the file and says everything there is to say about it.
pub fn check(file: &std::path::Path, secrets: Secrets) -> Checked {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => check_text(&name, &text, secrets),
        Err(error) => {
            let what = if error.kind() == std::io::ErrorKind::InvalidData {
                "the file is not UTF-8 text".to_owned()
            } else {
                format!("the file cannot be read: {error}")
            };
            Checked::hopeless(&name, Place::START, what)
        }
    }
}

/// The same for a text; `name` is what the mistakes call it.
pub fn check_text(name: &str, text: &str, secrets: Secrets) -> Checked {
    let tree = match tree::read(text) {
        Ok(tree) => tree,
        Err((place, what)) => return Checked::hopeless(name, place, what),
    };
    let schema = schema();
    let shape = shape::check(&schema, &tree, secrets);
    let mut sound = tree.clone();
    shape.cuts.iter().for_each(|path| sound.cut(path));
    let read = serde_json::from_value::<Config>(sound.to_json());
    let mut found = rules::Found::new(&tree, shape);
    match &read {
        Ok(config) => rules::check(config, &mut found, secrets),
        // The schema knows every rule but what a colleague forgot to tell it: nothing may slip by.
        Err(error) if found.mistakes.is_empty() => {
            let (place, what) = syntax::refused_by_type(text, error);
            found.mistakes.push((Path::default(), place, what));
        }
        Err(_) => {}
    }
    let mistakes = Mistakes::new(name, found.mistakes);
    let config = read.ok().filter(|_| mistakes.is_empty());
    Checked { config, mistakes, warnings: Mistakes::new(name, found.warnings) }
}

/// The JSON Schema of the file, for editors.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Config);
    schema.insert("title".to_owned(), "pilothouse.yaml".into());
    schema.to_value()
}

impl Checked {
    fn hopeless(name: &str, place: Place, what: String) -> Self {
        let mistakes = Mistakes::new(name, vec![(Path::default(), place, what)]);
        Self { config: None, mistakes, warnings: Mistakes::default() }
    }
}

impl Config {
    /// People and roles, as the room that decides takes them.
    pub fn access(&self) -> access::Settings {
        access::Settings {
            people: self.people.clone(),
            roles: self.roles.clone(),
            tenant: self.teams.as_ref().map(|teams| teams.tenant.clone()),
        }
    }

    /// The same, of those who can ever say something to a server: in Teams, from its tenants.
    pub(crate) fn heard(&self) -> access::Settings {
        let mut heard = self.access();
        let Some(teams) = &self.teams else { return heard };
        for person in heard.people.values_mut() {
            person.console = None;
            if !teams.admits(person.tenant.as_ref().unwrap_or(&teams.tenant)) {
                person.entra = None;
            }
        }
        heard
    }

    /// Where pipelines keep what must survive a restart.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| self.database.folder())
    }

    /// The bot in Microsoft Teams, which a server cannot do without.
    ///
    /// # Errors
    /// When the file has none.
    pub fn servable(&self) -> anyhow::Result<&teams::Settings> {
        self.teams.as_ref().ok_or_else(|| {
            anyhow::anyhow!(
                "the configuration has no `teams` section, so nobody could talk to the bot: add \
                 one, or try `pilothouse demo`"
            )
        })
    }
}
