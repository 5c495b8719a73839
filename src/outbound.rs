//! The one way out: timeouts, size caps, no redirects, checked addresses, and failures sorted by
//! what they let the caller conclude.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use anyhow::Context;
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap, redirect};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

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
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::Unclear(format!("the answer is not what was expected: {error}"))
        })
    }

    /// The beginning of what was said, on one line and redacted. Text from outside.
    pub fn said(&self) -> String {
        said(&self.body)
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
        #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("pilothouse/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("no secure connections can be made on this machine")?;
        Ok(Self { client, largest: LARGEST })
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
        judge(self.hear(request).await?)
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
    // GitHub and others name a used-up quota, and the second at which it is filled again.
    answer.header("x-ratelimit-remaining").filter(|left| left.trim() == "0")?;
    let reset: i64 = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
    Some(Timestamp(reset.saturating_mul(1000)).since(now))
}

/// The beginning of what a server said, on one line and without our secrets; of a JSON answer
/// the sentence in it that is for people.
fn said(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let sentence = json.as_ref().and_then(|json| json.get("message")?.as_str());
    let body = sentence.map_or(body, str::as_bytes);
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SAID)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(SAID).collect();
    let line = if line.is_empty() { "it said nothing".to_owned() } else { line };
    redact(&line).into_owned()
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

/// The address of a server we may talk to: HTTPS, or plain HTTP on this very machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Base(Url);

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It does not parse, or is no web address.
    #[error("`{0}` is not a web address such as https://example.com/path")]
    NotOne(String),
    /// Tokens would travel readable for everybody on the way.
    #[error("`{0}` must begin with https:// (plain http:// is for addresses of this machine only)")]
    Plain(String),
    /// Credentials belong into a secret.
    #[error("an address must not hold a user name or password: refer to a secret instead")]
    Credentials,
}

impl Base {
    /// The address of something below this one. Each segment becomes exactly one path segment;
    /// one that would not (`..`, an empty one) is refused.
    pub fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.0.clone();
        {
            let mut path = url.path_segments_mut().map_err(|()| anyhow::anyhow!("no path"))?;
            path.pop_if_empty();
            for segment in segments {
                let bad = matches!(*segment, "" | "." | "..") || segment.contains(char::is_control);
                anyhow::ensure!(!bad, "`{}` cannot be part of an address", segment.escape_debug());
                path.push(segment);
            }
        }
        Ok(url)
    }

    /// The address itself.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for Base {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(text).map_err(|_| BadAddress::NotOne(text.to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::Credentials);
        }
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => Ok(Self(url)),
            ("http", Some(host)) if is_this_machine(&host) => Ok(Self(url)),
            ("http", Some(_)) => Err(BadAddress::Plain(text.to_owned())),
            _ => Err(BadAddress::NotOne(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Base {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

impl From<Base> for String {
    fn from(base: Base) -> Self {
        base.0.into()
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl schemars::JsonSchema for Base {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "uri" })
    }
}

/// Whether a host is certainly this very machine, whatever a name server says.
pub fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

/// A status as people say it.
pub fn spoken_status(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
