//! Whether Argo CD would sync the application now: asked without syncing anything.

use serde::Deserialize;

use super::{ArgoCd, NAME};
use crate::{greeting::Greeting, pipelines::common::line, vendors::argo_cd::Application};

#[derive(Deserialize)]
struct May {
    #[serde(default)]
    value: String,
}

impl ArgoCd {
    pub(super) async fn greeted(&self) -> Vec<Greeting> {
        let name = &self.settings.application;
        match self.client.application().await {
            Ok(application) => {
                let may = self.may(&application).await;
                [self.standing(&application)].into_iter().chain(may).collect()
            }
            Err(error) if matches!(error.status(), Some(403 | 404)) => vec![Greeting::bad(
                format!("{NAME} shows this token no application {name}"),
                "Compare `application`, `project` and `namespace` with its own, and let the \
                 token's account get and sync it",
            )],
            Err(error) => vec![error.greeting()],
        }
    }

    fn standing(&self, application: &Application) -> Greeting {
        let name = &self.settings.application;
        if application.source().is_none() {
            return Greeting::bad(
                format!("the application {name} has no single source, so a version says nothing"),
                "Give it one source",
            );
        }
        match application.follows() {
            Some(followed) => Greeting::bad(
                format!("{NAME} keeps {name} at `{}` by itself (auto-sync)", line(followed)),
                "Switch auto-sync off: with it, no other version can be deployed",
            ),
            None => Greeting::ok(format!("application {name}, without auto-sync")),
        }
    }

    async fn may(&self, application: &Application) -> Option<Greeting> {
        let name = self.settings.application.as_str();
        let place = ["api", "v1", "account", "can-i", "applications", "sync"];
        let url =
            self.client.server.url(&[&place[..], &[application.project(), name]].concat()).ok()?;
        match self.client.server.ask::<May>(url).await {
            Ok(May { value }) if value == "yes" => {
                Some(Greeting::ok(format!("the token may sync {name}")))
            }
            Ok(May { value }) if value == "no" => Some(Greeting::bad(
                format!("the token may not sync {name}"),
                "Allow `applications, sync` for its account in Argo CD's RBAC",
            )),
            _ => Some(Greeting::unseen("whether the token may sync it cannot be seen from here")),
        }
    }
}
