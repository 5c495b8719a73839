//! Prometheus, by its HTTP API: what a query gives, and which alerts it has.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    credential::Credential,
    server::{self, Server},
};
use crate::{
    clock::{Clock, Span},
    outbound::{Base, Failure, Outbound},
};

/// What people call it.
const NAME: &str = "Prometheus";

/// The statuses that come with Prometheus' own words about what is wrong.
const SAYS_WHY: [u16; 3] = [400, 422, 503];

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In its own words.
    #[error("{NAME} says ({kind}): {said}")]
    Said {
        /// Its word for the kind of trouble: `bad_data`, `timeout`. Text from outside.
        kind: String,
        /// Its sentence. Text from outside.
        said: String,
    },
    /// What became of the call.
    #[error(transparent)]
    Failed(#[from] server::Error),
}

/// An answer, and what Prometheus says beside it.
#[derive(Debug)]
pub struct Told<T> {
    /// The answer.
    pub answer: T,
    /// Why it may not be the whole answer. Text from outside.
    pub warnings: Vec<String>,
}

/// What a query gives.
#[derive(Debug)]
pub enum Given {
    /// One number; `None` for a text that is none.
    Scalar(Option<f64>),
    /// A number for each series.
    Vector(Vec<Series>),
    /// Something else, by its name.
    Other(String),
}

/// One series of a vector.
#[derive(Debug)]
pub struct Series {
    /// What tells it from the others. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// Its number now; `None` for a histogram, or a text that is none.
    pub value: Option<f64>,
}

/// An alert of a rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Everything it is called by. Text from outside.
    pub labels: BTreeMap<String, String>,
    /// `pending`, `firing`, or a word to come.
    pub state: String,
    /// Since when its condition holds.
    pub active_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Value,
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct Sampled {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<Sample>,
}

/// A moment and a number, which is written as a text.
#[derive(Deserialize)]
struct Sample(#[expect(dead_code, reason = "only now is asked for")] Value, Value);

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<Alert>,
}

/// A Prometheus, or whatever speaks as it does.
pub struct Prometheus(Server);

impl Prometheus {
    /// The one at an address.
    ///
    /// # Errors
    /// When the secret cannot be read, or the time for an answer is none.
    pub fn new(
        at: (Base, Span),
        credential: Option<&Credential>,
        ground: (Clock, Outbound),
    ) -> anyhow::Result<Self> {
        Ok(Self(Server::new(NAME, at, Credential::key(credential), ground)?))
    }

    /// What a query gives now, asked once.
    ///
    /// # Errors
    /// In its words, or in those of what became of the call.
    pub async fn query(&self, query: &str) -> Result<Told<Given>, Error> {
        let mut url = self.url("query")?;
        url.query_pairs_mut().append_pair("query", query);
        let Told { answer: Data { result_type, result }, warnings } = self.ask(url).await?;
        let answer = match result_type.as_str() {
            "scalar" => Given::Scalar(read::<Sample>(result)?.number()),
            "vector" => {
                let series = read::<Vec<Sampled>>(result)?.into_iter();
                let series = series.map(|Sampled { metric, value }| Series {
                    labels: metric,
                    value: value.and_then(|value| value.number()),
                });
                Given::Vector(series.collect())
            }
            _ => Given::Other(result_type),
        };
        Ok(Told { answer, warnings })
    }

    /// Every alert that it has now, asked once.
    ///
    /// # Errors
    /// In its words, or in those of what became of the call.
    pub async fn alerts(&self) -> Result<Told<Vec<Alert>>, Error> {
        let Told { answer: Alerts { alerts }, warnings } = self.ask(self.url("alerts")?).await?;
        Ok(Told { answer: alerts, warnings })
    }

    fn url(&self, what: &str) -> Result<Url, Error> {
        let url = self.0.url(&["api", "v1", what]);
        url.map_err(|error| failed(Failure::Unreached(error.to_string())))
    }

    async fn ask<T: DeserializeOwned>(&self, url: Url) -> Result<Told<T>, Error> {
        let answer = self.0.look_once(url, &SAYS_WHY).await?;
        match answer.json::<Envelope>() {
            Ok(Envelope { status, error_type, error, .. }) if status == "error" => {
                let nothing = || "no reason".to_owned();
                let kind = error_type.unwrap_or_else(|| answer.status.to_string());
                Err(Error::Said { kind, said: error.unwrap_or_else(nothing) })
            }
            // A server in front of it has spoken instead.
            _ if answer.status >= 300 => {
                let (status, said) = (answer.status, answer.said());
                Err(failed(Failure::Refused { status, said }))
            }
            Ok(Envelope { data, warnings, .. }) => {
                Ok(Told { answer: read(data)?, warnings: warnings.unwrap_or_default() })
            }
            Err(failure) => Err(failed(failure)),
        }
    }
}

impl Sample {
    fn number(&self) -> Option<f64> {
        match &self.1 {
            Value::String(text) => text.parse().ok(),
            value => value.as_f64(),
        }
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| {
        failed(Failure::Unclear(format!("the answer is not what was expected: {error}")))
    })
}

fn failed(failure: Failure) -> Error {
    server::Error::Failed(NAME, failure).into()
}
