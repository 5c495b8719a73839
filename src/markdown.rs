//! Markdown as Teams reads it: texts that stay texts in it, and links that lead to the web.

use std::fmt::Write as _;

use url::Url;

use crate::names::is_invisible;

/// Text as Teams' Markdown shows it letter by letter: nothing in it is a link, a mention or
/// emphasis, no letter is invisible, and it stays on one line.
pub fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len() + 8);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => inert.push(' '),
            // The middle of `<at>`: Teams has no escape for it, so the bracket becomes its look-alike.
            '<' => inert.push('\u{2039}'),
            '>' => inert.push('\u{203a}'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '|' | '!' => {
                let _ = write!(inert, "\\{letter}");
            }
            // `&lt;at&gt;` would be read as `<at>`.
            '&' if letters
                .peek()
                .is_some_and(|next| next.is_ascii_alphanumeric() || *next == '#') =>
            {
                inert.push_str("\\&");
            }
            hidden if is_invisible(hidden) => {}
            plain => inert.push(plain),
        }
    }
    inert
}

/// The beginning of a paragraph of such text: it begins no list, no rule and no code either.
pub fn inert_start(text: &str) -> String {
    begun(&inert(text))
}

fn begun(start: &str) -> String {
    let start = start.trim_start();
    let digits = start.bytes().take_while(u8::is_ascii_digit).count();
    match start.as_bytes().get(digits) {
        Some(b'-' | b'+') if digits == 0 => format!("\\{start}"),
        Some(b'.') if digits > 0 => format!("{}\\{}", &start[..digits], &start[digits..]),
        _ => start.to_owned(),
    }
}

/// A whole paragraph of it.
pub fn inert_line(text: &str) -> String {
    inert_start(text).trim_end().to_owned()
}

/// The same line by line, which is what Teams makes of an empty line; what is indented stays so.
pub fn inert_lines(text: &str) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        format!("{}{}", "\u{a0}".repeat(indent), inert_line(line))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n\n")
}

/// Text where no Markdown is read, as on a button: one line, no letter invisible.
pub fn plain(text: &str) -> String {
    let spaced = |letter| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { letter };
    text.chars().map(spaced).filter(|letter| !is_invisible(*letter)).collect()
}

/// Lines as a program wrote them, no letter invisible.
pub fn code(text: &str) -> String {
    let line = |line: &str| plain(&line.replace('\t', "    "));
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A paragraph of texts, those with an address being links to the web. Spaces that do not break,
/// at its beginning, stay.
pub fn prose<'a>(spans: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut prose = String::new();
    for (text, url) in spans {
        match url.and_then(web_link) {
            Some(url) => {
                let _ = write!(prose, "[{}]({url})", inert(text));
            }
            None => prose.push_str(&inert(text)),
        }
    }
    let words = prose.trim_start_matches('\u{a0}');
    let indent = &prose[..prose.len() - words.len()];
    format!("{indent}{}", begun(words).trim_end())
}

/// Longer addresses are no links.
const LONGEST_LINK: usize = 1000;

/// The address, when it leads to the web and nowhere else, so that it cannot end the Markdown
/// around it.
pub fn web_link(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.username().is_empty() && url.password().is_none();
    let fits = url.as_str().len() <= LONGEST_LINK;
    let letter = |letter: char| match letter {
        '(' | ')' | '[' | ']' | '<' | '>' | '\\' | '`' | '*' | '{' | '}' | '"' | '|' => {
            format!("%{:02X}", u32::from(letter))
        }
        hidden if hidden.is_whitespace() || is_invisible(hidden) => String::new(),
        plain => plain.to_string(),
    };
    (web && bare && fits).then(|| url.as_str().chars().map(letter).collect())
}
