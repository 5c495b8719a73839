//! The addresses we may talk to.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

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

    /// An address from outside, when it is a page of this server; a link to anywhere else is not
    /// shown to people.
    pub fn page(&self, address: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        (plain && url.origin() == self.0.origin()).then(|| url.into())
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
