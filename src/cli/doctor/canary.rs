//! Says something in a room, as the bot says everything, and marks it as a test once it is there: a
//! message that was deleted leaves a gap people wonder about, and editing one calls nobody.

use serde::Serialize;

use crate::{
    cards::{Card, View},
    chat::{Channel, Place, ShowError, Showing},
    greeting::Greeting,
    names::RoomName,
};

/// What it says.
#[derive(Serialize)]
struct Canary {
    text: &'static str,
}

const FIRST: Canary = Canary {
    text: "A test by whoever runs Pilothouse: nothing has happened, and nothing is to be done.",
};

const THEN: Canary = Canary { text: "A test by whoever runs Pilothouse: seen, all is well." };

impl View for Canary {
    /// No chat has a look for it: it is its text everywhere.
    const NAME: &'static str = "canary";

    fn text(&self) -> String {
        self.text.to_owned()
    }
}

/// One message into every place of the room, which says in the end that it was a test.
pub(super) async fn flies(channel: &dyn Channel, room: &RoomName) -> Vec<Greeting> {
    let mut told = vec![];
    for place in channel.room(Some(room)).await {
        told.push(match said(channel, &place).await {
            Ok(()) => Greeting::ok("a message arrived, and now says that it was a test"),
            Err(greeting) => greeting,
        });
    }
    told
}

async fn said(channel: &dyn Channel, place: &Place) -> Result<(), Greeting> {
    let (first, then): (Card, Card) = (FIRST.into(), THEN.into());
    let showing = Showing { place, subject: None, card: &first, message: None };
    let message = channel.show(showing).await.map_err(|error| match error {
        ShowError::Gone(why) => Greeting::bad(
            format!("a message did not arrive: {why}"),
            "Add the app there, and compare the room's id with its link in Teams",
        ),
        ShowError::Broken(error) => Greeting::bad(
            format!("nobody knows whether a message arrived: {error:#}"),
            "Look into the room before you ask again",
        ),
    })?;
    let showing = Showing { place, subject: None, card: &then, message: Some(&message) };
    channel.show(showing).await.map(drop).map_err(|error| {
        Greeting::warn(
            format!("a message arrived, but could not be changed afterwards: {error}"),
            "Cards that are edited in place need this: ask again, and look at the bot's log",
        )
    })
}
