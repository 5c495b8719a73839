//! The API of an Alertmanager, version 2: what fires, and silences. Others speak it as well, each
//! below a path of its own.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, RequestBuilder};

use super::wire::{Listed, Made, Matcher, NewSilence, Silence, written};
use crate::{
    alerts::{Heard, Muting, SilenceWish},
    clock::Timestamp,
    names::Correlation,
    outbound::{Base, Failure, Outbound},
    secrets::Secret,
    vendors::credential::Credential,
};

/// The largest list that is read, in bytes: some fifty thousand alerts.
const LARGEST: usize = 32 * 1024 * 1024;

/// How long a list may take; an errand has half a minute for everything.
const LIST: Duration = Duration::from_secs(12);

/// The API of one server.
pub(in crate::alerts) struct Api {
    url: Base,
    /// Where it is below that address.
    path: &'static [&'static str],
    credential: Option<Credential>,
    outbound: Outbound,
}

impl Api {
    /// The API below `path` of that address.
    pub(in crate::alerts) fn new(
        (url, path): (Base, &'static [&'static str]),
        credential: Option<Credential>,
        outbound: &Outbound,
    ) -> Self {
        Self { url, path, credential, outbound: outbound.reading(LARGEST) }
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Failure> {
        let unreached = |error: String| Failure::Unreached(error);
        let path: Vec<&str> = self.path.iter().chain(path).copied().collect();
        let url = self.url.url(&path).map_err(|error| unreached(error.to_string()))?;
        let request = self.outbound.request(method, url);
        let read = |secret: &Secret| secret.read().map_err(|error| unreached(error.to_string()));
        let Some(Credential { bearer, basic }) = &self.credential else {
            return Ok(request);
        };
        Ok(match (bearer, basic) {
            (Some(token), _) => request.bearer_auth(read(token)?),
            (None, Some(basic)) => request.basic_auth(&basic.user, Some(read(&basic.password)?)),
            (None, None) => request,
        })
    }

    /// Every silence that holds, or will.
    async fn silences(&self) -> Result<Vec<Silence>, Failure> {
        let request = self.request(Method::GET, &["silences"])?.timeout(LIST);
        let mut silences: Vec<Silence> = self.outbound.ask(request).await?.json()?;
        silences.retain(Silence::lives);
        Ok(silences)
    }

    /// The silence that was given our name.
    async fn ours(&self, correlation: &Correlation) -> Result<Option<String>, Failure> {
        let silences = self.silences().await?;
        let ours = silences.into_iter().find(|s| s.comment.contains(correlation.as_str()));
        Ok(ours.map(|silence| silence.id))
    }

    async fn is_over(&self, id: &str) -> Result<bool, Failure> {
        let request = self.request(Method::GET, &["silence", id])?;
        match self.outbound.ask(request).await {
            Ok(answer) => Ok(!answer.json::<Silence>()?.lives()),
            Err(Failure::Refused { status: 404, .. }) => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    /// Everything that fires there, whether or not it is silenced; `heard` puts each in nobody's
    /// words.
    pub(in crate::alerts) async fn list(
        &self,
        now: Timestamp,
        heard: impl Fn(Listed, &BTreeMap<&str, Muting>) -> Heard,
    ) -> Result<Vec<Heard>, Failure> {
        let request = self.request(Method::GET, &["alerts"])?.timeout(LIST);
        let listed: Vec<Listed> = self.outbound.send(request).await?.json()?;
        let quiet = listed.iter().any(|alert| !alert.status.silenced_by.is_empty());
        let silences = if quiet { self.silences().await? } else { vec![] };
        let silences: BTreeMap<&str, Muting> =
            silences.iter().map(|silence| (silence.id.as_str(), silence.muting(now))).collect();
        Ok(listed.into_iter().map(|alert| heard(alert, &silences)).collect())
    }

    /// As [`crate::alerts::Source::silence`].
    pub(in crate::alerts) async fn silence(&self, wish: &SilenceWish) -> Result<String, Failure> {
        // An earlier attempt may have made it without our hearing of it.
        if let Some(id) = self.ours(&wish.correlation).await? {
            return Ok(id);
        }
        let reason = wish.reason.as_deref().unwrap_or("silenced from chat");
        let comment = format!("{reason} (Pilothouse {})", wish.correlation);
        let matchers = wish.labels.iter().map(|(name, value)| Matcher {
            name,
            value,
            is_regex: false,
            is_equal: true,
        });
        let silence = NewSilence {
            id: wish.replaces.as_deref(),
            matchers: matchers.collect(),
            starts_at: written(started(wish)),
            ends_at: written(wish.until),
            created_by: wish.by.clone(),
            comment,
        };
        let request = self.request(Method::POST, &["silences"])?.json(&silence);
        let made = match self.outbound.send(request).await {
            // The one it takes the place of is no more.
            Err(Failure::Refused { status: 404, .. }) if wish.replaces.is_some() => {
                let alone = NewSilence { id: None, ..silence };
                let request = self.request(Method::POST, &["silences"])?.json(&alone);
                self.outbound.send(request).await?
            }
            sent => sent?,
        };
        Ok(made.json::<Made>()?.id)
    }

    /// As [`crate::alerts::Source::unsilence`].
    pub(in crate::alerts) async fn unsilence(
        &self,
        id: &str,
        correlation: &Correlation,
    ) -> Result<(), Failure> {
        let found = if id.is_empty() { self.ours(correlation).await? } else { Some(id.to_owned()) };
        let Some(id) = found else { return Ok(()) };
        let request = self.request(Method::DELETE, &["silence", &id])?;
        match self.outbound.send(request).await {
            Ok(_) | Err(Failure::Refused { status: 404, .. }) => Ok(()),
            // Some versions fail when it is over already.
            Err(failure) if self.is_over(&id).await.unwrap_or(false) => {
                tracing::debug!("a silence was over already: {failure}");
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A little before now: where the two clocks differ, it is to hold at once all the same.
fn started(wish: &SilenceWish) -> Timestamp {
    const ASIDE: i64 = 60_000;
    Timestamp(wish.from.0 - ASIDE)
}
