//! Asks a page and looks at the answer.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Answer, Probe,
    common::{Objections, VALUE, answer, short, three_seconds, timeout},
};
use crate::{
    clock::{Span, Timestamp},
    outbound::{Base, Failure, Outbound},
};

/// The longest a probe may wait. Longer, and one hung server holds up the checks of all.
const LONGEST: Duration = Duration::from_secs(30);

/// Asks a page and looks at the answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The page. Redirections are not followed.
    pub url: Base,
    /// The statuses that mean it is well. Only 200, when nothing is said.
    #[serde(default = "fine")]
    pub status: Vec<u16>,
    /// What its JSON has to say as well.
    pub json: Option<Field>,
    /// How long it may take to answer. Three seconds, when nothing is said; 30 at most.
    #[serde(default = "three_seconds")]
    pub timeout: Span,
}

/// A field of a JSON answer, and what it has to be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Which one: `status`, `checks.database`, `nodes.0.state`, or a JSON pointer (`/a.b/0`).
    pub field: String,
    /// What it has to be: `ok`, `true`, `0`.
    pub equals: Value,
}

fn fine() -> Vec<u16> {
    vec![200]
}

pub(super) struct Http {
    settings: Settings,
    outbound: Outbound,
}

impl Settings {
    pub(super) fn objections(&self) -> Objections {
        let mut wrong = timeout(self.timeout, LONGEST);
        if self.status.is_empty() {
            wrong.push(("status", "is empty: name at least one, such as 200".to_owned()));
        }
        if let Some(status) = self.status.iter().find(|status| !(200..600).contains(*status)) {
            wrong.push(("status", format!("names {status}, and no page answers with that")));
        }
        if self.json.as_ref().is_some_and(|json| json.field.is_empty()) {
            let what = "must name a field of the JSON answer: its `field` is empty".to_owned();
            wrong.push(("json", what));
        }
        wrong
    }
}

impl Http {
    pub(super) fn new(settings: &Settings, outbound: &Outbound) -> Self {
        Self { settings: settings.clone(), outbound: outbound.clone() }
    }

    /// What was found: well, or what is wrong.
    async fn ask(&self) -> Result<String, String> {
        let url = self.settings.url.as_url().clone();
        let request = self.outbound.request(Method::GET, url).timeout(self.settings.timeout.0);
        let began = Instant::now();
        let heard = self.outbound.hear(request).await;
        let took = began.elapsed();
        let answer = match heard {
            Ok(answer) => answer,
            Err(Failure::Unreached(why)) => return Err(format!("could not be reached: {why}")),
            Err(_) if took >= self.settings.timeout.0 => {
                let seconds = self.settings.timeout.0.as_secs_f64();
                return Err(format!("no answer within {seconds} s"));
            }
            Err(failure) => return Err(failure.to_string()),
        };
        let wanted = &self.settings.status;
        if !wanted.contains(&answer.status) {
            let wanted: Vec<_> = wanted.iter().map(u16::to_string).collect();
            return Err(format!("{} instead of {}", answer.status, wanted.join(" or ")));
        }
        if let Some(json) = &self.settings.json {
            json.look(&answer.body)?;
        }
        Ok(format!("{} in {} ms", answer.status, took.as_millis()))
    }
}

#[async_trait]
impl Probe for Http {
    async fn check(&self, _: Option<Timestamp>) -> Answer {
        answer(self.ask().await)
    }
}

impl Field {
    /// Whether the answer says what it has to, or what it says instead.
    fn look(&self, body: &[u8]) -> Result<(), String> {
        let answer: Value =
            serde_json::from_slice(body).map_err(|_| "the answer is not JSON".to_owned())?;
        let found = if self.field.starts_with('/') {
            answer.pointer(&self.field)
        } else {
            self.field.split('.').try_fold(&answer, |value, name| match value {
                Value::Array(values) => values.get(name.parse::<usize>().ok()?),
                value => value.get(name),
            })
        };
        let wanted = short(&self.equals.to_string(), VALUE);
        match found {
            Some(found) if same(found, &self.equals) => Ok(()),
            Some(found) => {
                let found = short(&found.to_string(), VALUE);
                Err(format!("\"{}\" is {found} instead of {wanted}", self.field))
            }
            None => Err(format!("\"{}\" is missing instead of {wanted}", self.field)),
        }
    }
}

/// The same value; `1` and `1.0` are the same number.
fn same(found: &Value, wanted: &Value) -> bool {
    let numbers = found.as_f64().zip(wanted.as_f64());
    found == wanted || numbers.is_some_and(|(found, wanted)| found.total_cmp(&wanted).is_eq())
}
