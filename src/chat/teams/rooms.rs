//! Rooms made for one thing: a channel or a group chat by Microsoft Graph, or the thread below a
//! card that is there.

use std::time::Duration;

use super::{
    Admission, Settings, Teams,
    references::{Reference, THREAD},
};
use crate::{
    access::Actor,
    chat::{NoRoom, Opened, Place, RoomKind, RoomWish, ShowError},
    names::{PersonId, is_invisible},
    outbound::{Failure, spoken_status},
    vendors::graph::{Error, Found, Graph, NewChannel},
};

/// The longest name of a channel Teams takes.
const CHANNEL_NAME: usize = 50;

/// Letters Teams takes in no name of a channel; a colon not in that of a chat either.
const FORBIDDEN: &str = "~#%&*{}/\\:<>?+|'\"";

/// How long until Graph is asked again that gave no clear answer: what it has made by then can be
/// seen in its lists.
const UNCLEAR: Duration = Duration::from_secs(15);

/// How long until the card is looked for again that a thread is to begin below.
const NO_CARD: Duration = Duration::from_secs(2);

/// What a call is for, and what the app needs to be allowed to make it.
type Deed = (&'static str, &'static str);

const LOOK_FOR_CHANNEL: Deed =
    ("see the team's channels", "ChannelSettings.Read.Group or Channel.ReadBasic.All");
const MAKE_CHANNEL: Deed = ("make a channel", "Channel.Create.Group or Channel.Create");
const ARCHIVE: Deed = ("archive the channel", "ChannelSettings.ReadWrite.All");
const LOOK_FOR_CHAT: Deed = ("see people's chats", "Chat.ReadBasic.All");
const MAKE_CHAT: Deed = ("make a group chat", "Chat.Create");
const ENTER_CHAT: Deed = (
    "join the group chat",
    "AppCatalog.Read.All and TeamsAppInstallation.ReadWriteSelfForChat.All",
);

impl Teams {
    /// Finds or makes the room.
    pub(super) async fn room_for(&self, wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        let found = match wish.kind {
            RoomKind::Thread => return Self::thread_below(wish),
            RoomKind::Channel => self.channel_for(wish).await?,
            RoomKind::Chat => self.chat_for(wish).await?,
        };
        self.make_way(wish, &found.id).await?;
        let place = Place { channel: super::NAME.to_owned(), conversation: found.id };
        let name = if found.name.is_empty() { wish.name.to_owned() } else { found.name };
        Ok(Opened { place, name, link: found.link })
    }

    /// Puts a channel away, or takes it out again.
    pub(super) async fn archived(
        &self,
        room: &Place,
        team: &str,
        away: bool,
    ) -> Result<(), NoRoom> {
        let (graph, _) = self.graph()?;
        let done = if away {
            graph.archive(team, &room.conversation).await
        } else {
            graph.unarchive(team, &room.conversation).await
        };
        done.map_err(|error| no_room(error, ARCHIVE))
    }

    /// Who a member of a conversation is: what a mention says of itself proves nothing.
    pub(super) async fn member_called(&self, place: &Place, id: &str) -> Option<Actor> {
        let reference = self.reference(place).await.ok()?;
        let asked = self.connector.member(&reference, &place.conversation, id).await;
        let member = asked
            .inspect_err(|error| tracing::warn!("who was mentioned cannot be found out: {error}"))
            .ok()??;
        let tenant = member.tenant.unwrap_or(reference.tenant);
        let name = member.name.unwrap_or_default();
        Some(Actor { id: PersonId::entra(&tenant, &member.entra_id?), name })
    }

    async fn channel_for(&self, wish: &RoomWish<'_>) -> Result<Found, NoRoom> {
        let (graph, _) = self.graph()?;
        let Some(team) = wish.team else {
            return Err(not_possible("no team is configured in which channels can be made"));
        };
        let look = || graph.channel_with(team, wish.marker);
        if let Some(found) = look().await.map_err(|error| no_room(error, LOOK_FOR_CHANNEL))? {
            return Ok(found);
        }
        let owners = wish.entra_ids();
        if wish.private && owners.is_empty() {
            return Err(not_possible("a private channel needs somebody who is known by `entra`"));
        }
        let new = NewChannel {
            name: &plain_name(wish.name, CHANNEL_NAME),
            description: &format!("{} · Pilothouse {}", wish.name, wish.marker),
            private: wish.private.then_some(owners.as_slice()),
        };
        match graph.make_channel(team, &new).await {
            Ok(found) => Ok(found),
            // Most likely it is ours: made a moment ago by a call whose answer was lost, and not in
            // the list yet.
            Err(error) if error.name_is_taken() => Err(NoRoom::NotNow {
                why: "the team has a channel of that name already".to_owned(),
                after: UNCLEAR,
            }),
            Err(error) => Err(no_room(error, MAKE_CHANNEL)),
        }
    }

    async fn chat_for(&self, wish: &RoomWish<'_>) -> Result<Found, NoRoom> {
        let (graph, settings) = self.graph()?;
        let people = wish.entra_ids();
        let [owner, _, ..] = people.as_slice() else {
            return Err(not_possible(
                "a group chat needs two people who are known by `entra`: name some under \
                 `incidents.members`",
            ));
        };
        let looked = graph.chat_with(owner, wish.marker).await;
        let looked = looked.map_err(|error| no_room(error, LOOK_FOR_CHAT))?;
        let found = if let Some(found) = looked {
            found
        } else {
            let topic = format!("{} · {}", plain_name(wish.name, 120), wish.marker);
            let made = graph.make_chat(&topic, &people).await;
            made.map_err(|error| no_room(error, MAKE_CHAT))?
        };
        let joined = graph.let_in(&found.id, &settings.app_id).await;
        joined.map_err(|error| no_room(error, ENTER_CHAT))?;
        Ok(found)
    }

    fn thread_below(wish: &RoomWish<'_>) -> Result<Opened, NoRoom> {
        let home = &wish.home.conversation;
        let opened = |conversation: String| {
            let place = Place { channel: super::NAME.to_owned(), conversation };
            Opened { place, name: "the thread of this card".to_owned(), link: None }
        };
        if home.contains(THREAD) {
            return Ok(opened(home.clone()));
        }
        if !home.contains("@thread.tacv2") && !home.contains("@thread.skype") {
            return Err(not_possible("there are threads in channels only"));
        }
        match wish.message {
            Some(root) if root.bytes().all(|byte| byte.is_ascii_digit()) && !root.is_empty() => {
                Ok(opened(format!("{home}{THREAD}{root}")))
            }
            Some(_) => Err(not_possible("Teams did not tell where the card stands")),
            None => {
                Err(NoRoom::NotNow { why: "its card is not there yet".to_owned(), after: NO_CARD })
            }
        }
    }

    /// Nobody has spoken in the new room yet: it is reached as its home is.
    async fn make_way(&self, wish: &RoomWish<'_>, id: &str) -> Result<(), NoRoom> {
        let home = self.reference(wish.home).await.map_err(|error| match error {
            ShowError::Gone(why) => NoRoom::NotPossible(why),
            ShowError::Broken(error) => NoRoom::Broken(error),
        })?;
        let (kind, team) = match wish.kind {
            RoomKind::Chat => ("groupChat", None),
            _ => ("channel", home.team.clone()),
        };
        let way = Reference { conversation: id.to_owned(), kind: kind.to_owned(), team, ..home };
        Ok(self.references.keep(&way).await?)
    }

    fn graph(&self) -> Result<(&Graph, &Settings), NoRoom> {
        match &self.admission {
            Admission::Proved { graph, settings, .. } => Ok((graph, settings)),
            Admission::ThisMachine => {
                Err(not_possible("a bot that is tried out has no access to Microsoft Graph"))
            }
        }
    }
}

fn not_possible(why: &str) -> NoRoom {
    NoRoom::NotPossible(why.to_owned())
}

/// What follows from a call that failed.
fn no_room(error: Error, (deed, permission): Deed) -> NoRoom {
    tracing::warn!("Microsoft Graph was asked to {deed}: {error}");
    let failure = match error {
        Error::Failed(failure) => failure,
        Error::SignIn(_) => {
            let why = "Pilothouse cannot sign in to Microsoft Graph".to_owned();
            return NoRoom::NotNow { why, after: UNCLEAR };
        }
    };
    match failure {
        Failure::Refused { status: 403, .. } => NoRoom::NotPossible(format!(
            "Microsoft Graph does not let the bot {deed}: its app needs {permission}"
        )),
        Failure::Refused { status: 404, .. } => NoRoom::NotPossible(format!(
            "Microsoft Graph could not {deed}, because it knows no such team, person or app"
        )),
        Failure::Refused { status, .. } => NoRoom::NotPossible(format!(
            "Microsoft Graph refused to {deed} ({})",
            spoken_status(status)
        )),
        Failure::NotNow { after, .. } => NoRoom::NotNow {
            why: "Microsoft Graph asked to be left alone".to_owned(),
            after: after.unwrap_or(UNCLEAR).max(Duration::from_secs(1)),
        },
        Failure::Unclear(_) | Failure::Unreached(_) => NoRoom::NotNow {
            why: format!("Microsoft Graph was asked to {deed} and gave no clear answer"),
            after: UNCLEAR,
        },
    }
}

/// A name as Teams takes it.
fn plain_name(name: &str, longest: usize) -> String {
    let letters = name.chars().filter(|letter| !is_invisible(*letter));
    let plain: String = letters.map(|l| if FORBIDDEN.contains(l) { ' ' } else { l }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = plain.chars().take(longest).collect();
    // A channel's name may not end with a dot, nor with the blank that cutting leaves.
    cut.trim_end_matches([' ', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn a_name_is_made_one_that_teams_takes() {
        assert_eq!(plain_name("INC-7 is it \"us\" / <them>?", 50), "INC-7 is it us them");
        assert_eq!(plain_name(&format!("INC-7 {}", "ü".repeat(80)), 50).chars().count(), 50);
        assert_eq!(plain_name("INC-7 wait\u{202e}...", 50), "INC-7 wait");
    }
}
