//! Azure Monitor as the configuration writes it.

use std::time::Duration;

use crate::{
    alerts::settings::{Flaw, settings_of_a_source},
    clock::Span,
    hooks::Proof,
    outbound::Base,
    vendors::entra::Principal,
};

settings_of_a_source! {
    /// Azure Monitor.
    proved by Proof {
        /// The subscription whose alerts are asked for, and told who has them; without it, Azure
        /// Monitor is only listened to.
        subscription: Option<String>,
        /// The one resource group whose alerts are asked for; usually all of them.
        resource_group: Option<String>,
        /// Who Pilothouse is there: needs the role "Monitoring Contributor" in the subscription.
        credential: Option<Principal>,
        /// How often it is asked what fires; one minute, when nothing is said.
        #[serde(default = "a_minute")]
        every: Span,
        /// Azure's own address, where it is another than that of the public cloud.
        #[serde(default = "management")]
        management: Base,
        /// The portal's address, where it is another than that of the public cloud.
        #[serde(default = "portal")]
        portal: Base,
    }
}

/// Azure allows some thousands of questions an hour.
fn a_minute() -> Span {
    Span(Duration::from_mins(1))
}

fn management() -> Base {
    "https://management.azure.com".parse().expect("it is a web address")
}

fn portal() -> Base {
    "https://portal.azure.com".parse().expect("it is a web address")
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = vec![];
        let is_id = |text: &String| uuid::Uuid::try_parse(text).is_ok();
        if self.subscription.as_ref().is_some_and(|id| !is_id(id)) {
            let what = "is no subscription's id, such as 0b1f6471-1bf0-4dda-aec3-cb9272f09590";
            flaws.push(Flaw::at(&["subscription"], what));
        }
        if self.subscription.is_some() && self.credential.is_none() {
            let what = "needs `credential` beside it: Azure answers nobody it does not know";
            flaws.push(Flaw::without(&["credential"], &["subscription"], what));
        }
        let sends = |proof: &Proof| matches!(proof, Proof::Entra(_));
        if self.webhook.as_ref().is_some_and(|proof| !sends(proof)) {
            let what = "is not how Azure Monitor can prove itself: only `entra` is (a secure \
                        webhook)";
            flaws.push(Flaw::at(&["webhook"], what));
        }
        flaws
    }
}
