//! Questions to Microsoft: the bot's token, the keys, its app, its rooms, and the way from there to
//! here.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use reqwest::Method;
use url::Url;

use super::{Ground, Question, canary};
use crate::{
    cards::Renderer,
    chat::{
        Channel, Ground as Standing, Inbox, RoomKind,
        teams::{Greeter, RoomSettings, Teams},
    },
    cli::package,
    commands,
    config::Config,
    greeting::Greeting,
    names::RoomName,
    outbound::{Failure, Outbound},
};

/// How much longer a room has than anything else, when something is said in it and said again.
const SPOKEN_TO: u32 = 3;

pub(super) fn questions(ground: &Ground) -> Vec<Question> {
    let Some(greeter) = ground.greeter.clone() else { return vec![] };
    let mut questions = vec![];
    let of = greeter.clone();
    questions.push(Question::new("the bot's token", async move { vec![of.token().await] }));
    let of = greeter.clone();
    questions.push(Question::new("keys of Teams", async move { vec![of.keys().await] }));
    let (asking, config) = (ground.clone(), ground.config.clone());
    questions.push(Question::new("the way in", async move { way_in(&asking).await }));
    questions.push(Question::new("the app", async move { vec![app(&config)] }));
    questions.extend(permissions(&greeter, &ground.config));
    questions
}

/// What incidents, and roles by groups, need of Microsoft Graph.
fn permissions(greeter: &Arc<Greeter>, config: &Config) -> Vec<Question> {
    let incidents = &config.incidents;
    let mut needed: Vec<(&'static str, &'static str)> = vec![];
    if incidents.place == RoomKind::Chat {
        needed.extend([
            ("Chat.Create", "make an incident's group chat"),
            ("Chat.ReadBasic.All", "find an incident's group chat again"),
            ("AppCatalog.Read.All", "find the bot's own app"),
            ("TeamsAppInstallation.ReadWriteSelfForChat.All", "join an incident's group chat"),
        ]);
    }
    if config.roles.values().any(|role| !role.groups.is_empty()) {
        needed.extend([
            ("GroupMember.Read.All", "know who is in the groups of `roles`"),
            ("User.Read.All", "know the people in the groups of `roles`"),
        ]);
    }
    if incidents.archive.is_some() && incidents.place == RoomKind::Channel {
        needed.push(("ChannelSettings.ReadWrite.All", "archive an incident's channel"));
    }
    let mut questions = vec![];
    if !needed.is_empty() {
        let of = greeter.clone();
        let asked = async move {
            if of.has_token().await { of.permissions(&needed).await } else { vec![no_token()] }
        };
        questions.push(Question::new("Microsoft Graph", asked));
    }
    if let (RoomKind::Channel, Some(team)) = (incidents.place, incidents.team.clone()) {
        let of = greeter.clone();
        let asked = async move {
            vec![if of.has_token().await { of.team(&team).await } else { no_token() }]
        };
        questions.push(Question::new("incidents' team", asked));
    }
    questions
}

fn no_token() -> Greeting {
    Greeting::unseen("it was not asked, because the bot has no token")
}

/// Each room: whether the bot is in it, and with a canary, whether it is heard there.
pub(super) fn rooms(ground: &Ground) -> Vec<Question> {
    let (Some(greeter), Some(settings)) = (&ground.greeter, &ground.config.teams) else {
        return vec![];
    };
    let teams = match teams(ground) {
        Ok(teams) => Arc::new(teams),
        Err(error) => {
            let told = vec![Greeting::sentence(&format!("{error:#}"))];
            return vec![Question::new("all", async move { told })];
        }
    };
    let mut spoken_to = BTreeSet::new();
    let question = |(name, room): (&RoomName, &RoomSettings)| {
        let canary = ground.options.canary && spoken_to.insert(room.conversation.clone());
        let (greeter, teams, room) = (greeter.clone(), teams.clone(), name.clone());
        let mut question = Question::new(name.as_str(), async move {
            if !greeter.has_token().await {
                return vec![no_token()];
            }
            let mut told = vec![teams.greet(&room).await];
            if canary {
                told.extend(canary::flies(&*teams, &room).await);
            }
            told
        });
        question.patience = if canary { SPOKEN_TO } else { 1 };
        question
    };
    settings.rooms.iter().map(question).collect()
}

/// The same Teams the bot speaks through.
fn teams(ground: &Ground) -> anyhow::Result<Teams> {
    let settings = ground.config.servable()?;
    let bell = Arc::new(tokio::sync::Notify::new());
    let (db, clock) = (ground.db.clone(), ground.clock.clone());
    let inbox = Inbox::new(db.clone(), clock.clone(), bell);
    let renderer = Arc::new(Renderer::new()?);
    Teams::new(settings, Standing { db, clock, renderer, inbox }, &ground.outbound)
}

/// Whether the package for Teams can be made, of this very bot.
fn app(config: &Config) -> Greeting {
    let made = package::manifest(config, &commands::about())
        .and_then(|manifest| package::pack(&manifest).map(|_| manifest));
    match made {
        Ok(manifest) => {
            let bot = manifest["bots"][0]["botId"].as_str().unwrap_or_default();
            let ours = config.teams.as_ref().map_or("", |teams| &teams.app_id);
            if bot.eq_ignore_ascii_case(ours) {
                Greeting::ok(format!(
                    "`pilothouse package` makes it, version {}, of this bot",
                    manifest["version"].as_str().unwrap_or_default()
                ))
            } else {
                Greeting::bad("the package would be another bot's", "Compare `teams.app_id`")
            }
        }
        Err(error) if config.app.is_none() => Greeting::warn(
            format!("{error:#}"),
            "Add the section `app`, unless the app was made in another way",
        ),
        Err(error) => Greeting::bad(format!("{error:#}"), "Correct the section `app`"),
    }
}

/// Whether calls of Teams would arrive: by the public name, with its certificate, at this bot.
async fn way_in(ground: &Ground) -> Vec<Greeting> {
    let domain = ground.config.app.as_ref().and_then(|app| app.domain.as_ref());
    let base = match (&ground.options.public, domain) {
        (Some(base), _) => base.as_url().clone(),
        (None, Some(domain)) => match Url::parse(&format!("https://{domain}/")) {
            Ok(url) => url,
            Err(error) => return vec![Greeting::sentence(&error.to_string())],
        },
        (None, None) => {
            return vec![Greeting::unseen(format!(
                "it cannot be seen from here: set `app.domain`, or see yourself that \
                 https://YOUR-HOST/api/messages arrives at {} and that the Azure bot's messaging \
                 endpoint says so",
                ground.config.listen
            ))];
        }
    };
    let Ok(door) = base.join("/api/messages") else { return vec![] };
    let endpoint = Greeting::unseen(format!(
        "whether the Azure bot's messaging endpoint is {door} cannot be seen from here: Azure \
         portal, the bot, Configuration"
    ));
    vec![knock(&door, ground.config.listen, &ground.outbound).await, endpoint]
}

/// Knocks without a token: the bot itself turns that away, and nobody else does it with its words.
async fn knock(door: &Url, listen: SocketAddr, outbound: &Outbound) -> Greeting {
    let proxy =
        format!("Send /api/messages and /hooks/ on to {listen}, where `pilothouse serve` listens");
    let answer = match outbound.hear(outbound.request(Method::POST, door.clone())).await {
        Ok(answer) => answer,
        Err(failure @ (Failure::Unreached(_) | Failure::Unclear(_))) => {
            return Greeting::bad(
                format!("{door}: {failure}"),
                "Teams calls it from the internet: look at its name, firewall and certificate. \
                 Where a machine may not call its own public name, ask from another one",
            );
        }
        Err(failure) => return Greeting::failed(door.as_str(), &failure),
    };
    match answer.status {
        401 if answer.body == b"{}" => Greeting::ok(format!(
            "{door} arrives at a Pilothouse, which turns away whoever has no token"
        )),
        401 | 403 => Greeting::bad(
            format!("{door} wants a sign-in before the bot is asked (status {})", answer.status),
            "Let /api/messages through to the bot without one: it proves itself who calls",
        ),
        502..=504 => Greeting::bad(
            format!(
                "{door} arrives at a proxy that finds no bot behind it (status {})",
                answer.status
            ),
            format!("Start the bot. {proxy}"),
        ),
        status => Greeting::bad(
            format!("{door} does not arrive at the bot: somebody else answers (status {status})"),
            proxy,
        ),
    }
}
