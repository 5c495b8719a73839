//! Links of a file: to the web alone, and honest about where they lead. Pure.

use url::Url;

use crate::names::is_invisible;

/// Longer addresses are shown, not linked.
pub(super) const LONGEST: usize = 1000;

/// The address, when it leads to the web and nowhere else.
pub(super) fn safe(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.username().is_empty() && url.password().is_none();
    (web && bare && url.as_str().len() <= LONGEST).then_some(url)
}

/// An address that cannot end the Markdown around it.
pub(super) fn escaped(url: &Url) -> String {
    let mut text = String::with_capacity(url.as_str().len());
    for letter in url.as_str().chars() {
        match letter {
            '(' => text.push_str("%28"),
            ')' => text.push_str("%29"),
            '[' => text.push_str("%5B"),
            ']' => text.push_str("%5D"),
            '<' => text.push_str("%3C"),
            '>' => text.push_str("%3E"),
            '\\' => text.push_str("%5C"),
            '`' => text.push_str("%60"),
            '*' => text.push_str("%2A"),
            '{' => text.push_str("%7B"),
            '}' => text.push_str("%7D"),
            '"' => text.push_str("%22"),
            space if space.is_whitespace() || is_invisible(space) => {}
            plain => text.push(plain),
        }
    }
    text
}

/// Whether the words are an address of another host than the one they lead to.
pub(super) fn is_disguised(words: &str, url: &Url) -> bool {
    let address = if words.starts_with("www.") { format!("https://{words}") } else { words.into() };
    Url::parse(&address).is_ok_and(|shown| shown.has_host() && shown.host_str() != url.host_str())
}
