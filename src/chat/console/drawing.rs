//! An Adaptive Card, read into what a terminal can show of it.
//!
//! The terminal shows the very cards Teams gets, so that the demo shows the product.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::fill,
    layout::{beside, coloured, is_apart, put},
    text::{clean, clean_line, unescape},
    tone::{Tone, is_colour, tone, toned},
};

/// How deep containers may sit in one another; what is deeper is left out. More would leave no
/// room for text in the narrowest box.
const DEEPEST: usize = 6;

/// What a card says, in reading order, and what can be pressed on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Its body.
    pub blocks: Vec<Block>,
    /// What can be filled in.
    pub inputs: Vec<Input>,
    /// What can be pressed.
    pub buttons: Vec<Pressable>,
}

/// One piece of a card's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text {
        /// Its words.
        text: String,
        /// How it looks.
        tone: Tone,
    },
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// Something set apart from the rest.
    Group(Vec<Block>),
    /// What belongs to the line above it.
    Under(Vec<Block>),
    /// A free line.
    Gap,
    /// Rows of cells; the first may be the heading.
    Table(Vec<Vec<String>>),
    /// How much is done.
    Bar {
        /// So much.
        done: u64,
        /// Of so much.
        total: u64,
    },
    /// Lines as a program wrote them.
    Code(String),
    /// The input of that number.
    Input(usize),
    /// An address to open.
    Link {
        /// What it leads to.
        title: String,
        /// Where that is.
        url: String,
    },
}

/// Something to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What a button's command calls it.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What it holds until somebody says otherwise.
    pub value: String,
    /// What it can hold, as shown and as meant; anything when there are none.
    pub choices: Vec<(String, String)>,
    /// Whether it must hold something.
    pub required: bool,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressable {
    /// What stands on it.
    pub title: String,
    /// What pressing it says, with `{input}` where inputs go.
    pub say: String,
}

impl Drawing {
    /// What `card`, an Adaptive Card, shows. Elements nobody here knows are left out, or replaced
    /// by their fallback.
    pub fn read(card: &Value) -> Self {
        let mut drawing = Self::default();
        drawing.blocks = drawing.elements(&card["body"], 0);
        let actions = drawing.actions(&card["actions"]);
        drawing.blocks.extend(actions);
        drawing
    }

    /// A card that is one paragraph.
    pub fn of_text(text: &str) -> Self {
        let text = Block::Text { text: clean(text), tone: Tone::Plain };
        Self { blocks: vec![text], ..Self::default() }
    }

    /// The line that says how things stand: the first with a colour, else the second of all.
    pub fn status(&self) -> Option<(&str, Tone)> {
        let texts = || self.texts();
        texts().find(|(_, tone)| is_colour(*tone)).or_else(|| texts().nth(1))
    }

    /// The line that says how far things are, when they are under way.
    pub fn progress(&self) -> Option<&str> {
        self.texts().find(|(_, tone)| *tone == Tone::Faint).map(|(text, _)| text)
    }

    /// Its names and values.
    pub fn facts(&self) -> impl Iterator<Item = &(String, String)> {
        self.blocks.iter().flat_map(|block| match block {
            Block::Facts(facts) => facts.as_slice(),
            _ => &[],
        })
    }

    /// How far each of its progress bars is.
    pub fn bars(&self) -> Vec<u64> {
        let bar = |block: &_| if let Block::Bar { done, .. } = block { Some(*done) } else { None };
        self.blocks.iter().filter_map(bar).collect()
    }

    /// All its words, without any looks.
    pub fn text(&self) -> String {
        self.blocks.iter().map(Block::text).collect::<Vec<_>>().join("\n")
    }

    /// What pressing that button says once its inputs hold `values`, by id or label; an input
    /// nobody mentions holds what it held.
    ///
    /// # Errors
    /// A sentence for whoever presses: which value is missing or does not fit.
    pub fn press(
        &self,
        button: &Pressable,
        values: &BTreeMap<String, String>,
    ) -> Result<String, String> {
        let named = |input: &Input, name: &String| {
            *name == input.id || name.to_lowercase() == input.label.to_lowercase()
        };
        if let Some(name) = values.keys().find(|n| !self.inputs.iter().any(|i| named(i, n))) {
            return Err(format!("The card has no field `{}`.", clean_line(name)));
        }
        let mut filled = BTreeMap::new();
        // What the button does not say stays where it is: it belongs to another one.
        let said = |input: &&Input| button.say.contains(&format!("{{{}}}", input.id));
        for input in self.inputs.iter().filter(said) {
            let given = values.iter().find(|(name, _)| named(input, name)).map(|(_, value)| value);
            filled.insert(input.id.clone(), input.accept(given.map_or("", String::as_str))?);
        }
        Ok(fill(&button.say, &filled))
    }

    fn texts(&self) -> impl Iterator<Item = (&str, Tone)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Text { text, tone } => Some((text.as_str(), *tone)),
            _ => None,
        })
    }

    fn elements(&mut self, elements: &Value, depth: usize) -> Vec<Block> {
        let elements = elements.as_array().map_or(&[][..], Vec::as_slice);
        if depth > DEEPEST {
            return vec![];
        }
        let mut blocks = vec![];
        for element in elements {
            let element_blocks = self.element(element, depth);
            put(&mut blocks, is_apart(element), element_blocks);
        }
        blocks
    }

    fn element(&mut self, element: &Value, depth: usize) -> Vec<Block> {
        if element["isVisible"] == false {
            return vec![];
        }
        match word(&element["type"]) {
            "TextBlock" => vec![Block::Text { text: prose(&element["text"]), tone: tone(element) }],
            "FactSet" => vec![Block::Facts(facts(element))],
            "Container" => {
                let inside = self.elements(&element["items"], depth + 1);
                match toned(word(&element["style"])) {
                    Some(tone) => coloured(inside, tone),
                    None => vec![Block::Group(inside)],
                }
            }
            "ColumnSet" => {
                let columns = element["columns"].as_array().map_or(&[][..], Vec::as_slice);
                let inside = |column: &Value| self.elements(&column["items"], depth + 1);
                beside(columns.iter().map(inside).collect())
            }
            "Table" => vec![self.table(element, depth)],
            "ProgressBar" => {
                let total = element["max"].as_u64().unwrap_or(100).max(1);
                let done = element["value"].as_u64().unwrap_or(0).min(total);
                vec![Block::Bar { done, total }]
            }
            "CodeBlock" => vec![Block::Code(clean(word(&element["codeSnippet"])))],
            "ActionSet" => self.actions(&element["actions"]),
            kind if kind.starts_with("Input.") => {
                self.inputs.push(input(element));
                vec![Block::Input(self.inputs.len() - 1)]
            }
            _ if element["fallback"].is_object() && depth < DEEPEST => {
                self.element(&element["fallback"], depth + 1)
            }
            _ => vec![],
        }
    }

    fn table(&mut self, table: &Value, depth: usize) -> Block {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let cell = |drawing: &mut Self, cell: &Value| {
            drawing.elements(&cell["items"], depth + 1).iter().map(Block::text).collect::<Vec<_>>()
        };
        let mut rows = vec![];
        for row in list(&table["rows"]) {
            let cells = list(&row["cells"]);
            rows.push(cells.iter().map(|c| cell(self, c).join(" ").replace('\n', " ")).collect());
        }
        Block::Table(rows)
    }

    fn actions(&mut self, actions: &Value) -> Vec<Block> {
        let mut links = vec![];
        for action in actions.as_array().map_or(&[][..], Vec::as_slice) {
            let title = clean_line(word(&action["title"]));
            match (word(&action["type"]), action["data"]["say"].as_str()) {
                ("Action.OpenUrl", _) => {
                    links.push(Block::Link { title, url: clean_line(word(&action["url"])) });
                }
                ("Action.Execute" | "Action.Submit", Some(say)) => {
                    self.buttons.push(Pressable { title, say: say.to_owned() });
                }
                // What it would unfold is asked for when its button is pressed.
                ("Action.ShowCard", _) => {
                    self.elements(&action["card"]["body"], DEEPEST);
                    self.actions(&action["card"]["actions"]);
                }
                _ => {}
            }
        }
        links
    }
}

impl Input {
    /// The value for what somebody gave; nothing given leaves what it held.
    ///
    /// # Errors
    /// A sentence that says what it takes.
    pub fn accept(&self, given: &str) -> Result<String, String> {
        let given = if given.trim().is_empty() { self.value.as_str() } else { given.trim() };
        if given.is_empty() && self.required {
            return Err(format!("{} is needed.", self.label));
        }
        if given.is_empty() || self.choices.is_empty() {
            return Ok(given.to_owned());
        }
        let meant = |(title, value): &&(String, String)| title == given || value == given;
        let titles = || self.choices.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>();
        match self.choices.iter().find(meant) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(format!("{} is one of {}.", self.label, titles().join(", "))),
        }
    }
}

impl Block {
    /// Its words, without any looks.
    pub fn text(&self) -> String {
        match self {
            Self::Text { text, .. } | Self::Code(text) => text.clone(),
            Self::Facts(facts) => {
                let lines: Vec<_> = facts.iter().map(|(name, v)| format!("{name} {v}")).collect();
                lines.join("\n")
            }
            Self::Group(blocks) | Self::Under(blocks) => {
                blocks.iter().map(Self::text).collect::<Vec<_>>().join("\n")
            }
            Self::Table(rows) => {
                rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n")
            }
            Self::Bar { done, total } => format!("{done}/{total}"),
            Self::Input(_) | Self::Gap => String::new(),
            Self::Link { title, url } => format!("{title} {url}"),
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn prose(value: &Value) -> String {
    clean(&unescape(word(value)))
}

fn facts(element: &Value) -> Vec<(String, String)> {
    let facts = element["facts"].as_array().map_or(&[][..], Vec::as_slice);
    facts.iter().map(|fact| (prose(&fact["title"]), prose(&fact["value"]))).collect()
}

fn input(element: &Value) -> Input {
    let id = word(&element["id"]).to_owned();
    let choices = element["choices"].as_array().map_or(&[][..], Vec::as_slice);
    let choice =
        |choice: &Value| (clean_line(word(&choice["title"])), clean_line(word(&choice["value"])));
    let label = clean_line(word(&element["label"]));
    Input {
        label: if label.is_empty() { clean_line(&id) } else { label },
        value: clean_line(word(&element["value"])),
        choices: choices.iter().map(choice).collect(),
        required: element["isRequired"] == true,
        id,
    }
}
