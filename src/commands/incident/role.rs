//! `/incident role commander @Bob`, and the button `Take command`.

use super::{Again, target};
use crate::{
    access::{Actor, Permission, Person},
    commands::{Command, Error, Reply, Said, form::Field},
    incidents::{Event, Number, Role as Part},
    names::{is_invisible, nearest},
};

/// Says who does what.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(in crate::commands) struct Role {
    #[arg(id = "role")]
    part: Part,
    /// A mention, a name of the configuration, or `me`.
    #[arg(required = true)]
    who: Vec<String>,
    #[arg(long)]
    incident: Option<Number>,
}

impl Command for Role {
    const NAME: &'static str = "incident role";
    const USAGE: &'static str =
        "<commander|communications|scribe> <@person|name|me> [--incident N]";
    const SUMMARY: &'static str = "Say who leads an incident, tells others, or writes along.";
    const EXAMPLES: &'static [&'static str] = &[
        "/incident role commander me",
        "/incident role scribe @Carol",
        "/incident role communications bob --incident INC-7",
    ];
    const PERMISSION: Option<Permission> = Some(Permission::Incidents);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { part: role, who, incident } = self;
        let to = said.person_called(&who.join(" ")).await?;
        if role == Part::Commander && to != said.actor {
            said.may_command(&to, incident).await?;
        }
        let (roles, person) = (role.word(), to.name.clone());
        let again = Again::saying(
            "/incident role {role} {who} --incident {incident}",
            vec![
                Field::text("role", "Role", "").with(Some(roles)),
                Field::text("who", "Who", "").with(Some(person)),
            ],
        );
        said.happen(incident, |by| Event::RoleGiven { by, role, to }, again).await
    }
}

impl Said<'_> {
    /// Somebody the configuration knows, by what they were called.
    async fn person_called(&self, called: &str) -> Result<Actor, Error> {
        let called = called.trim();
        let name = called.trim_start_matches('@');
        if name.eq_ignore_ascii_case("me") || name.eq_ignore_ascii_case("myself") {
            return Ok(self.actor.clone());
        }
        let people = self.bot.access.people();
        let mut mentions = self.mentions.iter().filter(|mention| mention.said == called);
        if let (Some(mention), None) = (mentions.next(), mentions.next()) {
            let proved = self.bot.channels.mentioned(&self.place, mention).await;
            let known = proved
                .as_ref()
                .and_then(|actor| people.iter().find(|person| person.ids.contains(&actor.id)));
            if let Some(person) = known {
                return of(person);
            }
            if proved.is_some() {
                return Err(stranger(called, people));
            }
        }
        let same = |person: &&Person| person.name.eq_ignore_ascii_case(name);
        people.iter().find(same).map_or_else(|| Err(stranger(called, people)), of)
    }

    /// Whoever is to lead must be allowed to.
    async fn may_command(&self, to: &Actor, named: Option<Number>) -> Result<(), Error> {
        let super::Meant::One(incident) = self.incident_meant(named, Permission::Incidents).await?
        else {
            // Asked again once it is known which incident is meant.
            return Ok(());
        };
        let target = target(&incident);
        Ok(self.bot.access.require(to, Permission::Incidents, target).await?)
    }
}

/// A person by the first of their ids, under the name the configuration gives them.
fn of(person: &Person) -> Result<Actor, Error> {
    let id = person.ids.first().cloned();
    let id = id.ok_or_else(|| anyhow::anyhow!("{} has no id", person.name))?;
    Ok(Actor { id, name: person.name.clone() })
}

fn stranger(called: &str, people: &[Person]) -> Error {
    let plain: String = called.chars().filter(|c| !is_invisible(*c)).take(60).collect();
    let plain = plain.replace('`', "'");
    let names = || people.iter().map(|person| person.name.as_str());
    let first = plain.trim_start_matches('@').to_lowercase();
    let first = first.split(' ').next().unwrap_or_default().to_owned();
    let hint = match nearest(&first, names()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("There are: {}.", names().take(12).collect::<Vec<_>>().join(", ")),
    };
    Error::NothingMeant(format!("Nobody called `{plain}` is in the configuration. {hint}"))
}
