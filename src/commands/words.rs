//! A text as words.

use super::Error;

/// `/deploy staging v2 --reason "hot fix"` is five words. Only double quotes bind, so that `it's`
/// and `#123` are words like any other; inside quotes `\"` and `\\` are a quote and a backslash.
pub(super) fn split(text: &str) -> Result<Vec<String>, Error> {
    let (mut words, mut word, mut quoted) = (vec![], None::<String>, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                word.get_or_insert_default();
                quoted = !quoted;
            }
            '\\' if quoted => {
                let word = word.get_or_insert_default();
                match letters.next() {
                    Some(escaped @ ('"' | '\\')) => word.push(escaped),
                    other => word.extend(std::iter::once('\\').chain(other)),
                }
            }
            space if space.is_whitespace() && !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    if quoted {
        return Err(Error::OpenQuote);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    fn words(text: &str) -> Vec<String> {
        split(text).unwrap()
    }

    #[test]
    fn only_double_quotes_bind() {
        assert_eq!(words(r#"/deploy a --reason "it's #123 now""#).last().unwrap(), "it's #123 now");
        assert_eq!(words(r"it's a\b"), ["it's", r"a\b"]);
        assert_eq!(words(r#" "a \"b\" \\ \n" "" "#), [r#"a "b" \ \n"#, ""]);
    }

    #[test]
    fn an_open_quote_is_said_so() {
        assert!(split(r#"/deploy "a"#).is_err());
    }
}
