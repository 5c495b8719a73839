//! Leaves a server alone for as long as it asked to be.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::{Clock, Timestamp, spoken},
    outbound::Failure,
};

/// How long to wait when a server names a limit but no time; GitHub asks for a minute at least.
const UNNAMED: Duration = Duration::from_mins(1);

/// The longest wait that is believed: the quotas we know are filled every hour or sooner.
const LONGEST: Duration = Duration::from_hours(1);

/// Until when one server wants to be left alone.
pub(super) struct Quiet {
    name: &'static str,
    clock: Clock,
    until: Mutex<Timestamp>,
}

impl Quiet {
    /// A server of that name, which has asked for nothing yet.
    pub(super) fn new(name: &'static str, clock: Clock) -> Self {
        Self { name, clock, until: Mutex::new(Timestamp(0)) }
    }

    /// Whether it may be asked something now.
    pub(super) fn is_over(&self) -> Result<(), Failure> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.since(self.clock.now());
        if left.is_zero() {
            return Ok(());
        }
        let said = format!("{} asked for quiet, {} more", self.name, spoken(left));
        Err(Failure::NotNow { status: 429, after: Some(left), said })
    }

    /// Remembers that it asked to be left alone, when it did.
    pub(super) fn note(&self, failure: &Failure) {
        if let Failure::NotNow { after, .. } = failure {
            self.begin(after.unwrap_or(UNNAMED));
        }
    }

    /// It asked to be left alone so long.
    pub(super) fn begin(&self, wait: Duration) {
        let until = self.clock.now().plus(wait.min(LONGEST));
        let mut quiet = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = until.max(*quiet);
    }
}
