//! One line of a script, read.

use std::collections::BTreeMap;

/// What a line of a script asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing.
    Blank,
    /// `# text`: a heading for whoever reads along.
    Heading(String),
    /// `as bob`: bob speaks from here on.
    As(String),
    /// `press Approve`: on the newest card that has that button.
    Press(String),
    /// `fill environment=staging`: the values for the next press.
    Fill(BTreeMap<String, String>),
    /// `wait`: until nothing moves any more.
    Wait,
    /// `wait for "text"`: until it is to be seen.
    WaitFor(String),
    /// `expect "text"`: it is to be seen on the newest card, or was answered last.
    Expect(String),
    /// `refused`, `expect refused "text"`: the line before was refused, in these words.
    Refused(Option<String>),
    /// Anything else is said to the bot.
    Say(String),
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// A sentence that says how it should have been written.
    pub fn read(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => Ok(Self::Blank),
            comment if comment.starts_with('#') => {
                Ok(Self::Heading(line.trim_start_matches('#').trim().to_owned()))
            }
            "as" => quoted(rest, "as bob").map(Self::As),
            "press" => quoted(rest, "press Approve").map(Self::Press),
            "fill" => fields(rest).map(Self::Fill),
            "wait" if rest.is_empty() => Ok(Self::Wait),
            "wait" => {
                let form = "wait for \"some text\"";
                let text = rest.strip_prefix("for ").ok_or_else(|| usage(form))?;
                quoted(text.trim(), form).map(Self::WaitFor)
            }
            "refused" if rest.is_empty() => Ok(Self::Refused(None)),
            "expect" => match rest.strip_prefix("refused") {
                Some("") => Ok(Self::Refused(None)),
                Some(text) if text.starts_with(' ') => {
                    quoted(text.trim(), "expect refused \"some text\"")
                        .map(|t| Self::Refused(Some(t)))
                }
                _ => quoted(rest, "expect \"some text\"").map(Self::Expect),
            },
            _ => Ok(Self::Say(line.to_owned())),
        }
    }
}

fn usage(form: &str) -> String {
    format!("This line is not understood: write it like `{form}`.")
}

/// The whole of `text`, without the quotes around it.
fn quoted(text: &str, form: &str) -> Result<String, String> {
    let plain = match text.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').ok_or_else(|| usage(form))?,
        None => text,
    };
    if plain.trim().is_empty() { Err(usage(form)) } else { Ok(plain.to_owned()) }
}

/// `environment=staging reason="it is time"`
fn fields(text: &str) -> Result<BTreeMap<String, String>, String> {
    let bad = || usage("fill environment=staging reason=\"it is time\"");
    let mut fields = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(bad)?;
        let (value, after) = match after.strip_prefix('"') {
            Some(inner) => inner.split_once('"').ok_or_else(bad)?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(bad());
        }
        fields.insert(name.to_owned(), value.to_owned());
        rest = after.trim_start();
    }
    if fields.is_empty() { Err(bad()) } else { Ok(fields) }
}
