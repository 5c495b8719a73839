//! Names that were checked once, where they entered, and are trusted ever after.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name that is accepted: one path segment of every vendor we talk to, with room to spare.
const LONGEST: usize = 64;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $also:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[derive(schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                if is_plain(text, $also) {
                    return Ok(Self(text.to_owned()));
                }
                Err(BadName { kind: $kind, rule: $rule, text: shown(text) })
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Something a team runs and deploys: `checkout`.
    Service, "service name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// Where a version runs: `production`, `staging`.
    Environment, "environment name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// What is deployed: a tag, a branch or a commit.
    Version, "version", "._-/+", "letters, digits, `.`, `_`, `-`, `+` and `/`, without `..`"
}
name! {
    /// One deployment, short enough to type: `8f2c91d4`.
    DeploymentId, "deployment number", "", "the eight letters and digits on the deployment's card"
}
name! {
    /// One page, short enough to type: `8f2c91d4`.
    PageId, "page number", "", "the eight letters and digits on the page's card"
}
name! {
    /// One run of a runbook's step, short enough to type: `8f2c91d4`.
    StepRunId, "number of a run", "", "the eight letters and digits on the run's card"
}
name! {
    /// A schedule of who is on call, as the configuration calls it: `primary`.
    ScheduleName, "schedule name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// A runbook, as its file is called: `checkout-is-slow`.
    RunbookName, "runbook name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// A step of runbooks that can be run, as the configuration calls it: `restart-checkout`.
    StepName, "step name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// The digest of a plan, or the beginning of one: `7c1d…`.
    PlanDigest, "plan digest", "", "the letters and digits after `--plan` on the card"
}
name! {
    /// A pipeline's own name for one of its runs.
    RunId, "run id", "._-/", "letters, digits, `.`, `_`, `-` and `/`"
}
name! {
    /// A vendor's own name for something that keeps a run waiting there.
    GateId, "name of a gate", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// The name we give a run before it exists, so that it can be found again after a crash.
    Correlation, "correlation id", "-", "letters, digits and `-`"
}
name! {
    /// A pipeline as the configuration calls it.
    PipelineName, "pipeline name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// A room people talk in, as the configuration calls it: `deployments`.
    RoomName, "room name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// A person as the configuration calls them: `alice`.
    PersonName, "person name", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// Whoever calls at `/hooks/NAME`, as the configuration calls it: `prometheus`, `github`.
    SourceName, "name of a source", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// Who is told of deployments, as the configuration calls them: `grafana`.
    SubscriberName, "name of somebody who is told", "._-", "letters, digits, `.`, `_` and `-`"
}
name! {
    /// One alert, short enough to type: `k7m2qx`.
    AlertId, "alert number", "", "the six letters and digits on the alert's card"
}
name! {
    /// A role as the configuration calls it: `release-manager`.
    RoleName, "role name", "._-", "letters, digits, `.`, `_` and `-`"
}

macro_rules! number {
    ($($name:ident)*) => {$(
        impl $name {
            /// The random end of a UUID: unique enough together with the store's primary key.
            pub fn random() -> Self {
                Self(uuid::Uuid::now_v7().simple().to_string().split_off(24))
            }
        }
    )*};
}

number! { DeploymentId PageId StepRunId }

impl Correlation {
    /// A name that nobody has given to anything yet.
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl AlertId {
    /// Thirty random bits in letters nobody mistakes for another; the store's primary key sees to
    /// the rest.
    pub fn random() -> Self {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let bytes = uuid::Uuid::now_v7().into_bytes();
        let bits = bytes[12..].iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let letter = |place: u32| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]);
        Self((0..6).map(letter).collect())
    }
}

impl Service {
    /// What no role can name, for something of which nobody knows the service: only whoever may do
    /// a thing with every service may do it with this one.
    pub fn unnamed() -> Self {
        Self("a service without a name".to_owned())
    }
}

impl Environment {
    /// What no role can name, as [`Service::unnamed`].
    pub fn unnamed() -> Self {
        Self("an environment without a name".to_owned())
    }
}

impl PlanDigest {
    /// The digest as hex digits.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(bytes))
    }

    /// What a card shows and a button says. Eight hex digits: a person can compare them, and
    /// guessing the digest of another plan of the same deployment takes 2^32 tries.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(8)]
    }

    /// Whether `said`, possibly shortened, names this digest. Shorter than four says nothing.
    pub fn is(&self, said: &Self) -> bool {
        said.0.len() >= 4 && self.0.starts_with(&said.0)
    }
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Who somebody is, as proved by the chat they speak through; never a display name.
///
/// `entra:<tenant>:<object id>` for Teams, `console:<name>` for the terminal, `bot` for ourselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(String);

impl PersonId {
    /// A person of Microsoft Entra. Ids are compared in lower case, as Entra does.
    pub fn entra(tenant: &str, object: &str) -> Self {
        Self(format!("entra:{}:{}", tenant.to_ascii_lowercase(), object.to_ascii_lowercase()))
    }

    /// Their object id in Microsoft Entra, when they are known by one.
    pub fn entra_object(&self) -> Option<&str> {
        let (_, object) = self.0.strip_prefix("entra:")?.split_once(':')?;
        Some(object)
    }

    /// The same, when they are of that tenant.
    pub fn entra_object_of(&self, tenant: &str) -> Option<&str> {
        let (own, object) = self.0.strip_prefix("entra:")?.split_once(':')?;
        own.eq_ignore_ascii_case(tenant).then_some(object)
    }

    /// Whoever sits at the terminal, under a name of their choice. Demo only.
    pub fn console(name: &str) -> Self {
        Self(format!("console:{name}"))
    }

    /// Pilothouse itself: what the worker does without being told by a person.
    pub fn bot() -> Self {
        Self("bot".to_owned())
    }

    /// Somebody who did something at a source of alerts itself, by the name they have there. They
    /// are nobody here, and may do nothing.
    pub fn elsewhere(source: &SourceName, name: &str) -> Self {
        Self(format!("at:{source}:{name}"))
    }

    /// Whether that is somebody at a source of alerts itself.
    pub fn is_elsewhere(&self) -> bool {
        self.0.starts_with("at:")
    }

    /// The id as text, as it is stored and audited.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that was refused, in words for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: at most {LONGEST} characters, {rule}")]
pub struct BadName {
    kind: &'static str,
    rule: &'static str,
    text: String,
}

fn is_plain(text: &str, also: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(allowed)
        && !text.contains("..")
}

/// What may be shown of a refused name: short, and nothing that could act on a terminal or a card.
fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST).collect();
    plain.replace('`', "'")
}

/// Control, direction-changing and other characters without a look of their own: they are never
/// part of a name, nor shown to people.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// ` Did you mean x?`, or ` There are: a, b, c.` for somebody who said a name that is unknown.
pub fn hint<'a>(said: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(said, known.clone()) {
        Some(near) => format!(" Did you mean `{near}`?"),
        None => format!(" There are: {}.", known.collect::<Vec<_>>().join(", ")),
    }
}

/// How alike two words must be, from 0 to 1, for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// The known word that is nearest to what was said, when one is near.
pub fn nearest<'a>(said: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = known.map(|word| (word, strsim::jaro_winkler(said, word)));
    let best = rated.max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.filter(|(_, alike)| *alike > ALIKE).map(|(word, _)| word)
}
