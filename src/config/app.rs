//! `app` of the configuration: how the bot presents itself in Teams' list of apps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// `app` of the configuration; `pilothouse package` makes the Teams app of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// The app's version: raise it whenever the package is uploaded anew.
    #[serde(default = "first_version")]
    pub version: String,
    /// What people mention: at most 30 characters.
    #[serde(default = "pilothouse")]
    pub name: String,
    /// The name where there is more room: at most 100 characters.
    #[serde(default = "long_name")]
    pub full_name: String,
    /// One line: at most 80 characters.
    #[serde(default = "summary")]
    pub summary: String,
    /// What it is, for whoever decides whether to install it: at most 4000 characters.
    #[serde(default = "description")]
    pub description: String,
    /// Who runs it: at most 32 characters.
    pub developer: String,
    /// A page about it, or about who runs it: `https://…`.
    pub website: String,
    /// The page that says what happens with people's data; without it, `website`.
    pub privacy: Option<String>,
    /// The terms of use; without it, `website`.
    pub terms: Option<String>,
    /// The host name under which Teams reaches the bot: `chatops.example.com`.
    pub domain: Option<String>,
    /// The colour behind the icon: `#RRGGBB`.
    #[serde(default = "accent")]
    pub accent: String,
}

/// The longest texts Teams takes, in characters, by key.
pub const LONGEST: [(&str, usize); 5] =
    [("name", 30), ("full_name", 100), ("summary", 80), ("description", 4000), ("developer", 32)];

impl AppSettings {
    /// The text under one of the keys of [`LONGEST`].
    pub fn text(&self, key: &str) -> &str {
        match key {
            "name" => &self.name,
            "full_name" => &self.full_name,
            "summary" => &self.summary,
            "description" => &self.description,
            "developer" => &self.developer,
            _ => "",
        }
    }
}

/// Whether it is the address of a page that others can open.
pub fn is_https(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    url.scheme() == "https"
        && text.starts_with("https://")
        && text.len() <= 2048
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Whether it is three numbers with dots.
pub fn is_version(text: &str) -> bool {
    let number = |part: &str| {
        (1..=9).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.split('.').count() == 3 && text.split('.').all(number)
}

/// Whether it is a host's name, and nothing more.
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Whether it is `#RRGGBB`.
pub fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn first_version() -> String {
    "1.0.0".to_owned()
}

fn pilothouse() -> String {
    "Pilothouse".to_owned()
}

fn long_name() -> String {
    "Pilothouse: deployments where the team talks".to_owned()
}

fn summary() -> String {
    "Deploy, approve, watch and roll back where the team talks.".to_owned()
}

fn description() -> String {
    "Type /deploy production v2.1.0. Pilothouse checks who may, shows exactly what would ship, \
     waits for a second person's approval, starts the pipeline once, watches it, proves the \
     service healthy, and remembers who did what."
        .to_owned()
}

fn accent() -> String {
    "#0F3D5C".to_owned()
}
