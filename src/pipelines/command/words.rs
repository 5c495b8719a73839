//! Words of a command line with names in braces: filled in one by one, never split, never a shell.

use anyhow::bail;

/// One word of a command line.
#[derive(Clone, Debug)]
pub(super) struct Word(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Name(String),
}

impl Word {
    /// Reads a word in which only `names` may stand in braces; `{{` and `}}` are single braces.
    pub(super) fn read(text: &str, names: &[&str]) -> anyhow::Result<Self> {
        let mut parts = vec![];
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.peek() == Some(&c) => plain.extend(rest.next()),
                '{' => {
                    let mut closed = false;
                    let name = rest.by_ref().take_while(|c| {
                        closed = *c == '}';
                        !closed
                    });
                    let name: String = name.collect();
                    if !closed {
                        bail!("a `{{` in `{text}` is not closed: write `{{{{` for a brace");
                    }
                    if !names.contains(&name.as_str()) {
                        bail!(
                            "`{{{name}}}` in `{text}` means nothing: use {{{}}}, or `{{{{` for a brace",
                            names.join("}, {")
                        );
                    }
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Name(name));
                }
                '}' => bail!("`}}` in `{text}` closes nothing: write `}}}}` for a brace"),
                '\0' => bail!("`{plain}` is followed by a null character, which no program takes"),
                c => plain.push(c),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The word with every name replaced by its value; the name that has none, otherwise.
    pub(super) fn fill<'a>(
        &'a self,
        value: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<String, &'a str> {
        let part = |part: &'a Part| match part {
            Part::Text(text) => Ok(text.as_str()),
            Part::Name(name) => value(name).ok_or(name.as_str()),
        };
        self.0.iter().map(part).collect()
    }
}
