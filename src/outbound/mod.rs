//! The one way out: timeouts, size caps, no redirects, checked addresses, and failures sorted by
//! what they let the caller conclude.

mod address;

use std::{path::Path, time::Duration};

use anyhow::Context;
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap, redirect};
use url::Url;

pub use address::{BadAddress, Base, is_this_machine};

use crate::{
    clock::{Clock, Timestamp},
    secrets::redact,
};

/// A server that has not taken the connection by then will not.
const CONNECT: Duration = Duration::from_secs(3);

/// No answer may take longer; what is asked in a click has its own, shorter limit.
const WHOLE: Duration = Duration::from_secs(10);

/// A larger answer is not read to its end, and counts as none.
const LARGEST: usize = 4 * 1024 * 1024;

/// How often a question that changes nothing is asked before its failure counts.
const QUESTIONS: usize = 3;

/// How much of what a server said about a failure is kept.
const SAID: usize = 300;

/// A reset below this many seconds is a length of time: as a moment it would be in 2001 or before.
const MOMENTS: i64 = 1_000_000_000;

/// Sends requests. Clones share their connections, so one is made and handed around.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    /// The largest answer that is read, in bytes.
    largest: usize,
}

/// A complete answer: of a kind the caller can use (any 2xx), unless it asked for any kind.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no usable answer, by what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server never got the request: nothing happened there.
    #[error("the server could not be reached: {0}")]
    Unreached(String),
    /// The server understood and said no; asking again changes nothing.
    #[error("refused with status {status}: {said}")]
    Refused {
        /// 3xx or 4xx.
        status: u16,
        /// The beginning of what it said, redacted. Text from outside.
        said: String,
    },
    /// The server took nothing for now; nothing happened there.
    #[error("asked to come back later (status {status}): {said}")]
    NotNow {
        /// 429, or 503 with a time, or 403 that names a limit.
        status: u16,
        /// How long it asked to be left alone.
        after: Option<Duration>,
        /// The beginning of what it said, redacted. Text from outside.
        said: String,
    },
    /// Nobody knows whether it happened: time ran out, the connection broke, or the server failed.
    #[error("no clear answer: {0}")]
    Unclear(String),
}

impl Failure {
    /// The status, when the server gave one of the definite kind.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::NotNow { status, .. } => Some(*status),
            Self::Unreached(_) | Self::Unclear(_) => None,
        }
    }
}

impl Answer {
    /// The body as JSON. An answer that is none (a sign-in page, half a document) is unclear.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        crate::outside::json(&self.body).map_err(|error| {
            Failure::Unclear(format!("the answer is not what was expected: {error}"))
        })
    }

    /// The beginning of what was said, on one line and redacted. Text from outside.
    pub fn said(&self) -> String {
        said(&self.body)
    }

    /// How long the server wants to be left alone, when it says so.
    pub fn pause(&self) -> Option<Duration> {
        pause(self, Clock::system().now())
    }

    /// One header, when it is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Outbound {
    /// The way out.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn new() -> anyhow::Result<Self> {
        let client =
            client().build().context("no secure connections can be made on this machine")?;
        Ok(Self { client, largest: LARGEST })
    }

    /// The same, for a server whose certificate is of an authority of its own: whom this file in
    /// PEM form names is trusted, and nobody else.
    ///
    /// # Errors
    /// When the file cannot be read, or names nobody.
    pub fn trusting(&self, authorities: &Path) -> anyhow::Result<Self> {
        let shown = authorities.display();
        let text = std::fs::read(authorities)
            .with_context(|| format!("the certificates {shown} cannot be read"))?;
        let known = reqwest::Certificate::from_pem_bundle(&text)
            .ok()
            .filter(|known| !known.is_empty())
            .with_context(|| format!("{shown} holds no certificate in PEM form"))?;
        let client = client().tls_certs_only(known).build();
        let client = client.with_context(|| format!("{shown} holds no usable certificate"))?;
        Ok(Self { client, largest: self.largest })
    }

    /// The same, for a server whose answers may be larger: so many bytes each.
    #[must_use]
    pub fn reading(&self, largest: usize) -> Self {
        Self { client: self.client.clone(), largest }
    }

    /// Begins a request; [`Outbound::send`] or [`Outbound::ask`] sends it.
    pub fn request(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request that may change something: once.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        self.send_for(request, &[]).await
    }

    /// As [`Outbound::send`], and an answer of a status in `also` is as good as any 2xx.
    ///
    /// # Errors
    /// Sorted by what they let the caller conclude.
    pub async fn send_for(&self, request: RequestBuilder, also: &[u16]) -> Result<Answer, Failure> {
        let answer = self.hear(request).await?;
        if also.contains(&answer.status) { Ok(answer) } else { judge(answer) }
    }

    /// Sends a request once and takes any answer, whatever its status.
    ///
    /// # Errors
    /// When there is no whole answer: [`Failure::Unreached`] or [`Failure::Unclear`].
    pub async fn hear(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let mut response = request.send().await.map_err(|error| sort(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = vec![];
        while let Some(chunk) = response.chunk().await.map_err(|error| sort(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > self.largest {
                let most = self.largest;
                return Err(Failure::Unclear(format!("the answer is over {most} bytes")));
            }
        }
        Ok(Answer { status: status.as_u16(), headers, body })
    }

    /// Sends a question that changes nothing, again when there was no clear answer.
    ///
    /// # Errors
    /// The last one, sorted by what it lets the caller conclude.
    pub async fn ask(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let mut wait = Duration::from_millis(200);
        for _ in 1..QUESTIONS {
            let Some(copy) = request.try_clone() else { break };
            match self.send(copy).await {
                Err(Failure::Unreached(_) | Failure::Unclear(_)) => tokio::time::sleep(wait).await,
                settled => return settled,
            }
            wait *= 3;
        }
        self.send(request).await
    }
}

/// A client as all of ours are.
fn client() -> reqwest::ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    let client = reqwest::Client::builder();
    client
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("pilothouse/", env!("CARGO_PKG_VERSION")))
}

fn judge(answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status;
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let said = said(&answer.body);
    let after = pause(&answer, Clock::system().now());
    Err(match status {
        429 => Failure::NotNow { status, after, said },
        403 | 503 if after.is_some() => Failure::NotNow { status, after, said },
        408 | 500.. => Failure::Unclear(format!("status {status}: {said}")),
        _ => Failure::Refused { status, said },
    })
}

fn sort(error: &reqwest::Error) -> Failure {
    // A reqwest error names the whole address, query included; its causes do not.
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let said = redact(&cause.to_string()).into_owned();
    if error.is_connect() || error.is_builder() {
        Failure::Unreached(said)
    } else if error.is_timeout() {
        Failure::Unclear("time ran out".to_owned())
    } else {
        Failure::Unclear(said)
    }
}

/// How long a server that answers so wants to be left alone.
fn pause(answer: &Answer, now: Timestamp) -> Option<Duration> {
    if let Some(text) = answer.header("retry-after") {
        return retry_after(text, now);
    }
    // GitHub, GitLab and others name a used-up quota, and the second at which it is filled again;
    // PagerDuty says in how many seconds that is.
    let either = |name: &str| {
        answer
            .header(&format!("x-ratelimit-{name}"))
            .or(answer.header(&format!("ratelimit-{name}")))
    };
    either("remaining").filter(|left| left.trim() == "0")?;
    let reset: i64 = either("reset")?.trim().parse().ok()?;
    if reset < MOMENTS {
        return Some(Duration::from_secs(u64::try_from(reset).unwrap_or(0)));
    }
    Some(Timestamp(reset.saturating_mul(1000)).since(now))
}

/// The beginning of what a server said, on one line and without our secrets; of a JSON answer
/// the sentence in it that is for people.
fn said(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let sentence = json.as_ref().and_then(|json| {
        ["message", "error_description", "error"].into_iter().find_map(|key| words(json.get(key)?))
    });
    let body = sentence.map_or(body, str::as_bytes);
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SAID)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(SAID).collect();
    let line = if line.is_empty() { "it said nothing".to_owned() } else { line };
    redact(&line).into_owned()
}

/// The first text in a value: `{"base": ["Reference not found"]}` says "Reference not found".
fn words(value: &serde_json::Value) -> Option<&str> {
    match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Array(values) => values.iter().find_map(words),
        serde_json::Value::Object(fields) => fields.values().find_map(words),
        _ => None,
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(date.saturating_sub(Timestamp(now.0).since(Timestamp(0))))
}

/// A status as people say it.
pub fn spoken_status(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
