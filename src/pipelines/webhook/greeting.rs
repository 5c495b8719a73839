//! Whether a deployment system of one's own is there: nothing is sent that it could take for an
//! order.

use super::{Ground, NAME, Settings};
use crate::{
    greeting::Greeting,
    vendors::server::{Key, Server},
};

/// No run was ever called so.
const NOBODY: &str = "pilothouse-doctor";

/// Asks for the status of a run that never was, where that can be asked; else only whether anybody
/// is there.
pub(in crate::pipelines) async fn greeting(settings: &Settings, ground: &Ground) -> Vec<Greeting> {
    let open = |base| {
        Server::new(
            NAME,
            (base, settings.timeout),
            Key::Signature(settings.secret.clone()),
            (ground.clock.clone(), ground.outbound.clone()),
        )
    };
    let server = match open(settings.status.clone().unwrap_or_else(|| settings.url.clone())) {
        Ok(server) => server,
        Err(error) => return vec![Greeting::sentence(&format!("{error:#}"))],
    };
    let there = settings.url.as_url();
    let mut greetings = vec![Greeting::of_address(NAME, there, &ground.outbound).await];
    let Some(url) = settings.status.as_ref().and_then(|_| server.url(&[NOBODY]).ok()) else {
        greetings.push(Greeting::unseen(
            "whether it takes the signature cannot be seen from here: it is told nothing now",
        ));
        return greetings;
    };
    let asked = server.look_with(url, |request| request.header("webhook-id", NOBODY)).await;
    greetings.push(match asked {
        Err(error) if error.status() == Some(404) => {
            Greeting::ok("it takes the signature, and answers for runs it does not know")
        }
        Err(error) if matches!(error.status(), Some(401 | 403)) => Greeting::bad(
            "the deployment system does not take the signature",
            "Give both sides the same `secret`, and look at the clocks of both",
        ),
        Err(error) => error.greeting(),
        Ok(_) => Greeting::warn(
            "it has an answer for a run that never was",
            "Let it answer 404 for what it has never heard of: otherwise nothing is found again",
        ),
    });
    greetings
}
