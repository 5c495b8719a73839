//! What Teams refuses in a package, as far as it is known before uploading.

use serde_json::Value;
use uuid::Uuid;

use super::{COMMANDS, EXPLANATION, TITLE};
use crate::config::{is_colour, is_host, is_https, is_version};

/// Where texts stand in a manifest, and the most characters Teams takes there.
const TEXTS: [(&str, usize); 6] = [
    ("/developer/name", 32),
    ("/name/short", 30),
    ("/name/full", 100),
    ("/description/short", 80),
    ("/description/full", 4000),
    ("/version", 256),
];

const PAGES: [&str; 3] =
    ["/developer/websiteUrl", "/developer/privacyUrl", "/developer/termsOfUseUrl"];

/// What every scope of a bot and of a list of commands may be.
const SCOPES: [&str; 3] = ["personal", "team", "groupChat"];

/// Everything Teams would refuse, one sentence each.
pub fn flaws(manifest: &Value, color: &[u8], outline: &[u8]) -> Vec<String> {
    let mut flaws = Flaws { manifest, found: vec![] };
    flaws.texts();
    flaws.ids();
    flaws.bot();
    flaws.domains();
    flaws.icon("color.png", color, 192);
    flaws.icon("outline.png", outline, 32);
    flaws.found
}

struct Flaws<'a> {
    manifest: &'a Value,
    found: Vec<String>,
}

impl Flaws<'_> {
    fn text(&self, pointer: &str) -> &str {
        self.manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.found.push(what());
        }
    }

    fn texts(&mut self) {
        for (pointer, longest) in TEXTS {
            let long = self.text(pointer).chars().count();
            self.must((1..=longest).contains(&long), || {
                format!("{pointer} must have 1 to {longest} characters, not {long}")
            });
        }
        for pointer in PAGES {
            let fits = is_https(self.text(pointer));
            self.must(fits, || format!("{pointer} must begin with https://"));
        }
        let fits = is_version(self.text("/version"));
        self.must(fits, || "/version must be three numbers with dots".to_owned());
        let fits = is_colour(self.text("/accentColor"));
        self.must(fits, || "/accentColor must be like #0F3D5C".to_owned());
    }

    fn ids(&mut self) {
        for pointer in ["/id", "/bots/0/botId"] {
            let id = self.text(pointer);
            let fits = id.len() == 36 && Uuid::try_parse(id).is_ok();
            self.must(fits, || format!("{pointer} must be an id with hyphens"));
        }
        let version: Vec<u32> =
            self.text("/manifestVersion").split('.').filter_map(|part| part.parse().ok()).collect();
        let fits = version.len() == 2 && version >= vec![1, 25];
        self.must(fits, || "/manifestVersion must be 1.25 or later".to_owned());
        let schema = format!("/teams/v{}/", self.text("/manifestVersion"));
        let fits = self.text("/$schema").contains(&schema);
        self.must(fits, || "/$schema must be that of /manifestVersion".to_owned());
    }

    fn bot(&mut self) {
        let bots = self.manifest["bots"].as_array().map_or(0, Vec::len);
        self.must(bots == 1, || "/bots must hold one bot".to_owned());
        self.scopes("/bots/0/scopes");
        let in_teams = self.list("/bots/0/scopes").iter().any(|scope| scope == "team");
        let fits = !in_teams || self.manifest["supportsChannelFeatures"] == "tier1";
        self.must(fits, || "/supportsChannelFeatures must be tier1 for a bot in teams".to_owned());
        let lists = self.list("/bots/0/commandLists").len();
        self.must(lists <= 3, || "/bots/0/commandLists may hold 3 lists".to_owned());
        for list in 0..lists {
            let pointer = format!("/bots/0/commandLists/{list}");
            self.scopes(&format!("{pointer}/scopes"));
            self.commands(&format!("{pointer}/commands"));
        }
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.manifest.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn scopes(&mut self, pointer: &str) {
        let scopes = self.list(pointer);
        let known = |scope: &Value| scope.as_str().is_some_and(|scope| SCOPES.contains(&scope));
        let fits = !scopes.is_empty() && scopes.iter().all(known);
        self.must(fits, || format!("{pointer} must hold some of {}", SCOPES.join(", ")));
    }

    fn commands(&mut self, pointer: &str) {
        let count = self.list(pointer).len();
        self.must((1..=COMMANDS).contains(&count), || {
            format!("{pointer} must hold 1 to {COMMANDS} commands, not {count}")
        });
        for number in 0..count {
            for (key, longest) in [("title", TITLE), ("description", EXPLANATION)] {
                let place = format!("{pointer}/{number}/{key}");
                let long = self.text(&place).chars().count();
                self.must((1..=longest).contains(&long), || {
                    format!("{place} must have 1 to {longest} characters, not {long}")
                });
            }
        }
    }

    fn domains(&mut self) {
        let domains = self.list("/validDomains");
        let bad = domains.iter().find(|domain| !domain.as_str().is_some_and(is_host)).cloned();
        self.must(domains.len() <= 100, || "/validDomains may hold 100 domains".to_owned());
        let said = bad.as_ref().and_then(Value::as_str).unwrap_or_default();
        self.must(bad.is_none(), || format!("/validDomains: `{said}` is no host name alone"));
    }

    fn icon(&mut self, name: &str, png: &[u8], side: u32) {
        let pixels = png_size(png);
        self.must(pixels == Some((side, side)), || match pixels {
            Some((width, height)) => {
                format!("{name} must be {side}x{side} pixels, not {width}x{height}")
            }
            None => format!("{name} must be a PNG"),
        });
        let pointer = if side == 32 { "/icons/outline" } else { "/icons/color" };
        let fits = self.text(pointer) == name;
        self.must(fits, || format!("{pointer} must be {name}"));
    }
}

/// Width and height, from the header every PNG begins with.
fn png_size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(..16)?;
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_be_bytes);
    (&header[4..8] == b"IHDR").then_some(())?;
    Some((number(&header[8..12])?, number(&header[12..16])?))
}
