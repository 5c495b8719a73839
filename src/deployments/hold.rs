//! What can stand in the way of a deployment that people have agreed to: a lock, a freeze. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::{access::Actor, clock::Timestamp};

/// How long a deployment that is held waits before it looks again, in case nobody woke it. Longer
/// only makes it late when the configuration has lost a freeze.
const LOOKS: Duration = Duration::from_mins(1);

/// Something that holds a deployment back without deciding against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Somebody keeps the environment to themselves.
    Locked {
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
        /// Since when.
        since: Timestamp,
        /// Until when; until somebody unlocks it, when there is no such moment.
        until: Option<Timestamp>,
    },
    /// Nothing is changed there at this time.
    Frozen {
        /// What the configuration calls it.
        name: String,
        /// Why.
        reason: Option<String>,
        /// When it is over, together with every freeze that follows without a gap.
        until: Timestamp,
    },
}

impl Hold {
    /// When it ends by itself.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Locked { until, .. } => *until,
            Self::Frozen { until, .. } => Some(*until),
        }
    }

    /// Whether it has ended by itself.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| until <= now)
    }

    /// Whether it stops this plan. A lock stops everything, its holder's own plans included: what
    /// one has locked one unlocks first. A freeze is against change, so it lets the way back
    /// through, and whoever may override it.
    pub fn stops(&self, plan: &Plan, may_override: bool) -> bool {
        let passes = plan.back || (may_override && plan.exception.is_some());
        match self {
            Self::Locked { .. } => true,
            Self::Frozen { .. } => !passes,
        }
    }

    /// `Locked by bob since 09:15 UTC, until 11:15 UTC: the sale`
    pub fn spoken(&self, now: Timestamp) -> String {
        match self {
            Self::Locked { by, reason, since, until } => {
                let until = until.map_or_else(
                    || "until somebody unlocks it".to_owned(),
                    |until| format!("until {}", until.time_of_day(now)),
                );
                let why = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
                format!("Locked by {} since {}, {until}{why}", by.name, since.time_of_day(now))
            }
            Self::Frozen { name, reason, until } => {
                let why = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
                format!("Frozen until {} by the freeze {name}{why}", until.time_of_day(now))
            }
        }
    }
}

/// When something that is held by all of these looks again.
pub(super) fn look_again(holds: &[Hold], now: Timestamp) -> Duration {
    let ends = holds.iter().filter_map(|hold| hold.until().map(|until| until.since(now)));
    ends.chain([LOOKS]).min().unwrap_or(LOOKS)
}
