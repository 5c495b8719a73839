//! A probe that finds what a story wants it to find.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use pilothouse::health::{Answer, Probe};

#[derive(Default)]
pub struct PretendHealth {
    sick: AtomicBool,
    hung: AtomicBool,
    asked: AtomicUsize,
}

impl PretendHealth {
    pub fn fails(&self) {
        self.sick.store(true, Ordering::Relaxed);
    }

    /// From now on it never answers.
    pub fn hangs(&self) {
        self.hung.store(true, Ordering::Relaxed);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub fn recovers(&self) {
        self.sick.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Probe for PretendHealth {
    async fn check(&self) -> Answer {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.hung.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let healthy = !self.sick.load(Ordering::Relaxed);
        let detail = if healthy { "200 OK" } else { "503 instead of 200" };
        Answer { healthy, detail: detail.to_owned() }
    }
}
