//! `/page primary the shop is down`, and `/page ack 8f2c91d4`

use super::{
    Command, Commands, Error, Reply, Said,
    form::{Field, FormView},
};
use crate::{
    access::{Actor, Permission},
    cards::{Button, Card},
    chat::Subject,
    names::PageId,
    oncall::{CALL, PAGE, PageView, PageWish, Reached},
};

/// Has somebody answer.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Page {
    /// A schedule or a person.
    who: Option<String>,
    /// What it is about, in any number of words.
    message: Vec<String>,
}

impl Command for Page {
    const NAME: &'static str = "page";
    const USAGE: &'static str = "<schedule or person> <message>";
    const SUMMARY: &'static str = "Reach whoever is on call, until somebody answers.";
    const EXAMPLES: &'static [&'static str] =
        &["/page primary \"checkout does not answer\"", "/page carol can you look at this?"];
    const PERMISSION: Option<Permission> = Some(Permission::Page);

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Self { who, message } = self;
        let Some(name) = who else {
            return Ok(Reply::Card(said.whom_to_page().await.into()));
        };
        let to = said.bot.pages.meant(&name)?;
        said.may_for_any(Permission::Page, &said.bot.pages.services(&to)).await?;
        let message = message.join(" ");
        if message.trim().is_empty() {
            return Ok(Reply::Card(what_to_say(&to).into()));
        }
        let Said { bot, actor: by, place, origin, .. } = said;
        let page = bot.pages.ask(PageWish { to, message, by, place, origin }).await?;
        Ok(Reply::Shown(Subject::new(PAGE, page.id)))
    }
}

impl Said<'_> {
    async fn whom_to_page(&self) -> FormView {
        let mut names = vec![];
        for (name, rules) in self.bot.oncall.schedules() {
            if self.may_for_any(Permission::Page, &rules.services).await.is_ok() {
                names.push(name.to_string());
            }
        }
        names.extend(self.bot.access.people().iter().map(|person| person.name.clone()));
        FormView {
            title: "Whom do you want to page?".to_owned(),
            text: None,
            fields: vec![Field::choice("who", "Schedule or person", names), message()],
            button: page_button("/page {who} {message}"),
        }
    }
}

fn what_to_say(to: &Reached) -> FormView {
    FormView {
        title: format!("Page {to}"),
        text: Some("They are called until somebody answers.".to_owned()),
        fields: vec![message()],
        button: page_button(&format!("/page {to} {{message}}")),
    }
}

fn message() -> Field {
    Field::text("message", "What is it about?", "checkout does not answer")
}

fn page_button(say: &str) -> Button {
    let (title, say) = ("Page".to_owned(), say.to_owned());
    Button { title, say, style: "destructive", secondary: false }
}

/// Answers a page.
#[derive(clap::Parser)]
#[command(disable_help_flag = true)]
pub(super) struct Acknowledge {
    page: PageId,
}

impl Command for Acknowledge {
    const NAME: &'static str = "page ack";
    const USAGE: &'static str = "<page>";
    const SUMMARY: &'static str = "Say that you are on it.";
    const EXAMPLES: &'static [&'static str] = &["/page ack 8f2c91d4"];
    /// Whoever is called may answer, whatever roles they have.
    const PERMISSION: Option<Permission> = None;

    async fn run(self, said: Said<'_>) -> Result<Reply, Error> {
        let Said { bot, actor, .. } = &said;
        let known = bot.pages.find(self.page.as_str()).await?;
        let services = known.map(|page| page.services).unwrap_or_default();
        let may_page = said.may_for_any(Permission::Page, &services).await.is_ok();
        let page = bot.pages.answer(&self.page, actor.clone(), may_page).await?;
        Ok(Reply::Shown(Subject::new(PAGE, page.id)))
    }
}

impl Commands {
    /// The page's card, or that of one of its calls, as this person may see it; `None` when they
    /// may not see it at all.
    pub(super) async fn page_card(&self, actor: &Actor, subject: &Subject) -> Option<Card> {
        let id = subject.id.split('.').next()?;
        let page = self.pages.find(id).await.ok()??;
        let is_called = self.pages.is_called(&page, actor);
        let may_page = self.may_for_any(actor, Permission::Page, &page.services).await.is_ok();
        let may_look = self.may_for_any(actor, Permission::Look, &page.services).await.is_ok();
        if !(is_called || may_page || may_look || page.by == *actor) {
            return None;
        }
        let now = self.clock.now();
        if subject.kind == CALL && is_called {
            return Some(PageView::call(&page, now).into());
        }
        Some(PageView::of(&page, is_called || may_page, now).into())
    }
}
