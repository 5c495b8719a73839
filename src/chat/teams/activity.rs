//! What Teams says, as far as the bot understands it. Unknown fields and words are let by; fields
//! that decide who somebody is must be there once.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::references::{Reference, THREAD};
use crate::{
    access::Actor,
    chat::{self, Place, fill},
    names::{PersonId, is_invisible},
};

/// How many people mentioned in one message are looked at; more is no command.
const MENTIONS: usize = 10;

/// Longest name of a person that is kept; Teams' own limit is 256.
const LONGEST_NAME: usize = 80;

/// Longest name of a time zone: twice the longest there is.
const LONGEST_ZONE: usize = 64;

/// One activity.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    reply_to_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) service_url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) channel_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) from: Account,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) recipient: Account,
    pub(super) conversation: Conversation,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) channel_data: ChannelData,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) text: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) action: String,
    #[serde(default, rename = "localTimezone", deserialize_with = "or_default")]
    zone: String,
    #[serde(default)]
    pub(super) value: Value,
    #[serde(default, deserialize_with = "or_default")]
    entities: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) members_added: Vec<Account>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) members_removed: Vec<Account>,
}

/// Somebody, or the bot.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    aad_object_id: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversation {
    pub(super) id: String,
    #[serde(default, rename = "conversationType", deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    tenant_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ChannelData {
    #[serde(default, deserialize_with = "or_default")]
    tenant: Named,
    #[serde(default, deserialize_with = "or_default")]
    team: Named,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Named {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
}

#[derive(Deserialize)]
struct Mention {
    #[serde(rename = "type")]
    kind: String,
    mentioned: Account,
    text: String,
}

/// `null` is the same as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Activity {
    /// The tenant it comes from; `None` when it names none, or two that differ.
    pub(super) fn tenant(&self) -> Option<&str> {
        let (one, other) = (&self.channel_data.tenant.id, &self.conversation.tenant_id);
        match (one.as_str(), other.as_str()) {
            ("", "") => None,
            ("", only) | (only, "") => Some(only),
            (one, other) if one.eq_ignore_ascii_case(other) => Some(one),
            _ => None,
        }
    }

    /// Who said it: nobody, when Teams does not tell their id in Entra.
    pub(super) fn actor(&self, tenant: &str) -> Option<Actor> {
        let object = Some(&self.from.aad_object_id).filter(|id| !id.is_empty())?;
        Some(Actor { id: PersonId::entra(tenant, object), name: self.from.shown_name() })
    }

    /// The same where nobody is proved: whoever says so, by any id they have.
    pub(super) fn claimed_actor(&self, tenant: &str) -> Actor {
        let id = [&self.from.aad_object_id, &self.from.id].into_iter().find(|id| !id.is_empty());
        let id = PersonId::entra(tenant, id.map_or("nobody", String::as_str));
        Actor { id, name: self.from.shown_name() }
    }

    /// Where it was said: in a channel, its thread. A message begins one, and an invoke comes from
    /// one; what else happens in a channel has none.
    pub(super) fn place(&self) -> Place {
        let id = &self.conversation.id;
        let in_channel = self.conversation.kind == "channel";
        let root = match self.kind.as_str() {
            "message" => self.id.as_str(),
            "invoke" => self.reply_to_id.as_str(),
            _ => "",
        };
        // Ids of messages in channels are numbers; any other would name a thread there is not.
        let is_message = !root.is_empty() && root.bytes().all(|byte| byte.is_ascii_digit());
        let conversation = if in_channel && is_message && !id.contains(THREAD) {
            format!("{id}{THREAD}{root}")
        } else {
            id.clone()
        };
        Place { channel: super::NAME.to_owned(), conversation }
    }

    /// How the conversation can be reached from now on.
    pub(super) fn reference(&self, tenant: &str) -> Reference {
        let team = &self.channel_data.team.id;
        Reference {
            conversation: self.conversation.id.clone(),
            service_url: self.service_url.clone(),
            kind: self.conversation.kind.clone(),
            tenant: tenant.to_owned(),
            bot: self.recipient.id.clone(),
            team: (!team.is_empty()).then(|| team.clone()),
        }
    }

    /// The time zone of whoever said it, when Teams tells it.
    pub(super) fn zone(&self) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let fits = (1..=LONGEST_ZONE).contains(&self.zone.len()) && self.zone.chars().all(plain);
        fits.then(|| self.zone.clone())
    }

    /// Whether this is the bot itself.
    pub(super) fn is_bot(&self, account: &Account) -> bool {
        !account.id.is_empty() && account.id == self.recipient.id
    }

    /// What was said to the bot: what was typed, or what the pressed button says.
    pub(super) fn words(&self) -> String {
        pressed(&self.value).unwrap_or_else(|| self.typed())
    }

    /// Who is mentioned beside the bot, by the words that stand for them in [`Activity::words`].
    pub(super) fn people(&self) -> Vec<chat::Mention> {
        let others = self.mentions().filter(|mention| !self.is_bot(&mention.mentioned));
        let others = others.filter(|mention| !mention.mentioned.id.is_empty());
        let person =
            |mention: Mention| chat::Mention { said: mention.name(), id: mention.mentioned.id };
        others.map(person).take(MENTIONS).collect()
    }

    fn mentions(&self) -> impl Iterator<Item = Mention> {
        let mentions = self.entities.iter().filter_map(|e| Mention::deserialize(e).ok());
        mentions.filter(|m| m.kind == "mention" && !m.text.is_empty())
    }

    /// What was typed, without the mention of the bot and as plain characters.
    fn typed(&self) -> String {
        let mentions = self.mentions().map(|mention| {
            let is_bot = self.is_bot(&mention.mentioned);
            let stays = if is_bot { " ".to_owned() } else { mention.name() };
            (mention.text, stays)
        });
        let mentions: Vec<(String, String)> = mentions.collect();
        let (mut text, mut seen) = (self.text.clone(), 0);
        // One after the other, as they stand in the text: somebody may be called like the bot.
        for (mention, stays) in &mentions {
            if let Some(at) = text[seen..].find(mention).map(|at| at + seen) {
                text.replace_range(at..at + mention.len(), stays);
                seen = at + stays.len();
            }
        }
        // Then those that Teams lists in another order, or once for several.
        for (mention, stays) in &mentions {
            text = text.replace(mention, stays);
        }
        plain(&text)
    }
}

impl Mention {
    /// The words that stand for whoever is mentioned.
    fn name(&self) -> String {
        harmless(&self.text.replace("<at>", "").replace("</at>", ""))
    }
}

/// A name somebody has chosen, where it stands among the words of a command: it can be none of its
/// options, and it opens no quote.
fn harmless(name: &str) -> String {
    let plain = plain(name).replace(['"', '\\'], "");
    let words = plain.split_whitespace().map(|word| word.trim_start_matches('-'));
    words.collect::<Vec<_>>().join(" ")
}

impl Account {
    fn shown_name(&self) -> String {
        let name: String = self.name.chars().filter(|c| !is_invisible(*c)).collect();
        let name: String = name.trim().chars().take(LONGEST_NAME).collect();
        if name.is_empty() { "somebody".to_owned() } else { name }
    }
}

/// The words of a pressed button, with its inputs in their places.
pub(super) fn pressed(data: &Value) -> Option<String> {
    let say = data.get("say")?.as_str()?;
    let inputs = data.as_object()?.iter();
    let inputs = inputs.filter(|(name, _)| *name != "say");
    let inputs: BTreeMap<String, String> =
        inputs.filter_map(|(name, value)| Some((name.clone(), plain(value.as_str()?)))).collect();
    Some(fill(say, &inputs))
}

/// Entities Teams writes into text. `&amp;` comes last: what it makes is not looked at again.
const ENTITIES: &[(&str, &str)] = &[
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&#160;", " "),
    ("&amp;", "&"),
];

/// Text as somebody would type it into a terminal: one line, straight quotes, nothing invisible.
fn plain(text: &str) -> String {
    let mut decoded = text.to_owned();
    for (entity, meaning) in ENTITIES {
        decoded = decoded.replace(entity, meaning);
    }
    let mut plain = String::with_capacity(decoded.len());
    for letter in decoded.chars() {
        match letter {
            '\u{201c}' | '\u{201d}' | '\u{201e}' => plain.push('"'),
            '\u{2018}' | '\u{2019}' => plain.push('\''),
            '\u{2014}' => plain.push_str("--"),
            space if space.is_whitespace() => plain.push(' '),
            hidden if is_invisible(hidden) => {}
            other => plain.push(other),
        }
    }
    plain.trim().to_owned()
}
