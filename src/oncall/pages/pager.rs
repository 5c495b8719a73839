//! Calls people, one level after the other, until somebody answers. May run twice.

use std::sync::Arc;

use async_trait::async_trait;

use super::{CALL, Next, PAGE, Page, PageView, Pages, Reached, Sent, page::Delivery, reach::Reach};
use crate::{
    access::Access,
    chat::{Channels, Subject},
    clock::{Clock, Timestamp},
    jobs::{Handler, Job, Ran, Wish},
    names::PageId,
    oncall::{OnCall, Who},
    outbound::Outbound,
};

/// The kind of the jobs that show cards.
const CARD: &str = "page_card";

/// The job that sees a page through.
pub(super) fn wish(id: &PageId, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(id)?;
    Ok(Wish { kind: PAGE, key: payload.clone(), payload, run_at })
}

/// The job that shows its cards.
pub(super) fn card(id: &PageId, run_at: Timestamp) -> anyhow::Result<Wish> {
    let payload = serde_json::to_string(id)?;
    Ok(Wish { kind: CARD, key: payload.clone(), payload, run_at })
}

/// Sees pages through.
pub struct Pager {
    pages: Arc<Pages>,
    oncall: Arc<OnCall>,
    reach: Reach,
    clock: Clock,
}

impl Pager {
    /// Reaches people through these chats, or the programs of the configuration.
    pub fn new(
        pages: Arc<Pages>,
        oncall: Arc<OnCall>,
        access: Arc<Access>,
        channels: Arc<Channels>,
        outbound: Outbound,
    ) -> Self {
        let (clock, reached) = (pages.clock.clone(), oncall.clone());
        Self { pages, oncall, reach: Reach { access, channels, outbound, oncall: reached }, clock }
    }

    async fn begin(&self, page: &Page, level: usize) -> anyhow::Result<()> {
        let now = self.clock.now();
        let people = match &page.to {
            Reached::Person(name) => Some(vec![Who::Person(name.clone())]),
            Reached::Schedule(name) => {
                let there = self.oncall.level(name, level, now).await?;
                there.is_known().then(|| there.who().to_vec())
            }
        };
        let action = if level == 0 { "page_called" } else { "page_escalated" };
        let names: Vec<String> = people.iter().flatten().map(Who::to_string).collect();
        let detail = serde_json::json!({ "level": level + 1, "people": names });
        let change = |page: &mut Page| {
            // Whoever ran this before may have begun it.
            (page.next(now) == Next::Begin(level)).then(|| page.begin(level, people, now))?;
            Some(detail)
        };
        self.pages.change(&page.id, action, change).await?;
        Ok(())
    }

    async fn send(&self, job: &Job, page: &Page, index: usize) -> anyhow::Result<()> {
        let now = self.clock.now();
        anyhow::ensure!(job.is_ours(now), "this attempt has been overtaken");
        let mut sends = false;
        let marked = self.pages.change(&page.id, "", |page| {
            sends = page.sending(index);
            Some(serde_json::Value::Null)
        });
        let Some(page) = marked.await?.filter(|_| sends) else { return Ok(()) };
        let how = self.reach.send(&page, index, now).await;
        let (action, why) = match &how {
            Sent::Delivered(_) | Sent::Before(_) => ("page_delivered", None),
            Sent::NotNow(why) => ("page_delayed", Some(why.clone())),
            Sent::Never(why) => ("page_failed", Some(why.clone())),
            Sent::Unclear(why) => ("page_unclear", Some(why.clone())),
        };
        let (who, sent) = (page.calls[index].who.to_string(), page.calls[index].sent);
        let detail = serde_json::json!({ "who": who, "sent": sent, "why": why });
        let at = self.clock.now();
        let change = |page: &mut Page| {
            page.sent(index, how, at);
            Some(detail)
        };
        self.pages.change(&page.id, action, change).await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for Pager {
    fn kind(&self) -> &'static str {
        PAGE
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let id: PageId = serde_json::from_str(&job.payload)?;
        let Some(page) = self.pages.find(id.as_str()).await? else { return Ok(Ran::Done) };
        let now = self.clock.now();
        match page.next(now) {
            Next::Rest => return Ok(Ran::Done),
            Next::Wait(until) => return Ok(Ran::Again(until.since(now))),
            Next::Begin(level) => self.begin(&page, level).await?,
            Next::Send(index) => self.send(job, &page, index).await?,
            Next::Exhaust => {
                let detail = serde_json::json!({ "to": page.to.to_string() });
                let change = |page: &mut Page| {
                    (page.next(now) == Next::Exhaust).then(|| page.exhaust())?;
                    Some(detail)
                };
                self.pages.change(&page.id, "page_unanswered", change).await?;
            }
        }
        // One step at a time: the next begins with what has been written down.
        Ok(Ran::Again(std::time::Duration::ZERO))
    }
}

/// Shows the cards of pages: where they were asked for, and where they reached somebody.
pub struct PageCards {
    /// The pages.
    pub pages: Arc<Pages>,
    /// Where they are shown.
    pub channels: Arc<Channels>,
}

#[async_trait]
impl Handler for PageCards {
    fn kind(&self) -> &'static str {
        CARD
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let id: PageId = serde_json::from_str(&job.payload)?;
        let Some(page) = self.pages.find(id.as_str()).await? else { return Ok(Ran::Done) };
        let now = self.pages.now();
        let mut failed = None;
        for (index, call) in page.calls.iter().enumerate() {
            let arrived = matches!(call.delivery, Delivery::Delivered { .. });
            let Some(place) = call.place.as_ref().filter(|_| arrived) else { continue };
            let subject = Subject::new(CALL, format!("{}.{index}", page.id));
            let (card, places) = (PageView::call(&page, now).into(), std::slice::from_ref(place));
            failed = self.channels.show(&subject, places, &card).await.err().or(failed);
        }
        let places = self.channels.places(None, &page.asked_in).await;
        let view = PageView::of(&page, true, now);
        self.channels.show(&Subject::new(PAGE, &page.id), &places, &view.into()).await?;
        failed.map_or(Ok(Ran::Done), Err)
    }
}
