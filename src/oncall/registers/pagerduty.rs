//! A schedule of PagerDuty, or a level of one of its escalation policies.
//!
//! `GET /oncalls` of the REST API: who is on call between two moments, by what PagerDuty makes of
//! its schedules, overrides and policies. It looks 90 days ahead at most. Somebody without a
//! beginning or an end is on call for good.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{Ground, timeline::Window},
    PagerDutySettings, Register,
    listed::Listed,
};
use crate::{
    clock::Timestamp,
    vendors::pagerduty::{self, PagerDuty as Account},
};

/// One schedule, or one level of a policy.
pub(super) struct PagerDuty {
    account: Account,
    settings: PagerDutySettings,
}

#[derive(Deserialize)]
struct OnCall {
    user: Option<User>,
    schedule: Option<Named>,
    escalation_policy: Option<Named>,
    escalation_level: Option<u32>,
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: Option<String>,
    summary: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    summary: Option<String>,
}

impl PagerDuty {
    pub(super) fn open(settings: &PagerDutySettings, ground: &Ground) -> anyhow::Result<Self> {
        let nothing = settings.schedule.is_none() && settings.policy.is_none();
        anyhow::ensure!(!nothing, "PagerDuty has neither `schedule` nor `policy`");
        let account = pagerduty::Settings {
            api: settings.api.clone(),
            token: settings.token.clone(),
            from: None,
            timeout: settings.timeout,
        };
        let account = Account::new(&account, (ground.clock.clone(), ground.outbound.clone()))?;
        Ok(Self { account, settings: settings.clone() })
    }

    fn means(&self, oncall: &OnCall) -> bool {
        self.settings.level.is_none_or(|level| oncall.escalation_level == Some(level))
    }

    /// What it is called there.
    fn name<'a>(&self, oncall: &'a OnCall) -> Option<&'a str> {
        let schedule = oncall.schedule.as_ref().filter(|_| self.settings.schedule.is_some());
        schedule.or(oncall.escalation_policy.as_ref())?.summary.as_deref()
    }
}

#[async_trait]
impl Register for PagerDuty {
    fn called(&self) -> &'static str {
        if self.settings.schedule.is_some() {
            "schedule of PagerDuty"
        } else {
            "policy of PagerDuty"
        }
    }

    fn place(&self) -> String {
        let PagerDutySettings { api, schedule, policy, level, .. } = &self.settings;
        format!("pagerduty:{api}:{schedule:?}:{policy:?}:{level:?}")
    }

    async fn read(&self, window: Window) -> anyhow::Result<String> {
        let (since, until) = (instant(window.from)?, instant(window.until)?);
        let mut query = vec![("since", since.as_str()), ("until", &until), ("include[]", "users")];
        let PagerDutySettings { schedule, policy, .. } = &self.settings;
        query.extend(schedule.iter().map(|id| ("schedule_ids[]", id.as_str())));
        query.extend(policy.iter().map(|id| ("escalation_policy_ids[]", id.as_str())));
        let answer = self.account.list::<Value>(&["oncalls"], &query, "oncalls").await?;
        anyhow::ensure!(answer.whole, "it has more than {} turns", answer.items.len());
        let mut listed = Listed::until(window.until);
        let oncalls: Vec<OnCall> = listed.each(answer.items);
        for oncall in oncalls.iter().filter(|oncall| self.means(oncall)) {
            if let Some(name) = self.name(oncall) {
                listed.name(name);
            }
            let Some(user) = &oncall.user else {
                listed.leave_out();
                continue;
            };
            let called = [&user.name, &user.summary, &user.email, &user.id];
            let (from, until) = (oncall.start.as_deref(), oncall.end.as_deref());
            listed.add(&called.map(Option::as_deref), from, until);
        }
        if listed.is_empty() && policy.is_none() {
            listed.odd("PagerDuty names nobody, as it does while no escalation policy uses it");
        }
        listed.kept()
    }
}

/// `2026-11-30T08:00:00Z`
fn instant(at: Timestamp) -> anyhow::Result<String> {
    let at = jiff::Timestamp::from_millisecond(at.0)?;
    Ok(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
