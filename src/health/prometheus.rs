//! Asks Prometheus for a number.
//!
//! A query that finds nothing is *no data*, and no data is not healthy: a misspelt metric, a scrape
//! that fails and a service that is gone all look like that. So there is no rule by which an empty
//! answer is good. Where nothing is the good answer, `… or vector(0)` with `equals: 0` says so.

use std::{cmp::Ordering, fmt};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Ground, Probe,
    common::{Objections, VALUE, answer, server, short, three_seconds},
};
use crate::{
    clock::{Span, Timestamp},
    outbound::Base,
    vendors::{
        credential::Credential,
        prometheus::{Given, Prometheus, Series, Told},
    },
};

/// How much of a warning is told, in characters; the verdict is to have room beside it.
const WARNING: usize = 80;

/// A query, and what every number it gives has to be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where Prometheus is.
    pub url: Base,
    /// Who Pilothouse is there; without this line, nobody in particular.
    pub credential: Option<Credential>,
    /// What people read before what was found: `errors`. `Prometheus`, when nothing is said.
    pub name: Option<String>,
    /// The query, which gives a scalar or an instant vector.
    pub query: String,
    /// Every number must be greater than this.
    pub above: Option<f64>,
    /// Every number must be less than this.
    pub below: Option<f64>,
    /// Every number must be this one.
    pub equals: Option<f64>,
    /// How long it may take to answer. Three seconds, when nothing is said; 10 at most.
    #[serde(default = "three_seconds")]
    pub timeout: Span,
}

/// What every number has to be.
#[derive(Clone, Copy, Debug)]
struct Rule {
    above: Option<f64>,
    below: Option<f64>,
    equals: Option<f64>,
}

pub(super) struct Query {
    prometheus: Prometheus,
    name: Option<String>,
    asks: String,
    rule: Rule,
}

impl Settings {
    pub(super) fn objections(&self) -> Objections {
        let mut wrong = server(self.timeout, self.credential.as_ref());
        let Rule { above, below, equals } = self.rule();
        if self.query.trim().is_empty() {
            wrong.push(("query", "is empty".to_owned()));
        }
        if above.is_none() && below.is_none() && equals.is_none() {
            let what = "needs a rule beside it: `above`, `below` or `equals`".to_owned();
            wrong.push(("query", what));
        }
        if equals.is_some() && (above.is_some() || below.is_some()) {
            wrong.push(("equals", "stands alone, without `above` and `below`".to_owned()));
        }
        if above.zip(below).is_some_and(|(above, below)| above >= below) {
            wrong.push(("above", "must be less than `below`: no number is both".to_owned()));
        }
        wrong
    }

    fn rule(&self) -> Rule {
        Rule { above: self.above, below: self.below, equals: self.equals }
    }
}

impl Query {
    pub(super) fn new(settings: &Settings, ground: &Ground) -> anyhow::Result<Self> {
        let Settings { url, credential, name, query, timeout, .. } = settings.clone();
        let Ground { clock, outbound, .. } = ground.clone();
        let prometheus = Prometheus::new((url, timeout), credential.as_ref(), (clock, outbound))?;
        Ok(Self { prometheus, name, asks: query, rule: settings.rule() })
    }

    async fn ask(&self) -> Result<String, String> {
        // What became of the question names whom it was put to.
        let before = self.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        let told = self.prometheus.query(&self.asks).await;
        let told = told.map_err(|error| format!("{before}{error}"))?;
        let Told { answer, warnings } = told;
        let beside = warnings.first().map_or(String::new(), |warning| {
            format!(" (Prometheus warns: {})", short(warning, WARNING))
        });
        let name = self.name.as_deref().unwrap_or("Prometheus");
        let told = |said: String| format!("{name}: {said}{beside}");
        self.rule.judge(&answer).map(told).map_err(told)
    }
}

#[async_trait]
impl Probe for Query {
    async fn check(&self, _: Option<Timestamp>) -> Answer {
        answer(self.ask().await)
    }
}

impl Rule {
    /// Whether everything that was given keeps it, or what does not.
    fn judge(&self, given: &Given) -> Result<String, String> {
        match given {
            Given::Scalar(value) => self.fits(*value),
            Given::Vector(series) => self.all(series),
            Given::Other(kind) => Err(format!(
                "the query gives a {}, and no scalar or instant vector",
                short(kind, VALUE)
            )),
        }
    }

    fn all(&self, series: &[Series]) -> Result<String, String> {
        let count = series.len();
        let fits = |one: &&Series| self.fits(one.value).err();
        let wrong: Vec<_> = series.iter().filter_map(|one| Some((one, fits(&one)?))).collect();
        match (series, wrong.first()) {
            ([], _) => Err("no data: the query finds nothing, which is not healthy".to_owned()),
            ([only], _) => self.fits(only.value),
            (_, None) => Ok(format!("{count} series, each {self}")),
            (_, Some((one, said))) => {
                let number = wrong.len();
                Err(format!("{} is {said} ({number} of {count} series)", called(one)))
            }
        }
    }

    /// The number as it is told, when it keeps the rule; what it is instead, when not.
    fn fits(&self, value: Option<f64>) -> Result<String, String> {
        let Some(value) = value else {
            return Err("no number (a histogram, say)".to_owned());
        };
        if value.is_nan() {
            return Err("NaN, so nothing could be measured".to_owned());
        }
        if value.is_infinite() {
            return Err("infinite, as after a division by zero".to_owned());
        }
        let of = |limit: Option<f64>, wanted: Ordering| {
            limit.is_none_or(|limit| value.partial_cmp(&limit) == Some(wanted))
        };
        let keeps = of(self.above, Ordering::Greater)
            && of(self.below, Ordering::Less)
            && of(self.equals, Ordering::Equal);
        if keeps {
            Ok(format!("{}, {self}", figure(value)))
        } else {
            Err(format!("{} instead of {self}", figure(value)))
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.above, self.below, self.equals) {
            (Some(above), Some(below), _) => {
                write!(f, "above {} and below {}", figure(above), figure(below))
            }
            (Some(above), ..) => write!(f, "above {}", figure(above)),
            (_, Some(below), _) => write!(f, "below {}", figure(below)),
            (.., equals) => write!(f, "exactly {}", figure(equals.unwrap_or_default())),
        }
    }
}

/// A number in few digits.
fn figure(value: f64) -> String {
    let whole = value.to_string();
    if whole.len() <= 12 { whole } else { format!("{value:.4e}") }
}

/// What tells a series from the others.
fn called(series: &Series) -> String {
    let labels = series.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
    short(&format!("{{{}}}", labels.collect::<Vec<_>>().join(", ")), VALUE)
}
