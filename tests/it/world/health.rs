//! A probe that finds what a story wants it to find.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use pilothouse::health::{Answer, Probe};

#[derive(Default)]
pub struct PretendHealth {
    sick: AtomicBool,
}

impl PretendHealth {
    pub fn fails(&self) {
        self.sick.store(true, Ordering::Relaxed);
    }

    pub fn recovers(&self) {
        self.sick.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Probe for PretendHealth {
    async fn check(&self) -> Answer {
        let healthy = !self.sick.load(Ordering::Relaxed);
        let detail = if healthy { "200 OK" } else { "503 instead of 200" };
        Answer { healthy, detail: detail.to_owned() }
    }
}
