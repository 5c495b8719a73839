//! A probe that finds what a story wants it to find.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use pilothouse::{
    clock::{Clock, Timestamp},
    deployments::{self, Probes},
    health::{Answer, Ground, Post, Probe, Settings, open},
    outbound::Outbound,
};

/// The probes of every environment: a pretend one, and those that ask the bot itself.
pub(super) fn probes(
    services: &deployments::Settings,
    health: &Arc<PretendHealth>,
    (clock, outbound): (Clock, Outbound),
) -> (Probes, Post) {
    let ground = Ground { clock, outbound, post: Post::default() };
    let mut probes = Probes::new();
    for (name, service) in services {
        for (environment, rules) in &service.environments {
            let own = rules.health.iter().filter(|probe| matches!(probe, Settings::OwnAlerts(_)));
            let own = own.map(|probe| open(probe, (name, environment), &ground).unwrap());
            let pretend: Arc<dyn Probe> = health.clone();
            let all = own.chain([pretend]).collect();
            probes.insert((name.clone(), environment.clone()), all);
        }
    }
    (probes, ground.post)
}

#[derive(Default)]
pub struct PretendHealth {
    sick: AtomicBool,
    hung: AtomicBool,
    hopeless: AtomicBool,
    asked: AtomicUsize,
    about: Mutex<Option<Timestamp>>,
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

    /// Since when things were that it was asked about last.
    pub fn asked_about(&self) -> Option<Timestamp> {
        *self.about.lock().unwrap()
    }

    /// From now on who knows says that waiting is of no use.
    pub fn gives_up(&self) {
        self.hopeless.store(true, Ordering::Relaxed);
    }

    pub fn recovers(&self) {
        self.sick.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Probe for PretendHealth {
    async fn check(&self, since: Option<Timestamp>) -> Answer {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.about.lock().unwrap() = since;
        if self.hung.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.hopeless.load(Ordering::Relaxed) {
            return Answer { hopeless: true, ..Answer::unwell("Kubernetes has given up") };
        }
        if self.sick.load(Ordering::Relaxed) {
            Answer::unwell("503 instead of 200")
        } else {
            Answer::well("200 OK")
        }
    }
}
