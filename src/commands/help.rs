//! `/help` and `/help deploy`: only what this person may do.

use serde::Serialize;

use super::{COMMANDS, Command, Entry, Error, Reply, Said, find};
use crate::{
    access::{Permission, Target},
    cards::View,
};

/// Says what can be said.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Help {
    command: Vec<String>,
}

impl Command for Help {
    const NAME: &'static str = "help";
    const USAGE: &'static str = "[command]";
    const SUMMARY: &'static str = "Show what you can say here.";
    const EXAMPLES: &'static [&'static str] = &["/help", "/help deploy", "/help deploy list"];
    const PERMISSION: Option<Permission> = None;

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        if let Some(first) = self.command.first() {
            let name = first.trim_start_matches('/').to_lowercase();
            let found = find(&self.command);
            let (entry, _) = found.ok_or_else(|| Error::unknown_command(&name))?;
            return Ok(Reply::Card(HelpView::of_one(entry, said.may(entry).await).into()));
        }
        let mut entries = vec![];
        for entry in COMMANDS {
            if said.may(entry).await {
                entries.push(EntryView { more: vec![], ..EntryView::of(entry) });
            }
        }
        let (roles, doubt) = said.bot.access.roles_of(&said.actor).await;
        let roles: Vec<String> = roles.into_iter().map(ToString::to_string).collect();
        Ok(Reply::Card(HelpView::of_all(entries, &roles, doubt).into()))
    }
}

impl Said<'_> {
    async fn may(&self, entry: &Entry) -> bool {
        match entry.permission {
            None => true,
            Some(permission) => self.expects(permission, Target::default()).await,
        }
    }
}

#[derive(Debug, Serialize)]
struct HelpView {
    title: String,
    text: Option<String>,
    entries: Vec<EntryView>,
}

#[derive(Debug, Serialize)]
struct EntryView {
    usage: String,
    summary: &'static str,
    more: Vec<String>,
}

impl EntryView {
    fn of(entry: &Entry) -> Self {
        let more = entry.examples.iter().map(|example| format!("For example: {example}"));
        Self { usage: entry.usage(), summary: entry.summary, more: more.collect() }
    }
}

impl HelpView {
    fn of_one(entry: &Entry, allowed: bool) -> Self {
        let text = (!allowed).then(|| "You may not say this yourself.".to_owned());
        Self { title: format!("/{}", entry.name), text, entries: vec![EntryView::of(entry)] }
    }

    fn of_all(entries: Vec<EntryView>, roles: &[String], doubt: Option<&str>) -> Self {
        let mut text = match roles {
            [] if doubt.is_some() => "You have no role here by name.".to_owned(),
            [] => {
                "You have no role here yet, so there is little you may do. Ask whoever keeps the \
                   bot's configuration to give you one."
                    .to_owned()
            }
            roles => format!("You are: {}.", roles.join(", ")),
        };
        if let Some(doubt) = doubt {
            text = format!(
                "{text} Which roles your groups give you cannot be told now: {doubt}. Try again in \
                 a minute."
            );
        }
        Self { title: "What you can say".to_owned(), text: Some(text), entries }
    }
}

impl View for HelpView {
    const NAME: &'static str = "help";

    fn text(&self) -> String {
        let lines = self.entries.iter().map(|entry| format!("{}: {}", entry.usage, entry.summary));
        let head = [self.title.clone()].into_iter().chain(self.text.clone());
        head.chain(lines).collect::<Vec<_>>().join("\n")
    }
}
