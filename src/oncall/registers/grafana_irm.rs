//! A schedule of Grafana IRM, which was called Grafana OnCall before.
//!
//! What is used, and where it is described: `GET /api/v1/schedules/ID/final_shifts` in the OnCall
//! API reference ("Export a schedule's final shifts": both days are required, at most 365 days lie
//! between them, pages of 50), the headers in its section on authentication: the token stands alone
//! in `Authorization`, and a service account's token goes with `X-Grafana-URL`.

use anyhow::Context;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    super::{Ground, timeline::Window},
    GrafanaIrmSettings, Register,
    listed::Listed,
    with,
};
use crate::{
    clock::Timestamp,
    vendors::server::{Key, Server},
};

/// How many pages of 50 turns are read: ten turns a day are a tenth of it.
const PAGES: usize = 20;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One schedule.
pub(super) struct GrafanaIrm {
    server: Server,
    settings: GrafanaIrmSettings,
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Value>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Shift {
    user_email: Option<String>,
    user_username: Option<String>,
    user_pk: Option<String>,
    #[serde(rename = "shift_start")]
    from: Option<String>,
    #[serde(rename = "shift_end")]
    until: Option<String>,
}

impl GrafanaIrm {
    pub(super) fn open(settings: &GrafanaIrmSettings, ground: &Ground) -> anyhow::Result<Self> {
        let server = Server::new(
            "Grafana IRM",
            (settings.url.clone(), settings.timeout),
            Key::Header("authorization", settings.token.clone()),
            (ground.clock.clone(), ground.outbound.clone()),
        )?;
        Ok(Self { server, settings: settings.clone() })
    }

    async fn page(&self, url: Url) -> anyhow::Result<Page> {
        let stack = self.settings.stack.as_ref().map(|stack| stack.as_url().to_string());
        let answer = self.server.look_with(url, |request| match &stack {
            Some(stack) => request.header("x-grafana-url", stack.trim_end_matches('/')),
            None => request,
        });
        Ok(self.server.decoded(&answer.await?)?)
    }
}

#[async_trait]
impl Register for GrafanaIrm {
    fn called(&self) -> &'static str {
        "schedule of Grafana IRM"
    }

    fn place(&self) -> String {
        format!("grafana_irm:{}:{}", self.settings.url, self.settings.schedule)
    }

    async fn read(&self, window: Window) -> anyhow::Result<String> {
        // Days are whole days: one more at either end, so that no turn is cut off.
        let days = [day(window.from, -DAY_MS)?, day(window.until, DAY_MS)?];
        let schedule = self.settings.schedule.as_str();
        let url = self.server.url(&["api", "v1", "schedules", schedule, "final_shifts"])?;
        let mut listed = Listed::until(window.until);
        for number in 1..=PAGES {
            let number = number.to_string();
            let query = [("start_date", &*days[0]), ("end_date", &days[1]), ("page", &number)];
            let Page { results, next } = self.page(with(url.clone(), &query)).await?;
            for shift in listed.each::<Shift>(results) {
                let called = [&shift.user_username, &shift.user_email, &shift.user_pk];
                match (shift.from, shift.until) {
                    (Some(from), Some(until)) => {
                        listed.add(&called.map(Option::as_deref), Some(&from), Some(&until));
                    }
                    _ => listed.leave_out(),
                }
            }
            let Some(next) = next.filter(|next| !next.is_empty()) else { return listed.kept() };
            // The next page is asked for by its number: behind a proxy its address is often wrong.
            // One of another server means that this is not the server it is taken for.
            let next = url.join(&next).context("the address of its next page is none")?;
            let why = "the list goes on at another server, which is not asked";
            anyhow::ensure!(next.host_str() == url.host_str(), why);
        }
        anyhow::bail!("it has more than {} turns", PAGES * 50)
    }
}

/// `2026-11-30`: the day of a moment, so much later, in UTC.
fn day(at: Timestamp, later: i64) -> anyhow::Result<String> {
    let at = jiff::Timestamp::from_millisecond(at.0.saturating_add(later))?;
    Ok(at.strftime("%Y-%m-%d").to_string())
}
