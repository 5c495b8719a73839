//! When it is serious: incidents from their first word to the post-mortem.

mod graph;
mod pagerduty;
mod reminding;
mod rooms;
mod speech;
mod telling;
mod timeline;

use std::time::Duration;

use pilothouse::chat::{Listener, Mention, Place, Reply};

use crate::world::{Bot, SERVICES, place};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// The usual services, with these rules for incidents.
fn with(incidents: &str) -> String {
    let services = SERVICES.trim().strip_suffix('}').unwrap();
    format!(r#"{services}, "incidents": {incidents}}}"#)
}

/// Somebody types in another place than everybody else; the answer, and what follows happens.
async fn hears_in(bot: &Bot, (who, conversation): (&str, &str), text: &str) -> String {
    let there = Place { conversation: conversation.to_owned(), ..place() };
    let mut said = bot.utterance(who, text);
    said.place = there;
    answered(bot, said).await
}

/// Somebody types and mentions people, by the words that stand for them and their ids.
async fn hears_mention(bot: &Bot, who: &str, text: &str, people: &[(&str, &str)]) -> String {
    let mut said = bot.utterance(who, text);
    said.mentions = people
        .iter()
        .map(|(said, id)| Mention { said: (*said).to_owned(), id: (*id).to_owned() })
        .collect();
    answered(bot, said).await
}

async fn answered(bot: &Bot, said: pilothouse::chat::Incoming) -> String {
    let told = match bot.app.commands.hear(said).await {
        Reply::Text(text) | Reply::Refused(text) => text,
        Reply::Card(card) => {
            bot.chat.draw(&card);
            card.text().to_owned()
        }
        Reply::Shown(_) => String::new(),
    };
    bot.works().await;
    told
}

/// What the newest card says that is about that incident; everything on it.
fn reads(card: &serde_json::Value) -> String {
    crate::world::texts(card).join("\n")
}
