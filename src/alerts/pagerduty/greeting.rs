//! Whether PagerDuty tells Pilothouse what happens, as far as it shows that.

use crate::{
    greeting::Greeting,
    vendors::{pagerduty::PagerDuty, server::Error},
};

/// What the addresses of Pilothouse's doors for vendors have in them.
const OURS: &str = "/hooks/";

/// What there is to say of the subscriptions that call Pilothouse.
pub(super) async fn greeting(client: &PagerDuty) -> Vec<Greeting> {
    let seen = match client.subscriptions().await {
        Ok(seen) => seen,
        Err(Error::Failed(..)) => {
            return vec![Greeting::unseen(
                "whether its webhook still calls cannot be seen from here: Integrations, Generic \
                 Webhooks",
            )];
        }
        Err(error) => return vec![error.greeting()],
    };
    let mut ours = seen.iter().filter(|one| one.delivery_method.url.contains(OURS));
    if ours.clone().next().is_none() {
        return vec![Greeting::warn(
            "no webhook of PagerDuty's calls a Pilothouse",
            "Make one (Integrations, Generic Webhooks) to https://<your host>/hooks/<this source>: \
             until then, it is only asked now and then",
        )];
    }
    match ours.find(|one| !one.active || one.delivery_method.temporarily_disabled) {
        None => vec![Greeting::ok("its webhook is switched on")],
        Some(off) if off.active => vec![Greeting::warn(
            "PagerDuty has given up on its webhook for a while",
            "Deliveries have failed: look at the way in, and at the secret of `webhook`",
        )],
        Some(_) => vec![Greeting::warn(
            "a webhook of PagerDuty's that calls a Pilothouse is switched off",
            "Switch it on again: Integrations, Generic Webhooks",
        )],
    }
}
