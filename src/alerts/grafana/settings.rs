//! A Grafana as the configuration writes it.

use crate::{
    alerts::settings::{Flaw, half_a_minute, settings_of_a_source},
    clock::Span,
    hooks::Proof,
    outbound::Base,
    secrets::Secret,
};

settings_of_a_source! {
    /// Grafana Alerting.
    proved by Proof {
        /// Its address; without one it is only listened to, silences live in the bot, and nothing
        /// leads to its dashboards.
        url: Option<Base>,
        /// The token of a service account: Viewer to ask, and the permission to write silences.
        token: Option<Secret>,
        /// How often it is asked what is active; 30 s, when nothing is said.
        #[serde(default = "half_a_minute")]
        every: Span,
    }
}

impl Settings {
    /// What the schema cannot find wrong with them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let lacks = self.url.is_some() && self.token.is_none();
        let what = "needs `token` beside it: Grafana answers nobody without the token of a \
                    service account";
        let lacks = lacks.then(|| Flaw::without(&["token"], &["url"], what));
        let sends = |proof: &Proof| {
            matches!(
                proof,
                Proof::Grafana(_) | Proof::Bearer(_) | Proof::Basic(_) | Proof::Header(_)
            )
        };
        let what = "is not how Grafana can prove itself: `grafana` (HMAC), `bearer`, `basic` and \
                    `header` are";
        let odd = self.webhook.as_ref().filter(|proof| !sends(proof));
        lacks.into_iter().chain(odd.map(|_| Flaw::at(&["webhook"], what))).collect()
    }
}
