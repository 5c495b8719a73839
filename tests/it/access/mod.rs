//! Roles that groups of Microsoft Entra give.

mod doubt;
mod groups;
mod seeing;

use pilothouse::{access::Actor, chat::Incoming, names::PersonId};
use serde_json::{Value, json};

use crate::world::{ALICE, Bot, Directory, SERVICES};

/// Whose members may look and deploy.
const MAKERS: &str = "11111111-1111-4111-8111-111111111111";
/// Whose members may approve as well.
const KEEPERS: &str = "22222222-2222-4222-8222-222222222222";
/// Somebody the configuration does not name.
const EVE: &str = "e0e";
/// Another one.
const FRED: &str = "f0f";

/// The usual services, and two roles that groups give.
fn rules(directory: &Directory) -> Value {
    let mut rules: Value = serde_json::from_str(SERVICES).unwrap();
    rules["directory"] = json!(directory.url());
    rules["roles"] = json!({
        // As the pages of Entra never show it, and people may write it all the same.
        "maker": { "groups": [MAKERS.to_uppercase()], "may": [{ "do": ["look", "deploy"] }] },
        "keeper": { "groups": [KEEPERS],
                    "may": [{ "do": ["look", "approve", "cancel", "override", "audit"] }] },
    });
    rules
}

async fn start() -> (Bot, Directory) {
    let directory = Directory::start().await;
    let bot = Bot::with(&rules(&directory).to_string()).await;
    (bot, directory)
}

fn actor(tenant: &str, object: &str) -> Actor {
    Actor { id: PersonId::entra(tenant, object), name: object.to_owned() }
}

fn said(bot: &Bot, actor: Actor, text: &str) -> Incoming {
    Incoming { actor, ..bot.utterance(ALICE, text) }
}

/// Somebody of the bot's tenant types, and what is due at once happens.
async fn hears(bot: &Bot, object: &str, text: &str) -> String {
    hears_of(bot, actor("t", object), text).await
}

async fn hears_of(bot: &Bot, actor: Actor, text: &str) -> String {
    let answer = bot.answered(
        pilothouse::chat::Listener::hear(&*bot.app.commands, said(bot, actor, text)).await,
    );
    bot.works().await;
    answer
}

/// The buttons somebody sees on the newest card; none when they see no card.
async fn buttons(bot: &Bot, object: &str) -> Option<Vec<String>> {
    let subject = bot.chat.newest_subject();
    let listener: &dyn pilothouse::chat::Listener = &*bot.app.commands;
    let card = listener.look(&actor("t", object), &subject).await?;
    let drawn = bot.chat.drawn(&card);
    let titles = drawn["actions"].as_array().unwrap().iter();
    Some(titles.map(|button| button["title"].as_str().unwrap().to_owned()).collect())
}
