//! The webhook of a GitHub App: where it calls, and whether its calls arrive. Only the app itself
//! may ask.

use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Credential, Error, Github, headers};
use crate::outbound::Failure;

/// How many of the last calls are looked at.
const LAST: &str = "20";

/// An app's webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Where it calls. Text from outside.
    pub url: String,
    /// What its last calls were answered, the newest first; 0 when nobody answered.
    pub answered: Vec<u16>,
}

#[derive(Deserialize)]
struct Config {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    #[serde(default)]
    status_code: u16,
}

impl Github {
    /// The webhook of the app we are, when we are one and it has one.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn hook(&self) -> Result<Option<Hook>, Error> {
        let config: Config = match self.ask_as_app("config", &[]).await {
            Ok(Some(config)) => config,
            Ok(None) => return Ok(None),
            // An app without a webhook has no such page.
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(url) = config.url.filter(|url| !url.is_empty()) else { return Ok(None) };
        let last: Option<Vec<Delivery>> =
            self.ask_as_app("deliveries", &[("per_page", LAST)]).await?;
        let answered = last.into_iter().flatten().map(|one| one.status_code).collect();
        Ok(Some(Hook { url, answered }))
    }

    async fn ask_as_app<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, Error> {
        let Credential::App(app) = &self.sign_in.credential else { return Ok(None) };
        self.quiet.is_over()?;
        let url = self.api.url(&["app", "hook", what]);
        let mut url = url.map_err(|error| Failure::Unreached(error.to_string()))?;
        url.query_pairs_mut().extend_pairs(query);
        let request = self.outbound.request(Method::GET, url);
        let request = headers(request, &self.sign_in.signed(app)?).timeout(self.timeout);
        let answer = self.outbound.send(request).await.map_err(Error::Failed);
        Ok(Some(self.noted(answer)?.json()?))
    }
}
