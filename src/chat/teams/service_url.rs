//! Where the bot may send messages to. Its token goes nowhere else, whatever an activity, a stored
//! reference or a redirect says.

use std::fmt;

use url::{Host, Url};

use crate::outbound::is_this_machine;

/// An address of the connector that is on the list. It is stored as text and checked anew when it
/// is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl(Url);

/// Not on the list, or no address at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address this bot may send messages to")]
pub struct NotAllowed(String);

impl ServiceUrl {
    /// The address, when one of `allowed` covers it. HTTPS at the usual port, no credentials, no
    /// query; plain HTTP for this machine only.
    ///
    /// # Errors
    /// [`NotAllowed`], with what was said.
    pub fn allowed(text: &str, allowed: &[String]) -> Result<Self, NotAllowed> {
        let refused = || NotAllowed(text.chars().filter(|c| !c.is_control()).take(200).collect());
        let url = Url::parse(text).map_err(|_| refused())?;
        // Such an address is another one to other readers of it.
        let odd = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
        let plain = !text.contains(odd)
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let safe = match (url.scheme(), url.host()) {
            ("https", Some(Host::Domain(_))) => url.port().is_none(),
            ("http" | "https", Some(host)) => is_this_machine(&host),
            _ => false,
        };
        if plain && safe && allowed.iter().any(|rule| covers(rule, &url)) {
            return Ok(Self(url));
        }
        Err(refused())
    }

    /// The address of something below this one. Each segment becomes exactly one path segment,
    /// with everything in it encoded that is not a letter, a digit or one of `-._~`: the connector
    /// wants `:` and `;` so.
    ///
    /// # Errors
    /// When a segment would not be one: `..`, an empty one.
    pub fn join(&self, segments: &[&str]) -> anyhow::Result<Url> {
        let mut path = self.0.path().trim_end_matches('/').to_owned();
        for segment in segments {
            let bad = matches!(*segment, "" | "." | "..");
            anyhow::ensure!(!bad, "`{segment}` cannot be part of an address");
            path.push('/');
            for byte in segment.bytes() {
                match byte {
                    b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
                    _ if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
                    _ => path.extend(['%', hex(byte >> 4), hex(byte & 15)]),
                }
            }
        }
        let mut url = self.0.clone();
        url.set_path(&path);
        Ok(url)
    }

    /// Whether this very machine is meant.
    pub fn is_this_machine(&self) -> bool {
        self.0.host().is_some_and(|host| is_this_machine(&host))
    }

    /// Whether two addresses are the same but for a slash at the end and the host's case.
    pub fn same(one: &str, other: &str) -> bool {
        match (Url::parse(one), Url::parse(other)) {
            (Ok(one), Ok(other)) => {
                let trimmed = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
                trimmed(&one) == trimmed(&other)
            }
            _ => false,
        }
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The upper-case digit of a number below 16.
fn hex(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit & 15)])
}

/// `https://host/path` covers what begins so; `https://*.host` every host below;
/// `http://localhost:*` this machine at any port.
fn covers(rule: &str, url: &Url) -> bool {
    let (rule, any_port) = match rule.strip_suffix(":*") {
        Some(rule) => (rule, url.host().is_some_and(|host| is_this_machine(&host))),
        None => (rule, false),
    };
    let (rule, below) = match rule.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (rule.to_owned(), false),
    };
    let Ok(rule) = Url::parse(&rule) else { return false };
    let (Some(wanted), Some(host)) = (rule.host_str(), url.host_str()) else { return false };
    let host_fits = if below {
        host.strip_suffix(wanted).is_some_and(|h| h.ends_with('.'))
    } else {
        host == wanted
    };
    let path = rule.path().trim_end_matches('/');
    let path_fits =
        url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    host_fits
        && path_fits
        && rule.scheme() == url.scheme()
        && (any_port || rule.port() == url.port())
}
